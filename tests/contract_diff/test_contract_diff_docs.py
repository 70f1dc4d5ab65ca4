"""The page about the comparison has every rule, each in the column that it belongs to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from apr_core.contract.diff.contracts import _WORDED
from apr_core.contract.diff.domains import DOMAINS
from apr_core.contract.diff.rules import COMMON, RULES, Rule

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "contract-diff.md").read_text(encoding="utf-8")
HEAD = "| what | loosened: major | tightened: minor | changed: major | reworded: patch |"
ROWS = [
    [cell.strip() for cell in row.strip("|").split("|")]
    for row in PAGE.partition(HEAD)[2].partition("\n\n")[0].splitlines()[2:]
]
TABLE = {name: row for row in ROWS for name in re.findall(r"`([\w.]+)`", row[0])}
"""Name in the first column → its row."""


def rules() -> dict[str, Rule]:
    """Every rule by the name that the page gives it."""
    found = {f"{kind}.{field}": rule for kind, fields in RULES.items() for field, rule in fields.items()} | COMMON
    return {name.removeprefix("rejection.") if "limits" in name else name: rule for name, rule in found.items()}


def test_the_page_has_every_rule_and_no_other() -> None:
    assert TABLE.keys() - {"setup", "version"} == rules().keys() | DOMAINS.keys() | _WORDED.keys()


@pytest.mark.parametrize("name", rules())
def test_a_rule_stands_in_its_columns(name: str) -> None:
    what, loosened, tightened, changed, reworded = TABLE[name]
    rule = rules()[name]
    assert bool(loosened) == bool(tightened) == (rule.more is not None)
    if rule.more is None:
        assert bool(reworded) == (rule.unordered == "reworded") or name == "claim"
        assert bool(changed) == (rule.unordered == "changed") or name in ("claim", "if_falsified")
    if rule.more is not None:  # whether how the claim is judged is told by a mark
        assert ("†" in what) == rule.judging or name in ("limits.seconds", "limits.bytes")
