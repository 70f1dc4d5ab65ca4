"""The README's first screen and its examples, as somebody would type them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from apr_core.cli import COMMANDS
from apr_core.trial.session import Session
from foreign import run_pytest

TOP = Path(__file__).resolve().parent.parent
README = (TOP / "README.md").read_text(encoding="utf-8")

CONSOLE = dict(re.findall(r"```console\n\$ (.+)\n((?:.*\n)*?)```", README))


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n((?:.*\n)*?)```", README)


def shown_in(block: str, output: str) -> list[str]:
    """The lines of a block that are not in the output; a line of dots stands for any lines."""
    lines = {line.rstrip() for line in output.splitlines()}
    return [line for line in block.splitlines() if line.strip() not in ("", "…") and line.rstrip() not in lines]


@pytest.mark.parametrize("name", ["judge", "tests"])
def test_both_commands_are_one_line_and_set_up_before_they_run(name: str) -> None:
    found = re.search(rf"<!-- command: {name} -->\n```sh\n(.+)\n```\n", README)
    assert found, f"README.md has no {name} command"
    set_up, _, run = found[1].partition(" && ")
    assert set_up.startswith("sh .ci/setup") and (TOP / ".ci" / "setup").is_file()
    assert run.startswith(".venv/bin/pytest")


def test_every_command_of_the_parser_is_in_the_readme() -> None:
    for family, row in COMMANDS.items():
        assert f"`apr {family}" in README, family
        for action in row.actions if family in ("contract", "evidence") else ():
            assert re.search(rf"`apr {family} [a-z|]*\b{action}\b", README), f"apr {family} {action}"


def test_the_figures_about_the_published_headlines_are_the_judges() -> None:
    session = Session(TOP)
    claims = [claim for claim in session.catalog.claim_ids() if claim.startswith("published/")]
    found = Counter(session.judge(claim).outcome for claim in claims)
    said = (
        f"Of {len(claims)} published headlines, {found['HELD']} held, {found['REFUTED']} are refuted, "
        f"{found['HELD-AS-FALSE']} were stated in order to fall and fell, {found['UNDERPOWERED']} cannot be decided by this "
        f"evidence, and for {found['UNTESTED']} there is none"
    )
    assert said in " ".join(README.split())
    records = len(list((TOP / "falsify" / "evidence").glob("*.json")))
    assert f"the evidence is {records} small records" in " ".join(README.split())


def test_the_refuted_headline_comes_out_as_shown(tmp_path: Path) -> None:
    command, block = next((line, text) for line, text in CONSOLE.items() if "ORACLE-7B" in line)
    first, _, second = command.partition(" && ")
    words = first.split()
    assert words[0] == ".venv/bin/pytest" and words[2:] == ["--apr-report", "out"]
    assert second == ".venv/bin/apr report out"
    run_pytest(TOP, words[1], "--apr-report", str(tmp_path))
    shown = subprocess.run(
        [sys.executable, "-m", "apr_core.cli", "report", str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert not shown_in(block, shown.stdout)


def test_the_audit_ends_as_shown() -> None:
    """On one contract; `test_controls.py` audits them all."""
    block = next(text for line, text in CONSOLE.items() if line == ".venv/bin/apr contract audit")
    command = [sys.executable, "-m", "apr_core.cli", "contract", "audit", "contracts/statistics/holm.apr.yaml"]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=True)
    assert not shown_in(block, done.stdout)


def test_the_example_of_a_contract_of_ones_own_runs_as_shown(project: Callable[[dict[str, str]], Path]) -> None:
    root = project({"textstats.py": next(text for text in blocks("python") if "def median" in text)})
    command = next(text for text in re.findall(r"`\.venv/bin/(apr contract new[^`]+)`", README)).split()
    subprocess.run([sys.executable, "-m", "apr_core.cli", *command[1:]], cwd=root, check=True, capture_output=True)
    contract = root / "median.apr.yaml"
    drafted = contract.read_text(encoding="utf-8")
    added = next(text for text in blocks("yaml") if "MEDIAN-MIRROR" in text)
    contract.write_text(drafted.replace("mutants:", f"{added}mutants:"), encoding="utf-8")
    done = run_pytest(root)
    assert done.returncode == 1
    assert not shown_in(CONSOLE[".venv/bin/pytest"], done.stdout)
