"""Evaluating completions: each becomes a program, runs in the sandbox, and is written down before the next is counted.

The one thing a reader would get wrong: completions may still be on their way. `evaluate` takes any iterable and judges what it
has while the rest is being generated, so a model and the sandbox work at the same time.
"""

from __future__ import annotations

import platform
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from apr_core import __version__
from apr_core.evaluation.assemble import assemble
from apr_core.evaluation.benchmarks import Benchmark
from apr_core.evaluation.completions import Completion
from apr_core.evaluation.extraction import EXTRACTION_VERSION
from apr_core.evaluation.journal import Journal
from apr_core.evaluation.problem import Problem
from apr_core.evaluation.references import FACTOR, FLOOR_SECONDS, References
from apr_core.evaluation.result import (
    INFRASTRUCTURE,
    Evaluation,
    Input,
    SampleResult,
    Sandboxed,
    problem_result,
    sample_result,
    totals,
)
from apr_core.evaluation.sandbox import Isolation
from apr_core.evaluation.sandbox import spec as specs
from apr_core.files import digest_bytes

SANDBOX = f"apr-sandbox/{specs.VERSION}"
"""The rules by which programs are run and judged, as evidence records them."""
PENDING = 4
"""Completions per worker that wait for one: enough to keep workers busy, few enough to keep memory flat."""


def identity(benchmark: Benchmark, completions: Input, isolation: Isolation) -> dict[str, Any]:
    """Everything that the results of an evaluation depend on: what a journal is named by."""
    return {
        "apr": __version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "benchmark": [benchmark.name, benchmark.digest],
        "completions": completions.digest,
        "extraction": EXTRACTION_VERSION,
        "sandbox": [SANDBOX, *isolation.layers],
        "limits": [FLOOR_SECONDS, FACTOR],
    }


def judge(completion: Completion, problem: Problem, references: References) -> SampleResult:
    """Runs one completion."""
    expectation = references.of(problem)
    assembled = assemble(problem, completion.text, as_written=completion.whole)
    if expectation.spec is None:  # nothing can be said of any program for this problem
        groups, seconds = dict.fromkeys(problem.tests, (INFRASTRUCTURE, expectation.fault, "strong")), 0.0
    else:
        runs = references.run(assembled.program, expectation)
        groups = {one.name: (one.outcome, one.detail, one.integrity) for run in runs for one in run.groups}
        seconds = sum(run.cpu_seconds for run in runs)
    return sample_result(
        groups,
        sample=completion.sample,
        form=assembled.form,
        program=digest_bytes(assembled.program.encode("utf-8", "surrogatepass")),
        cpu_seconds=round(seconds, 6),
    )


def evaluate(
    completions: Iterable[Completion],
    problems: Mapping[str, Problem],
    references: References,
    journal: Journal,
    *,
    workers: int = 1,
    step: Callable[[], None] = lambda: None,
) -> dict[str, list[SampleResult]]:
    """The results of all completions by task id, in the order of the problems; `step` is called after each.

    What the journal has is not run again. An error or an interrupt lets what is running finish and be written down.
    """
    found: defaultdict[str, list[SampleResult]] = defaultdict(list)

    def one(completion: Completion) -> tuple[str, SampleResult]:
        result = judge(completion, problems[completion.task_id], references)
        journal.append(completion.task_id, result)
        return completion.task_id, result

    def collect(running: set[Future[tuple[str, SampleResult]]], most: int) -> set[Future[tuple[str, SampleResult]]]:
        while len(running) > most:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                task_id, result = future.result()
                found[task_id].append(result)
                step()
        return running

    with ThreadPoolExecutor(workers, thread_name_prefix="evaluate") as pool:
        running: set[Future[tuple[str, SampleResult]]] = set()
        try:
            for completion in completions:
                before = journal.done.get((completion.task_id, completion.sample))
                if before is not None:
                    found[completion.task_id].append(before)
                    step()
                    continue
                running.add(pool.submit(one, completion))
                running = collect(running, PENDING * workers)
            collect(running, 0)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return {name: found[name] for name in problems if name in found}


def conclude(
    results: Mapping[str, list[SampleResult]],
    benchmark: Benchmark,
    completions: Input,
    isolation: Isolation,
    **known: Any,
) -> Evaluation:
    """The result file of an evaluation that is done."""
    problems = tuple(problem_result(name, samples) for name, samples in results.items())
    return Evaluation.model_validate(
        {
            "schema": "apr.evaluation/1",
            "benchmark": Input(name=benchmark.name, digest=benchmark.digest),
            "completions": completions,
            "complete": len(problems) == len(benchmark.problems),
            "sandbox": Sandboxed(
                version=SANDBOX,
                level=isolation.level,
                layers=tuple(isolation.layers),
                missing=dict(isolation.missing),
            ),
            "extraction": EXTRACTION_VERSION,
            "environment": {
                "apr-core": __version__,
                "python": platform.python_version(),
                "system": platform.platform(),
            },
            "totals": totals(problems),
            "problems": problems,
            **known,
        }
    )
