"""Every claim of ours can fail: the audit of each contract, with every mutant killed by all that it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from apr_core.contract.load import find_files, load_file
from apr_core.contract.obligations import PropertyObligation
from apr_core.trial.audit import audit
from apr_core.trial.session import Session, Settings

TOP = Path(__file__).resolve().parent.parent
CONTRACTS = {path.relative_to(TOP).as_posix(): path for path in find_files(TOP / "contracts")}


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_claim_can_fail_and_every_mutant_is_killed(name: str) -> None:
    session = Session(TOP, Settings())
    found = audit(session, [session.catalog.load_path(CONTRACTS[name])], workers=1)
    assert not found.defects
    # What could be decided has been seen to fall: on the real thing, or on a planted fault.
    assert {row.claim: row.label for row in found.audited if row.label == "UNCONTROLLED"} == {}


def test_there_are_mutants_of_every_kind_and_most_claims_on_code_have_several() -> None:
    models = [load_file(path, TOP).model for path in CONTRACTS.values()]
    kinds = [mutant.kind for model in models for mutant in model.mutants]
    assert kinds.count("result") >= 35 and kinds.count("source") >= 20 and kinds.count("evidence") >= 40
    statistics = [load_file(path, TOP).model for name, path in CONTRACTS.items() if "/statistics/" in name]
    for model in statistics:
        tried = {one.id for one in model.obligations if isinstance(one, PropertyObligation) and one.expect == "held"}
        assert tried <= {name for mutant in model.mutants for name in mutant.killed_by}, model.title
