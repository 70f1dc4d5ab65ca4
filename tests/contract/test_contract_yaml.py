"""YAML becomes plain data with places, by the 1.2 core schema; what could be misread is refused, with its place."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml as pyyaml

from apr_core.contract import yaml as contract_yaml
from apr_core.contract.yaml import parse
from apr_core.errors import ContractError


def problems(text: str) -> list[str]:
    with pytest.raises(ContractError) as caught:
        parse(text, "x.apr.yaml")
    return [str(problem) for problem in caught.value.problems]


@pytest.fixture(params=["C", "Python"], autouse=True)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test runs with libyaml, and with the parser that PyYAML falls back to."""
    monkeypatch.setattr(contract_yaml, "_PARSER", pyyaml.CSafeLoader if request.param == "C" else pyyaml.SafeLoader)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("Null", None),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("N", "N"),
        ("0", 0),
        ("-17", -17),
        ("007", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2001-12-14", "2001-12-14"),
        ("1e-7", 1e-7),
        ("1.", 1.0),
        (".5", 0.5),
        ("+6.8523015e+5", 685230.15),
        ("-.inf", -math.inf),
        (".INF", math.inf),
        ("1.0.0", "1.0.0"),
        ("e3", "e3"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("!!str 1", "1"),
        ("! 1", "1"),
        ("!!float 1", 1.0),
        ("!!int 3", 3),
        ("١٢", "١٢"),
    ],
)
def test_plain_scalars_follow_the_core_schema_of_yaml_1_2(text: str, value: Any) -> None:
    found = parse(f"k: {text}", "x").value["k"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("", "1:1", "the file is empty"),
        ("# only a comment\n", "1:1", "the file is empty"),
        ("---\n", "1:1", "single value"),
        ("- a\n", "1:1", "the top level is a list"),
        ("a: 1\nb: 2\na: 3\n", "3:1", "the key 'a' is given twice: first at line 1, column 1"),
        ("a: {b: 1, c: 2, b: 3}", "1:17", "the key 'b' is given twice: first at line 1, column 5"),
        ("1: a", "1:1", "the key 1 is not text"),
        ("true: a", "1:1", "the key true is not text"),
        ("~: a", "1:1", "the key null is not text"),
        ("? [a, b]\n: c", "1:3", "the key a list is not text"),
        ("a: {b: {}}\n<<: {c: 1}", "2:1", "merge key"),
        ("a: !!python/object/apply:os.system [echo]", "1:4", "tag:yaml.org,2002:python/object/apply:os.system"),
        ("a: !thing {b: 1}", "1:4", "'!thing' is not allowed"),
        ("a: !!set {b: 1}", "1:4", "is not allowed"),
        ("a: !!int x", "1:4", "'x' is not of the type that the tag !!int says"),
        ("a: .nan", "1:4", ".nan is not a value to compare with"),
        ("a: 1e999", "1:4", "beyond float64"),
        ("a: -1e999", "1:4", "write .inf if infinity is meant"),
        (f"a: {'9' * 1001}", "1:4", "a number of 1,001 characters"),
        ("a: 1\n---\nb: 2\n", "2:1", "a second document begins here"),
        ("a: &x [1, *x]", "1:11", "the alias 'x' lies inside what it names"),
        ("a: &node 1\nb: *nod", "2:4", "Did you mean 'node'?"),
        ("a:\n\t- b", "2:1", "a tab"),
        ("a: 'x\ty'", "1:6", "use spaces"),
        ("a: b\x00c", "1:5", "U+0000"),
        ("a: b\x85c", "1:5", "U+0085"),
        ("a: b\u2028c", "1:5", "U+2028"),
        ("a: \u202egnp.txt", "1:4", "U+202E"),
        ("a: \ud800", "1:4", "U+D800"),
        ("a: b\rc: d", "1:5", "U+000D"),
    ],
)
def test_what_could_be_misread_is_refused_with_its_place(text: str, place: str, says: str) -> None:
    (problem,) = problems(text)
    assert problem.startswith(f"x.apr.yaml:{place}: ")
    assert says in problem


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ("a: b: c", 1, "Put quotes around a value that contains ': '"),
        ("a: 1\nb: @x", 2, "Put quotes around a value that begins with a special character"),
        ("a: [1, 2\nb: 3", 2, "Close the bracket"),
        ("a:\n    b: 1\n  c: 2", 3, "Check the indentation"),
        ("a: 1\nb: {c: [1\n", 2, "Close the bracket"),
    ],
)
def test_bad_syntax_shows_the_line_and_what_to_do(text: str, line: int, hint: str) -> None:
    (problem,) = problems(text)
    assert problem.startswith(f"x.apr.yaml:{line}:")
    assert "not valid YAML" in problem
    assert hint in problem
    assert repr(text.splitlines()[line - 1].strip()) in problem


