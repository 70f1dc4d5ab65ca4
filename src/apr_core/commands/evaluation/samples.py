"""`apr eval samples`: how many samples differ, pass@k for every k, and what choosing one of them gains.

The one thing a reader would get wrong: choosing by agreement runs the samples on inputs of the benchmark, without the outputs
that are expected. It sees no verdict, but somebody without those inputs could not do it; the answer says so.
"""

from __future__ import annotations

import argparse
import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apr_core.commands.evaluation.sources import demand, program_of
from apr_core.commands.output import add_json, emit
from apr_core.commands.progress import progress
from apr_core.errors import UsageError

if TYPE_CHECKING:
    from apr_core.evaluation.result import Evaluation
    from apr_core.evaluation.selection import Candidate, Choice, Sampling, Selection

METHODS = ("agreement", "logprob", "mean-logprob")
INPUTS = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what the action takes."""
    parser.add_argument(
        "result", metavar="RESULT.json", help="the result of an evaluation with several samples per problem"
    )
    parser.add_argument("--most", metavar="K", type=int, help="the largest k of pass@k (default: all samples)")
    parser.add_argument(
        "--method", metavar="HOW", action="append", choices=METHODS, default=[],
        help="also choose one sample per problem: agreement, logprob, mean-logprob; may be repeated",
    )  # fmt: skip
    parser.add_argument("--completions", metavar="FILE", help="the completions that were evaluated, for --method")
    parser.add_argument("--benchmark", metavar="NAME", help="for agreement: humaneval+, mbpp+, plain, …")
    parser.add_argument("--problems", metavar="PATH", help="for agreement: file of problems, .jsonl or .gz")
    parser.add_argument(
        "--inputs", metavar="N", type=int, default=INPUTS, help=f"for agreement: base inputs to run (default {INPUTS})"
    )
    parser.add_argument(
        "--workers", metavar="W", type=int, default=1, help="for agreement: programs at a time (default 1)"
    )
    parser.add_argument(
        "--require-isolation", default="none", metavar="LEVEL", help="for agreement: refuse to run with less isolation"
    )
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of the bootstrap intervals (default 0)")
    parser.add_argument(
        "--evidence", metavar="FOLDER", help="also record the least number of different programs there; needs --model"
    )
    parser.add_argument("--model", metavar="NAME", help="the model that wrote the completions, for the record")
    parser.add_argument("--role", metavar="ROLE", help="its part in an experiment, for the record")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Shows what the samples are. Always 0."""
    from apr_core.evaluation.result import load_evaluation
    from apr_core.evaluation.selection import sampling

    result = load_evaluation(Path(args.result))
    model = args.model or result.model
    if args.evidence and not model:
        raise UsageError("--evidence: a record must say which model it is about; add --model NAME.")
    samples = {one.task_id: [(sample.passed, sample.program) for sample in one.samples] for one in result.problems}
    found = sampling(samples, most=args.most, seed=args.seed)
    selections = _selections(args, result) if args.method else []
    data = _data(result, found, selections)
    emit(args, lambda: _text(data), data)
    if args.evidence:
        _write_evidence(args, result, found, str(model))
    return 0


def _write_evidence(args: argparse.Namespace, result: Evaluation, found: Sampling, model: str) -> None:
    import sys

    from apr_core.commands.arguments import passed_and_default
    from apr_core.evaluation.evidence import Origin, record
    from apr_core.evidence.ledger import Ledger
    from apr_core.evidence.record import ScalarOutcome
    from apr_core.report.revision import revision

    state = revision(Path.cwd())
    passed, default = passed_and_default(args)
    origin = Origin(
        model, "apr eval samples", role=args.role, stage="sample", commit=state.commit, dirty=state.dirty, passed=passed,
        default=default,
    )  # fmt: skip
    whole = record(result, origin)
    made = whole.model_copy(
        update={
            "protocol": whole.protocol.model_copy(update={"benchmark": f"distinct-of-{found.samples}"}),
            "outcome": ScalarOutcome(value=float(found.least_distinct), unit="programs"),
        }
    )
    ledger = Ledger([Path(args.evidence)])
    ledger.append(made)
    print(f"evidence: {ledger.path(made)}", file=sys.stderr)


# --- choosing ---


def _selections(args: argparse.Namespace, result: Evaluation) -> list[Selection]:
    from apr_core.evaluation.selection import select

    if not args.completions:
        raise UsageError(f"--method {args.method[0]}: the completions are needed. Add --completions FILE.")
    candidates = _candidates(Path(args.completions), result)
    inputs = ""
    if "agreement" in args.method:
        candidates = _with_outputs(args, result, candidates)
        inputs = f"at most {args.inputs} base inputs of {result.benchmark.name}"
    passed = {one.task_id: {sample.sample: sample.passed for sample in one.samples} for one in result.problems}
    return [
        select(candidates, passed, method, inputs=inputs if method == "agreement" else "", seed=args.seed)
        for method in args.method
    ]


