"""Answers in which a known solution lies, drawn from a grammar of the ways in which models wrap them."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

SOLUTIONS = (
    "def solve(values, limit):\n    total = 0\n    for value in values:\n        if value < limit:\n            total += value\n"
    "    return total\n",
    "import math\n\n\ndef solve(values, limit):\n    '''What it does.\n\n    >>> solve([1], 2)\n    1\n    '''\n"
    "    return [math.sqrt(v) for v in values if v < limit]\n",
    "from typing import List\n\nLIMIT = 10\n\n\ndef helper(x):\n    return x % LIMIT\n\n\ndef solve(values: List[int], limit):\n"
    "    # the naïve way: « é »\n    return sum(\n        helper(v)\n        for v in values\n    )\n",
    "class Box:\n    def __init__(self, x):\n        self.x = x\n\n\n@staticmethod\ndef solve(values, limit):\n"
    "    try:\n        return Box(values)\n    except ValueError:\n        return None\n",
    "def solve(values, limit):\n\tif limit:\n\t\treturn values\n\telse:\n\t\treturn limit\n",
    'def solve(values, limit):\n    text = """\nnot indented\n  (open\n"""\n    return text + "```"\n',
)
"""Programs that define `solve`. None is a solution of a benchmark's problem."""

PROSE = (
    "",
    "Sure! Here's how I'd do it (it isn't hard:\n",
    "Note: this",
    "Human",
    "### Approach\n\n1. Loop over the values.\n2. Don't forget `limit`.\n",
    "The function below\nuses a loop; see [the docs](page).\n",
    "**Explanation**: we add up.\n- first\n- second\n",
    "`solve(values, limit)` → número, 数\n",
    ">>> solve([1], 2)\n1\n",
    'if you want, ask "me" about \'it\n',
    "{\n",
)
"""What stands around code: some of it parses, some of it opens what it never closes."""

CHAT = (
    "",
    "\nHuman\nCan you explain (in short?\nAssistant: It's a loop.\n",
    "\n<|im_end|>\n<|im_start|>user\nThanks!\n",
    "\nUser: thanks\n\n    indented\n\nBot: you're welcome :(\n",
    "\n---\n\nTime complexity: O(n)\n",
)

THINKING = (
    "",
    "<think>\nLet me see. ```python\ndef solve(values, limit):\n    return 'thought'\n```\nNo.\n</think>\n\n",
    "First,\n\ndef solve(values, limit):\n    return 'thought'\n\n</think>\n",
    "<thinking>it's (\n</thinking>",
)

OTHER = (
    "",
    "Usage:\n\n```python\nprint(solve([1], 2))\n```\n\n",
    "```\nsolve([1], 2)\n# 1\n```\n",
    "The signature:\n\n```python\ndef solve(values, limit):\n    ...\n```\n",
    "```bash\npip install numpy\n```\n",
)


@dataclass(frozen=True)
class Wrapped:
    """An answer, and the solution in it."""

    text: str
    solution: str


def _fenced(code: str, mark: str, info: str, margin: str, closed: bool, before: str) -> str:
    body = "".join(f"{margin}{line}\n" if line.strip() else "\n" for line in code.splitlines())
    return f"{before}{mark}{info}\n{body}" + (f"{margin}{mark}\n" if closed else "")


@st.composite
def wrapped(draw: st.DrawFn) -> Wrapped:
    """An answer of any shape."""
    solution = draw(st.sampled_from(SOLUTIONS))
    thinking, before = draw(st.sampled_from(THINKING)), draw(st.sampled_from(PROSE))
    style = draw(st.sampled_from(["bare", "fence", "list", "quotation", "nested", "indented"]))
    mark = draw(st.sampled_from(["```", "~~~", "````"]))
    info = draw(st.sampled_from(["", "python", "py", "Python3", "{.python}"]))
    after, chat = draw(st.sampled_from(PROSE)), draw(st.sampled_from(CHAT))
    if before.startswith(">>>") or "\n" in before[:-1]:
        before = before + "\n"
    if style == "bare":
        code = solution
        before = before + "\n" if before else ""
    elif style == "fence":
        # nothing but chat may follow a fence that is never closed: prose there is inside it
        closed = draw(st.booleans())
        code = _fenced(solution, mark, info or ("" if closed else "python"), "", closed, "")
    elif style == "list":
        code = _fenced(solution, mark, info, "   ", True, "1. ")
    elif style == "quotation":
        code = "".join(f"> {line}\n" for line in _fenced(solution, mark, info, "", True, "").splitlines())
    elif style == "nested":
        code = "````markdown\n# Title\n" + _fenced(solution, "```", info or "python", "", True, "") + "````\n"
    else:
        code = "\n" + "".join(f"    {line}\n" if line.strip() else "\n" for line in solution.splitlines()) + "\n"
    other = draw(st.sampled_from(OTHER)) if style in ("fence", "list", "nested") else ""
    first = draw(st.booleans())
    parts = [other, code] if first else [code, "\n" + other if other else ""]
    text = thinking + before + ("\n" if before else "") + "".join(parts) + "\n" + after + "\n" + chat
    return Wrapped(draw(st.sampled_from(["", "\ufeff"])) + text, solution)


@st.composite
def noise(draw: st.DrawFn) -> str:
    """Text made of pieces of answers in any order, and of arbitrary characters."""
    pieces = st.one_of(
        st.sampled_from([*SOLUTIONS, *PROSE, *CHAT, *THINKING, *OTHER]),
        st.sampled_from(
            ["```python\n", "```\n", "~~~", "> ", "    ", "\t", "def solve(values, limit):\n", "    return values\n", "try:\n",
             "else:\n", "@f\n", "(", ")", '"""', "'", "#", "\\\n", "\n", "\n\n", ">>> ", "... ", "<think>", "</think>", "x = 1\n"]
        ),
        st.text(max_size=8),
    )  # fmt: skip
    return "".join(draw(st.lists(pieces, max_size=14)))
