"""Thinking is not the answer, in text and in token ids."""

from __future__ import annotations

import pytest

from apr_core.evaluation.extraction import THINKING, Marks, extract, strip_thinking, strip_thinking_ids, thinking_ids

TRIED = "```python\ndef solve(a):\n    return 'tried'\n```\n"
ANSWER = "def solve(a):\n    return a\n"


@pytest.mark.parametrize("marks", THINKING)
def test_code_that_was_thought_of_is_not_the_answer(marks: Marks) -> None:
    text = f"{marks.begin}\nHm.\n{TRIED}{marks.end}\n\n{ANSWER}"
    found = extract(text, "solve")
    assert (found.code, found.how) == (ANSWER, "thinking removed")


@pytest.mark.parametrize("marks", THINKING)
def test_thinking_without_an_end_is_no_answer(marks: Marks) -> None:
    found = extract(f"{marks.begin}\nHm.\n{TRIED}", "solve")
    assert (found.code, found.kind) == ("", "nothing")
    assert "thinking without an end removed" in found.how


@pytest.mark.parametrize("marks", THINKING)
def test_an_end_whose_beginning_the_template_wrote_ends_thinking(marks: Marks) -> None:
    assert extract(f"Hm.\n{TRIED}{marks.end}\n{ANSWER}", "solve").code == ANSWER


def test_blocks_inside_a_block_end_with_it() -> None:
    assert strip_thinking("<think>a\n<think>b</think>\nc</think>d").text == "d"
    assert strip_thinking("<think>a <think> b</think>c").text == "c"


def test_marks_that_a_program_quotes_are_no_marks() -> None:
    program = 'def solve(a):\n    b = a.split("</think>")\n    return "<think>" in b\n'
    assert extract(program, "solve").code == program
    assert extract(f"Sure:\n```python\n{program}```\n", "solve").code == program


def test_other_marks_are_an_argument() -> None:
    text = f"[[plan]]{TRIED}[[/plan]]{ANSWER}"
    assert extract(text, "solve", marks=(Marks("[[plan]]", "[[/plan]]"),)).code == ANSWER
    assert "tried" in extract(text, "solve").code


@pytest.mark.parametrize(
    ("ids", "left"),
    [
        ((7, 1, 5, 6, 2, 8), (7, 8)),
        ((1, 5, 6), ()),
        ((5, 6, 2, 8), (8,)),
        ((1, 5, 1, 6, 2, 5, 2, 8), (8,)),
        ((7, 8), (7, 8)),
        ((), ()),
    ],
)
def test_ids_lose_their_thinking_before_they_are_decoded(ids: tuple[int, ...], left: tuple[int, ...]) -> None:
    assert strip_thinking_ids(ids, [(1, 2)]) == left


def test_the_ids_of_the_marks_are_a_vocabulary_s_own() -> None:
    vocabulary = {"<think>": 151667, "</think>": 151668, "a": 0, "[THINK]": 5}
    assert thinking_ids(vocabulary) == ((151667, 151668),)
    assert strip_thinking_ids((151667, 0, 151668, 0), thinking_ids(vocabulary)) == (0,)
