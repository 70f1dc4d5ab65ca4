"""Bad input of 100,000 characters costs what is parsed of it, and that is counted."""

from __future__ import annotations

import pytest

from apr_core.evaluation.extraction.extract import extract_metered
from apr_core.evaluation.extraction.parsing import Meter

SIZE = 100_000
PROMPT = "def solve(x):\n    '''What it does.'''\n"
HOSTILE = {
    "open brackets": "(\n",
    "open quotes": '"""\nx\n',
    "prose": "It's a (line of prose, isn't it?\n",
    "fences": "```python\n",
    "marks": "`",
    "special tokens": "<|im_end|> ",
    "quotations": "> ",
    "thinking": "<think>\n</think>\n",
    "broken functions": "def solve(x):\n    return = 1\n\n",
    "functions": "def solve(x):\n    return x\n\n",
    "words": "word\n",
    "decorators": "@f\n",
    "clauses": "if x:\n    y\nelse z\n",
    "line continuations": "\\\n",
    "sessions": ">>> x = 1\n",
    "deep": "not ",
    "tries": "    try:\n        x\n",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_parsing_is_linear_in_the_text(piece: str) -> None:
    text = (piece * (SIZE // len(piece) + 1))[:SIZE]
    meter = Meter()
    extract_metered(text, "solve", PROMPT, meter)
    assert meter.characters <= 48 * (len(text) + len(PROMPT))
    assert meter.parses <= 4 * (text.count("\n") + 16)


def test_a_staircase_of_broken_blocks_is_not_climbed_again_for_every_step() -> None:
    text = "".join(" " * depth + "a b\n" for depth in range(440))
    meter = Meter()
    extract_metered(text, "solve", None, meter)
    assert meter.characters <= 48 * len(text)
