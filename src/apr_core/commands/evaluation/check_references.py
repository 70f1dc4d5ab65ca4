"""`apr eval check-references`: the reference solutions of a benchmark under the rules by which programs are judged.

The one thing a reader would get wrong: a reference that does not pass says nothing about a model, and everything about the
score: no program is scored fairly on that problem. The cause is the benchmark's, the machine's or the checker's; each is named.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from apr_core.commands.evaluation.completions import add_benchmark, add_sandbox, check_outputs, open_benchmark
from apr_core.commands.output import add_json, emit
from apr_core.commands.progress import progress
from apr_core.errors import UsageError

if TYPE_CHECKING:
    from apr_core.evaluation.benchmarks import Benchmark
    from apr_core.evaluation.problem import Problem
    from apr_core.evaluation.references import Expectation, References
    from apr_core.evaluation.sandbox import Isolation, Sandbox


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of one reference solution."""

    task_id: str
    outcome: str
    """A failure class of the sandbox, `passed`, `no-reference`, or `no-spec` when its tests cannot be put to a program."""
    group: str = ""
    """The first group of tests that did not pass."""
    detail: str = ""
    integrity: str = "strong"
    cpu_seconds: float = 0.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what the action takes."""
    add_benchmark(parser)
    add_sandbox(parser)
    add_json(parser)
    parser.set_defaults(evidence=None)  # no record is about a reference


def run(args: argparse.Namespace) -> int:
    """Checks every reference solution; 1 when one does not pass."""
    from apr_core.evaluation.references import References
    from apr_core.evaluation.sandbox import Sandbox

    check_outputs(args)
    benchmark = open_benchmark(args)
    if not any(problem.reference for problem in benchmark.problems):
        raise UsageError(
            f"{benchmark.source} has no reference solution, so there is nothing to check. Give problems that have one."
        )
    with (
        Sandbox(workers=args.workers, require=args.require_isolation) as sandbox,
        progress(f"references of {benchmark.name}", len(benchmark.problems)) as bar,
    ):
        found = list(check(benchmark, sandbox, References(sandbox), workers=args.workers, step=bar.step))
        data = summary(benchmark, found, sandbox.isolation)
    emit(args, lambda: text(data), data)
    return 0 if data["passed"] == data["checked"] else 1


def check(
    benchmark: Benchmark,
    sandbox: Sandbox,
    references: References,
    *,
    workers: int = 1,
    step: Callable[[], None] = lambda: None,
) -> Iterator[Checked]:
    """What comes of each reference solution, in the order of the problems. Nothing is taken from earlier runs.

    Raises:
        AprError: the sandbox cannot run programs on this machine.
    """
    _ = references.slowness  # a sandbox that runs nothing is one error, not one per problem

    def one(problem: Problem) -> Checked:
        try:
            return _check(problem, sandbox, references)
        finally:
            step()

    with ThreadPoolExecutor(workers, thread_name_prefix="references") as pool:
        yield from pool.map(one, benchmark.problems)


def _check(problem: Problem, sandbox: Sandbox, references: References) -> Checked:
    from apr_core.errors import AprError
    from apr_core.evaluation.sandbox import spec as specs

    if not problem.reference:
        return Checked(problem.task_id, "no-reference")
    try:
        expectation = references.of(problem)
    except AprError as error:
        return Checked(problem.task_id, "no-spec", detail=str(error))
    if expectation.spec is None:
        return _without_values(problem, sandbox, references, expectation)
    group, outcome, detail = expectation.fault.split(": ", 2) if expectation.fault else ("", "passed", "")
    return Checked(
        problem.task_id,
        outcome,
        group,
        detail,
        "weak" if specs.weak_groups(expectation.spec) else "strong",
        round(sum(expectation.cpu_seconds.values()) * references.slowness, 6),
    )


def _without_values(problem: Problem, sandbox: Sandbox, references: References, known: Expectation) -> Checked:
    """Which group failed, and how: seen once more, for the expectation tells it in words only."""
    from apr_core.evaluation.sandbox import spec as specs

    limits = references.limits(known, next(iter(problem.tests)))
    run = sandbox.execute(problem.reference, specs.make(problem, record=True), limits)
    failed = next((group for group in run.groups if group.outcome != "passed"), None)
    if failed is None:
        return Checked(problem.task_id, "exception", detail=known.fault)
    return Checked(problem.task_id, failed.outcome, failed.name, failed.detail, cpu_seconds=round(run.cpu_seconds, 6))


def summary(benchmark: Benchmark, found: list[Checked], isolation: Isolation) -> dict[str, Any]:
    """The result as JSON data: counts, and everything that is an exception by name."""
    checked = [one for one in found if one.outcome != "no-reference"]
    return {
        "benchmark": benchmark.name,
        "source": benchmark.source,
        "digest": benchmark.digest,
        "problems": len(found),
        "complete": benchmark.complete,
        "checked": len(checked),
        "passed": sum(one.outcome == "passed" for one in checked),
        "exceptions": [asdict(one) for one in checked if one.outcome != "passed"],
        "no_reference": [one.task_id for one in found if one.outcome == "no-reference"],
        "weak": [one.task_id for one in checked if one.integrity == "weak"],
        "cpu_seconds": round(sum(one.cpu_seconds for one in checked), 3),
        "isolation": isolation.level,
        "layers": list(isolation.layers),
    }


def text(data: dict[str, Any]) -> str:
    """The result for people."""
    share = f"{data['passed']} of {data['checked']}"
    lines = [f"{data['benchmark']}: {share} reference solutions pass ({data['passed'] / data['checked']:.2%})"]
    for one in data["exceptions"]:
        group = f" in {one['group']}" if one["group"] else ""
        lines.append(f"  {one['task_id']}: {one['outcome']}{group}: {one['detail']}")
    if data["no_reference"]:
        lines.append(f"not checked, they have no reference solution: {', '.join(data['no_reference'])}")
    if data["weak"]:
        lines.append(f"integrity weak, judged in the program's own process: {', '.join(data['weak'])}")
    if not data["complete"]:
        lines.append(
            f"{data['source']} does not hold as many problems as a release of {data['benchmark']}: {data['problems']}"
        )
    lines.append(f"isolation {data['isolation']}: {', '.join(data['layers']) or 'no layer'}")
    return "\n".join(lines)
