"""What a verdict on evidence carries for its reader: which problems flip, where the line is, what would decide, which records."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from math import log
from pathlib import Path

import pytest

from apr_core.evidence.ledger import Ledger
from apr_core.evidence.record import (
    AggregateOutcome,
    Environment,
    ExampleResult,
    ExamplesOutcome,
    Outcome,
    ProblemResult,
    ProblemsOutcome,
    Protocol,
    Record,
    ScalarOutcome,
    SeriesOutcome,
    SeriesPoint,
    Source,
    Subject,
)
from apr_core.statistics import power_line, power_paired, power_unpaired
from apr_core.trial.advice import curve
from apr_core.trial.cited import CitedRecord, cite, cited
from apr_core.trial.result import Flips, Result
from apr_core.trial.session import Session, Settings

Write = Callable[[dict[str, str]], Path]

CONTRACT = """
title: t
version: 1.0.0
evidence: {{{evidence}}}
obligations:
  - {{id: X, claim: c, {obligation}}}
"""
DIFFERENCE = "type: difference, metric: {metric}, candidate: new, reference: old, decide: {decide}"


def passes(*outcomes: int, samples: int = 1) -> ProblemsOutcome:
    return ProblemsOutcome(
        problems=tuple(ProblemResult(id=f"P/{i}", samples=samples, passes=p) for i, p in enumerate(outcomes))
    )


def record(model: str, outcome: Outcome, note: str = "") -> Record:
    return Record(
        subject=Subject(model=model), protocol=Protocol(benchmark="bench"), outcome=outcome,
        source=Source(kind="measured", note=note or None),
    )  # fmt: skip


@pytest.fixture
def root(project: Write) -> Path:
    return project({})


def judge(root: Path, obligation: str, **runs: list[Outcome]) -> Result:
    """The result of one obligation over the runs of the models `new` and `old`."""
    ledger = Ledger([root / "falsify" / "evidence"])
    for model, outcomes in runs.items():
        for number, outcome in enumerate(outcomes):
            ledger.append(record(model, outcome, note=str(number)))
    (root / "contracts").mkdir(exist_ok=True)
    used = ", ".join(f"{name}: {{model: {name}}}" for name in ("new", "old") if f": {name}" in obligation)
    (root / "contracts" / "e.apr.yaml").write_text(CONTRACT.format(evidence=used, obligation=obligation))
    found = Session(root, Settings()).judge("e::X")
    assert found.verdict.value != "ERROR", found.reason
    return found


# --- flips ---


def test_the_problems_that_flip_are_named_in_the_order_of_the_set(root: Path) -> None:
    found = judge(
        root, DIFFERENCE.format(metric="pass@1", decide="{alpha: 0.05}"),
        new=[passes(1, 0, 0, 1, 1)], old=[passes(0, 1, 0, 1, 0)],
    )  # fmt: skip
    assert found.flips == Flips(lost=("P/1",), gained=("P/0", "P/4"), of=("old", "new"), n=5)
    assert "1 lost, 2 gained" in found.reason


def test_several_runs_flip_where_one_side_passes_more_often(root: Path) -> None:
    found = judge(
        root, DIFFERENCE.format(metric="pass@1", decide="score"),
        new=[passes(1, 1, 0), passes(1, 0, 0)], old=[passes(1, 1, 0), passes(0, 1, 0)],
    )  # fmt: skip
    assert found.flips == Flips(lost=("P/1",), gained=("P/0",), of=("old", "new"), n=3)


@pytest.mark.parametrize(
    ("metric", "lost", "gained"),
    [("oracle", ("P/0",), ("P/3",)), ("never_solved", ("P/0",), ("P/3",)), ("always", (), ("P/1",))],
)
def test_unions_flip_where_one_side_solves_what_the_other_never_does(
    root: Path, metric: str, lost: tuple[str, ...], gained: tuple[str, ...]
) -> None:
    found = judge(
        root, DIFFERENCE.format(metric=metric, decide="score"),
        new=[passes(0, 1, 1, 1), passes(0, 1, 1, 0)], old=[passes(1, 0, 1, 0), passes(0, 1, 1, 0)],
    )  # fmt: skip
    assert found.flips == Flips(lost=lost, gained=gained, of=("old", "new"), n=4)


def test_without_results_per_problem_no_flips_are_known_which_is_not_none_at_all(root: Path) -> None:
    total = AggregateOutcome(metric="pass@1", passes=2, n=4)
    for metric in ("pass@1", "oracle"):
        text = DIFFERENCE.format(metric=metric, decide="score")
        assert judge(root, text, new=[passes(1, 1, 1, 0)], old=[total]).flips is None


def test_losses_of_examples_do_not_flip(root: Path) -> None:
    def losses(*values: float) -> ExamplesOutcome:
        rows = tuple(ExampleResult(id=f"D/{i}", value=value) for i, value in enumerate(values))
        return ExamplesOutcome(unit="nats/token", examples=rows)

    found = judge(
        root, DIFFERENCE.format(metric="perplexity", decide="score"), new=[losses(1.0, 2.0)], old=[losses(2.0, 2.5)]
    )
    assert found.verdict.value == "HELD"
    assert found.flips is None
    assert found.required == (0.0, None)
    inferred = judge(root, DIFFERENCE.format(metric="perplexity", decide="{alpha: 0.05}") + ", margin: 0.05")
    assert inferred.required == (pytest.approx(-log(1 - 0.05)), None), (
        "a share of a perplexity is a step between losses"
    )


# --- which problems a union misses ---


@pytest.mark.parametrize("metric", ["oracle", "never_solved", "always", "inconsistent"])
def test_a_line_for_a_union_names_what_nothing_solves_and_what_only_some_runs_do(root: Path, metric: str) -> None:
    found = judge(
        root, f"type: threshold, metric: {metric}, of: new, at_least: 0, decide: score",
        new=[passes(1, 0, 0, 1), passes(1, 1, 0, 1)],
    )  # fmt: skip
    assert found.problems == {"never solved": ("P/2",), "solved in some runs": ("P/1",)}
    assert found.verdict.value == "HELD"


def test_with_a_total_nobody_knows_which_problems_a_union_misses(root: Path) -> None:
    total = AggregateOutcome(metric="pass@1", passes=2, n=4)
    text = "type: threshold, metric: oracle, of: new, at_least: 0.5, decide: score"
    assert judge(root, text, new=[passes(1, 0, 0, 1), total]).problems == {}


def test_a_line_for_a_score_names_no_problems(root: Path) -> None:
    text = "type: threshold, metric: pass@1, of: new, at_least: 0.5, decide: score"
    assert judge(root, text, new=[passes(1, 0)]).problems == {}


# --- where the line is ---


@pytest.mark.parametrize(
    ("obligation", "required"),
    [
        ("type: threshold, metric: pass@1, of: new, at_least: '1 / 4', decide: score", (0.25, None)),
        ("type: threshold, metric: pass@1, of: new, at_most: 0.5, decide: score", (None, 0.5)),
        ("type: threshold, metric: pass@1, of: new, at_least: 0.2, at_most: 0.8, decide: {alpha: 0.05}", (0.2, 0.8)),
        (DIFFERENCE.format(metric="pass@1", decide="score") + ", margin: 0.1", (0.1, None)),
        (f"type: non_inferiority, margin: 0.1, {DIFFERENCE.format(metric='pass@1', decide='score')[18:]}", (-0.1, None)),
        (DIFFERENCE.format(metric="pass@1", decide="{alpha: 0.05}") + ", margin: 0.1", (0.1, None)),
        (f"type: non_inferiority, margin: 0.1, {DIFFERENCE.format(metric='pass@1', decide='{alpha: 0.05}')[18:]}", (-0.1, None)),
    ],
)  # fmt: skip
def test_the_line_is_a_number_on_the_scale_of_the_estimate(
    root: Path, obligation: str, required: tuple[float | None, float | None]
) -> None:
    found = judge(root, obligation, new=[passes(1, 1, 0, 0)], old=[passes(1, 0, 1, 0)])
    assert found.required == required
    low, high = required
    assert found.estimate is not None
    holds = (low is None or found.estimate >= low) and (high is None or found.estimate <= high)
    assert (found.verdict.value == "HELD") is holds or found.verdict.value == "UNDERPOWERED"


def test_the_records_are_known_by_the_side_that_they_are_on(root: Path) -> None:
    found = judge(
        root, DIFFERENCE.format(metric="pass@1", decide="score"), new=[passes(1, 0)], old=[passes(0, 0), passes(1, 0)]
    )
    assert {name: len(ids) for name, ids in found.sides.items()} == {"new": 1, "old": 2}
    assert {one for ids in found.sides.values() for one in ids} == set(found.evidence)


# --- what would decide ---


def test_the_curve_of_a_rate_is_the_exact_power_and_reaches_the_target_where_it_is_needed(root: Path) -> None:
    found = judge(
        root, "type: threshold, metric: pass@1, of: new, at_least: 0.85, decide: {alpha: 0.05}",
        new=[passes(*[1] * 144, *[0] * 20)],
    )  # fmt: skip
    assert found.power is not None
    chances = dict(map(tuple, found.power["curve"]))
    assert found.power["target"] == 0.8
    assert chances[found.power["needed"]] >= 0.8
    assert all(chances[n] == round(power_line(n, 144 / 164, 0.85), 4) for n in chances)
    assert 164 in chances


def test_the_curve_of_paired_flips_is_that_of_the_flips_at_hand(root: Path) -> None:
    found = judge(
        root, DIFFERENCE.format(metric="pass@1", decide="{alpha: 0.05}"),
        new=[passes(*[0] * 3, *[1] * 161)], old=[passes(*[1] * 155, *[0] * 9)],
    )  # fmt: skip
    assert found.power is not None
    chances = dict(map(tuple, found.power["curve"]))
    assert chances[164] == round(power_paired(164, 0.0, 12 / 164, 6 / 164), 4)
    assert chances[found.power["needed"]] >= 0.8
    sizes = sorted(chances)
    assert all(chances[a] <= chances[b] for a, b in pairwise(sizes))
    assert sizes[0] == 82 and sizes[-1] == 2 * found.power["needed"]


def test_the_curve_of_an_unpaired_loss_counts_towards_the_verdict_that_is_near(root: Path) -> None:
    text = "type: non_inferiority, metric: pass@1, candidate: new, reference: old, margin: 0.02, decide: {alpha: 0.05}"
    total = AggregateOutcome(metric="pass@1", passes=130, n=164)
    found = judge(root, text, new=[total], old=[passes(*[1] * 140, *[0] * 24)])
    assert found.verdict.value == "UNDERPOWERED" and found.power is not None
    chances = dict(map(tuple, found.power["curve"]))
    # A true loss of 10 of 164 is more than 2 points: what would be shown is that the claim is false.
    assert chances[164] == round(power_unpaired(164, -0.02, 130 / 164, 10 / 164), 4)


def test_averages_over_runs_have_a_curve_of_the_spread_between_problems(root: Path) -> None:
    runs: dict[str, list[Outcome]] = {
        "new": [passes(*(int(i % 3 < 2) for i in range(60))), passes(*(int(i % 4 < 3) for i in range(60)))],
        "old": [passes(*(int(i % 2 < 1) for i in range(60))), passes(*(int(i % 5 < 4) for i in range(60)))],
    }
    found = judge(root, DIFFERENCE.format(metric="pass@1", decide="{alpha: 0.05}"), **runs)
    assert found.verdict.value == "UNDERPOWERED" and found.power is not None
    chances = dict(map(tuple, found.power["curve"]))
    assert chances[found.power["needed"]] == pytest.approx(0.8, abs=0.01)


def test_a_family_has_no_curve_because_the_others_take_a_share_of_alpha(root: Path) -> None:
    alone = DIFFERENCE.format(metric="pass@1", decide="{alpha: 0.05}")
    runs: dict[str, list[Outcome]] = {"new": [passes(*[0] * 3, *[1] * 61)], "old": [passes(*[1] * 58, *[0] * 6)]}
    shared = judge(root, alone + ", family: both}\n  - {id: Y, claim: c, family: both, " + alone, **runs)
    assert shared.power is not None and shared.power["needed"]
    assert "curve" not in shared.power


def test_totals_that_leave_a_score_open_have_advice_and_no_curve(root: Path) -> None:
    total = AggregateOutcome(metric="pass@1", passes=2, n=4)
    text = "type: threshold, metric: oracle, of: new, at_least: 0.75, decide: score"
    found = judge(root, text, new=[passes(1, 0, 0, 1), total])
    assert found.verdict.value == "UNDERPOWERED" and found.power is not None
    assert "curve" not in found.power


@pytest.mark.parametrize(("have", "needed"), [(164, 4154), (7, 3), (0, 30), (500, 10**8), (1, 2)])
def test_a_curve_goes_from_half_of_what_there_is_to_twice_what_is_needed(have: int, needed: int) -> None:
    sizes = [point[0] for point in curve(lambda n: 0.5, have, needed)]
    assert sizes == sorted(set(sizes))
    assert {max(2, have), needed} <= set(sizes)
    assert sizes[-1] == max(2 * needed, have)
    assert len(sizes) <= 33


# --- the way through JSON, and the records ---


def test_a_result_with_all_of_this_comes_back_from_json(root: Path) -> None:
    undecided = judge(
        root, DIFFERENCE.format(metric="pass@1", decide="{alpha: 0.05}"),
        new=[passes(*[0] * 3, *[1] * 61)], old=[passes(*[1] * 58, *[0] * 6)],
    )  # fmt: skip
    missing = replace(undecided, problems={"never solved": ("P/1",)})
    for result in (undecided, missing):
        assert Result.from_json(json.loads(json.dumps(result.to_json()))) == result


FULL = Record(
    subject=Subject(model="M 7B", precision="int4", role="student", stage="quantize", lineage=("base", "quantize")),
    protocol=Protocol(benchmark="bench", prompt="chat"),
    environment=Environment(backend="cuda"),
    source=Source(kind="imported", tool="harness", tool_version="1.2"),
    time="2026-03-05T23:25:00+01:00",
    seed=7,
    outcome=passes(1, 1, 0, 1),
)


def test_a_record_in_brief_says_what_it_is_and_where_it_lies() -> None:
    brief = cited(FULL, "falsify/evidence/x.json")
    assert brief == CitedRecord(
        id=FULL.id, digest=FULL.digest, file="falsify/evidence/x.json", model="M 7B", precision="int4", role="student",
        stage="quantize", lineage=("base", "quantize"), benchmark="bench", prompt="chat", backend="cuda",
        source="imported", tool="harness 1.2", time="2026-03-05T23:25:00+01:00", seed=7, outcome="problems", n=4,
        measure="pass@1", value=0.75, unit="fraction",
    )  # fmt: skip
    assert CitedRecord.from_json(json.loads(json.dumps(brief.to_json()))) == brief


LIGHT, HEAVY = ExampleResult(id="a", value=1.0), ExampleResult(id="b", value=2.0, weight=3.0)
POINTS = (SeriesPoint(step=1, value=3.0), SeriesPoint(step=2000, value=2.0))


@pytest.mark.parametrize(
    ("outcome", "headline"),
    [
        (passes(3, 0, samples=4), ("pass@1", 0.375, "fraction", 2)),
        (AggregateOutcome(metric="pass@1", passes=1, n=4), ("pass@1", 0.25, "fraction", 4)),
        (AggregateOutcome(metric="perplexity", value=7.5), ("perplexity", 7.5, None, None)),
        (ScalarOutcome(value=2.5, unit="tokens/s"), ("value", 2.5, "tokens/s", None)),
        (ScalarOutcome(value=2.5, unit="tokens/s", repeats=(2.0, 3.0)), ("value", 2.5, "tokens/s", 2)),
        (
            ExamplesOutcome(unit="nats/token", examples=(LIGHT, HEAVY)),
            ("mean", 1.75, "nats/token", 2),
        ),
        (
            SeriesOutcome(name="train loss", unit="nats", points=POINTS),
            ("train loss at step 2,000", 2.0, "nats", 2),
        ),
    ],
)  # fmt: skip
def test_a_record_is_known_by_its_headline(
    outcome: Outcome, headline: tuple[str, float, str | None, int | None]
) -> None:
    brief = cited(record("m", outcome), "x.json")
    assert (brief.measure, brief.value, brief.unit, brief.n) == headline
    assert brief.outcome == outcome.kind


def test_only_what_is_cited_is_shown_oldest_first_and_by_its_path(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    own, other = root / "falsify" / "evidence", elsewhere / "evidence"
    new, old = FULL, FULL.model_copy(update={"time": "2025-01-01T00:00:00+00:00"})
    foreign = FULL.model_copy(update={"time": "2025-06-01T00:00:00+00:00"})
    Ledger([own]).append(new)
    Ledger([own]).append(old)
    Ledger([own]).append(FULL.model_copy(update={"seed": 8}))
    Ledger([other]).append(foreign)
    result = judge(root, "type: threshold, metric: pass@1, of: new, at_least: 0, decide: score")
    found = cite([replace(result, evidence=(new.id, foreign.id, old.id, "gone"))], Ledger([own, other]), root)
    assert [one.id for one in found] == [old.id, foreign.id, new.id]
    assert [one.file for one in found] == [
        f"falsify/evidence/{old.id}.json", f"{foreign.id}.json", f"falsify/evidence/{new.id}.json"
    ]  # fmt: skip


def test_a_run_without_evidence_does_not_read_the_ledger(root: Path) -> None:
    result = judge(root, "type: threshold, metric: pass@1, of: new, at_least: 0, decide: score")
    assert result.verdict.value == "UNTESTED"
    assert cite([result], Ledger([Path("/nowhere/at/all")]), root) == ()
