"""The classifier against what contracts accept: tightened lets nothing through that was refused before, loosened the
other way, and no change lets through the same.

The judge itself says what is accepted, wherever it can be asked: the comparison of values, the expression language, the
demand on an error, the combination of verdicts.
"""

from __future__ import annotations

import builtins
import itertools
from collections.abc import Callable, Collection, Iterable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from diff_contracts import claims, diff
from hypothesis import given, settings
from hypothesis import strategies as st

from apr_core.compiler.compare import compare
from apr_core.compiler.effects import _demand_error
from apr_core.contract.diff.change import Kind
from apr_core.contract.expression import compile_expression
from apr_core.errors import Refutation
from apr_core.trial.combine import _passes
from apr_core.trial.properties import DEFAULT_SECONDS
from apr_core.verdict import ALL_OF, ANY_OF, Verdict, combine

BACKWARDS = {"loosened": "tightened", "tightened": "loosened", "changed": "changed", None: None}
few = settings(max_examples=60, deadline=None)


def kind_of(old: str, new: str) -> Kind | None:
    """What the only difference between two contracts is; the way back must be the opposite."""
    forwards, backwards = diff(old, new), diff(new, old)
    assert len(forwards) <= 1, forwards
    kind = forwards[0].kind if forwards else None
    assert [change.kind for change in backwards] == ([BACKWARDS[kind]] if kind else [])
    return kind


def demand_sound(kind: Kind | None, before: Iterable[Any], after: Iterable[Any]) -> None:
    """What is accepted before and after must fit the kind of the change."""
    before, after = set(before), set(after)
    if kind is None:
        assert before == after
    elif kind == "tightened":
        assert after <= before
    elif kind == "loosened":
        assert before <= after


# tolerances

PAIRS = [
    (np.array([a, 1.0]), np.array([b, 1.0]))
    for a, b in itertools.product((0.0, 1.0, 1.0 + 2**-52, 1.0 + 2**-51, 1.05, 1.1, 1.25, -1.0, float("nan")), repeat=2)
]
amounts = st.sampled_from([0.0, 0.05, 0.1, 0.3])
tolerances = st.fixed_dictionaries(
    {},
    optional={
        "absolute": amounts, "relative": amounts, "cosine": amounts, "ulp": st.integers(0, 3), "exact": st.just(True),
    },
).filter(bool)  # fmt: skip


def accepted(tolerance: dict[str, Any]) -> set[int]:
    """Which of the pairs agree."""
    bounds = {name: tolerance.get(name) for name in ("absolute", "relative", "ulp", "cosine")}
    found = set()
    for index, (left, right) in enumerate(PAIRS):
        try:
            compare(left, right, "c", exact=tolerance.get("exact", False), nonfinite_allowed=False, **bounds)
        except Refutation:
            continue
        found.add(index)
    return found


def written(value: dict[str, Any]) -> str:
    return "{" + ", ".join(f"{key}: {str(inner).lower()}" for key, inner in value.items()) + "}"


@few
@given(tolerances, tolerances)
def test_tolerances(old: dict[str, Any], new: dict[str, Any]) -> None:
    texts = (claims(f"id: A, type: equivalence, left: f(1), right: 1, tolerance: {written(one)}") for one in (old, new))
    demand_sound(kind_of(*texts), accepted(old), accepted(new))


# intervals and lines

numbers = st.sampled_from([-2, -1.5, -1, 0, 0.5, 1, 1.0, 2])
VALUES = [-3, -2, -1.75, -1, -0.5, 0, 0.25, 0.5, 0.75, 1, 1.5, 2, 3]
spans = st.tuples(numbers, numbers).filter(lambda ends: ends[0] <= ends[1])


@few
@given(spans, spans)
def test_intervals(old: tuple[float, float], new: tuple[float, float]) -> None:
    texts = (claims(f"id: A, type: bound, value: f(1), within: [{low}, {high}]") for low, high in (old, new))
    demand_sound(kind_of(*texts), *([value for value in VALUES if low <= value <= high] for low, high in (old, new)))


lines = st.sampled_from([None, 0.25, 0.5, "1 / 2", "3 / 4", "-inf", "inf"])


@few
@given(st.sampled_from(["at_least", "at_most"]), lines, lines)
def test_lines(field: str, old: float | str | None, new: float | str | None) -> None:
    other = "at_least" if field == "at_most" else "at_most"
    start = f"id: A, type: threshold, metric: pass@1, of: a, decide: score, {other}: 0.5"
    texts = [
        claims(start if one is None else f"{start}, {field}: {one}", evidence="{a: {model: m}}") for one in (old, new)
    ]

    def fits(value: float, line: float | str | None) -> bool:
        number = compile_expression("-inf" if field == "at_least" else "inf", names=None, functions=())
        if line is not None:
            number = compile_expression(line, names=None, functions=())
        end = number.evaluate({}, {})
        return bool(value >= end if field == "at_least" else value <= end)

    demand_sound(kind_of(*texts), *([value for value in VALUES if fits(value, one)] for one in (old, new)))


# conditions

