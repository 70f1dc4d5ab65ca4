"""Edits of source texts: exact to the character, wherever the characters are."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apr_core.trial.edits import Edit, Text, apply, lines_of, quoted, unified, unique_edit
from apr_core.trial.operators import derive

SOURCE = """\
def f(x):
    é = "ü"; y = x + 1  # naïve
    if x < 3:
        return y

    if x < 3:
        return é
"""


def only(source: str, what: str) -> Edit:
    """The one mutant of `f` that does this."""
    [found] = [edit for edit in derive(source, "f") if edit.what == what]
    return found


def test_an_edit_says_where_it_is_in_characters_and_what_it_does() -> None:
    edit = only(SOURCE, "`+` became `-`")
    assert (edit.line, edit.column) == (2, 20)
    assert SOURCE[edit.start : edit.end] == edit.replace == "+"
    assert apply(SOURCE, edit) == SOURCE.replace("x + 1", "x - 1")


@pytest.mark.parametrize(
    "head",
    ["", "ä = 'ö'\n", "x = 1\r\ny = 2\r\n", "\x0cx = 1\n", "x = '\u2028\x85'\n", "x = '''\n\x0b𝒳\n'''\n", "# ж\r# ж\n"],
)
def test_lines_are_those_of_the_parser(head: str) -> None:
    source = f"{head}def f(n):\n    𝒳 = 'ж'; return n < 3\n"
    edit = only(source, "`<` became `<=`")
    assert apply(source, edit) == source.replace("<", "<=")
    assert edit.column == 23


def test_what_is_gone_is_said_to_be_left_out() -> None:
    source = "def f(x):\n    x += 1\n    return -x\n"
    assert [edit.what for edit in derive(source, "f", operators=["sign", "statement"])] == [
        "`x += 1` was left out", "`-` was left out",
    ]  # fmt: skip


def test_an_edit_of_another_text_is_refused() -> None:
    edit = only(SOURCE, "`+` became `-`")
    with pytest.raises(ValueError, match=r"replaces '\+' at \d+, where ' ' stands: derive it anew"):
        apply(f" {SOURCE}", edit)


@pytest.mark.parametrize("ending", ["\n", ""])
def test_git_can_apply_the_diff(tmp_path: Path, ending: str) -> None:
    source = SOURCE.rstrip("\n") + ending
    for number, edit in enumerate(derive(source, "f")):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "é.py").write_text(source, encoding="utf-8")
        diff = unified("é.py", source, edit)
        done = subprocess.run(["git", "apply", "-"], cwd=folder, input=diff.encode(), capture_output=True, check=False)
        assert done.returncode == 0, (diff, done.stderr)
        assert (folder / "é.py").read_text(encoding="utf-8") == apply(source, edit)


def test_a_diff_shows_as_much_around_it_as_it_is_asked_to() -> None:
    edit = only(SOURCE, "`+` became `-`")
    assert unified("m.py", SOURCE, edit, context=0).splitlines() == [
        "--- a/m.py", "+++ b/m.py", "@@ -2 +2 @@", '-    é = "ü"; y = x + 1  # naïve', '+    é = "ü"; y = x - 1  # naïve',
    ]  # fmt: skip
    assert "     if x < 3:" in unified("m.py", SOURCE, edit, context=1).splitlines()


@given(st.text(st.sampled_from("a\n\r\x0c\u2028"), max_size=12))
def test_the_lines_of_a_text_are_the_text(source: str) -> None:
    lines = lines_of(source)
    assert "".join(lines) == source
    assert all("\n" not in line[:-1] and line for line in lines)


def test_a_repeated_line_is_told_apart_by_the_lines_before_it() -> None:
    first, second = (edit for edit in derive(SOURCE, "f") if edit.what == "`<` became `<=`")
    assert unique_edit(SOURCE, first) == (
        'é = "ü"; y = x + 1  # naïve\n    if x < 3:',
        'é = "ü"; y = x + 1  # naïve\n    if x <= 3:',
    )
    assert unique_edit(SOURCE, second) == ("return y\n\n    if x < 3:", "return y\n\n    if x <= 3:")


def test_a_line_that_is_unique_is_enough_and_is_not_cut() -> None:
    piece, by = unique_edit(SOURCE, only(SOURCE, "`+` became `-`"))
    assert piece == 'é = "ü"; y = x + 1  # naïve'
    assert by == 'é = "ü"; y = x - 1  # naïve'


@pytest.mark.parametrize(
    ("source", "replace", "piece"),
    [
        ("def f(x):\n    y = x\n    return x + 1\n", "1", "return x + 1"),
        ("def f(x):\n    return (\nx + 1\n)\n", "1", "x + 1"),
        ("def f(x):\n    return (\n-1.5 +\n    x)\n", "-1.5", "-1.5 +"),
        ("def f(x): return (\nx <\n2)\nif (\nx <\n9): f(x)\n", "<", "def f(x): return (\nx <"),
        ("def f(x): return (x <\n2)\ndef g(x): return (x <\n3)\n", "<", "def f(x): return (x <"),
        ("def f(x): return x < 2\ny = 3\ndef f(x): return x < 2\n", "<", "def f(x): return x < 2\ny = 3"),
    ],
)
def test_a_source_mutant_is_given_as_few_lines_as_it_takes(source: str, replace: str, piece: str) -> None:
    edit = next(edit for edit in derive(source, "f", line=1) if edit.replace == replace)
    assert unique_edit(source, edit)[0] == piece


@pytest.mark.parametrize(
    "source", [SOURCE, SOURCE * 2, "def f(x): return x + 1\nx + 1", "def f(n):\n  return n * 2\n" * 3]
)
def test_the_text_of_a_source_mutant_occurs_once_and_does_what_the_edit_does(source: str) -> None:
    edits = derive(source, "f")
    assert edits
    for edit in edits:
        piece, by = unique_edit(source, edit)
        assert source.count(piece) == 1
        assert source.replace(piece, by) == apply(source, edit)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), st.data())
def test_the_place_of_an_offset_is_the_inverse_of_the_offset_of_a_place(comment: str, data: st.DataObject) -> None:
    source = f"x = {comment!r}\ny = 'é' + {comment!r}\n"
    text = Text(source)
    offset = data.draw(st.integers(0, len(source) - 1))
    line, column = text.place(offset)
    before = source.split("\n")[line - 1][: column - 1]
    assert text.offset(line, len(before.encode())) == offset


@pytest.mark.parametrize(
    ("source", "shown"),
    [("a  +\n    b", "a + b"), ("x" * 60, "x" * 60), ("x" * 61, "x" * 59 + "…")],
)
def test_what_a_sentence_quotes_is_one_short_line(source: str, shown: str) -> None:
    assert quoted(source) == shown