def test_all_problems_of_a_file_are_reported_at_once() -> None:
    found = problems("a: 1\na: .nan\n2: x\nb: !t y\n<<: {}\nc: *none\nd: .nan")
    assert [problem.split(":")[1] for problem in found] == ["2", "2", "3", "4", "5", "6"]


def test_quoted_merge_and_duplicate_looking_keys_are_ordinary_text() -> None:
    assert parse("'<<': 1\n'1': 2\n\"true\": 3", "x").value == {"<<": 1, "1": 2, "true": 3}


def test_an_anchor_is_shared_and_keeps_the_place_of_its_text() -> None:
    document = parse("base: &b {n: {integer: [1, 2]}}\nused: *b\n", "x")
    assert document.value["used"] == {"n": {"integer": [1, 2]}}
    assert document.mark(("used",)) == (2, 7)
    assert document.mark(("used", "n", "integer", 0)) == (1, 25)


def test_a_byte_order_mark_at_the_start_is_no_part_of_the_first_key() -> None:
    assert parse("\ufefftitle: t", "x").value == {"title": "t"}


def test_windows_line_ends_do_not_shift_places() -> None:
    document = parse("a: 1\r\nb:\r\n  c: 2\r\n", "x")
    assert document.mark(("b", "c"), key=True) == (3, 3)


def test_marks_are_those_of_keys_and_values_or_the_nearest_ancestor() -> None:
    document = parse("a:\n  - id: X\n    v: [1, {w: 2}]\nb: 'text'\n", "x")
    assert document.mark(("a", 0, "v", 1, "w")) == (3, 16)
    assert document.mark(("a", 0, "v"), key=True) == (3, 5)
    assert document.mark(("a", 0)) == (2, 5)
    assert document.mark(("a", 0, "missing")) == (2, 5)
    assert document.mark(("a", 0, "<bound>", "v", "int", 1)) == (3, 12), "tags of unions are no part of the file"
    assert document.mark(("a", 7)) == (2, 3)
    assert document.mark(("nowhere",)) == (1, 1)


@pytest.mark.parametrize(
    ("text", "column", "place"),
    [
        ("k: abc + d", 7, (1, 10)),
        ("k: 'abc + d'", 7, (1, 11)),
        ('k: "abc + d"', 7, (1, 11)),
        ("k: &a abc + d", 7, (1, 13)),
        ("k: 'it''s + d'", 7, (1, 4)),
        ("k: |\n  abc + d\n", 7, (1, 4)),
    ],
)
def test_a_column_inside_a_value_is_found_where_the_file_shows_the_value_as_it_is(
    text: str, column: int, place: tuple[int, int]
) -> None:
    assert parse(text, "x").locate(("k",), column) == place


def test_nesting_is_bounded_with_aliases_expanded() -> None:
    assert parse(f"k: {'[' * 63}{']' * 63}", "x")
    assert "more than 64 levels" in problems(f"k: {'[' * 64}{']' * 64}")[0]
    assert "more than 64 levels" in problems(f"a: &a {'[' * 40}{']' * 40}\nb: {'[' * 40}*a{']' * 40}")[0]


def test_an_alias_bomb_is_refused_before_it_is_expanded() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    (problem,) = problems("\n".join(lines))
    assert "more than 100,000 values, aliases expanded" in problem
