"""Typed inputs become strategies: domains are respected, dependencies hold, and examples shrink."""

from __future__ import annotations

import copy
import math
import sys
from collections import Counter

import pytest
from compiler_drawing import cases, drawing, for_all, parse, smallest
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from apr_core.compiler.strategies import identity, references
from apr_core.errors import ExpressionError, Refutation, SubjectError, TrialError

SURROGATES = range(0xD800, 0xE000)


def _is_text(value: object, low: int, high: int) -> bool:
    return isinstance(value, str) and low <= len(value) <= high and not any(ord(c) in SURROGATES for c in value)


DOMAINS = {
    "integer": ({"integer": [-3, 5]}, lambda v: type(v) is int and -3 <= v <= 5),
    "real": ({"real": [-1.5, 2]}, lambda v: type(v) is float and -1.5 <= v <= 2),
    "real without bounds": ({"real": [-math.inf, math.inf]}, lambda v: type(v) is float and math.isfinite(v)),
    "boolean": ({"boolean": "any"}, lambda v: type(v) is bool),
    "choice": ({"choice": ["a", None, [1]]}, lambda v: v in ("a", None, [1])),
    "text": ({"text": [2, 6]}, lambda v: _is_text(v, 2, 6)),
    "text over an alphabet": (
        {"text": [0, 4], "alphabet": "xyz"},
        lambda v: _is_text(v, 0, 4) and set(v) <= set("xyz"),
    ),
    "bytes": ({"bytes": [1, 3]}, lambda v: type(v) is bytes and 1 <= len(v) <= 3),
    "list": (
        {"list": {"integer": [0, 9]}, "size": [1, 4]},
        lambda v: type(v) is list and 1 <= len(v) <= 4 and set(v) <= set(range(10)),
    ),
    "list of unequal": (
        {"list": {"integer": [0, 3]}, "size": [4, 4], "unique": True},
        lambda v: sorted(v) == [0, 1, 2, 3],
    ),
    "list of unequal lists": (
        {"list": {"list": {"boolean": "any"}, "size": [1, 1]}, "size": [2, 2], "unique": True},
        lambda v: sorted(v) == [[False], [True]],
    ),
    "permutation": ({"permutation": [3, 1, 2]}, lambda v: type(v) is list and sorted(v) == [1, 2, 3]),
    "rows": (
        {"rows": {"id": {"integer": [1, 2]}, "ok": {"boolean": "any"}}, "size": [0, 3]},
        lambda v: len(v) <= 3 and all(set(row) == {"id", "ok"} and row["id"] in (1, 2) for row in v),
    ),
}


@pytest.mark.parametrize("kind", DOMAINS)
def test_every_drawn_value_lies_in_its_domain(kind: str) -> None:
    model, inside = DOMAINS[kind]

    def check(case: dict[str, object]) -> None:
        assert inside(case["x"]), case

    for_all(drawing({"x": model}), check)


@pytest.mark.parametrize(
    ("model", "everything"),
    [
        ({"integer": [-2, 2]}, {-2, -1, 0, 1, 2}),
        ({"boolean": "any"}, {False, True}),
        ({"choice": ["a", "b"]}, {"a", "b"}),
        ({"text": [0, 1], "alphabet": "xy"}, {"", "x", "y"}),
        ({"integer": ["1 + 1", 3]}, {2, 3}),
    ],
)
def test_the_whole_domain_is_reached(model: dict[str, object], everything: set[object]) -> None:
    assert {case["x"] for case in cases(drawing({"x": model}), examples=150)} == everything


@pytest.mark.parametrize("wanted", [0.0, 1.0, "subnormal"])
def test_a_real_reaches_its_ends_and_the_subnormals(wanted: float | str) -> None:
    def reached(case: dict[str, float]) -> bool:
        return 0 < case["x"] < sys.float_info.min if wanted == "subnormal" else case["x"] == wanted

    assert any(map(reached, cases(drawing({"x": {"real": [0, 1]}}), examples=1500)))


def test_all_orders_of_a_permutation_are_drawn() -> None:
    seen = {tuple(case["x"]) for case in cases(drawing({"x": {"permutation": [1, 2, 3]}}), examples=200)}
    assert len(seen) == 6


def test_an_order_of_a_drawn_list_and_of_a_constant() -> None:
    inputs = {
        "xs": {"list": {"integer": [0, 9]}, "size": [0, 4]},
        "drawn": {"permutation": "xs"},
        "given": {"permutation": "names"},
    }

    def check(case: dict[str, list[object]]) -> None:
        assert Counter(case["drawn"]) == Counter(case["xs"])
        assert sorted(case["given"]) == ["a", "b"]

    for_all(drawing(inputs, constants={"names": ["a", "b"]}), check)


