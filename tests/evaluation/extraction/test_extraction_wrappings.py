"""One kind of answer at a time: what comes out, and what is said about it."""

from __future__ import annotations

import pytest

from apr_core.evaluation.extraction import extract

SOLUTION = "def solve(a, b):\n    total = a + b\n    return total\n"
PROMPT = (
    "from typing import List\n\n\ndef solve(a: List[int], b: int) -> int:\n"
    '    """Add up.\n\n    >>> solve([1], 2)\n    3\n    """\n'
)
BODY = "    total = sum(a)\n    return total + b\n"


@pytest.mark.parametrize(
    ("text", "how"),
    [
        (f"Sure!\n```python\n{SOLUTION}```\nIt's short.", "taken from a code fence"),
        (f"Sure: ```python\n{SOLUTION}```", "taken from a code fence"),
        (f"~~~\n{SOLUTION}~~~\n", "taken from a code fence"),
        (f"```python\n{SOLUTION}", "taken from a code fence"),
        (f"```markdown\n# T\n```python\n{SOLUTION}```\n```\n", "taken from a code fence"),
        (f"{SOLUTION}\nHuman\nCan you explain (this?\nAssistant: it's **easy**\n", "taken from the text around it"),
        (f"{SOLUTION}\nHuman", "taken from the text around it"),
        (f"{SOLUTION}\n[the page](link)\n", "taken from the text around it"),
        (f"{SOLUTION}\nNote: this\n", "taken from the text around it"),
        (f"{SOLUTION.rstrip()}<|im_end|>\n<|im_start|>user\nThanks", "taken from the text around it"),
        (">>> def solve(a, b):\n...     total = a + b\n...     return total\n...\n", "transcript of a session"),
        (
            "It is:\n\n    def solve(a, b):\n        total = a + b\n        return total\n\nDone.",
            "taken from the text around it",
        ),
        (
            "- ```py\n  def solve(a, b):\n      total = a + b\n      return total\n  ```\n- next",
            "taken from a code fence",
        ),
        ("\ufeff" + SOLUTION.replace("\n", "\r\n"), "unchanged"),
    ],
)
def test_the_solution_comes_out_alone(text: str, how: str) -> None:
    found = extract(text, "solve")
    assert (found.code, found.kind, found.how) == (SOLUTION, "program", how)


def test_of_several_definitions_the_last_that_is_more_than_a_signature_wins() -> None:
    fences = [f"```python\ndef solve(a, b):\n    {body}\n```\n" for body in ("return 1", "return 2", "...")]
    found = extract("First:\n" + "No, wait:\n".join(fences), "solve")
    assert found.code == "def solve(a, b):\n    return 2\n"
    assert "the last of 2 definitions" in found.how


def test_a_fence_without_the_function_is_not_taken_for_it() -> None:
    text = f"```bash\npip install x\n```\n```python\n{SOLUTION}```\n```python\nprint(solve(1, 2))\n```\n"
    assert extract(text, "solve").code == SOLUTION


def test_what_the_function_needs_is_brought_from_other_fences() -> None:
    text = "```python\nimport math\nK = 2\n```\nthen\n```python\ndef solve(a):\n    return math.pi * K\n```\n```\nL = 3\n```\n"
    found = extract(text, "solve")
    assert found.code == "import math\nK = 2\n\ndef solve(a):\n    return math.pi * K\n"
    assert "joined from 2 places" in found.how


def test_a_local_name_brings_nothing_along() -> None:
    text = "```python\ndef solve(a):\n    result = a\n    return result\n```\n```python\nresult = solve(1)\n```\n"
    assert extract(text, "solve").code == "def solve(a):\n    result = a\n    return result\n"


def test_a_fence_inside_a_docstring_is_no_fence() -> None:
    program = 'def solve(a):\n    """Doubles.\n\n    ```\n    solve(1)\n    ```\n    """\n    return 2 * a\n'
    for text in (program, f"```python\n{program}```\n", f"{program}\nHuman: hello\n"):
        assert extract(text, "solve").code == program


def test_special_tokens_that_a_program_quotes_stay() -> None:
    program = 'def solve(a):\n    return "<|im_end|>" in a\n'
    assert extract(f"Here:\n```python\n{program}```<|im_end|>", "solve").code == program


@pytest.mark.parametrize(
    "text", ["def other(a, b):\n    return a\n", "```\ndef other(a, b):\n    return a\n```\nThat's it."]
)
@pytest.mark.parametrize("prompt", [None, PROMPT])
def test_a_wrong_name_is_reported_and_kept(text: str, prompt: str | None) -> None:
    found = extract(text, "solve", prompt)
    assert found.code == "def other(a, b):\n    return a\n"
    assert (found.kind, found.how) == ("program", "does not define solve; other may be meant")


def test_a_wrong_name_is_mended_only_when_that_is_asked_for() -> None:
    found = extract("def other(a, b):\n    return a\n", "solve", PROMPT, rename=True)
    assert found.code == "def other(a, b):\n    return a\n\n\nsolve = other\n"
    assert found.how == "renamed: other to solve"


