"""Every obligation of ours that runs code can fail: each has a mutant, and each mutant is killed by all that it names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from apr_core.contract.load import find_files, load_file
from apr_core.contract.obligations import PropertyObligation
from apr_core.contract.schema import PlannedSubject
from apr_core.trial.mutants import survivors, try_mutant
from apr_core.trial.session import Session, Settings

TOP = Path(__file__).resolve().parent.parent
LOADED = {str(path.relative_to(TOP)): load_file(path, TOP) for path in find_files(TOP / "contracts")}
BOUND = {
    name: loaded
    for name, loaded in LOADED.items()
    if loaded.model.subjects and not any(isinstance(one, PlannedSubject) for one in loaded.model.subjects.values())
}
MUTANTS = [(name, mutant.id) for name, loaded in BOUND.items() for mutant in loaded.model.mutants]


def test_there_are_contracts_with_subjects_that_exist() -> None:
    assert len(BOUND) >= 5
    assert len(MUTANTS) >= 20


@pytest.mark.parametrize("name", sorted(BOUND))
def test_every_obligation_is_named_by_a_mutant(name: str) -> None:
    model = BOUND[name].model
    named = {identity for mutant in model.mutants for identity in mutant.killed_by}
    # A claim that is meant to fall needs no fault to show that it can.
    tried = {one.id for one in model.obligations if isinstance(one, PropertyObligation) and one.expect == "held"}
    assert tried <= named


@pytest.mark.parametrize(("name", "mutant_id"), MUTANTS)
def test_every_mutant_is_killed_by_every_obligation_that_it_names(name: str, mutant_id: str) -> None:
    loaded = BOUND[name]
    mutant = next(one for one in loaded.model.mutants if one.id == mutant_id)
    results = try_mutant(Session(TOP, Settings(database=False)), loaded, mutant)
    assert not survivors(results), {identity: result.reason for identity, result in results.items()}


CONTRACT = """
title: t
version: 1.0.0
subjects: {twice: "toys2:twice"}
inputs: {n: {integer: [0, 100]}}
obligations:
  - {id: SEES, type: holds, claim: It doubles., check: twice(n) == 2 * n}
  - {id: BLIND, type: holds, claim: It is a number., check: twice(n) >= 0 or twice(n) < 0}
mutants:
  - {id: more, kind: result, of: twice, becomes: result + x, killed_by: [SEES, BLIND]}
"""


def test_an_obligation_that_notices_nothing_survives(project: Callable[[dict[str, str]], Path]) -> None:
    root = project({"toys2.py": "def twice(x): return 2 * x\n", "contracts/t.apr.yaml": CONTRACT})
    session = Session(root, Settings(database=False))
    loaded = session.catalog.load("t")
    assert survivors(try_mutant(session, loaded, loaded.model.mutants[0])) == ["BLIND"]
    assert session.judge("t::SEES").outcome == session.judge("t::BLIND").outcome == "HELD"
