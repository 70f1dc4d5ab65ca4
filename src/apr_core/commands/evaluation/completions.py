"""`apr eval completions`: a file of completions to results, in the sandbox."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apr_core.commands.output import STDOUT, add_json, emit
from apr_core.commands.progress import progress
from apr_core.project import project_root

if TYPE_CHECKING:
    from apr_core.evaluation.benchmarks import Benchmark
    from apr_core.evaluation.completions import Completion, Completions
    from apr_core.evaluation.journal import Journal
    from apr_core.evaluation.result import Evaluation, Input, SampleResult
    from apr_core.evaluation.sandbox import Sandbox


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what the action takes."""
    parser.add_argument(
        "file", metavar="FILE", help="completions: JSON lines with `task_id` and `completion` or `solution`"
    )
    add_benchmark(parser)
    parser.add_argument("--samples", type=positive, metavar="N", help="every problem must have N completions")
    parser.add_argument("--partial", action="store_true", help="evaluate only the problems that have completions")
    add_sandbox(parser)
    add_evidence(parser, "--model")
    parser.add_argument("--plan", action="store_true", help="say what would be run, and stop")
    add_json(parser)


def add_benchmark(parser: argparse.ArgumentParser) -> None:
    """Adds which problems are meant."""
    parser.add_argument(
        "--benchmark", required=True, metavar="NAME", help="humaneval, mbpp+, plain, … (docs/benchmarks.md)"
    )
    parser.add_argument(
        "--problems", metavar="PATH", help="file of problems, .jsonl or .gz; without it the hub is asked"
    )
    parser.add_argument("--digest", metavar="SHA256", help="refuse problems whose content has another digest")


def add_sandbox(parser: argparse.ArgumentParser) -> None:
    """Adds how programs are run."""
    import os

    cores = len(os.sched_getaffinity(0))
    parser.add_argument(
        "--workers",
        type=positive,
        default=cores,
        metavar="W",
        help=f"programs at a time (default {cores}, the cores here)",
    )
    parser.add_argument(
        "--require-isolation",
        default="none",
        metavar="LEVEL",
        help="refuse to run with less: none, limits, confined, full",
    )


def add_evidence(parser: argparse.ArgumentParser, flag: str) -> None:
    """Adds the record that may be written; `flag` says which model it is about."""
    parser.add_argument("--evidence", metavar="FOLDER", help=f"also write an evidence record there, about {flag}")
    parser.add_argument(flag, dest="named", metavar="NAME", help="what results and records call the model")
    parser.add_argument("--role", metavar="ROLE", help="its part in an experiment, for the evidence record")