def test_dependent_bounds_hold_whatever_the_order_of_declaration() -> None:
    inputs = {
        "picked": {"list": {"integer": ["low", "n"]}, "size": [0, "n"]},
        "low": {"integer": [0, "n // 2"]},
        "n": {"integer": [0, 12]},
    }

    def check(case: dict[str, int]) -> None:
        assert 0 <= case["low"] <= case["n"] // 2
        assert len(case["picked"]) <= case["n"]
        assert all(case["low"] <= value <= case["n"] for value in case["picked"])

    assert any(len(case["picked"]) > 2 for case in for_all(drawing(inputs), check))


def test_only_what_is_needed_is_drawn_and_in_the_order_of_declaration() -> None:
    inputs = {
        "unused": {"integer": [0, 1]},
        "b": {"real": [0, "n"]},
        "n": {"integer": [1, 3]},
        "a": {"rows": {"f": {"integer": [0, "m"]}}, "size": [1, 1]},
        "m": {"integer": [1, 3]},
    }
    drawn = cases(drawing(inputs, needed={"a", "b"}), examples=5)
    assert [list(case) for case in drawn] == [["n", "b", "m", "a"]] * len(drawn)


def test_what_an_input_rests_on_is_drawn_all_the_way_down() -> None:
    inputs = {"c": {"integer": [0, "b"]}, "b": {"integer": [0, "a"]}, "a": {"integer": [0, 5]}}
    for_all(drawing(inputs, needed=["c"]), lambda case: 0 <= case["c"] <= case["b"] <= case["a"] <= 5)


def test_nothing_needed_draws_nothing() -> None:
    assert cases(drawing({"n": {"integer": [0, 1]}}, needed=()), examples=1) == [{}]


def test_names_that_no_expression_can_spell_are_drawn() -> None:
    inputs = {"x": {"integer": [0, "n"]}, "second value of x": {"integer": [0, "n"]}, "n": {"integer": [0, 50]}}
    drawn = cases(drawing(inputs, needed=["x", "second value of x"]))
    assert any(case["x"] != case["second value of x"] for case in drawn)


def test_constants_and_built_in_constants_are_in_scope() -> None:
    for_all(
        drawing({"x": {"real": ["-pi", "limits[1]"]}}, constants={"limits": [0, 2.5]}),
        lambda case: -math.pi <= case["x"] <= 2.5,
    )


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"integer": [5, "n"]}, ["'x'", "5 and 3", "n = 3"]),
        ({"integer": [0, "n / 2"]}, ["'x'", "1.5", "n = 3", "//"]),
        ({"integer": [0, 2.5]}, ["'x'", "2.5", "whole number"]),
        ({"integer": [0, math.inf]}, ["'x'", "inf", "whole number"]),
        ({"integer": [False, 3]}, ["'x'", "False", "whole number"]),
        ({"real": ["inf - inf", 1]}, ["'x'", "nan"]),
        ({"real": [math.inf, math.inf]}, ["'x'", "below infinity"]),
        ({"text": [-1, 3]}, ["'x'", "-1", "negative"]),
        ({"list": {"integer": [0, 9]}, "size": ["0 - n", 3]}, ["'x'", "-3", "n = 3", "negative"]),
        ({"list": {"integer": [9, "n"]}, "size": [1, 3]}, ["'x', element", "9 and 3"]),
        ({"list": {"boolean": "any"}, "size": [3, 3], "unique": True}, ["'x'"]),
        ({"integer": [0, "10 // (n - 3)"]}, ["'x'", "n = 3", "inf"]),
        ({"integer": [0, "[1, 2][n]"]}, ["'x'", "n = 3", "[1, 2][n]"]),
        ({"permutation": "n"}, ["'x'", "n = 3", "list"]),
        ({"permutation": "ns"}, ["'x'", "'ns'", "Did you mean 'n'"]),
    ],
)
def test_a_domain_that_cannot_be_drawn_says_which_and_why(model: dict[str, object], words: list[str]) -> None:
    with pytest.raises((TrialError, ExpressionError)) as caught:
        cases(drawing({"n": {"integer": [3, 3]}, "x": model}))
    assert not [word for word in words if word not in str(caught.value)], caught.value


