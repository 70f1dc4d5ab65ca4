"""`auto`: which prompt the registered evidence speaks for, and what is said about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from apr_core.evaluation.prompts import choose
from apr_core.evidence.record import ProblemResult, ProblemsOutcome, Protocol, Record, Source, Subject, load_record


def run(
    prompt: str, passed: int, *, benchmark: str = "humaneval", model: str = "M", second: int = 0, of: int = 10
) -> Record:
    problems = tuple(ProblemResult(id=f"p{i}", samples=1, passes=int(i < passed)) for i in range(of))
    return Record(
        subject=Subject(model=model),
        protocol=Protocol(benchmark=benchmark, prompt=prompt),
        source=Source(kind="measured"),
        time=f"2026-01-01T00:00:{second:02d}+00:00",
        outcome=ProblemsOutcome(problems=problems),
    )


def test_the_mean_over_runs_decides_and_not_the_best_run() -> None:
    records = [run("few-shot", 9), run("few-shot", 5, second=1), run("scot", 8), run("standard", 7)]
    name, why = choose("humaneval", "M", records)
    assert name == "scot"
    assert why.startswith("scot: mean pass@1 0.8000 over 1 run, the highest of 3 prompts compared with M on humaneval")
    assert "few-shot mean pass@1 0.7000 over 2 runs; standard mean pass@1 0.7000 over 1 run" in why
    assert "Optimistic" in why


def test_other_models_and_benchmarks_do_not_count() -> None:
    records = [run("standard", 5), run("cgo", 9, model="N"), run("scot", 9, benchmark="mbpp")]
    name, why = choose("humaneval", "M", records)
    assert (name, why) == (
        "standard",
        "standard: mean pass@1 0.5000 over 1 run, the only prompt measured with M on humaneval.",
    )


@pytest.mark.parametrize("records", [[], [run("few-shot", 9, model="N")], [run("unknown", 9)]])
def test_without_evidence_it_is_standard(records: list[Record]) -> None:
    name, why = choose("humaneval", "M", records)
    assert name == "standard"
    assert "no registered run of M on humaneval names a prompt" in why


def test_prompts_that_are_no_strategies_are_named_and_passed_over() -> None:
    name, why = choose("humaneval", "M", [run("home-made", 10), run("cgo", 3)])
    assert name == "cgo"
    assert "'home-made' cannot be chosen from" in why
    assert (
        choose("humaneval", "M", [run("home-made", 10), run("cgo", 3)], among=["home-made", "cgo"]).name == "home-made"
    )


@pytest.mark.parametrize(("other", "picked"), [("few-shot", "standard"), ("cgo", "standard")])
def test_of_equal_means_standard_wins(other: str, picked: str) -> None:
    name, why = choose("humaneval", "M", [run(other, 6), run("standard", 6)])
    assert name == picked
    assert f"as high as {other}, and first in order" in why


def test_a_record_that_is_given_twice_counts_once() -> None:
    low, high = run("scot", 2), run("scot", 8, second=1)
    assert "0.5000 over 2 runs" in choose("humaneval", "M", [low, high, high]).why


def test_the_registered_evidence_speaks_for_few_shot_with_the_7b(repository: Path) -> None:
    records = [load_record(path) for path in sorted((repository / "falsify" / "evidence").glob("*.json"))]
    name, why = choose("humaneval", "Qwen2.5-Coder-7B-Instruct", records)
    assert name == "few-shot"
    assert why.startswith("few-shot: mean pass@1 0.8659 over 2 runs, the highest of 4 prompts compared")
    assert "standard mean pass@1 0.8500 over 5 runs" in why
