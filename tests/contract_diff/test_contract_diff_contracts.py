"""Two contracts as wholes: which claim is which, whose change it is, and what nobody has a rule for."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from diff_contracts import claims, contract, diff

from apr_core.contract.diff.change import LEVEL_OF, Change
from apr_core.contract.diff.contracts import asked, compare_contracts, next_version, raised
from apr_core.contract.inputs import Model
from apr_core.contract.obligations import PropertyObligation
from apr_core.contract.schema import Contract

A, B, C = (f"id: {name}, type: holds, check: f(n) > {number}" for number, name in enumerate("ABC"))
CALLS = {"subjects": "{f: p.m:f}", "inputs": "{n: {integer: [1, 9]}, m: {integer: [1, 9]}}"}


def told(changes: list[Change]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(change.kind, change.place, change.claims) for change in changes]


# which claim is which


def test_a_claim_under_another_id_is_renamed_and_names_both() -> None:
    [change] = diff(claims(A, B, **CALLS), claims(A, B.replace("B", "NEW"), **CALLS))
    assert (change.kind, change.before, change.after, change.level) == ("renamed", "B", "NEW", "major")
    assert change.sentence == "B is called NEW now: whatever names B finds nothing."


def test_a_renamed_claim_may_be_worded_differently() -> None:
    old, new = claims(A, B, **CALLS), claims(A, B.replace("B", "NEW"), **CALLS)
    changes = diff(old, new.replace("claim: c, id: NEW", "claim: d, id: NEW"))
    assert told(changes) == [("renamed", "id", ("NEW",)), ("reworded", "claim", ("NEW",))]


def test_a_claim_under_another_id_that_says_something_else_is_dropped_and_added() -> None:
    changes = diff(claims(A, B, **CALLS), claims(A, B.replace("B", "NEW").replace("> 1", "> 0.5"), **CALLS))
    assert told(changes) == [("dropped", "obligations", ("B",)), ("added", "obligations", ("NEW",))]


def test_what_names_a_renamed_claim_by_its_new_id_is_as_before() -> None:
    gate = "id: G, type: gate, require: [A, B], allow: {B: UNTESTED}"
    both = "id: K, type: compound, any_of: [A, B]"
    old = claims(A, B, both, gate, **CALLS)
    new = claims(*(one.replace("B", "NEW") for one in (A, B, both)), gate.replace("B", "NEW"), **CALLS)
    assert told(diff(old, new)) == [("renamed", "id", ("NEW",))]


def test_claims_that_combine_renamed_claims_are_known_again() -> None:
    both, over = "id: K, type: compound, all_of: [A, B]", "id: L, type: compound, any_of: [K, A]"
    new_both, new_over = both.replace("K", "KN").replace("B", "NEW"), over.replace("L", "LN").replace("K", "KN")
    changes = diff(claims(A, B, both, over, **CALLS), claims(A, B.replace("B", "NEW"), new_both, new_over, **CALLS))
    assert [(change.kind, change.before) for change in changes] == [("renamed", name) for name in "BKL"]


def test_two_claims_that_swap_their_ids_both_change() -> None:
    changes = diff(claims(A, B, **CALLS), claims(A.replace("id: A", "id: B"), B.replace("id: B", "id: A"), **CALLS))
    assert {(change.kind, change.claims) for change in changes} == {("tightened", ("A",)), ("loosened", ("B",))}


def test_a_renamed_killer_is_as_before_and_a_lost_one_is_not() -> None:
    mutants = "mutants: [{id: x, kind: result, of: f, becomes: '0', killed_by: [A, B]}]"
    old = claims(A, B, **CALLS) + "\n" + mutants
    renamed = claims(A, B.replace("B", "NEW"), **CALLS) + "\n" + mutants.replace("B", "NEW")
    assert told(diff(old, renamed)) == [("renamed", "id", ("NEW",))]
    [change] = diff(old, old.replace("[A, B]", "[A]"))
    assert (change.kind, change.sentence) == ("loosened", "x: Fewer claims must notice the planted fault: without B.")
    [change] = diff(old.replace("[A, B]", "[A]"), old)
    assert change.kind == "tightened"


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("kind: result, of: f, becomes: '0'", "kind: result, of: f, becomes: '1'", "changed"),
        ("kind: result, of: f, becomes: 'result  + 1'", "kind: result, of: f, becomes: '(result+1)'", None),
        ("kind: result, of: f, becomes: '0'", "kind: result, of: g, becomes: '0'", "changed"),
        ("kind: result, of: f, becomes: '0'", "kind: source, of: f, replace: a, by: b", "changed"),
        ("kind: source, of: f, replace: 'a - b', by: b", "kind: source, of: f, replace: 'a  - b', by: b", "changed"),
        ("kind: evidence, of: e, fail: 3", "kind: evidence, of: e, fail: 2", "changed"),
        ("kind: source, of: f, replace: a, by: b", "kind: source, of: f, replace: a, by: b, museum: x", "reworded"),
    ],
)
def test_planted_faults_of_every_kind(old: str, new: str, kind: str | None) -> None:
    texts = (claims(A, **CALLS) + f"\nmutants: [{{id: x, {one}, killed_by: [A]}}]" for one in (old, new))
    assert {change.kind for change in diff(*texts)} == ({kind} if kind else set())


def test_a_planted_fault_under_another_id_is_only_renamed() -> None:
    mutant = "mutants: [{id: x, kind: result, of: f, becomes: '0', killed_by: [A]}]"
    [change] = diff(*(claims(A, **CALLS) + "\n" + one for one in (mutant, mutant.replace("id: x", "id: y"))))
    assert (change.kind, change.sentence) == ("reworded", "The planted fault x is called y now.")


def test_prose_that_is_bound_does_not_hide_what_else_changed() -> None:
    old = claims("id: A, type: unbound, criteria: [X, Y]")
    new = claims("id: A, type: holds, check: 1 > 0, criteria: [X], expect: falsified").replace("claim: c", "claim: d")
    kinds = {change.place: change.kind for change in diff(old, new)}
    assert kinds == {"type": "tightened", "criteria": "loosened", "expect": "changed", "claim": "reworded"}


def test_a_text_of_absurd_depth_is_text_and_not_a_crash() -> None:
    deep = "-" * 900 + "x"
    old = contract(claims(B, **CALLS))
    new = old.model_copy(update={"obligations": [old.obligations[0].model_copy(update={"claim": deep})]})
    assert told(diff(old, new)) == [("reworded", "claim", ("B",))]


# whose change it is


def test_a_domain_of_the_contract_is_a_change_of_the_claims_that_draw_it() -> None:
    third = "id: D, type: holds, check: f(m) > 0"
    own = "id: E, type: holds, check: f(n) > 5, inputs: {n: {integer: [3, 5]}}"
    old = claims(A, B, third, own, **CALLS)
    [change] = diff(old, old.replace("n: {integer: [1, 9]}", "n: {integer: [1, 8]}", 1))
    assert (change.kind, change.place, change.claims) == ("loosened", "inputs.n", ("A", "B"))


def test_a_domain_that_another_domain_is_drawn_from_is_one_of_the_claim() -> None:
    inputs = "{top: {integer: [1, 9]}, n: {integer: [0, top]}, m: {rows: {name: {text: [0, top]}}, size: [0, 2]}}"
    other = "id: M, type: holds, check: f(m) > 0"
    old = claims(A, other, subjects="{f: p.m:f}", inputs=inputs)
    [change] = diff(old, old.replace("[1, 9]", "[1, 8]"))
    assert (change.place, change.claims) == ("inputs.top", ("A", "M"))


@pytest.mark.parametrize("name", ["name", "message", "type", "choice", "claim"])
def test_a_name_that_is_also_a_field_of_the_language_hides_nothing(name: str) -> None:
    """`let` and rows take any name; what stands below it is an expression all the same."""
    old = claims(f"id: A, type: holds, check: f({name}) > 0, let: {{{name}: n + 1}}", **CALLS)
    [change] = diff(old, old.replace("n: {integer: [1, 9]}", "n: {integer: [1, 8]}", 1))
    assert (change.kind, change.place) == ("loosened", "inputs.n")


def test_a_word_is_not_the_input_of_that_name() -> None:
    other = "id: R, type: rejection, run: f(m), raises: n, message: n"
    old = claims(A, other, **CALLS)
    [change] = diff(old, old.replace("n: {integer: [1, 9]}", "n: {integer: [1, 8]}", 1))
    assert change.claims == ("A",)


def test_an_input_that_moves_into_its_only_claim_is_no_change() -> None:
    own = claims("id: A, type: holds, check: f(n) > 0, inputs: {n: {integer: [1, 9]}}", subjects="{f: p.m:f}")
    assert diff(claims(A, subjects="{f: p.m:f}", inputs="{n: {integer: [1, 9]}}"), own) == []


def test_a_constant_may_stand_for_its_value_and_a_subject_may_get_another_name() -> None:
    old = claims("id: A, type: bound, value: f(n), within: [0, top]", constants="{top: 9}", **CALLS)
    new = claims("id: A, type: bound, value: g(n), within: [0, 9.0]", subjects="{g: p.m:f}", inputs=CALLS["inputs"])
    assert diff(old, new) == []


def test_one_claim_of_one_is_all_of_them() -> None:
    old = claims(A, "id: K, type: compound, any_of: [A]", **CALLS)
    assert diff(old, old.replace("any_of", "all_of")) == []


def test_evidence_may_get_another_name_and_not_another_selector() -> None:
    start = "id: A, type: threshold, metric: pass@1, at_least: 0.5, decide: score"
    old = claims(f"{start}, of: a", evidence="{a: {model: m}}")
    assert diff(old, claims(f"{start}, of: b", evidence="{b: {model: m}}")) == []
    assert told(diff(old, claims(f"{start}, of: b", evidence="{b: {model: k}}"))) == [
        ("changed", "evidence.b.model", ("A",))
    ]


def test_a_criterion_that_moves_to_every_claim_is_no_change() -> None:
    old = claims(A, B, criteria="[X]", **CALLS)
    assert diff(old, claims(*(f"{one}, criteria: [X]" for one in (A, B)), **CALLS)) == []
    assert told(diff(old, claims(f"{A}, criteria: [X]", B, **CALLS))) == [("loosened", "criteria", ("B",))]


def test_one_change_of_many_claims_is_told_once_and_the_gravest_first() -> None:
    old = claims(A, B, C, "id: D, type: bound, value: f(m), within: [0, 1]", title="one", **CALLS)
    new = old.replace("p.m:f", "p.m:g").replace("title: one", "title: two").replace("[0, 1]", "[0, 0.5]")
    assert told(diff(old, new)) == [
        ("changed", "subjects.f", ("A", "B", "C", "D")), ("tightened", "within", ("D",)), ("reworded", "title", ()),
    ]  # fmt: skip


# what nobody has a rule for


class Novel(PropertyObligation):
    """A type that the comparison has never heard of."""

    type: Literal["novel"] = "novel"
    about: str
    evidence: str = "none"


def novel(**fields: Any) -> Contract:
    obligation = Novel(id="A", claim="c", **{"about": "f(top)", **fields})
    whole = contract(claims(B, evidence="{e: {model: m}}", constants="{top: 1}", **CALLS))
    return whole.model_copy(update={"obligations": [obligation]})


@pytest.mark.parametrize(
    ("fields", "place"),
    [({"about": "f(top + 1)"}, "about"), ({"about": "f( top )"}, "about"), ({"evidence": "other"}, "evidence"),
     ({"limits": {"seconds": 400.0}}, "limits.seconds"), ({"where": ["n > 1"]}, "where")],
)  # fmt: skip
def test_a_type_without_rules_is_changed_in_meaning_as_soon_as_a_field_differs(
    fields: dict[str, Any], place: str
) -> None:
    assert diff(novel(), novel()) == []
    [change] = diff(novel(), novel(**fields))
    assert (change.place, change.level) == (place, "major")


@pytest.mark.parametrize(
    ("section", "value", "place"),
    [("constants", {"top": 2}, "constants.top"), ("subjects", {"f": "p.m:g"}, "subjects.f")],
)
def test_a_type_without_rules_rests_on_what_its_texts_name(section: str, value: Any, place: str) -> None:
    [change] = diff(novel(), novel().model_copy(update={section: value}))
    assert (change.place, change.level) == (place, "major")


def test_a_type_without_rules_rests_on_the_evidence_and_the_inputs_that_it_names() -> None:
    old = novel(evidence="e", about="f(n)")
    changed = {"evidence": contract(claims(B, evidence="{e: {model: k}}", **CALLS)).evidence}
    assert told(diff(old, old.model_copy(update=changed))) == [("changed", "evidence.e.model", ("A",))]
    changed = {"inputs": contract(claims(B, inputs="{n: {integer: [1, 2]}}", subjects="{f: p.m:f}")).inputs}
    assert told(diff(old, old.model_copy(update=changed))) == [("loosened", "inputs.n", ("A",))]


class Spread(Model):
    """A kind of input that the comparison has never heard of."""

    spread: str
    around: str = "0"


def test_a_kind_of_input_without_rules_is_other_cases() -> None:
    whole = contract(claims(A, constants="{top: 1}", **CALLS))
    first, second, third = (
        whole.model_copy(update={"inputs": {**whole.inputs, "n": one}, "constants": {"top": top}})
        for one, top in ((Spread(spread="top"), 1), (Spread(spread="top", around="1"), 1), (Spread(spread="top"), 2))
    )
    assert diff(first, first) == []
    assert told(diff(first, second)) == [("changed", "inputs.n", ("A",))]
    assert told(diff(first, third)) == [("changed", "constants.top", ("A",))]


class Wider(Contract):
    """A contract with a field that the comparison has never heard of."""

    protocol: str = "plain"


def test_a_field_of_a_contract_without_a_rule_is_changed_in_meaning() -> None:
    old, new = (
        Wider.model_validate({**contract(claims(B, **CALLS)).model_dump(), "protocol": one}) for one in ("a", "b")
    )
    assert told(compare_contracts(old, new)) == [("changed", "protocol", ())]


# versions


@pytest.mark.parametrize(
    ("old", "new", "by"),
    [
        ("1.0.0", "2.0.0", "major"), ("1.9.9", "10.0.0", "major"), ("1.0.0", "1.1.0", "minor"), ("1.9.0", "1.10.0", "minor"),
        ("1.0.0", "1.0.1", "patch"), ("1.0.0", "1.0.0", None), ("2.0.0", "1.9.9", None), ("1.0.0", "01.0.0", None),
    ],
)  # fmt: skip
def test_by_how_much_a_version_was_raised(old: str, new: str, by: str | None) -> None:
    assert raised(old, new) == by
    if by is not None:
        assert raised(old, next_version(old, by)) == by  # type: ignore[arg-type]


def test_a_version_that_goes_back_is_a_change_that_no_version_announces() -> None:
    [change] = diff(claims(B, version="2.0.0", **CALLS), claims(B, version="1.0.0", **CALLS))
    assert (change.level, change.place) == ("major", "version")


def test_a_version_alone_asks_for_nothing() -> None:
    changes = diff(claims(B, version="1.0.0", **CALLS), claims(B, version="2.0.0", **CALLS))
    assert told(changes) == [("reworded", "version", ())]
    assert asked(changes) is None


def test_what_loosens_is_major_what_adds_is_minor_and_words_are_patches() -> None:
    assert {kind for kind, level in LEVEL_OF.items() if level != "major"} == {"tightened", "added", "reworded"}
    assert LEVEL_OF["reworded"] == "patch"


def test_versions_of_absurd_length_are_compared_and_not_a_crash() -> None:
    huge = f"1.0.{'9' * 6000}"
    assert asked(diff(claims(B, version="1.0.0", **CALLS), claims(B, version=huge, **CALLS))) is None
