"""Continuations and stop strings over a decoder that is a plain table: one token, one piece of text."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apr_core.inference.text import continuation, cut, stopped

PIECES = ["a", "b", "ab", "\n", "ba", "\nd"]


def decode(ids: Sequence[int]) -> str:
    return "".join(PIECES[token] for token in ids)


@given(
    st.lists(st.integers(0, 5), max_size=40),
    st.lists(st.integers(0, 5), max_size=8),
    st.lists(st.text("ab\nd", min_size=1, max_size=4), max_size=3).map(tuple),
)
def test_stopping_after_every_token_is_cutting_the_whole_text_at_its_first_stop(
    tokens: list[int], prompt: list[int], stops: tuple[str, ...]
) -> None:
    end = next((n for n in range(1, len(tokens) + 1) if stopped(decode, prompt, tokens[:n], stops) is not None), None)
    whole = cut(decode(tokens), stops)
    assert (end is None) == (whole is None)
    if end is not None:
        got = stopped(decode, prompt, tokens[:end], stops)
        assert got == cut(decode(tokens[:end]), stops)
        assert not any(stop in got for stop in stops), "nothing of a stop string stays"
        assert cut(decode(tokens[: end - 1]), stops) is None, "no token is generated after the first stop string"


def test_a_long_text_is_not_decoded_again_for_every_token() -> None:
    longest = 0

    def counting(ids: Sequence[int]) -> str:
        nonlocal longest
        longest = max(longest, len(ids))
        return decode(ids)

    assert stopped(counting, [0], [0] * 5000, ("\nd",)) is None
    assert longest < 20


def test_a_prompt_is_no_part_of_its_continuation() -> None:
    assert continuation(decode, [0, 1, 2, 3] * 9, [4, 5]) == "ba\nd"
    assert continuation(decode, [], [4, 5]) == "ba\nd"
    assert stopped(decode, [0, 1], [4], ("bb",)) is None, "a stop string that begins in the prompt is none"


@pytest.mark.parametrize(
    ("text", "stops", "before"),
    [("xaby", ("b", "a"), "x"), ("xaby", ("zz",), None), ("", ("a",), None), ("aa", (), None)],
)
def test_a_text_is_cut_at_the_earliest_stop(text: str, stops: tuple[str, ...], before: str | None) -> None:
    assert cut(text, stops) == before
