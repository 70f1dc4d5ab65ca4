"""Claims in prose in the language: read, explained, drawn and judged UNTESTED; and bound as the file says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from import_samples import EVERY_KEY, SMALL, every_key

from apr_core.contract.load import load_file
from apr_core.errors import ContractError
from apr_core.graph import build
from apr_core.trial.session import Session, Settings
from foreign import run_pytest

if TYPE_CHECKING:
    from import_workplace import Apr, Workplace

pytest_plugins = ["import_workplace"]

PROSE = """
title: t
version: 1.0.0
obligations:
  - {id: A, type: unbound, claim: It is good.}
  - {id: B, type: unbound, claim: It is fast., kind: performance, formal: t < 1, at: /rows/1, if_falsified: A loop.}
  - {id: G, type: gate, claim: Both., require: [A, B], allow: {A: UNTESTED}}
source: {format: provable-contracts, file: x.yaml, document: {rows: [one, {two: 2}]}}
"""


def load(folder: Path, text: str) -> Session:
    (folder / "contracts").mkdir(exist_ok=True)
    (folder / "contracts" / "x.apr.yaml").write_text(text, encoding="utf-8")
    return Session(folder, Settings(database=False))


def test_prose_is_untested_and_says_what_would_change_that(tmp_path: Path) -> None:
    result = load(tmp_path, PROSE).judge("x::B")
    assert (result.verdict, result.type, result.expected) == ("UNTESTED", "unbound", "t < 1")
    assert result.reason == "it is prose: nothing is bound to it"
    assert result.enable == "give it a type and an expression in contracts/x.apr.yaml"
    assert result.where == "contracts/x.apr.yaml:6"
    assert result.if_falsified == "A loop."


def test_a_gate_waits_for_prose_unless_it_allows_it(tmp_path: Path) -> None:
    result = load(tmp_path, PROSE).judge("x::G")
    assert result.verdict == "UNTESTED"
    assert result.reason == "shut: 1 of 2 claims pass; x::B UNTESTED"


def test_a_claim_in_prose_rests_on_nothing(tmp_path: Path) -> None:
    loaded = load(tmp_path, PROSE).catalog.load("x")
    assert loaded.calls_of("A") == frozenset()
    edges = {edge.source for edge in build([loaded]).edges}
    assert "x::G" in edges and "x::A" not in edges


def test_a_planted_fault_cannot_be_noticed_by_prose(tmp_path: Path) -> None:
    text = PROSE + "subjects: {f: m:f}\nmutants: [{id: m, kind: result, of: f, becomes: '0', killed_by: [A]}]\n"
    with pytest.raises(
        ContractError, match=r"'A' is not tried on drawn inputs, so no fault planted there can falsify it"
    ):
        load(tmp_path, text).catalog.load("x")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("/rows/1", "/rows/2", "there is nothing at '/rows/2' in `source.document`"),
        ("/rows/1", "rows", "a JSON pointer, such as /proof_obligations/0"),
        ("kind: performance", "kind: ''", "kind"),
        ("formal: t < 1", "check: t < 1", "check"),
        ("format: provable-contracts", "format: other", "provable-contracts"),
        ("document: {", "text: {", "document"),
        (PROSE[PROSE.index("source:") :], "", "`at` points into `source.document`, and the contract has no `source`"),
    ],
)
def test_what_prose_and_a_source_may_not_say(old: str, new: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=re.escape(message)):
        load(tmp_path, PROSE.replace(old, new)).catalog.load("x")


def test_a_source_needs_no_claim_that_points_into_it(tmp_path: Path) -> None:
    assert load(tmp_path, PROSE.replace("at: /rows/1, ", "")).catalog.load("x").model.source is not None


def test_explain_shows_all_that_the_source_says_of_a_claim(project_with: Workplace, run_apr: Apr) -> None:
    project_with({"contracts/clamp-v1.apr.yaml": every_key().text})
    code, out, _ = run_apr("contract", "explain", "FALSIFY-CL-001")
    assert code == 0
    for line in (
        "  kind: falsification test",
        "  formal: lo <= clamp(x) <= hi for random x",
        "  if falsified: Bounds are swapped",
        "clamp-v1.yaml (provable-contracts) says at /falsification_tests/0:",
        "  test: 'proptest with 1e4 values: extremes, too'",
    ):
        assert line in out.splitlines()
    assert "Nothing is bound to it" in out


def test_explain_shows_the_equation_around_an_invariant(project_with: Workplace, run_apr: Apr) -> None:
    project_with({"contracts/clamp-v1.apr.yaml": every_key().text})
    lines = run_apr("contract", "explain", "EQ-ODD-NAME")[1].splitlines()
    assert "clamp-v1.yaml (provable-contracts) says at /equations/a~1b~0c:" in lines
    assert "  formula: '1'" in lines


def test_explain_shows_prose_that_has_no_source(project_with: Workplace, run_apr: Apr) -> None:
    text = "title: t\nversion: 1.0.0\nobligations: [{id: A, type: unbound, claim: It is good.}]\n"
    project_with({"contracts/x.apr.yaml": text})
    code, out, _ = run_apr("contract", "explain", "A")
    assert code == 0
    assert out.startswith("x::A  (unbound, contracts/x.apr.yaml:3)\n  It is good.\n\nNothing is bound to it")


def test_of_an_entry_that_is_only_text_explain_does_not_show_the_whole_source(
    project_with: Workplace, run_apr: Apr
) -> None:
    project_with({"one.yaml": "proof_obligations: [only text]\nmore: data\n"})
    run_apr("contract", "import", "pv", "one.yaml")
    code, out, _ = run_apr("contract", "explain", "PO-ONLY-TEXT")
    assert code == 0 and "more" not in out


def test_pytest_skips_prose_by_its_marker_and_a_run_of_prose_alone_is_red(project_with: Workplace) -> None:
    root = project_with({"contracts/clamp-v1.apr.yaml": every_key().text})
    done = run_pytest(root, "contracts", "-m", "unbound", "--apr-report", "out")
    assert "9 skipped, 1 deselected" in done.stdout
    assert done.returncode == 1
    assert "This run decided nothing: 0 of 9 claims were decided." in done.stdout
    report = json.loads((root / "out" / "report.json").read_text(encoding="utf-8"))
    assert {claim["outcome"] for claim in report["claims"]} == {"UNTESTED"}
    assert report["claims"][0]["expected"] == "lo <= c(x) <= hi"


def test_graph_and_lint_know_prose(project_with: Workplace, run_apr: Apr) -> None:
    project_with({"contracts/clamp-v1.apr.yaml": every_key().text})
    assert run_apr("contract", "lint") == (0, "1 contract checked: no problems\n", "")
    assert "EQ-CLAMP  ∀ ≤ ≥" in run_apr("contract", "graph")[1]


def test_a_claim_is_bound_as_the_head_of_the_file_says(project_with: Workplace, run_apr: Apr) -> None:
    root = project_with({"clamp-v1.yaml": EVERY_KEY, "m.py": "def f(x):\n    return x - 0.5\n"})
    run_apr("contract", "import", "pv", "clamp-v1.yaml")
    path = root / "contracts" / "clamp-v1.apr.yaml"
    text = path.read_text(encoding="utf-8")
    names = re.findall(r"^#   (subjects: .+|inputs: .+)$", text, re.MULTILINE)
    how = re.search(r"^#     - \{id: …, type: holds, claim: …, (check: .+)\}$", text, re.MULTILINE)
    assert len(names) == 2 and how is not None
    prose = re.search(r"    type: unbound\n    claim: Inside\n(?:    (?:kind|formal|at): .+\n)+", text)
    assert prose is not None
    text = text.replace(prose[0], f"    type: holds\n    claim: Inside\n    {how[1]}\n")
    text = text.replace("\nobligations:\n", "\n" + "\n".join(names) + "\nobligations:\n", 1)
    path.write_text(text.replace("package.module:function", "m:f"), encoding="utf-8")
    result = Session(root, Settings(database=False)).judge("clamp-v1::FALSIFY-CL-001")
    assert result.verdict == "FALSIFIED"
    assert result.if_falsified == "Bounds are swapped"
    source = load_file(path, root).model.source
    assert source is not None
    assert source.document["falsification_tests"][0]["prediction"].startswith("lo <= clamp")  # type: ignore[index,union-attr,call-overload]


def test_a_contract_of_one_claim_in_prose_is_a_contract(tmp_path: Path, project_with: Workplace, run_apr: Apr) -> None:
    root = project_with({"small.yaml": SMALL})
    run_apr("contract", "import", "pv", "small.yaml")
    session = Session(root, Settings(database=False))
    assert [session.judge(claim).outcome for claim in session.catalog.claim_ids()] == ["UNTESTED"]