POINTS = list(itertools.product(range(-1, 5), repeat=2))
small = st.integers(0, 3)
comparisons = st.builds(
    "{} {} {}".format, st.sampled_from(["n", "m", "n + m"]), st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), small
)
turned = st.builds("{} {} {}".format, small, st.sampled_from(["<", "<=", ">", ">="]), st.sampled_from(["n", "m"]))
chains = st.builds("{} {} n {} {}".format, small, st.sampled_from(["<", "<="]), st.sampled_from(["<", ">="]), small)
parts = st.one_of(comparisons, turned, chains, st.sampled_from(["n % 2 == 0", "n < m", "m > n", "n > 1 or m > 1"]))
conjunctions = st.lists(parts, min_size=1, max_size=3)


def true_at(conditions: Collection[str]) -> set[tuple[int, int]]:
    """Where all of the conditions are true."""
    compiled = [compile_expression(one, names=None, functions=()) for one in conditions]
    return {(n, m) for n, m in POINTS if all(one.evaluate({"n": n, "m": m}, {}) for one in compiled)}


def joined(conditions: Collection[str]) -> str:
    return " and ".join(f"({one})" for one in conditions)


INPUTS = "{n: {integer: [-1, 4]}, m: {integer: [-1, 4]}}"


@settings(max_examples=150, deadline=None)
@given(conjunctions, conjunctions)
def test_checks(old: list[str], new: list[str]) -> None:
    texts = (claims(f"id: A, type: holds, check: '{joined(one)}'", inputs=INPUTS) for one in (old, new))
    demand_sound(kind_of(*texts), true_at(old), true_at(new))


@settings(max_examples=150, deadline=None)
@given(conjunctions, conjunctions)
def test_preconditions(old: list[str], new: list[str]) -> None:
    """Fewer points are tried: what is accepted is the complement of what is tried, as far as nobody looks there."""
    start = "id: A, type: holds, check: n + m > 0"
    texts = (claims(f"{start}, where: {[*one]}", inputs=INPUTS) for one in (old, new))
    demand_sound(kind_of(*texts), *(set(POINTS) - true_at(one) for one in (old, new)))


# errors

Bad = {module: type("Bad", (ValueError,), {"__module__": module}) for module in ("p", "q.r")}
BUILTIN = ["KeyError", "LookupError", "ValueError", "OSError", "Exception"]
ERRORS = [*(getattr(builtins, name) for name in BUILTIN), *Bad.values()]
NAMES = [*BUILTIN, "IOError", "Bad", "p.Bad", "q.r.Bad", "builtins.KeyError"]


def refused_by(name: str) -> set[str]:
    """The errors that a rejection takes for this name."""
    found = set()
    for kind in ERRORS:
        try:
            _demand_error(kind("no"), name, None, "c")
        except Refutation:
            continue
        found.add(f"{kind.__module__}.{kind.__name__}")
    return found


@pytest.mark.parametrize(("old", "new"), list(itertools.product(NAMES, repeat=2)))
def test_errors(old: str, new: str) -> None:
    texts = (claims(f"id: A, type: rejection, run: f(1), raises: {one}") for one in (old, new))
    kind = kind_of(*texts)
    assert (kind is None) == (old == new)
    demand_sound(kind, refused_by(old), refused_by(new))


# other claims

OUTCOMES = [verdict.value for verdict in Verdict]
names = st.lists(st.sampled_from("PQR"), min_size=1, unique=True)
gates = names.flatmap(
    lambda required: st.tuples(
        st.just(required), st.dictionaries(st.sampled_from(required), st.sampled_from(["UNDERPOWERED", "UNTESTED"]))
    )
)
compounds = st.tuples(st.sampled_from(["all_of", "any_of"]), names)
PARTS = [f"id: {name}, type: holds, check: f({name!r}) > 0" for name in "PQR"]
RESULTS = [dict(zip("PQR", outcomes, strict=True)) for outcomes in itertools.product(OUTCOMES, repeat=3)]


@few
@given(gates, gates)
def test_gates(old: tuple[list[str], dict[str, str]], new: tuple[list[str], dict[str, str]]) -> None:
    def is_open(gate: tuple[list[str], dict[str, str]], outcomes: dict[str, str]) -> bool:
        required, allow = gate
        return all(_passes(SimpleNamespace(outcome=outcomes[one], notes=()), allow.get(one)) for one in required)  # type: ignore[arg-type]

    texts = [
        claims(*PARTS, f"id: A, type: gate, require: {required}, allow: {allow}") for required, allow in (old, new)
    ]
    kinds = {change.kind for change in diff(*texts)}
    kind = kinds.pop() if len(kinds) == 1 else "changed" if kinds else None
    demand_sound(kind, *({index for index, one in enumerate(RESULTS) if is_open(gate, one)} for gate in (old, new)))


