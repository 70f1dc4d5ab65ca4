"""How an end becomes a class of failure: the table, row by row, without any process."""

from __future__ import annotations

from typing import Any

import pytest

from apr_core.evaluation.sandbox import Execution, GroupResult, Limits, classify

LIMITS = Limits(cpu_seconds=2.0, wall_seconds=9.0, output_bytes=100)


def answer(
    *groups: dict[str, Any], code: int = -9, killed: str | None = "done", cpu: float = 0.5, **more: Any
) -> dict[str, Any]:
    """What a zygote answers; by default both ended well."""
    report: dict[str, Any] = {"report": {"groups": list(groups)}} if groups else {}
    told = {"code": code, "killed": killed, "cpu_seconds": cpu, "peak_bytes": 1}
    checker = {"code": 0, "killed": None, "cpu_seconds": 0.1, "peak_bytes": 1}
    base = {
        "program": told,
        "checker": checker,
        "said": {"jailed": 0.1},
        "printed": 0,
        "wall_seconds": 1.0,
        "report": report,
    }
    return base | more


def group(outcome: str, name: str = "base", detail: str = "") -> dict[str, Any]:
    return {"name": name, "outcome": outcome, "detail": detail, "integrity": "strong", "returned": None}


def classes(found: Execution) -> list[str]:
    return [one.outcome for one in found.groups]


ENDS: dict[str, tuple[dict[str, Any], str]] = {
    "SIGSYS": ({"code": -31, "killed": None}, "sandbox-violation"),
    "SIGXCPU": ({"code": -24, "killed": None}, "timeout"),
    "our clock on the processor": ({"killed": "cpu"}, "timeout"),
    "our clock on the wall": ({"killed": "wall"}, "timeout"),
    "the hard limit on processor time": ({"killed": None, "cpu": 4.0}, "timeout"),
    "the system, short of memory": ({"killed": None}, "memory"),
    "files": ({"killed": "files"}, "output-flood"),
    "SIGSEGV": ({"code": -11, "killed": None}, "exception"),
    "an exit with success": ({"code": 0, "killed": None}, "exception"),
    "an exit with a failure": ({"code": 3, "killed": None}, "exception"),
    "going on without answering": ({"killed": "done"}, "exception"),
    "a real-time signal": ({"code": -40, "killed": None}, "exception"),
}


@pytest.mark.parametrize("name", ENDS)
def test_groups_that_were_not_decided_get_the_class_of_the_end(name: str) -> None:
    end, outcome = ENDS[name]
    found = classify.execution(answer(group("passed"), group("died", "plus"), **end), ["base", "plus"], LIMITS, 1)
    assert classes(found) == ["passed", outcome]
    assert found.groups[1].detail


@pytest.mark.parametrize("name", ENDS)
def test_an_end_after_everything_is_decided_changes_nothing(name: str) -> None:
    found = classify.execution(answer(group("passed"), **ENDS[name][0]), ["base"], LIMITS, 1)
    assert classes(found) == ["passed"]


def test_no_exit_status_means_passed() -> None:
    for code in (0, 1, 255):
        found = classify.execution(answer(group("died"), code=code, killed=None), ["base"], LIMITS, 1)
        assert not found.passed


def test_a_group_of_which_the_checker_says_nothing_is_not_passed() -> None:
    found = classify.execution(answer(group("passed"), code=0, killed=None), ["base", "plus"], LIMITS, 1)
    assert classes(found) == ["passed", "exception"]
    assert not Execution(groups=()).passed


def test_too_much_output_counts_for_every_group() -> None:
    found = classify.execution(answer(group("passed"), group("died", "plus"), printed=101), ["base", "plus"], LIMITS, 1)
    assert classes(found) == ["output-flood", "output-flood"]
    assert classes(classify.execution(answer(group("passed"), printed=100), ["base"], LIMITS, 1)) == ["passed"]


def test_an_exception_for_want_of_memory_is_memory() -> None:
    found = classify.execution(answer(group("memory", detail="f() raised MemoryError")), ["base"], LIMITS, 1)
    assert classes(found) == ["memory"]


@pytest.mark.parametrize(
    ("checker", "report", "outcome"),
    [
        ({"code": -9, "killed": "cpu"}, {}, "timeout"),
        ({"code": -9, "killed": "wall"}, {}, "timeout"),
        ({"code": -24, "killed": None}, {}, "timeout"),
        ({"code": -9, "killed": None}, {}, "memory"),
        ({"code": 0, "killed": None}, {"memory": True}, "memory"),
    ],
)
def test_a_checker_that_a_reply_overwhelmed_is_the_programs_fault(
    checker: dict[str, Any], report: dict[str, Any], outcome: str
) -> None:
    found = classify.execution(answer(checker=checker, report=report), ["base"], LIMITS, 1)
    assert classes(found) == [outcome]


BROKEN: dict[str, dict[str, Any]] = {
    "the jail broke: OSError: mount": {"said": {"broke": "Traceback\nOSError: mount"}, "killed": None, "code": 1},
    "the jail broke: its process ended with 1": {"said": {}, "killed": None, "code": 1},
    "the checker broke: ValueError: x": {"report": {"broke": "Traceback\nValueError: x"}},
    "the checker ended with -11": {"checker": {"code": -11, "killed": None}, "report": {}},
    "the checker speaks of the class 'perfect'": {"report": {"report": {"groups": [group("perfect")]}}},
    "the checker broke: why": {"report": {"report": {"groups": [group("infrastructure-error", detail="why")]}}},
}


@pytest.mark.parametrize("why", BROKEN)
def test_a_broken_sandbox_is_never_a_result_of_the_program(why: str) -> None:
    with pytest.raises(ValueError, match=why):
        classify.execution(answer(**BROKEN[why]), ["base"], LIMITS, 1)


def test_what_broke_twice_is_kept_for_every_group() -> None:
    found = classify.broken(["base", "plus"], "why")
    assert classes(found) == ["infrastructure-error", "infrastructure-error"]
    assert found.attempts == 2


def test_the_processor_time_of_the_jail_is_not_the_programs() -> None:
    found = classify.execution(answer(group("passed"), cpu=0.5), ["base"], LIMITS, 1)
    assert found.cpu_seconds == pytest.approx(0.4)


def test_what_was_returned_goes_with_a_decided_group_only() -> None:
    told = group("passed") | {"returned": [1]}
    assert GroupResult.of(told).returned == [1]
    assert GroupResult.of(told, outcome="timeout", detail="x").returned is None
