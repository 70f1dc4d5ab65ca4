"""What came of an execution, from the checker's report and from how both processes ended.

The one thing a reader would get wrong: the report says which groups were decided while the program lived. What the program's end
says is only about the others, but for too much output, which belongs to no group and counts for all.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from typing import Any

from apr_core.evaluation.sandbox.outcome import CLASSES, Execution, GroupResult, Limits

UNDECIDED = "died"
"""What the checker says of a group during which the program's process went away."""

_KILLED = {
    "cpu": ("timeout", "it used {cpu:.2f} s of processor time; {limits.cpu_seconds:g} s were allowed"),
    "wall": ("timeout", "it did not end within {wall:.1f} s, having used {cpu:.2f} s of processor time"),
    "output": ("output-flood", "it printed more than {limits.output_bytes:,} bytes"),
    "files": ("output-flood", "it kept more than {limits.file_bytes:,} bytes in files"),
}
"""Why the zygote ended the process → class, and what is said of it."""


def execution(answer: Mapping[str, Any], names: Sequence[str], limits: Limits, attempts: int) -> Execution:
    """The result of an execution from the zygote's answer.

    Raises:
        ValueError: the sandbox broke; the text says how.
    """
    program, said = answer["program"], answer["said"]
    if "jailed" not in said and program["killed"] is None:
        raise ValueError(
            f"the jail broke: {_last_line(said.get('broke')) or 'its process ended with ' + str(program['code'])}"
        )
    cpu = max(0.0, program["cpu_seconds"] - float(said.get("jailed", 0.0)))
    return Execution(
        groups=_groups(answer, names, limits, cpu),
        cpu_seconds=cpu,
        wall_seconds=answer["wall_seconds"],
        peak_bytes=program["peak_bytes"],
        attempts=attempts,
    )


def broken(names: Sequence[str], why: str) -> Execution:
    """The result when the sandbox broke twice."""
    groups = (GroupResult(name=name, outcome="infrastructure-error", detail=why) for name in names)
    return Execution(groups=tuple(groups), attempts=2)


def _groups(answer: Mapping[str, Any], names: Sequence[str], limits: Limits, cpu: float) -> tuple[GroupResult, ...]:
    report = answer["report"]
    end = how_it_ended(answer["program"], limits, cpu, answer["wall_seconds"])
    if answer["printed"] > limits.output_bytes:
        end = _KILLED["output"][0], _KILLED["output"][1].format(limits=limits)
        return tuple(GroupResult(name=name, outcome=end[0], detail=end[1]) for name in names)
    if "report" not in report:
        end = _without_report(answer, report, end)
    decided = {str(group["name"]): group for group in report.get("report", {}).get("groups", ())}
    return tuple(_group(name, decided.get(name), end) for name in names)


def _group(name: str, told: Mapping[str, Any] | None, end: tuple[str, str]) -> GroupResult:
    if told is None:
        return GroupResult(name=name, outcome=end[0], detail=end[1])
    if told["outcome"] == UNDECIDED:
        return GroupResult.of(told, outcome=end[0], detail=end[1])
    if told["outcome"] not in CLASSES:
        raise ValueError(f"the checker speaks of the class {told['outcome']!r}, which there is not")
    if told["outcome"] == "infrastructure-error":
        raise ValueError(f"the checker broke: {told.get('detail')}")
    if told["outcome"] == "exception" and str(told.get("detail", "")).startswith("MemoryError"):
        return GroupResult.of(told, outcome="memory", detail=str(told.get("detail")))
    return GroupResult.of(told)


def how_it_ended(program: Mapping[str, Any], limits: Limits, cpu: float, wall: float) -> tuple[str, str]:
    """Class and detail for groups that were not decided when the program's process ended."""
    if program["killed"] in _KILLED:
        outcome, detail = _KILLED[program["killed"]]
        return outcome, detail.format(limits=limits, cpu=cpu, wall=wall)
    code = program["code"]
    if code >= 0:
        return "exception", f"it ended its process with exit status {code}"
    name = _signal_name(-code)
    if -code == signal.SIGSYS:
        return "sandbox-violation", "it made a system call that no honest program needs"
    if -code == signal.SIGXCPU or cpu >= limits.cpu_seconds:
        return "timeout", _KILLED["cpu"][1].format(limits=limits, cpu=cpu)
    if -code == signal.SIGKILL and program["killed"] is not None:
        return "exception", "it stopped answering"
    if -code == signal.SIGKILL:
        return "memory", "the system ended it, as it does when memory runs out"
    return "exception", f"its process was ended by {name}"


def _without_report(answer: Mapping[str, Any], report: Mapping[str, Any], end: tuple[str, str]) -> tuple[str, str]:
    """The checker did not report: because of what it was sent, or because it is broken."""
    checker = answer["checker"]
    if report.get("memory"):
        return "memory", "what it returned does not fit into the checker's memory"
    if "broke" in report:
        raise ValueError(f"the checker broke: {_last_line(report['broke'])}")
    if checker["killed"] in ("cpu", "wall") or checker["code"] == -signal.SIGXCPU:
        return end if answer["program"]["killed"] in _KILLED else ("timeout", "checking what it returned took too long")
    if checker["code"] == -signal.SIGKILL:
        return "memory", "what it returned does not fit into the checker's memory"
    raise ValueError(f"the checker ended with {checker['code']} and no report")


def _last_line(text: str | None) -> str:
    lines = (text or "").strip().splitlines()
    return lines[-1] if lines else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
