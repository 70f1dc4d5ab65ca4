"""The page about verdicts: its example runs, and its numbers are those of `apr_core.statistics`.

The one thing a reader would get wrong: the records of the example are made here from the four counts that the page gives.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from docs_pages import blocks, names, sections, tables, unmatched

from apr_core import statistics
from apr_core.evidence.ledger import Ledger
from apr_core.evidence.record import ProblemResult, ProblemsOutcome, Protocol, Record, Source, Subject
from apr_core.pytest_plugin import STATUS
from apr_core.trial.result import OUTCOMES
from apr_core.verdict import ALL_OF, ANY_OF, TABLE
from foreign import run_pytest

PAGE = sections("verdicts.md")
CONTRACT, OUTPUT = blocks("verdicts.md")
TEXT = " ".join((PAGE[""] + PAGE["One example"]).split())


class Counts(NamedTuple):
    """The example's problems."""

    n: int
    full: int
    int4: int
    lost: int
    gained: int


def counts() -> Counts:
    found = re.search(r"(\d+) problems, .* solves (\d+), .* model (\d+)\. It lost (\d+) of them and gained (\d+)", TEXT)
    assert found is not None
    return Counts(*map(int, found.groups()))


def record(precision: str, passed: list[bool]) -> Record:
    problems = tuple(ProblemResult(id=f"{i}", samples=1, passes=int(ok)) for i, ok in enumerate(passed))
    return Record(
        subject=Subject(model="toy", precision=precision),
        protocol=Protocol(benchmark="humaneval"),
        source=Source(kind="measured", tool="an example"),
        outcome=ProblemsOutcome(problems=problems),
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, int, dict[str, Any]]:
    folder: Path = tmp_path_factory.mktemp("verdicts")
    (folder / "pyproject.toml").write_text('[project]\nname = "example"\nversion = "1"\n', encoding="utf-8")
    (folder / "contracts").mkdir()
    (folder / str(CONTRACT.path)).write_text(CONTRACT.text, encoding="utf-8")
    found, ledger = counts(), Ledger([folder / "falsify" / "evidence"])
    rest = found.n - found.full - found.gained
    ledger.append(record("f16", [True] * found.full + [False] * (found.gained + rest)))
    kept = [True] * (found.full - found.lost)
    ledger.append(record("int4", [*kept, *[False] * found.lost, *[True] * found.gained, *[False] * rest]))
    done = run_pytest(folder, "contracts", "--apr-report", "out")
    report = json.loads((folder / "out" / "report.json").read_text(encoding="utf-8"))
    return done.stdout, done.returncode, {claim["id"].partition("::")[2]: claim for claim in report["claims"]}


def test_the_counts_of_the_example_agree() -> None:
    found = counts()
    assert found.int4 == found.full - found.lost + found.gained


def test_the_example_comes_out_as_the_page_shows(run: tuple[str, int, dict[str, Any]]) -> None:
    output, status, claims = run
    assert status == 1
    assert unmatched(OUTPUT.text, output) == []
    shown = re.findall(rf"^  ({'|'.join(OUTCOMES)}) +(\S+)  ", OUTPUT.text, re.MULTILINE)
    assert {claim: outcome for outcome, claim in shown} == {name: claim["outcome"] for name, claim in claims.items()}


def test_the_p_values_are_those_of_the_tests_that_the_page_names(run: tuple[str, int, dict[str, Any]]) -> None:
    n, _, int4, lost, gained = counts()
    expected = {
        "RATE": [statistics.binomial_test(int4, n, 0.80, side) for side in ("greater", "less")],
        "NINETY": [statistics.binomial_test(int4, n, 0.90, side) for side in ("greater", "less")],
        "TWO-POINTS": [statistics.tango_test(lost, gained, n, 0.02, side) for side in ("greater", "less")],
        "TEN-POINTS": [statistics.tango_test(lost, gained, n, 0.10, side) for side in ("greater", "less")],
        "WORSE": [statistics.mcnemar_exact(lost, gained, side) for side in ("less", "greater")],
    }
    page = {names(row[0])[0]: row for row in tables(PAGE["One example"])[0]}
    assert page.keys() == expected.keys()
    for claim, (p_for, p_against) in expected.items():
        for shown, value in zip(page[claim][2:4], (p_for, p_against), strict=True):
            digits = len(shown.partition(".")[2])
            assert float(shown) == pytest.approx(value, abs=0.5000001 * 10**-digits), claim
        assert names(page[claim][4]) == [run[2][claim]["verdict"]]


def test_what_the_page_says_about_pairing_families_and_advice(run: tuple[str, int, dict[str, Any]]) -> None:
    needed = [statistics.problems_needed_paired(0.02, share) for share in (0.03, 0.05, 0.10)]
    unpaired = statistics.problems_needed_unpaired(0.02, 0.87)
    assert "takes {:,} problems if 3 % of them flip, {:,} at 5 %, {:,} at 10 %".format(*needed) in TEXT
    assert f"unpaired {unpaired:,} per side" in TEXT
    assert statistics.holm([0.03, 0.04]) == pytest.approx([0.06, 0.06])
    assert f"with {run[2]['TWO-POINTS']['power']['needed']:,} problems" in TEXT


def test_the_tables_of_verdicts_are_those_of_the_code() -> None:
    [rows] = tables(PAGE[""])
    assert [names(row[0])[0] for row in rows] == [str(verdict) for verdict in TABLE]
    for row, verdict in zip(rows, TABLE, strict=True):
        category = row[2].partition(",")[0]
        assert category == TABLE[verdict].pytest == STATUS[str(verdict)][0]
    words = PAGE[""].partition("fold in")[2]
    for outcome in OUTCOMES[1:2] + OUTCOMES[3:5]:
        assert f"`{outcome}`" in words
        assert f"({STATUS[outcome][0]})" in words
    assert f"occurs of {', '.join(map(str, ALL_OF))}" in TEXT
    assert f"`any_of` of {', '.join(map(str, ANY_OF))}" in TEXT