def test_sums_are_floats_and_still_whole_numbers() -> None:
    inputs = {"xs": {"list": {"integer": [1, 3]}, "size": [2, 2]}, "n": {"integer": ["sum(xs)", "sum(xs)"]}}
    for_all(drawing(inputs), lambda case: case["n"] == sum(case["xs"]) and type(case["n"]) is int)


def test_inputs_that_refer_to_each_other_are_refused() -> None:
    with pytest.raises(TrialError, match=r"circle: (a → b → a|b → a → b)"):
        drawing({"a": {"integer": [0, "b"]}, "b": {"integer": [0, "a"]}})


def test_a_needed_input_must_be_declared() -> None:
    with pytest.raises(TrialError, match=r"'alhpa' is needed but not declared\. Did you mean 'alpha'"):
        drawing({"alpha": {"integer": [0, 1]}}, needed=["alhpa"])


def test_an_undeclared_name_in_a_bound_is_refused_when_the_strategy_is_built() -> None:
    with pytest.raises(ExpressionError):
        drawing({"a": {"integer": [0, "nowhere"]}})


def test_lists_and_maps_of_the_contract_are_not_shared_between_cases() -> None:
    constants = {"orders": [["a"], ["b"]]}
    inputs = {"x": {"choice": [[1], {"k": [2]}]}, "y": {"permutation": [[3], [4]]}, "z": {"permutation": "orders"}}
    models, before = parse(inputs), copy.deepcopy(constants)

    def spoil(case: dict[str, list[object]]) -> None:
        case["x"].clear()
        case["y"][0].clear()
        case["z"][0].clear()

    for_all(drawing(inputs, constants=constants), spoil, examples=20)
    assert parse(inputs) == models
    assert constants == before
    assert all(
        case["x"] in ([1], {"k": [2]}) and [3] in case["y"] for case in cases(drawing(inputs, constants=constants))
    )


def test_a_bound_that_calls_a_subject_is_asked_for_every_case() -> None:
    block = [4]
    strategy = drawing({"n": {"integer": ["block()", "block()"]}}, functions={"block": lambda: block[0]})
    assert cases(strategy, examples=1)[0]["n"] == 4
    block[0] = 7  # as a planted fault would
    assert cases(strategy, examples=1)[0]["n"] == 7


def test_a_refutation_inside_a_bound_stays_a_refutation() -> None:
    def broken() -> int:
        raise Refutation("raised", "block() returns", "it raised")

    with pytest.raises(Refutation):
        cases(drawing({"n": {"integer": [0, "block()"]}}, functions={"block": broken}))


def test_dependent_integers_shrink_to_the_smallest_pair() -> None:
    inputs = {"n": {"integer": [1, 164]}, "c": {"integer": [0, "n"]}}
    assert smallest(drawing(inputs), lambda case: case["c"] >= 7) == {"n": 7, "c": 7}


@pytest.mark.parametrize(
    ("model", "wanted", "found"),
    [
        ({"integer": [-50, 50]}, lambda v: v <= -3, -3),
        ({"integer": [10, 20]}, lambda v: True, 10),
        ({"real": [0.5, 9]}, lambda v: v > 2, 3.0),
        ({"choice": ["plain", "odd"]}, lambda v: True, "plain"),
        ({"permutation": [1, 2, 3]}, lambda v: True, [1, 2, 3]),
        ({"list": {"integer": [0, 99]}, "size": [0, 30]}, lambda v: sum(v) > 10, [11]),
        ({"text": [0, 9], "alphabet": "ab"}, lambda v: "b" in v, "b"),
        ({"rows": {"n": {"integer": [0, 9]}}, "size": [0, 9]}, lambda v: len(v) > 1, [{"n": 0}, {"n": 0}]),
    ],
)
def test_examples_shrink_to_the_simplest(model: dict[str, object], wanted: object, found: object) -> None:
    assert smallest(drawing({"x": model}), lambda case: wanted(case["x"]))["x"] == found