def _candidates(path: Path, result: Evaluation) -> dict[str, list[Candidate]]:
    """What the file of completions says of each sample: `logprob` and `tokens_generated`, where a line has them."""
    import gzip
    from collections import Counter

    from apr_core.evaluation.completions import read_completions
    from apr_core.evaluation.selection import Candidate

    demand("completions", result.completions.digest, read_completions(path).digest)
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    counted: Counter[str] = Counter()
    said: dict[tuple[str, int], Candidate] = {}
    for line in text.split(b"\n"):
        if line.strip():
            row = json.loads(line)
            task_id = str(row["task_id"])
            tokens = row.get("tokens_generated")
            said[task_id, counted[task_id]] = Candidate(
                counted[task_id], None, _number(row.get("logprob")), tokens if type(tokens) is int else None
            )
            counted[task_id] += 1
    return {
        one.task_id: [said[one.task_id, sample.sample] for sample in one.samples] for one in result.problems
    }  # fmt: skip


def _number(value: object) -> float | None:
    """A number that a line says, or None: what is missing is said by the method that needs it."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _with_outputs(
    args: argparse.Namespace, result: Evaluation, candidates: dict[str, list[Candidate]]
) -> dict[str, list[Candidate]]:
    """The candidates with what their programs return; equal programs are run once."""
    from concurrent.futures import ThreadPoolExecutor

    from apr_core.evaluation.completions import read_completions
    from apr_core.evaluation.outputs import asking, outputs_of
    from apr_core.evaluation.sandbox import Sandbox

    if args.inputs < 1:
        raise UsageError(f"--inputs {args.inputs}: at least one input is needed.")
    problems = _problems(args, result)
    texts = {(one.task_id, one.sample): one for one in read_completions(Path(args.completions)).items}
    asked = {name: asking(problems[name], args.inputs) for name in candidates}
    programs = {
        (one.task_id, sample.sample): program_of(result, sample, problems[one.task_id], texts[one.task_id, sample.sample])
        for one in result.problems for sample in one.samples
    }  # fmt: skip
    jobs = sorted({(name, program) for (name, _), program in programs.items()})
    with (
        Sandbox(workers=args.workers, require=args.require_isolation) as sandbox,
        progress("running", len(jobs)) as bar,
    ):

        def one(job: tuple[str, str]) -> tuple[str | None, ...]:
            found = outputs_of(job[1], asked[job[0]], sandbox)
            bar.step()
            return found

        with ThreadPoolExecutor(args.workers) as pool:
            outputs = dict(zip(jobs, pool.map(one, jobs), strict=True))
    return {
        name: [each._replace(outputs=outputs[name, programs[name, each.sample]]) for each in some]
        for name, some in candidates.items()
    }


def _problems(args: argparse.Namespace, result: Evaluation) -> dict[str, Any]:
    from apr_core.evaluation.benchmarks import load

    if not args.benchmark:
        raise UsageError("--method agreement: the problems are needed. Add --benchmark NAME and --problems PATH.")
    benchmark = load(args.benchmark, Path(args.problems) if args.problems else None)
    demand("problems", result.benchmark.digest, benchmark.digest)
    return {problem.task_id: problem for problem in benchmark.problems}


# --- showing ---


def _data(result: Evaluation, found: Sampling, selections: list[Selection]) -> dict[str, Any]:
    return {
        "benchmark": result.benchmark.name,
        "problems": found.problems,
        "samples": found.samples,
        "distinct": {"least": found.least_distinct, "mean": found.mean_distinct, "per_problem": dict(found.distinct)},
        "pass_at_k": [
            {"k": one.k, "value": one.value, "interval": None if one.interval is None else list(one.interval)}
            for one in found.estimates
        ],
        "selections": [
            {
                "method": one.method, "knows": one.knows, "inputs": one.inputs, "chosen": one.chosen, "random": one.random,
                "oracle": one.oracle, "gain": one.gain, "interval": None if one.interval is None else list(one.interval),
                "choices": {name: _choice(choice) for name, choice in one.choices.items()},
            }
            for one in selections
        ],
    }  # fmt: skip


def _choice(choice: Choice) -> dict[str, int]:
    return choice._asdict()


def _interval(bounds: list[float] | None, unit: str = " %") -> str:
    return "too few problems" if bounds is None else f"{100 * bounds[0]:.1f} to {100 * bounds[1]:.1f}{unit}"


def _text(data: dict[str, Any]) -> str:
    from apr_core.commands.evidence_text import WIDTH, table

    distinct = data["distinct"]
    shown = [
        (f"pass@{one['k']}", f"{100 * one['value']:.2f} %", _interval(one["interval"])) for one in data["pass_at_k"]
    ]
    parts = [
        f"{data['benchmark']}: {data['problems']} problems, {data['samples']} samples of each\n"
        f"different programs of a problem: {distinct['least']} at least, {distinct['mean']:.2f} on average",
        table(("", "", "95 % interval"), shown),
    ]
    for one in data["selections"]:
        parts.append(
            f"one chosen by {one['method']}: {100 * one['chosen']:.2f} %, by lot {100 * one['random']:.2f} %, by the tests "
            f"{100 * one['oracle']:.2f} %\n"
            f"gain over lot {100 * one['gain']:+.2f} points, 95 % interval {_interval(one['interval'], ' points')}\n"
            + textwrap.fill(f"known to it: {one['knows']}{', here ' * bool(one['inputs'])}{one['inputs']}", WIDTH)
        )
    return "\n\n".join(parts)
