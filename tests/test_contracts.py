"""The contracts that ship: all can be used, nothing that has to be shown is missing, none reads another model's runs.

The one thing a reader would get wrong: whether the claims are true is not tested here. A claim that falls is a finding;
what is tested is that the finding is told as it is.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from apr_core.contract.load import LoadedContract, find_files, load_file, load_scale
from apr_core.contract.obligations import Compound, EvidenceObligation, Gate, Threshold
from apr_core.contract.schema import Selector
from apr_core.contract.yaml import parse
from apr_core.evidence.ledger import Ledger
from apr_core.evidence.record import Record
from apr_core.trial.decide import sides_of
from apr_core.trial.refuted import RefutedClaim, RefutedFile, load_refuted
from apr_core.trial.session import Session, Settings

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "contracts"
REFUTED = ROOT / "falsify" / "refuted.yaml"
FILES = find_files(CONTRACTS)

DECIDED_ON = {
    "AC-001": "LAB FLAGSHIP", "AC-002": "LAB FLAGSHIP", "AC-003": "LAB", "AC-004": "LAB", "AC-005": "CODE FLAGSHIP",
    "AC-006": "CODE LAB", "AC-007": "CODE LAB", "AC-008": "LAB", "AC-009": "CODE LAB", "AC-010": "LAB", "AC-011": "LAB",
    "AC-012": "CODE", "AC-013": "CODE", "AC-014": "LAB PUBLISHED", "AC-015": "CODE", "AC-016": "CODE LAB",
    "AC-017": "CODE LAB", "AC-018": "LAB", "AC-019": "LAB PUBLISHED", "AC-020": "LAB", "AC-021": "PUBLISHED FLAGSHIP",
    "AC-022": "PUBLISHED FLAGSHIP", "AC-023": "LAB PUBLISHED", "AC-024": "LAB", "AC-025": "LAB",
    "AC-026": "CODE FLAGSHIP", "AC-027": "CODE", "AC-028": "CODE LAB", "AC-029": "CODE LAB",
}  # fmt: skip
"""Acceptance criterion → the kinds of evidence that can decide it; each has an obligation of its own."""

LINES = {
    "qwen2.5-coder-7b-instruct": {"humaneval": 0.85, "humaneval+": 0.82, "mbpp": 0.80},
    "qwen2.5-coder-32b-instruct": {"humaneval": 0.94, "humaneval+": 0.88, "bigcodebench": 0.45},
    "qwen2.5-coder-7b": {"humaneval": 0.85},
    "qwen2.5-coder-1.5b": {"humaneval": 0.60},
}
"""Gate → benchmark → the least score that opens it."""

PARITY = {"ocr-nemotron-7b", "phi-4", "deepseek-r1-distill-qwen-7b", "qwen3-4b"}
"""Gates that ask for parity within 5 points of the reference implementation."""

SIZE = re.compile(r"\b\d+(?:\.\d+)?B\b")
"""How a claim or the name of a model says which model is meant: `7B`, `1.5B`."""


@cache
def load(path: Path) -> LoadedContract:
    return load_file(path, ROOT)


def loaded(name: str) -> LoadedContract:
    """The contract `folder/file`."""
    return load(CONTRACTS / f"{name}.apr.yaml")


def names_in(folder: str) -> set[str]:
    return {path.name.removesuffix(".apr.yaml") for path in FILES if path.parent.name == folder}


@cache
def ledger() -> Ledger:
    return Ledger([ROOT / "falsify" / "evidence"])


def chosen(selector: Selector) -> tuple[Record, ...]:
    """The records that a selector of a concrete model finds."""
    return ledger().select(selector.model_dump(exclude_none=True)).records


def sizes(text: str) -> set[str]:
    return set(SIZE.findall(text))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(CONTRACTS).as_posix())
def test_a_contract_can_be_used(path: Path) -> None:
    contract = load(path)
    assert contract.id == path.relative_to(CONTRACTS).as_posix().removesuffix(".apr.yaml")


def test_every_claim_reference_leads_somewhere() -> None:
    contracts = [load(path) for path in FILES]
    there = {f"{contract.id}::{claim.id}" for contract in contracts for claim in contract.model.obligations}
    for contract in contracts:
        for claim in contract.model.obligations:
            wanted = []
            if isinstance(claim, Compound):
                wanted = claim.all_of or claim.any_of or []
            elif isinstance(claim, Gate):
                wanted = [*claim.require, *claim.allow]
            missing = {one for one in wanted if (one if "::" in one else f"{contract.id}::{one}") not in there}
            assert not missing, f"{contract.id}::{claim.id}"


# --- nothing that has to be shown is missing ---


def test_every_acceptance_criterion_has_a_contract() -> None:
    assert names_in("criteria") == {criterion.lower() for criterion in DECIDED_ON}


@pytest.mark.parametrize("criterion", DECIDED_ON)
def test_a_criterion_has_an_obligation_for_each_kind_of_evidence_that_can_decide_it(criterion: str) -> None:
    contract = loaded(f"criteria/{criterion.lower()}")
    assert contract.model.criteria == [criterion]
    ids = [claim.id for claim in contract.model.obligations]
    kinds = {re.match(rf"{criterion}-(CODE|LAB|PUBLISHED|FLAGSHIP)(-|$)", one) for one in ids}
    if criterion == "AC-015":  # one obligation per kernel, put together in AC-015-CODE
        kinds = {kind for kind in kinds if kind}
    assert None not in kinds, ids
    assert {kind[1] for kind in kinds if kind} == set(DECIDED_ON[criterion].split())


@pytest.mark.parametrize("name", sorted(names_in("criteria")))
def test_published_and_flagship_claims_read_only_their_own_kind_of_source(name: str) -> None:
    contract = loaded(f"criteria/{name}").model
    for claim in contract.obligations:
        if not isinstance(claim, EvidenceObligation):
            continue
        for side in map(contract.evidence.__getitem__, sides_of(claim)):
            if "-LAB" in claim.id:
                assert (side.role is not None, side.source) == (True, "measured"), claim.id
            elif "-FLAGSHIP" in claim.id:
                assert side.source == "measured", claim.id
            else:
                assert side.source in ("imported", "published") or side.select != "all", claim.id


def test_every_hypothesis_has_a_contract_with_a_claim_of_its_name() -> None:
    assert names_in("hypotheses") == {"h1", "h2", "h3", "h4", "h5"}
    for name in names_in("hypotheses"):
        contract = loaded(f"hypotheses/{name}").model
        assert contract.criteria == [name.upper()]
        assert any(claim.id in (name.upper(), f"{name.upper()}-LAB") for claim in contract.obligations)


def test_claims_about_training_techniques_count_training_runs() -> None:
    hypotheses = [f"hypotheses/{name}" for name in ("h1", "h2", "h3", "h5")]
    for name in (*hypotheses, "criteria/ac-003", "criteria/ac-024"):
        for claim in loaded(name).model.obligations:
            if isinstance(claim, EvidenceObligation) and not isinstance(claim, Threshold):
                assert claim.unit == "run", claim.id


def test_every_target_has_a_gate() -> None:
    assert names_in("gates") == set(LINES) | PARITY


@pytest.mark.parametrize("name", sorted(LINES))
def test_a_gate_asks_for_its_lines_and_lets_nothing_through(name: str) -> None:
    contract = loaded(f"gates/{name}").model
    claims = {claim.id: claim for claim in contract.obligations}
    gates = [claim for claim in contract.obligations if isinstance(claim, Gate)]
    assert len(gates) == 1
    assert not gates[0].allow
    required = [claims[one] for one in gates[0].require]
    asked = {}
    for claim in required:
        assert isinstance(claim, Threshold)
        selector = contract.evidence[claim.of]
        benchmark = selector.benchmark or chosen(selector)[0].protocol.benchmark
        asked[benchmark] = claim.at_least
    assert asked == LINES[name]


@pytest.mark.parametrize("name", sorted(PARITY))
def test_a_parity_gate_compares_two_implementations_of_one_model(name: str) -> None:
    contract = loaded(f"gates/{name}").model
    (parity,) = (claim for claim in contract.obligations if isinstance(claim, EvidenceObligation))
    ours, theirs = (contract.evidence[side] for side in sides_of(parity))
    assert ours.model == theirs.model
    assert ours.model is not None
    assert ours.model.lower() == name
    assert {ours.backend, theirs.backend} == {"apr", "transformers"}
    assert getattr(parity, "margin", None) == 0.05


# --- no claim reads the runs of a model that it does not name ---


@pytest.mark.parametrize("name", sorted(names_in("published")))
def test_a_published_claim_reads_the_runs_of_exactly_the_models_that_it_names(name: str) -> None:
    contract = loaded(f"published/{name}").model
    for claim in contract.obligations:
        if not isinstance(claim, EvidenceObligation):
            continue
        read: set[str] = set()
        for side in map(contract.evidence.__getitem__, sides_of(claim)):
            assert side.role is None, f"{claim.id}: a published claim names its model, whatever the scale"
            models = {record.subject.model for record in chosen(side)} | {side.model or ""}
            read |= sizes(" ".join(models))
        assert read == sizes(claim.claim), f"{claim.id} reads {read}"
        assert read, f"{claim.id} does not say of which model it speaks"


def test_the_three_lines_of_ac_022_are_asked_of_one_model() -> None:
    contract = loaded("criteria/ac-022").model
    for side, stages in (("PUBLISHED", {None}), ("FLAGSHIP", {"final"})):
        claims = [claim for claim in contract.obligations if isinstance(claim, Threshold) and side in claim.id]
        selectors = [contract.evidence[claim.of] for claim in claims]
        models = {(record.subject.model, record.subject.precision) for one in selectors for record in chosen(one)}
        assert len(claims) == 3
        assert len(models) <= 1
        assert {one.model for one in selectors} - {None} == {"Qwen2.5-Coder-7B-Instruct"}
        assert {one.stage for one in selectors} == stages


# --- roles and scales ---


def test_every_scale_binds_every_role_and_line_that_a_contract_uses() -> None:
    scales = [load_scale(path) for path in sorted((CONTRACTS / "scales").glob("*.yaml"))]
    assert len(scales) >= 2
    contracts = [load(path).model for path in FILES]
    roles = {selector.role for one in contracts for selector in one.evidence.values()} - {None}
    for scale in scales:
        assert roles <= set(scale.roles), scale.title
        assert set(scale.lines) == set(scales[0].lines), scale.title
        assert set(scale.benchmarks) == set(scales[0].benchmarks), scale.title
        assert set(scale.precisions) == set(scales[0].precisions), scale.title


# --- what is known to be false ---


@cache
def refuted() -> list[RefutedClaim]:
    return RefutedFile.model_validate(parse(REFUTED.read_text(encoding="utf-8"), REFUTED.name).value).refuted


def test_the_list_of_refuted_claims_can_be_read_and_holds_no_gate_and_no_criterion() -> None:
    assert set(load_refuted(REFUTED)) == {entry.claim for entry in refuted()}
    assert {entry.claim.partition("/")[0] for entry in refuted()} == {"published"}


@pytest.mark.parametrize("entry", refuted(), ids=lambda entry: entry.claim)
def test_a_refuted_claim_rests_on_the_records_that_its_contract_selects(entry: RefutedClaim) -> None:
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", entry.since)
    contract_name, _, claim_id = entry.claim.partition("::")
    contract = loaded(contract_name)
    (claim,) = (one for one in contract.model.obligations if one.id == claim_id)
    assert isinstance(claim, EvidenceObligation)
    assert claim.if_falsified, "what falls should say what to suspect"
    selected = {record.id for side in sides_of(claim) for record in chosen(contract.model.evidence[side])}
    listed = {ledger().find(prefix).id for prefix in entry.evidence}
    assert listed <= selected


# --- the findings that are told are the findings that are there ---

ROW = re.compile(r"^\| `(?P<claim>[\w/.-]+::[\w.-]+)` \|.*\| (?P<outcome>[A-Z-]+) \|$", re.MULTILINE)


def told() -> dict[str, str]:
    """Claim id → outcome, from the table of falsify/README.md."""
    text = (ROOT / "falsify" / "README.md").read_text(encoding="utf-8")
    return {f"published/{row['claim']}": row["outcome"] for row in ROW.finditer(text)}


def test_the_table_of_findings_has_every_published_claim_and_its_verdict() -> None:
    session = Session(ROOT, Settings(database=False))
    contracts = [loaded(f"published/{name}") for name in names_in("published")]
    ids = [f"{contract.id}::{claim.id}" for contract in contracts for claim in contract.model.obligations]
    found = {one: session.judge(one) for one in ids}
    assert {one: result.outcome for one, result in found.items()} == told()
    assert {one for one, result in found.items() if result.refuted is not None} == {entry.claim for entry in refuted()}
