"""The cookbook runs: all eleven recipes in one foreign project, with nothing but the base install.

The one thing a reader would get wrong: nothing is taken from this repository. The files are cut out of the page, written
into an empty folder and judged there, as a reader would do it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from docs_pages import Block, blocks, sections, unmatched
from docs_shared import once

from apr_core.trial.result import OUTCOMES
from foreign import run_pytest

PAGE = "cookbook.md"
BLOCKS = blocks(PAGE)
RECIPES = [heading for heading in sections(PAGE) if heading]
CLAIM = re.compile(rf"^  (?P<outcome>{'|'.join(OUTCOMES)}) +(?P<claim>[A-Z][\w-]*)  ", re.MULTILINE)


class Run(NamedTuple):
    """The project after `pytest contracts/`."""

    folder: Path
    output: str
    status: int
    report: dict[str, Any]


def of(recipe: str, language: str) -> list[Block]:
    return [block for block in BLOCKS if block.section == recipe and block.language == language]


def contract_of(recipe: str) -> str:
    """`softmax`, the id of the contract of a recipe."""
    [block] = of(recipe, "yaml")
    return str(block.path).removeprefix("contracts/").removesuffix(".apr.yaml")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = once(tmp_path_factory, "cookbook", judge)
    output, status = (folder / f"run.{name}" for name in ("txt", "status"))
    report = json.loads((folder / "out" / "report.json").read_text(encoding="utf-8"))
    return Run(folder, output.read_text(encoding="utf-8"), int(status.read_text(encoding="utf-8")), report)


def judge(folder: Path) -> None:
    """Writes the files of the page, runs its scripts and then `pytest contracts/`."""
    for block in BLOCKS:
        if block.path is not None and block.language != "diff":
            path = folder / block.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
    for block in BLOCKS:
        for line in block.text.splitlines() if block.language == "sh" else ():
            program, script = line.partition("#")[0].split()
            assert program == "python"
            subprocess.run([sys.executable, script], cwd=folder, check=True, timeout=60)
    done = run_pytest(folder, "contracts", "--apr-report", "out")
    (folder / "run.txt").write_text(done.stdout, encoding="utf-8")
    (folder / "run.status").write_text(str(done.returncode), encoding="utf-8")


def test_there_are_eleven_recipes_each_with_a_subject_or_evidence_and_a_contract() -> None:
    assert len(RECIPES) == 11
    for recipe in RECIPES:
        assert [block.path for block in of(recipe, "python")], recipe
        assert contract_of(recipe), recipe


def test_at_least_one_claim_of_each_recipe_holds_and_the_reader_sees_each_kind_of_check_fail() -> None:
    shown = {recipe: CLAIM.findall(of(recipe, "text")[0].text) for recipe in RECIPES}
    assert all("HELD" in dict(claims) for claims in shown.values())
    assert all("HELD-AS-FALSE" in dict(claims) for claims in shown.values())


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_verdicts_are_those_that_the_page_states(run: Run, recipe: str) -> None:
    stated = {claim: outcome for outcome, claim in CLAIM.findall(of(recipe, "text")[0].text)}
    contract = contract_of(recipe)
    found = {
        claim["id"].partition("::")[2]: claim["outcome"]
        for claim in run.report["claims"]
        if claim["contract"] == contract
    }
    assert found == stated


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_output_is_what_the_page_shows(run: Run, recipe: str) -> None:
    assert unmatched(of(recipe, "text")[0].text, run.output) == []


def test_nothing_fails_and_torch_is_never_imported(run: Run) -> None:
    assert run.status == 0, run.output
    assert "numpy" in run.report["run"]["versions"]
    assert "torch" not in run.report["run"]["versions"]


def test_the_planted_faults_are_noticed_by_the_claims_that_the_page_names(run: Run) -> None:
    script = Path(__file__).with_name("docs_mutants.py")
    done = subprocess.run(
        [sys.executable, str(script)], cwd=run.folder, capture_output=True, text=True, timeout=120, check=True
    )
    found = json.loads(done.stdout)
    verdicts = [verdict for mutants in found.values() for claims in mutants.values() for verdict in claims.values()]
    assert sum(map(bool, found.values())) >= 5
    assert set(verdicts) == {"KILLED"}, found


def test_the_broken_subject_falls_as_the_page_shows(run: Run, tmp_path: Path) -> None:
    [change] = [block for block in BLOCKS if block.language == "diff"]
    folder = Path(
        shutil.copytree(run.folder, tmp_path / "broken", ignore=shutil.ignore_patterns(".apr", "__pycache__"))
    )
    [old], [new] = (re.findall(rf"^\{sign}(.*\n)", change.text, re.MULTILINE) for sign in "-+")
    module = folder / str(change.path)
    before = module.read_text(encoding="utf-8")
    assert before.count(old) == 1
    module.write_text(before.replace(old, new), encoding="utf-8")
    done = run_pytest(folder, f"contracts/{contract_of(change.section)}.apr.yaml")
    assert done.returncode == 1
    assert unmatched(of(change.section, "text")[1].text, done.stdout) == []


def test_the_list_of_recipes_leads_to_each_of_them() -> None:
    anchors = re.findall(r"^\| \[.*?\]\(#(.*?)\)", sections(PAGE)[""], re.MULTILINE)
    assert anchors == [re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-")) for heading in RECIPES]