def positive(text: str) -> int:
    """A whole number from 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def run(args: argparse.Namespace) -> int:
    """Evaluates a file of completions."""
    from apr_core.errors import UsageError
    from apr_core.evaluation.completions import match, prepared, read_completions

    check_outputs(args)
    if args.evidence and not args.named:
        raise UsageError("--evidence: a record must say which model it is about; add --model NAME.")
    completions = read_completions(Path(args.file))
    benchmark = open_benchmark(args)
    problems = {problem.task_id: problem for problem in benchmark.problems}
    fitting = match(completions.items, problems, benchmark=benchmark.name, samples=args.samples, partial=args.partial)
    items = [prepared(one, problems[one.task_id].prompt) for one in fitting]
    if args.plan:
        return plan(args, benchmark, len({one.task_id for one in items}), len(items))
    deliver(args, *_evaluate(args, benchmark, completions, items), tool="apr eval completions")
    return 0


def open_benchmark(args: argparse.Namespace) -> Benchmark:
    """The problems that were asked for, with the digest that was asked for."""
    from apr_core.evaluation.benchmarks import load, require_digest

    benchmark = load(args.benchmark, Path(args.problems) if args.problems else None)
    if args.digest:
        require_digest(benchmark, args.digest)
    return benchmark


def check_outputs(args: argparse.Namespace) -> None:
    """Refuses outputs that could not be written, before any work is done."""
    import os

    from apr_core.errors import UsageError

    if args.json not in (None, STDOUT):
        path = Path(args.json)
        if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
            raise UsageError(
                f"--json {args.json}: no file can be written there. Give a file in a folder that exists and may be written. "
                "Nothing was run."
            )
    if args.evidence and Path(args.evidence).exists() and not Path(args.evidence).is_dir():
        raise UsageError(f"--evidence {args.evidence}: this is a file, and a folder is needed. Nothing was run.")


def plan(args: argparse.Namespace, benchmark: Benchmark, problems: int, samples: int) -> int:
    """Says what would be run."""
    from apr_core.evaluation.sandbox import Sandbox

    with Sandbox(workers=1, require=args.require_isolation) as sandbox:
        isolation = sandbox.isolation
    data = {
        "benchmark": benchmark.name,
        "digest": benchmark.digest,
        "problems": problems,
        "samples": samples,
        "workers": args.workers,
        "isolation": isolation.level,
        "layers": list(isolation.layers),
        "missing": dict(isolation.missing),
    }
    emit(args, lambda: _plan_text(data), data)
    return 0


def _plan_text(data: dict[str, Any]) -> str:
    lines = [
        f"{data['samples']} completions of {data['problems']} problems of {data['benchmark']} ({data['digest'][:12]}), "
        f"{data['workers']} at a time",
        f"isolation {data['isolation']}: {', '.join(data['layers']) or 'no layer'}",
    ]
    lines += [f"not here: {layer}: {why}" for layer, why in data["missing"].items()]
    return "\n".join(lines)


def _evaluate(
    args: argparse.Namespace, benchmark: Benchmark, completions: Completions, items: list[Completion]
) -> tuple[Evaluation, Journal]:
    from apr_core.evaluation.evaluate import conclude
    from apr_core.evaluation.result import Input
    from apr_core.evaluation.sandbox import Sandbox

    source = Input(name=completions.name, digest=completions.digest)
    with Sandbox(workers=args.workers, require=args.require_isolation) as sandbox:
        results, journal, limits = evaluate_in(sandbox, args, benchmark, source, items, len(items))
        return conclude(
            results, benchmark, source, sandbox.isolation, model=args.named, limits=limits, time=journal.started
        ), journal


def evaluate_in(
    sandbox: Sandbox,
    args: argparse.Namespace,
    benchmark: Benchmark,
    source: Input,
    items: Iterable[Completion],
    total: int,
) -> tuple[dict[str, list[SampleResult]], Journal, dict[str, float]]:
    """The results of `items` by problem, the journal, to be removed once they are written, and the limits as recorded.

    `source` names what the completions come from: an evaluation that was interrupted goes on where its source is the same.
    """
    from apr_core.evaluation.evaluate import evaluate, identity
    from apr_core.evaluation.journal import Journal
    from apr_core.evaluation.references import FACTOR, FLOOR_SECONDS, References

    problems = {problem.task_id: problem for problem in benchmark.problems}
    state = project_root(Path.cwd()) / ".apr"
    references = References(sandbox, state / "references")
    with (
        Journal(state / "evaluations", identity(benchmark, source, sandbox.isolation)) as journal,
        progress(f"evaluating {benchmark.name}", total) as bar,
    ):
        found = evaluate(items, problems, references, journal, workers=args.workers, step=bar.step)
    limits = {
        "cpu_seconds_floor": FLOOR_SECONDS,
        "cpu_factor_of_reference": FACTOR,
        "slowness": round(references.slowness, 4),
    }
    return found, journal, limits


def deliver(args: argparse.Namespace, result: Evaluation, journal: Journal, *, tool: str) -> None:
    """Prints and writes a result, and its evidence record; then what was kept against interruption is not needed."""
    emit(args, lambda: text(result), result.model_dump(mode="json", by_alias=True))
    if args.evidence:
        write_evidence(args, result, tool)
    journal.remove()


def write_evidence(args: argparse.Namespace, result: Evaluation, tool: str) -> None:
    """Writes the evidence record and says where, on stderr, so that `--json` stays JSON."""
    import sys

    from apr_core.commands.arguments import passed_and_default
    from apr_core.evaluation.evidence import Origin, record, same_measurement
    from apr_core.evidence.ledger import Ledger
    from apr_core.report.revision import revision

    state = revision(Path.cwd())
    passed, default = passed_and_default(args)
    made = record(
        result,
        Origin(
            args.named, tool, role=args.role, commit=state.commit, dirty=state.dirty, passed=passed, default=default
        ),
    )
    ledger = Ledger([Path(args.evidence)])
    sys.stdout.flush()  # two streams, and what is said of the record comes after the result
    if same := next((one for one in ledger.records if same_measurement(one, made)), None):
        print(
            f"evidence: the same completions with the same results are there already: {ledger.path(same)}",
            file=sys.stderr,
        )
        return
    ledger.append(made)
    print(f"evidence: {ledger.path(made)}", file=sys.stderr)


def text(result: Evaluation) -> str:
    """A result for people: the scores first, each with its denominator, then how the others went wrong."""
    from apr_core.evaluation.result import share

    found = result.totals
    unit = "problems" if found.samples == found.problems else "samples"
    lines = [f"{result.benchmark.name}: {share(found.passed, found.samples)} {unit} pass every test"]
    if found.plus is not None:
        lines.append(
            f"base tests alone {share(found.base, found.samples)}, plus tests alone {share(found.plus, found.samples)}"
        )
    if unit == "samples":
        rates = ", ".join(f"pass@{k} {value:.4f}" for k, value in found.pass_at_k.items())
        lines.append(f"{rates} over {found.problems} problems")
    failed = {name: n for name, n in found.classes.items() if name != "passed"}
    if failed:
        lines.append("not passed: " + ", ".join(f"{n} {name}" for name, n in failed.items()))
    if found.infrastructure_errors:
        lines.append(f"infrastructure errors: {found.infrastructure_errors}, {result.rules['infrastructure_error']}")
    if not result.complete:
        lines.append(
            f"only {len(result.problems)} problems were evaluated: this is no score of {result.benchmark.name}"
        )
    if found.weak:
        lines.append(f"integrity weak, judged in the program's own process: {', '.join(found.weak)}")
    lines.append(f"isolation {result.sandbox.level}: {', '.join(result.sandbox.layers) or 'no layer'}")
    return "\n".join(lines)
