"""Importers: nothing that a file does not say, and nothing at all from a file that contradicts itself."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apr_core.errors import EvidenceError
from apr_core.evidence.importers import IMPORTERS
from apr_core.evidence.importers.apr_leaderboard import MODELS
from apr_core.evidence.record import UNKNOWN, AggregateOutcome, ProblemsOutcome, Record, ScalarOutcome, record_text

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "falsify" / "evidence"
PUBLISHED = ROOT.parent / "shared" / "data" / "published" / "apr-leaderboard"

RUN: dict[str, Any] = {
    "benchmark": "humaneval",
    "model": "qwen2.5-coder-7b-instruct-q4k.apr",
    "timestamp": "2026-03-18T13:35:24+00:00",
    "config": {
        "max_tokens": 512,
        "effective_max_tokens": 4096,
        "temperature": 0.0,
        "num_samples": 1,
        "prompt_strategy": "few-shot",
        "workers": 2,
        "timeout_seconds": 316,
    },
    "results": {"total": 3, "completed": 3, "passed": 2, "errors": 1, "pass_at_1": 66.67, "pass_at_10": None},
    "problems": [{"task_id": f"HumanEval/{number}", "n": 1, "passed": int(number < 2)} for number in range(3)],
}
OLD_RUN: dict[str, Any] = {
    **{key: RUN[key] for key in ("benchmark", "model", "timestamp")},
    "config": {"max_tokens": 512, "temperature": 0.0, "num_samples": 1},
    "results": {
        "total": 3,
        "completed": 3,
        "passed": 2,
        "errors": 0,
        "pass_at_1": 66.67,
        "avg_tokens_generated": 128.0,
        "avg_latency_ms": 3642.1,
    },
}
SPEED: dict[str, Any] = {
    "benchmark": "throughput",
    "model": "qwen2.5-coder-1.5b-instruct-q4k.apr",
    "timestamp": "2026-03-05T23:25:00+01:00",
    "backend": "cpu",
    "results": {
        "iterations": 5,
        "mean_time_ms": 13015.3,
        "median_time_ms": 12982.3,
        "std_dev_ms": 697.3,
        "time_to_first_token_ms": 385.3,
        "tokens_per_second": 2.5,
        "total_tokens": 160,
    },
}


def read(folder: Path, *contents: dict[str, Any]) -> list[Record]:
    for number, content in enumerate(contents):
        (folder / f"{number}.json").write_text(json.dumps(content, indent=1))
    return IMPORTERS["apr-leaderboard"](folder)


def test_a_run_with_problems(tmp_path: Path) -> None:
    (one,) = read(tmp_path, RUN)
    assert (one.subject.model, one.subject.precision) == ("Qwen2.5-Coder-7B-Instruct", "q4_k")
    assert (one.protocol.benchmark, one.protocol.prompt) == ("humaneval", "few-shot")
    assert (one.protocol.sampling.max_tokens, one.protocol.limits["requested_max_tokens"]) == (4096, 512)
    assert isinstance(one.outcome, ProblemsOutcome)
    assert [(problem.id, problem.samples, problem.passes) for problem in one.outcome.problems] == [
        ("HumanEval/0", 1, 1),
        ("HumanEval/1", 1, 1),
        ("HumanEval/2", 1, 0),
    ]
    assert one.outcome.errors == 1
    assert (one.source.kind, one.source.tool, one.source.file) == ("imported", "apr-leaderboard", "0.json")


def test_what_the_file_does_not_say_stays_unknown(tmp_path: Path) -> None:
    (one,) = read(tmp_path, OLD_RUN)
    assert one.protocol.prompt == UNKNOWN
    assert one.environment.backend == UNKNOWN
    assert (
        one.protocol.sampling.max_tokens is None
    )  # 512 was asked for; 128.0 tokens on average say it was not in force
    assert one.observed == {"mean_tokens": 128.0, "mean_latency_ms": 3642.1}
    assert one.outcome == AggregateOutcome(metric="pass@1", passes=2, n=3, errors=0)


def test_a_measurement_of_speed(tmp_path: Path) -> None:
    (one,) = read(tmp_path, SPEED)
    assert one.outcome == ScalarOutcome(value=2.5, unit="tokens/s")
    assert one.environment.backend == "cpu"
    assert one.observed["std_dev_ms"] == 697.3


def test_an_unknown_weights_file_keeps_its_name_and_no_precision(tmp_path: Path) -> None:
    (one,) = read(tmp_path, RUN | {"model": "llama-9b-q4k.apr"})
    assert (one.subject.model, one.subject.precision) == ("llama-9b-q4k", UNKNOWN)


def test_an_import_is_the_same_every_time(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    first, second = read(tmp_path / "a", RUN, OLD_RUN, SPEED), read(tmp_path / "b", RUN, OLD_RUN, SPEED)
    assert [record_text(one) for one in first] == [record_text(one) for one in second]
    assert IMPORTERS["apr-leaderboard"](tmp_path / "a" / "1.json") == first[1:2]


def broken(change: Callable[[dict[str, Any]], object], content: dict[str, Any] = RUN) -> str:
    changed = copy.deepcopy(content)
    change(changed)
    return json.dumps(changed, indent=1)


BAD = {
    "truncated": (json.dumps(RUN, indent=1)[:-40], r"0\.json:\d+:\d+: this is not JSON.*truncated"),
    "no passed": (broken(lambda run: run["results"].pop("passed")), r"0\.json:14:\d+: results.passed: Field required"),
    "no problem n": (broken(lambda run: run["problems"][1].pop("n")), r"0\.json:\d+:\d+: problems.1.n: Field required"),
    "total disagrees": (
        broken(lambda run: run["results"].update(passed=1, pass_at_1=33.33)),
        r"the totals say 1 of 3 passed, but the problems listed are 2 of 3",
    ),
    "a problem is missing": (
        broken(lambda run: run["problems"].pop()),
        "say 2 of 3 passed, but the problems listed are 2 of 2",
    ),
    "percentage disagrees": (
        broken(lambda run: run["results"].update(pass_at_1=66.6)),
        "pass_at_1 is 66.6, but 2 of 3",
    ),
    "twice": (
        broken(lambda run: run["problems"][1].update(task_id="HumanEval/0")),
        "'HumanEval/0' occurs more than once",
    ),
    "unfinished": (broken(lambda run: run["results"].update(completed=2)), "2 of 3 problems were completed"),
    "too many": (broken(lambda run: run["results"].update(passed=4), OLD_RUN), "4 of 3 problems passed"),
    "nan": (broken(lambda run: run["results"].update(pass_at_1=float("nan"))), r"0\.json:19: NaN is not a number"),
    "samples": (broken(lambda run: run["problems"][0].update(n=10)), r"problems have \[1, 10\] samples"),
    "pass@10": (broken(lambda run: run["results"].update(pass_at_10=90.0)), "results.pass_at_10"),
    "new key": (broken(lambda run: run["config"].update(seed=3)), r"config.seed: nothing reads the key 'seed'"),
    "text": (broken(lambda run: run["results"].update(total="3")), r"results.total: .*valid integer; it is '3'"),
    "no time": (broken(lambda run: run.update(timestamp="2026-03-18")), "timestamp: .*no offset from UTC"),
    "no problems": (broken(lambda run: run.update(problems=[])), "problems: .*at least 1 item"),
    "speed": (
        broken(lambda run: run["results"].pop("tokens_per_second"), SPEED),
        "results.tokens_per_second: Field required",
    ),
    "list": ("[]", r"0\.json:1:1: the file: Input should be an object"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_cannot_be_trusted_is_refused(tmp_path: Path, name: str) -> None:
    text, message = BAD[name]
    (tmp_path / "0.json").write_text(text)
    with pytest.raises(EvidenceError, match=message):
        IMPORTERS["apr-leaderboard"](tmp_path)


def test_one_bad_file_stops_the_whole_import_and_all_are_named(tmp_path: Path) -> None:
    (tmp_path / "3.json").write_text("{")
    (tmp_path / "4.json").mkdir()
    with pytest.raises(EvidenceError, match="2 of 4 files cannot be used: nothing was imported") as caught:
        read(tmp_path, RUN, OLD_RUN)
    assert "3.json:1:2" in str(caught.value)
    assert "4.json: it is a folder" in str(caught.value)


def test_a_place_without_result_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"no .json file"):
        IMPORTERS["apr-leaderboard"](tmp_path)
    with pytest.raises(EvidenceError, match="No such file"):
        IMPORTERS["apr-leaderboard"](tmp_path / "missing")


# --- figures ---

FIGURE: dict[str, Any] = {
    "subject": {"model": "M"},
    "benchmark": "humaneval",
    "outcome": {"metric": "pass@1", "value": 0.878},
    "text": "a report, section 4",
    "printed": "M 87.8%",
}


def read_figures(folder: Path, *figures: dict[str, Any]) -> list[Record]:
    (folder / "figures.txt").write_text(json.dumps({"figures": list(figures)}, indent=1))
    return IMPORTERS["figures"](folder / "figures.txt")


def test_a_figure_says_where_it_is_printed_and_no_more(tmp_path: Path) -> None:
    (one,) = read_figures(tmp_path, FIGURE)
    assert one.outcome == AggregateOutcome(metric="pass@1", value=0.878)
    assert (one.source.kind, one.source.tool, one.source.note) == (
        "published",
        "a report, section 4",
        "printed as: M 87.8%",
    )
    assert (one.subject.precision, one.protocol.prompt, one.environment.backend, one.time) == (*[UNKNOWN] * 3, None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outcome": {"metric": "pass@1", "value": 87.8}}, r"^\S*:8:15: figures.0.outcome: .*not a percentage\.$"),
        ({"printed": ""}, "figures.0.printed: .*at least 1"),
        ({"valeu": 1}, "nothing reads the key 'valeu'"),
    ],
)
def test_an_impossible_figure_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(EvidenceError, match=message):
        read_figures(tmp_path, FIGURE | change)


def test_no_figures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="at least 1 item"):
        read_figures(tmp_path)


# --- the shipped records ---


def stored(records: list[Record]) -> dict[str, str]:
    return {f"{one.id}.json": record_text(one) for one in records}


def shipped() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in SHIPPED.glob("*.json")}


def test_the_shipped_figures_are_those_of_their_source() -> None:
    figures = stored(IMPORTERS["figures"](SHIPPED / "figures" / "published.json"))
    assert figures.items() <= shipped().items()
    assert len(figures) == 7


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published result files are not here")
def test_the_shipped_records_are_an_import_byte_for_byte() -> None:
    imported = IMPORTERS["apr-leaderboard"](PUBLISHED)
    assert len(imported) == 22
    figures = IMPORTERS["figures"](SHIPPED / "figures" / "published.json")
    harness = PUBLISHED.parents[1] / "harness" / "evalplus" / "qwen2.5-coder-7b-base-humaneval_eval_results.json.gz"
    evalplus = [
        one for one in IMPORTERS["evalplus"](harness, "Qwen2.5-Coder-7B") if one.protocol.benchmark == "humaneval"
    ]
    measured = {name for name in shipped() if json.loads(shipped()[name])["source"]["kind"] == "measured"}
    assert {name: text for name, text in shipped().items() if name not in measured} == stored(
        imported + evalplus + figures
    )
    assert len(measured) == 1


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published result files are not here")
def test_every_result_of_the_published_files_is_in_its_record() -> None:
    # Read here without the importer: the same passes for the same problems, and a known model.
    by_file = {one.source.file: one for one in IMPORTERS["apr-leaderboard"](PUBLISHED)}
    for path in PUBLISHED.glob("*.json"):
        raw, outcome = json.loads(path.read_text()), by_file[path.name].outcome
        assert raw["model"] in MODELS
        if isinstance(outcome, ProblemsOutcome):
            assert {one["task_id"]: one["passed"] for one in raw["problems"]} == {
                one.id: one.passes for one in outcome.problems
            }
        elif isinstance(outcome, AggregateOutcome):
            assert "problems" not in raw
            assert (raw["results"]["passed"], raw["results"]["total"]) == (outcome.passes, outcome.n)


def test_the_shipped_records_stay_small() -> None:
    assert sum(len(text.encode()) for text in shipped().values()) < 600_000
