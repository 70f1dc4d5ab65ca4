"""Results: what counts as passed, in which denominator, and what a record says of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apr_core.errors import AprError
from apr_core.evaluation.evidence import Origin, record
from apr_core.evaluation.result import (
    Evaluation,
    Input,
    ProblemResult,
    SampleResult,
    Sandboxed,
    load_evaluation,
    problem_result,
    sample_result,
    totals,
)
from apr_core.evaluation.sandbox.outcome import CLASSES

OUTCOMES = st.sampled_from(sorted(CLASSES))


def sample(
    number: int = 0, *, base: str = "passed", plus: str | None = None, integrity: str = "strong"
) -> SampleResult:
    groups = {"base": (base, "said so", integrity)}
    if plus is not None:
        groups["plus"] = (plus, "said so", "strong")
    return sample_result(groups, sample=number, program="a" * 64, cpu_seconds=0.1)


def evaluation(*problems: ProblemResult, **known: Any) -> Evaluation:
    return Evaluation.model_validate(
        {
            "schema": "apr.evaluation/1",
            "benchmark": Input(name="own+", digest="b" * 64),
            "completions": Input(name="c.jsonl", digest="c" * 64),
            "complete": True,
            "sandbox": Sandboxed(version="s/1", level="full", layers=("seccomp",)),
            "extraction": "e/1",
            "time": "2026-01-01T00:00:00+00:00",
            "totals": totals(problems),
            "problems": problems,
            **known,
        }
    )


@given(base=OUTCOMES, plus=st.none() | OUTCOMES)
def test_a_sample_passes_when_every_group_does_and_names_the_first_that_does_not(base: str, plus: str | None) -> None:
    found = sample(base=base, plus=plus)
    assert found.passed == (base == "passed" and plus in (None, "passed"))
    assert found.base == (base == "passed")
    assert found.plus == (None if plus is None else plus == "passed")
    assert found.class_ == next((one for one in (base, plus) if one not in (None, "passed")), "passed")
    assert (found.detail == "") == found.passed


def test_one_weak_group_makes_a_sample_weak_and_its_problem_named() -> None:
    problems = [problem_result("a", [sample(integrity="weak")]), problem_result("b", [sample()])]
    assert totals(problems).weak == ("a",)


def test_plus_counts_what_passed_the_plus_tests_alone() -> None:
    problems = [
        problem_result("a", [sample(base="wrong-answer", plus="passed")]),
        problem_result("b", [sample(base="passed", plus="timeout")]),
        problem_result("c", [sample(base="passed", plus="passed")]),
    ]
    found = totals(problems)
    assert (found.passed, found.base, found.plus, found.problems) == (1, 2, 2, 3)
    assert found.classes == {"passed": 1, "wrong-answer": 1, "timeout": 1}


def test_a_problem_without_plus_tests_counts_as_with_its_base_tests() -> None:
    some = [problem_result("a", [sample(plus="wrong-answer")]), problem_result("b", [sample()])]
    assert (totals(some).plus, totals([*some, problem_result("c", [sample(base="timeout")])]).plus) == (1, 1)
    assert totals(some[1:]).plus is None


def test_infrastructure_errors_stay_in_the_denominator() -> None:
    found = totals([problem_result("a", [sample(base="infrastructure-error")]), problem_result("b", [sample()])])
    assert (found.infrastructure_errors, found.passed, found.samples) == (1, 1, 2)
    assert found.pass_at_k == {"1": 0.5}


def test_pass_at_k_goes_as_far_as_every_problem_has_samples() -> None:
    five = [sample(number, base="passed" if number == 3 else "wrong-answer") for number in range(5)]
    found = totals([problem_result("a", five), problem_result("b", [sample(number) for number in range(10)])])
    assert found.pass_at_k == {"1": pytest.approx(0.6), "5": 1.0}


def test_samples_are_listed_by_number_whatever_order_they_were_judged_in() -> None:
    assert [one.sample for one in problem_result("a", [sample(2), sample(0), sample(1)]).samples] == [0, 1, 2]


def test_a_result_file_reads_back_and_a_broken_one_is_refused_with_its_place(tmp_path: Path) -> None:
    made = evaluation(problem_result("a", [sample(plus="wrong-answer")]))
    path = tmp_path / "r.json"
    path.write_text(json.dumps(made.model_dump(mode="json", by_alias=True), indent=1), encoding="utf-8")
    assert load_evaluation(path) == made
    path.write_text(path.read_text(encoding="utf-8").replace('"wrong-answer"', '"excellent"', 1), encoding="utf-8")
    with pytest.raises(AprError, match=r"r.json:\d+:\d+: "):
        load_evaluation(path)


def test_the_record_says_what_was_seen_and_nothing_more() -> None:
    made = record(
        evaluation(
            problem_result("a", [sample(0), sample(1, base="timeout")]),
            problem_result("b", [sample(0, integrity="weak"), sample(1)]),
        ),
        Origin("Some-Model", "apr eval completions"),
    )
    assert made.outcome.kind == "problems"
    assert [(one.id, one.passes, one.samples, one.failure) for one in made.outcome.problems] == [
        ("a", 1, 2, "timeout"), ("b", 2, 2, None),
    ]  # fmt: skip
    assert made.protocol.benchmark_digest == "b" * 64
    assert made.protocol.layers == ("seccomp",)
    assert made.protocol.sampling.samples == 2
    assert (made.environment.backend, made.environment.device, made.subject.digest) == ("unknown", "unknown", None)
    assert made.source.file_digest == "c" * 64
    assert made.source.note == "Judged in the program's own process (integrity: weak): b."


def test_the_record_of_a_part_of_a_benchmark_says_so() -> None:
    made = record(evaluation(problem_result("a", [sample()]), complete=False), Origin("M", "t"))
    assert made.source.note == "Only 1 problems of the benchmark were evaluated."


def test_what_was_generated_here_is_in_the_record() -> None:
    generation = {
        "backend": "transformers/cpu", "device": "cpu", "precision": "float32", "digest": "d" * 64, "prompt": "standard",
        "temperature": 0.8, "max_tokens": 64, "seed": 3, "versions": {"torch": "2.13.0"},
    }  # fmt: skip
    made = record(evaluation(problem_result("a", [sample()]), generation=generation), Origin("M", "t"))
    assert (made.environment.backend, made.environment.device, made.environment.versions["torch"]) == (
        "transformers/cpu", "cpu", "2.13.0",
    )  # fmt: skip
    assert (made.subject.digest, made.subject.precision, made.seed) == ("d" * 64, "float32", 3)
    assert (made.protocol.prompt, made.protocol.sampling.temperature, made.protocol.sampling.max_tokens) == (
        "standard", 0.8, 64,
    )  # fmt: skip
