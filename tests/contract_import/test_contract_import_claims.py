"""What becomes a claim, under which id and in which words, and what does not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from import_samples import SMALL, claims, convert, every_key

from apr_core.contract.importers.provable_contracts import EQUATION_PARTS, SECTIONS
from apr_core.contract.obligations import Gate, Unbound, is_bound
from apr_core.contract.origin import pointed, pointer

METADATA = 'metadata: {version: "1.0.0", description: d}\n'


def entries(*items: str, section: str = "proof_obligations") -> str:
    """A document with these entries, each written as a flow mapping."""
    return METADATA + f"{section}:\n" + "".join(f"  - {item}\n" for item in items)


def test_obligations_tests_and_what_must_hold_of_equations_become_claims_and_nothing_else() -> None:
    imported = every_key()
    assert list(claims(imported)) == [
        "PO-OUTPUT-INSIDE-THE-BOUNDS", "PO-SIMD-MATCHES-SCALAR", "CL-IDM-001", "FALSIFY-CL-001", "FT-CL-2",
        "EQ-LO-C-X-HI", "EQ-CLAMP", "EQ-RET-IS-FINITE", "EQ-ODD-NAME", "F-CL-001",
    ]  # fmt: skip
    assert (imported.claims, imported.bound, imported.gates) == (9, 0, 1)
    assert imported.kept == (
        "kernel_structure", "simd_dispatch", "enforcement", "kani_harnesses", "verification_summary", "extras"
    )  # fmt: skip
    assert {type(one) for one in imported.contract.obligations} == {Unbound, Gate}
    assert not any(is_bound(one) for one in imported.contract.obligations if isinstance(one, Unbound))


def test_a_proof_obligation_says_its_property_its_formula_its_type_and_where_it_stood() -> None:
    assert claims(every_key())["PO-OUTPUT-INSIDE-THE-BOUNDS"] == {
        "id": "PO-OUTPUT-INSIDE-THE-BOUNDS",
        "type": "unbound",
        "claim": "Output inside the bounds",
        "kind": "bound",
        "formal": "lo <= c(x) <= hi",
        "at": "/proof_obligations/0",
    }
    assert "formal" not in claims(every_key())["PO-SIMD-MATCHES-SCALAR"]


def test_a_falsification_test_says_its_rule_its_prediction_and_what_to_suspect() -> None:
    assert claims(every_key())["FALSIFY-CL-001"] == {
        "id": "FALSIFY-CL-001",
        "type": "unbound",
        "claim": "Inside",
        "kind": "falsification test",
        "formal": "lo <= clamp(x) <= hi for random x",
        "at": "/falsification_tests/0",
        "if_falsified": "Bounds are swapped",
    }


def test_an_invariant_of_an_equation_is_its_own_claim() -> None:
    found = claims(every_key())
    assert found["EQ-LO-C-X-HI"]["claim"] == "lo <= c(x) <= hi"
    assert found["EQ-LO-C-X-HI"]["kind"] == "equation invariant"
    assert found["EQ-RET-IS-FINITE"]["kind"] == "equation postcondition"
    assert found["EQ-ODD-NAME"]["at"] == "/equations/a~1b~0c/invariants/0"


def test_every_place_leads_to_what_the_claim_was_made_of() -> None:
    contract = every_key().contract
    assert contract.source is not None
    for one in contract.obligations:
        if isinstance(one, Unbound):
            assert one.at is not None
            found = pointed(contract.source.document, one.at)
            said = found if isinstance(found, str) else found.get("property", found.get("rule"))
            assert said == one.claim


@pytest.mark.parametrize(
    ("steps", "text"), [(("a/b", 0), "/a~1b/0"), (("m~n",), "/m~0n"), (("",), "/"), (("~1",), "/~01")]
)
def test_a_pointer_leads_back_through_every_key(steps: tuple[str | int, ...], text: str) -> None:
    assert pointer(*steps) == text
    document: object = "here"
    for step in reversed(steps):
        document = [document] if isinstance(step, int) else {step: document}
    assert pointed(document, text) == "here"


@pytest.mark.parametrize("text", ["/a/2", "/a/01", "/a/-1", "/a/٠", "/b", "/a/0/x", "/c/0"])
def test_a_pointer_that_leads_nowhere_is_an_error(text: str) -> None:
    with pytest.raises(LookupError):
        pointed({"a": ["x", "y"], "c": "text"}, text)


@pytest.mark.parametrize(
    ("entry", "claim", "formal"),
    [
        ("{property: p, formal: f}", "p", "f"),
        ("{description: d, formal: f}", "d", "f"),
        ("{formal: f}", "f", None),
        ("only text", "only text", None),
        ("{property: 3.5, formal: true}", "3.5", "true"),
        ("{property: ' two  words ', formal: ''}", "two words", None),
    ],
)
def test_the_first_key_that_says_something_is_the_claim(entry: str, claim: str, formal: str | None) -> None:
    [found] = claims(convert(entries(entry))).values()
    assert (found["claim"], found.get("formal")) == (claim, formal)


@pytest.mark.parametrize(
    ("entry", "claim", "formal"),
    [
        ("{id: A, name: n, expected: e, test: t}", "n", "e"),
        ("{id: A, obligation: o, method: m, pass_criterion: c}", "o", "c"),
        ("{id: A, test: t, gate: g}", "t", None),
        ("{id: A, prediction: p, assertion: a}", "p", "a"),
    ],
)
def test_tests_in_the_words_that_other_files_use_are_understood(entry: str, claim: str, formal: str | None) -> None:
    found = claims(convert(entries(entry, section="falsification_tests")))["A"]
    assert (found["claim"], found.get("formal")) == (claim, formal)


def test_tests_in_a_mapping_have_their_keys_for_ids() -> None:
    text = METADATA + "falsification_tests:\n  T-1: {rule: r}\n  T-2: {id: OWN, rule: r}\n"
    found = claims(convert(text))
    assert list(found) == ["T-1", "OWN"]
    assert found["OWN"]["at"] == "/falsification_tests/T-2"


def test_a_derived_id_follows_from_the_words_not_from_the_place() -> None:
    first = claims(convert(entries("{property: Sums to one}", "{property: Is positive}")))
    second = claims(convert(entries("{property: New}", "{property: Is positive}", "{property: Sums to one}")))
    assert set(first) == {"PO-SUMS-TO-ONE", "PO-IS-POSITIVE"} < set(second)


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ("{id: a.b_c-1, property: p}", "a.b_c-1"),
        ("{id: '1 one', property: p}", "PO-1-ONE"),
        ("{id: 7, property: p}", "PO-7"),
        ("{property: Größe · naïve}", "PO-GROE-NAIVE"),
        ("{property: ' ∀ '}", "PO"),
        ("{property: " + "word " * 40 + "}", "PO-" + "-".join(["WORD"] * 11)),
        ("{property: " + "w" * 400 + "}", "PO-" + "W" * 56),
        ("{id: " + "i" * 81 + ", property: p}", "PO-" + "I" * 56),
    ],
)
def test_an_id_that_is_none_of_ours_is_made_into_one(entry: str, name: str) -> None:
    assert list(claims(convert(entries(entry)))) == [name]


def test_derived_ids_give_way_to_those_of_the_source_and_to_each_other() -> None:
    text = entries("{property: P}", "{property: p}", "{id: PO-P, property: x}")
    assert list(claims(convert(text))) == ["PO-P-2", "PO-P-3", "PO-P"]


GATED = "falsification_tests: [{id: A, rule: a}, {id: B, rule: b}]\nproof_obligations: [{id: C, property: c}]\n"


@pytest.mark.parametrize("criteria", ["All 2 falsification tests pass", "All falsification tests pass."])
def test_a_gate_is_taken_over_when_it_requires_exactly_the_falsification_tests(criteria: str) -> None:
    gate = claims(convert(f"{METADATA}{GATED}qa_gate: {{id: G, pass_criteria: {criteria}}}\n"))["G"]
    assert gate == {"id": "G", "type": "gate", "claim": criteria, "require": ["A", "B"]}


@pytest.mark.parametrize(
    "gate",
    [
        "{id: G, pass_criteria: All 2 falsification tests pass + Kani harnesses verify}",
        "{id: G, pass_criteria: All 3 falsification tests pass}",
        "{id: G, checks: [A, B]}",
        "{id: G, pass_criteria: [All 2 falsification tests pass]}",
        "All 2 falsification tests pass",
    ],
)
def test_a_gate_that_asks_for_more_or_for_other_things_stays_data(gate: str) -> None:
    imported = convert(f"{METADATA}{GATED}qa_gate: {gate}\n")
    assert imported.gates == 0
    assert imported.kept == ("qa_gate",)


def test_a_gate_without_falsification_tests_stays_data() -> None:
    text = entries("{id: C, property: c}") + "qa_gate: {id: G, pass_criteria: All falsification tests pass}\n"
    assert convert(text).gates == 0


def test_a_gate_with_a_taken_id_or_none_gets_one() -> None:
    for given, name in (("A", "A-2"), ("'1'", "QA-GATE")):
        text = f"{METADATA}{GATED}qa_gate: {{id: {given}, pass_criteria: All 2 falsification tests pass}}\n"
        assert claims(convert(text))[name]["type"] == "gate"


@pytest.mark.parametrize(
    ("given", "version", "noted"),
    [
        ("'2.0.1'", "2.0.1", False),
        ("'1.0'", "1.0.0", True),
        ("3", "3.0.0", True),
        ("v2.1", "2.1.0", True),
        ("draft", "1.0.0", True),
        ("null", "1.0.0", True),
    ],
)
def test_the_version_is_taken_over_and_a_changed_one_is_said(given: str, version: str, noted: bool) -> None:
    imported = convert(f"metadata: {{version: {given}, description: d}}\nproof_obligations: [p]\n")
    assert imported.contract.version == version
    assert bool(imported.notes) is noted
    assert all(version in note for note in imported.notes)


LONG = "The first sentence says it. " + "The others say more about it than a heading can hold. " * 4


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("metadata: {description: ' two  words '}", "two words"),
        ("metadata: {description: One. Two.}", "One. Two."),
        ("contract: {description: d}\nmetadata: {description: m}", "m"),
        ("contract: {name: n, description: d}", "d"),
        ("contract: {name: n}", "n"),
        ("title: t", "t"),
        ("name: n", "n"),
        ("metadata: {description: ''}", "clamp-v1"),
        (f"metadata: {{description: '{LONG}'}}", "The first sentence says it."),
        (f"metadata: {{description: {'x' * 130}. And more}}", f"{'x' * 130}. And more"),
    ],
)
def test_the_title_is_the_description_in_one_line_or_its_first_sentence(head: str, title: str) -> None:
    assert convert(f"{head}\nproof_obligations: [p]\n").contract.title == title


@pytest.mark.parametrize(
    ("given", "taken"), [("[a, b]", ["a", "b"]), ("a", ["a"]), ("null", []), ("[a, {b: c}, 3]", ["a"]), ("{a: b}", [])]
)
def test_references_that_are_text_are_taken_over(given: str, taken: list[str]) -> None:
    text = f"metadata: {{description: d, references: {given}}}\nproof_obligations: [p]\n"
    assert convert(text).contract.references == taken


@pytest.mark.parametrize(
    "equations", ["null", "text", "[x]", "{e: text}", "{e: {invariants: text}}", "{e: {invariants: [{a: b}, 3, ' ']}}"]
)
def test_equations_of_another_form_are_data(equations: str) -> None:
    assert convert(f"{SMALL}equations: {equations}\n").claims == 1


def test_equations_in_a_list_have_their_places() -> None:
    found = claims(convert(f"{SMALL}equations: [{{id: e, invariants: [i > 0]}}]\n"))
    assert found["EQ-I-0"]["at"] == "/equations/0/invariants/0"


def test_the_page_about_importing_names_what_becomes_a_claim(repository: Path) -> None:
    page = (repository / "docs" / "import.md").read_text(encoding="utf-8")
    cells = [
        re.findall(r"`([^`]+)`", cell) for row in re.findall(r"^\| .+", page, re.MULTILINE) for cell in row.split(" | ")
    ]
    rows = {source[0]: becomes for source, becomes in zip(cells[::2], cells[1::2], strict=True) if source}
    assert list(rows) == [*SECTIONS, "equations", "qa_gate", "metadata"]
    assert rows["equations"] == list(EQUATION_PARTS)
    for name, section in SECTIONS.items():
        assert {section.claim[0], section.formal[0]} <= set(rows[name])