def test_one_seed_draws_the_same_cases_twice(tmp_path: object) -> None:
    inputs = {
        "n": {"integer": [1, 9]},
        "a": {"tensor": ["n"], "draw": "mixed"},
        "f": {"file": {"from": "content", "corrupt": ["flip", "truncate", "splice", "oversize_count"]}},
        "w": {"workdir": "empty"},
    }

    def run(start: int) -> list[object]:
        drawn = cases(
            drawing(inputs, constants={"content": b"\x08" + bytes(15)}, workroot=tmp_path), examples=30, start=start
        )
        return [(case["n"], case["a"].tobytes(), case["f"].read_bytes()) for case in drawn]

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_a_workdir_is_private_empty_and_listed(tmp_path: object) -> None:
    inputs = {"w": {"workdir": "empty"}, "many": {"list": {"workdir": "empty"}, "size": [2, 2]}}
    drawn = cases(drawing(inputs, workroot=tmp_path), examples=3)
    folders = [folder for case in drawn for folder in case.folders]
    assert {case["w"] for case in drawn} | {folder for case in drawn for folder in case["many"]} == set(folders)
    assert len(set(folders)) == 3 * len(drawn)
    assert all(folder.parent == tmp_path and not list(folder.iterdir()) for folder in folders)
    for case in drawn:
        (case["w"] / "left").write_text("by the subject")
        case.remove_folders()
    assert not list(tmp_path.iterdir())


def test_a_case_that_is_given_up_half_drawn_leaves_no_folder(tmp_path: object) -> None:
    inputs = {"w": {"workdir": "empty"}, "never": {"strategy": "project:never"}}
    strategy = drawing(inputs, resolve=lambda name: st.nothing, workroot=tmp_path)
    with pytest.raises(Unsatisfiable):
        cases(strategy)
    assert not list(tmp_path.iterdir())


def test_a_project_strategy_gets_its_arguments_evaluated() -> None:
    inputs = {
        "n": {"integer": [1, 5]},
        "x": {"strategy": "project:evens", "arguments": {"most": "2 * n", "least": 2}},
        "y": {"strategy": "project:plain"},
    }
    functions = {
        "project:evens": lambda most, least: st.integers(least // 2, most // 2).map(lambda half: 2 * half),
        "project:plain": lambda: st.just("y"),
    }

    def check(case: dict[str, object]) -> None:
        assert case["x"] % 2 == 0
        assert 2 <= case["x"] <= 2 * case["n"]
        assert case["y"] == "y"

    for_all(drawing(inputs, resolve=functions.__getitem__), check)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda: 3, ["'x'", "project:x", "returned 3", "strategy"]),
        (lambda other: st.none(), ["'x'", "project:x", "TypeError"]),
        (lambda: st.integers(5, 1), ["'x'", "max_value"]),
    ],
)
def test_a_project_strategy_that_is_none_is_an_error(function: object, words: list[str]) -> None:
    with pytest.raises(TrialError) as caught:
        drawing({"x": {"strategy": "project:x"}}, resolve=lambda name: function)
    assert not [word for word in words if word not in str(caught.value)], caught.value


def test_a_project_strategy_outside_the_allowed_packages_is_refused() -> None:
    def refuse(name: str) -> object:
        raise SubjectError(f"{name} is not allowed")

    with pytest.raises(SubjectError, match="os:system is not allowed"):
        drawing({"x": {"strategy": "os:system"}}, resolve=refuse)


@pytest.mark.parametrize(
    ("model", "named"),
    [
        ({"integer": ["low", "max(n, 3)"]}, {"low", "n"}),
        ({"tensor": ["n"], "dtype": "kind", "draw": "how"}, {"n", "kind", "how"}),
        ({"near": "a", "relative": ["r", 1]}, {"a", "r"}),
        ({"near": "a", "relative": "r"}, {"a", "r"}),
        ({"rotate": "a", "by": "angle"}, {"a", "angle"}),
        ({"tokens": ["n"], "vocabulary": "v"}, {"n", "v"}),
        ({"rows": {"f": {"text": [0, "n"]}}, "size": [0, "m"]}, {"n", "m"}),
        ({"list": {"bytes": [0, "n"]}, "size": [0, "m"]}, {"n", "m"}),
        ({"permutation": "xs"}, {"xs"}),
        ({"file": {"from": "encode(w)", "corrupt": ["flip"]}}, {"w"}),
        ({"strategy": "p:f", "arguments": {"k": "n"}}, {"n"}),
    ],
)
def test_references_names_every_input_that_a_domain_rests_on(model: dict[str, object], named: set[str]) -> None:
    assert named <= references(parse({"x": model})["x"])


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        ([1, [2]], [1, [2]], True),
        ([1, [2]], [1, [3]], False),
        ({"a": 1, "b": [2]}, {"b": [2], "a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        ([1], (1,), False),
    ],
)
def test_identity_is_equality_for_what_cannot_be_hashed(a: object, b: object, equal: bool) -> None:
    assert (identity(a) == identity(b)) is equal
    assert len({identity(a), identity(b)}) == (1 if equal else 2)