@pytest.mark.parametrize(
    "text", ["def other(a):\n    return a\n", "def one(a, b):\n    return a\n\n\ndef two(a, b):\n    return b\n"]
)
def test_no_name_is_guessed_where_none_or_several_fit(text: str) -> None:
    found = extract(text, "solve", PROMPT, rename=True)
    assert found.code == text
    assert "may be meant" not in found.how
    assert "renamed" not in found.how


def test_a_syntax_error_in_the_function_is_not_repaired() -> None:
    broken = "def solve(a, b):\n    print a\n    return b\n"
    found = extract(f"```python\nimport os\n{broken}```\n", "solve")
    assert (found.code, found.how) == (broken, "solve is there, but does not parse")


def test_a_text_cut_off_by_a_limit_loses_its_last_statement() -> None:
    cut = SOLUTION + "\n\ndef more(a):\n    if a:\n        return [x for x in"
    assert extract(cut, "solve").code == SOLUTION
    found = extract("def solve(a):\n    b = a\n    try:\n        c = 1\n        return f(", "solve")
    assert (found.code, "cut to whole statements" in found.how) == ("def solve(a):\n    b = a\n", True)


def test_a_complete_definition_is_better_than_one_that_is_cut_off() -> None:
    found = extract("def solve(a):\n    return a\n\n\ndef solve(a):\n    b = a\n    return [x for", "solve")
    assert found.code == "def solve(a):\n    return a\n"


@pytest.mark.parametrize(
    "text", ["", "\n \n", "Sure", "I cannot do that, sorry: it's (too hard.", "def", "```python\n```"]
)
@pytest.mark.parametrize("prompt", [None, PROMPT])
def test_no_code_is_nothing(text: str, prompt: str | None) -> None:
    assert extract(text, "solve", prompt)[:2] == ("", "nothing")


@pytest.mark.parametrize(
    "code", ["return '\0'", "return '\ud800'", "return " + "9" * 5000, "return " + "(" * 300 + ")" * 300]
)
def test_what_the_parser_cannot_take_is_kept_as_it_is(code: str) -> None:
    program = f"def solve(a):\n    b = a\n    {code}\n    return b\n"
    assert extract(program, "solve").code == program


CONTINUED = [
    (BODY, BODY, "unchanged"),
    ("total = sum(a)\n    return total + b\n", BODY, "first line indented"),
    ("total = sum(a)\nreturn total + b\n", BODY, "indented"),
    ("   total = sum(a)\n   return total + b", BODY, "indented"),
    (f"{BODY}\n\ndef other():\n    pass\n", BODY, "what follows the function left out"),
    (f"{BODY}\nprint(solve([1], 2))\n", BODY, "what follows the function left out"),
    (f"{BODY}\nif __name__ == '__main__':\n    main()\n", BODY, "what follows the function left out"),
    (f"{BODY}\nclass A:\n    x = 1\n\n# end\nassert not solve", BODY, "what follows the function left out"),
    (f"{BODY}```\n\nThis adds.\n", BODY, "what follows the function left out"),
    (f"{BODY}\n\nHuman: why?\n", BODY, "what follows the function left out"),
    (f"```python\n{BODY}```\n", BODY, "taken from a code fence"),
    (f"The rest is:\n\n{BODY}\nThat's it.", BODY, "taken from the text around it; indented"),
    (f"{BODY}    for x in [1,", BODY, "cut to whole statements"),
]


@pytest.mark.parametrize(("text", "code", "how"), CONTINUED)
def test_a_continuation_is_cut_where_the_function_ends(text: str, code: str, how: str) -> None:
    found = extract(text, "solve", PROMPT)
    assert (found.code, found.kind) == (code, "continuation")
    assert found.how.startswith(how), found


def test_later_helpers_that_a_continued_function_needs_are_kept() -> None:
    text = (
        "    return one(a)\n\n\ndef one(a):\n    return two(a)\n\n\ndef three(a):\n    pass\n\n\n"
        "def two(a):\n    return a\n\n\nprint(1)\n"
    )
    kept = "    return one(a)\n\n\ndef one(a):\n    return two(a)\n\n\ndef two(a):\n    return a\n"
    assert extract(text, "solve", PROMPT).code == kept


def test_a_prompt_restated_is_a_program() -> None:
    found = extract(f"```python\n{PROMPT}{BODY}```", "solve", PROMPT)
    assert (found.code, found.kind) == (PROMPT + BODY, "program")
    assert extract(PROMPT, "solve", PROMPT).how == "solve is there, but only its signature"


def test_a_prompt_without_a_line_end_is_continued() -> None:
    assert extract(" return a\n", "solve", "def solve(a):") == (" return a\n", "continuation", "unchanged")
    assert extract("\n    return a\n", "solve", "def solve(a):").code == "\n    return a\n"
    assert extract("return a", "solve", "def solve(a):").code == "\n    return a\n"
