"""Nothing that could steer a terminal gets through, and nothing is wider than it says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_samples import HOSTILE, TEXT
from rich.cells import cell_len

from apr_core.report.text import clean, clip, clip_middle, columns, one_line, plural, wrap

PROPERTY = settings(derandomize=True, deadline=None, max_examples=200)


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("plain ≥ 0.85 漢字", "plain ≥ 0.85 漢字"),
        ("\x1b[31mHELD", r"\x1b[31mHELD"),
        ("\x9b31m", r"\x9b31m"),
        ("a\u202eb", r"a\u202eb"),
        ("\ud800", r"\ud800"),
        ("85\u202f%\xa0at most", "85 % at most"),
        ("one\ntwo", r"one\ntwo"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_cannot_be_printed_is_written_out(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


def test_line_breaks_stay_only_where_they_are_asked_for() -> None:
    assert clean("one\ntwo\r\x1b", keep="\n") == "one\ntwo\\r\\x1b"
    assert one_line("  one\n\ttwo\u2028three ") == "one two three"


@PROPERTY
@given(TEXT)
def test_one_line_is_printable(text: str) -> None:
    assert one_line(text).isprintable()


@PROPERTY
@given(TEXT.map(one_line), st.integers(1, 60))
def test_what_is_clipped_fits_and_says_so(text: str, width: int) -> None:
    for clipped in (clip(text, width), clip_middle(text, width)):
        assert cell_len(clipped) <= columns(clipped) <= width
        assert clipped == text or "…" in clipped


def test_an_id_is_clipped_in_the_middle_because_its_end_tells_it_apart() -> None:
    assert clip_middle("MATMUL-PARITY-triton-bfloat16-float32", 20) == "MATMUL-PA…16-float32"


@PROPERTY
@given(TEXT.map(one_line), st.integers(2, 60))
def test_wrapping_loses_no_character_and_no_line_is_too_wide(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_word_is_broken_only_when_it_fits_no_line() -> None:
    assert wrap("a threshold of nothing", 11) == ["a threshold", "of nothing"]
    assert wrap("an unbreakable", 6) == ["an", "unbrea", "kable"]


def test_the_hostile_texts_are_hostile() -> None:
    assert sum(not text.isprintable() for text in HOSTILE) >= 8


def test_one_is_singular() -> None:
    assert [plural(1, "cases"), plural(0, "cases"), plural(1_000, "problems")] == [
        "1 case",
        "0 cases",
        "1,000 problems",
    ]