@few
@given(compounds, compounds)
def test_compounds(old: tuple[str, list[str]], new: tuple[str, list[str]]) -> None:
    def held(compound: tuple[str, list[str]], outcomes: dict[str, str]) -> bool:
        order = ALL_OF if compound[0] == "all_of" else ANY_OF
        return combine([Verdict(outcomes[name]) for name in compound[1]], order) is Verdict.HELD

    results = [one for one in RESULTS if "ERROR" not in one.values()]  # an error among the parts is one of the whole
    texts = (claims(*PARTS, f"id: A, type: compound, {word}: {several}") for word, several in (old, new))
    demand_sound(kind_of(*texts), *({index for index, one in enumerate(results) if held(x, one)} for x in (old, new)))


# domains

ends = st.tuples(st.integers(0, 3), st.integers(0, 3)).filter(lambda span: span[0] <= span[1]).map(list)
domains = st.one_of(
    st.fixed_dictionaries({"integer": ends}),
    st.fixed_dictionaries({"choice": st.lists(st.integers(0, 3), min_size=1)}),
    st.fixed_dictionaries({"text": ends}, optional={"alphabet": st.sampled_from(["a", "ab", "ba", "abc"])}),
    st.fixed_dictionaries(
        {"list": st.fixed_dictionaries({"integer": ends}), "size": ends}, optional={"unique": st.booleans()}
    ),
)


def cases_of(domain: dict[str, Any]) -> set[Any]:
    """All that a domain can give; of texts without an alphabet a few."""
    match domain:
        case {"integer": [low, high]}:
            return set(range(low, high + 1))
        case {"choice": values}:
            return set(values)
        case {"text": [low, high]}:
            letters = sorted(set(domain.get("alphabet", "abcd")))
            return {"".join(one) for size in range(low, high + 1) for one in itertools.product(letters, repeat=size)}
        case {"list": inner, "size": [low, high]}:
            whole = [one for size in range(low, high + 1) for one in itertools.product(cases_of(inner), repeat=size)]
            return {one for one in whole if not domain.get("unique") or len(set(one)) == len(one)}
    raise AssertionError(domain)


@settings(max_examples=300, deadline=None)
@given(domains, domains)
def test_domains(old: dict[str, Any], new: dict[str, Any]) -> None:
    """More cases are stricter: what is let through is what nobody looks at."""
    texts = (claims("id: A, type: holds, check: f(x)", inputs=f"{{x: {str(one).lower()}}}") for one in (old, new))
    before, after = cases_of(old), cases_of(new)
    demand_sound(kind_of(*texts), after - before, before - after)


# what is meant to fall


@few
@given(spans, spans)
def test_a_claim_that_is_meant_to_fall_turns_around(old: tuple[float, float], new: tuple[float, float]) -> None:
    def texts(more: str) -> list[str]:
        return [claims(f"id: A, type: bound, value: f(1), within: [{low}, {high}]{more}") for low, high in (old, new)]

    assert kind_of(*texts(", expect: falsified")) == BACKWARDS[kind_of(*texts(""))]


def test_how_a_claim_is_judged_does_not_turn_around() -> None:
    start = "id: A, expect: falsified, type: threshold, metric: pass@1, of: a, at_least: 0.5"
    texts = [claims(f"{start}, decide: {{alpha: {alpha}}}", evidence="{a: {model: m}}") for alpha in (0.05, 0.1)]
    assert kind_of(*texts) == "loosened"


# numbers

fractions = st.floats(1e-30, 1e12).filter(lambda value: not value.is_integer())  # `1` is another value than `1.0`
notations: list[Callable[[float], str]] = [
    repr, "{:.17e}".format, "{:.17g}".format, "{:.20E}".format, lambda value: f"{Decimal(value):f}", lambda value: f"+{value!r}",
]  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(fractions, st.sampled_from(notations), st.sampled_from(["{}", "'{}'", "'({})'", "' {} '"]))
def test_a_number_means_the_same_in_every_notation(value: float, notation: Callable[[float], str], quotes: str) -> None:
    def text(number: str, negative: str) -> str:
        return claims(
            f"id: A, type: equivalence, left: 'f(1)', right: {negative}, tolerance: {{absolute: {number}}}",
            f"id: B, type: bound, value: 'f(1)', within: [{negative}, {number}]",
            f"id: C, type: threshold, metric: value, of: a, at_least: {number}, decide: score",
            evidence="{a: {model: m}}",
        )

    plain = text(repr(value), repr(-value))
    assert diff(plain, text(quotes.format(notation(value)), quotes.format(f"-{notation(value).lstrip('+')}"))) == []


@pytest.mark.parametrize(
    ("end", "kind"), [("0.9634146341463414", None), ("0.9634146341463415", "loosened"), ("0.9634146341", "tightened")]
)
def test_a_quotient_is_the_number_that_it_gives_and_no_other(end: str, kind: Kind | None) -> None:
    texts = (claims(f"id: A, type: bound, value: f(1), within: [0, {one}]") for one in ("158 / 164", end))
    assert kind_of(*texts) == kind


def test_no_limit_is_the_limit_that_the_judge_sets() -> None:
    texts = (
        claims(f"id: A, type: holds, check: f(1){more}") for more in ("", f", limits: {{seconds: {DEFAULT_SECONDS}}}")
    )
    assert diff(*texts) == []
