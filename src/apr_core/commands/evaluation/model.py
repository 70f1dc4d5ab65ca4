"""`apr eval model`: completions of a benchmark from a model, judged while they are generated.

The one thing a reader would get wrong: nothing is generated twice. Completions are written into the output folder one by one, and
the same command goes on where it was interrupted; other settings need another folder.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apr_core.commands.evaluation.completions import (
    add_benchmark,
    add_evidence,
    add_sandbox,
    check_outputs,
    deliver,
    evaluate_in,
    open_benchmark,
    positive,
)
from apr_core.commands.output import add_json, emit
from apr_core.commands.run import add_opening, add_settings, note, open_model
from apr_core.errors import UsageError
from apr_core.files import canonical_json, digest_bytes, write_atomic
from apr_core.project import project_root

if TYPE_CHECKING:
    from apr_core.evaluation.benchmarks import Benchmark
    from apr_core.evaluation.completions import Completion
    from apr_core.evaluation.prompts import Strategy
    from apr_core.inference.batch import Journal as Generated
    from apr_core.inference.request import Backend, Request

COMPLETIONS, RESULT = "completions.jsonl", "result.json"
"""What the output folder holds at the end."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what the action takes."""
    parser.add_argument("checkpoint", metavar="CKPT", help="a folder, a .gguf file, or a URL that ends in /v1")
    add_benchmark(parser)
    parser.add_argument(
        "-o", "--output", required=True, metavar="FOLDER", help=f"where {COMPLETIONS} and {RESULT} are written"
    )
    parser.add_argument("--limit", type=positive, metavar="N", help="only the first N problems; the result says so")
    parser.add_argument(
        "--prompt",
        default="standard",
        metavar="STRATEGY",
        help="how problems are put, or auto: what the evidence favours",
    )
    parser.add_argument("--strategies", metavar="FILE", help="more prompt strategies, from a YAML file")
    add_settings(parser)
    add_opening(parser)
    add_sandbox(parser)
    add_evidence(parser, "--name")
    parser.add_argument("--plan", action="store_true", help="say what would be generated and run, and stop")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Generates and evaluates."""
    check_outputs(args)
    args.named = args.named or Path(args.checkpoint.rstrip("/")).name
    folder = _folder(args)
    benchmark = open_benchmark(args)
    problems = benchmark.problems[: args.limit]
    strategy, why = _strategy(args, benchmark)
    requests = _requests(args, problems, strategy)
    if args.plan:
        return _plan(args, benchmark, strategy, why, requests)
    if why:
        note(why)
    with open_model(args) as backend:
        _evaluate(args, folder, benchmark, strategy, requests, backend)
    return 0


def _folder(args: argparse.Namespace) -> Path:
    folder = Path(args.output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"--output {folder}: {error.strerror}. Give a folder that can be made and written. Nothing was run."
        ) from error
    return folder


def _strategy(args: argparse.Namespace, benchmark: Benchmark) -> tuple[Strategy, str]:
    """The strategy that was asked for, or the one that evidence favours and why."""
    from apr_core.evaluation.prompts import STRATEGIES, choose, find, load_strategies
    from apr_core.evidence.ledger import Ledger

    more = load_strategies(Path(args.strategies)) if args.strategies else {}
    if args.prompt in more:
        return more[args.prompt], ""
    if args.prompt != "auto":
        return find(args.prompt), ""
    records = Ledger([project_root(Path.cwd()) / "falsify" / "evidence"]).records
    choice = choose(benchmark.name, args.named, records, among=(*STRATEGIES, *more))
    return more.get(choice.name) or find(choice.name), choice.why


def _requests(args: argparse.Namespace, problems: Any, strategy: Strategy) -> list[Request]:
    from apr_core.commands.run import settings_of
    from apr_core.evaluation.prompts import build
    from apr_core.inference.request import Request

    settings = settings_of(args)
    return [
        Request(build(strategy, problem, chat=args.chat), problem.task_id, sample, **settings)
        for problem in problems
        for sample in range(args.samples)
    ]


def _plan(args: argparse.Namespace, benchmark: Benchmark, strategy: Strategy, why: str, requests: list[Request]) -> int:
    from apr_core.inference.backends import choose, model_bytes
    from apr_core.inference.batch import tokens_at_most

    data = {
        "benchmark": benchmark.name,
        "digest": benchmark.digest,
        "problems": len({request.task_id for request in requests}),
        "completions": len(requests),
        "prompt": strategy.name,
        "why": why,
        "backend": choose(args.checkpoint, args.backend),
        "model_bytes": model_bytes(args.checkpoint, args.backend),
        "tokens_at_most": tokens_at_most(requests),
        "first_prompt": requests[0].prompt if isinstance(requests[0].prompt, str) else str(requests[0].prompt),
    }
    emit(args, lambda: _plan_text(data), data)
    return 0


def _plan_text(data: dict[str, Any]) -> str:
    weights = "" if data["model_bytes"] is None else f", {data['model_bytes']:,} bytes of weights"
    return "\n".join(
        [
            f"{data['completions']:,} completions of {data['problems']:,} problems of {data['benchmark']}, at most "
            f"{data['tokens_at_most']:,} tokens",
            f"backend {data['backend']}{weights}; prompt {data['prompt']}. {data['why']}".rstrip(),
            "the first prompt:",
            data["first_prompt"].rstrip("\n"),
            "nothing was run",
        ]
    )


def _evaluate(
    args: argparse.Namespace,
    folder: Path,
    benchmark: Benchmark,
    strategy: Strategy,
    requests: list[Request],
    backend: Backend,
) -> None:
    """Generates what is missing and judges everything; the sandbox works while the model does."""
    from apr_core.evaluation.completions import read_completions
    from apr_core.evaluation.evaluate import conclude
    from apr_core.evaluation.result import Input
    from apr_core.evaluation.sandbox import Sandbox
    from apr_core.inference.batch import Journal as Generated
    from apr_core.inference.batch import identity

    path, described = folder / COMPLETIONS, backend.describe()
    asked = Input(name=COMPLETIONS, digest=digest_bytes(canonical_json(identity(requests, described))))
    with (
        Generated(path, requests, described) as generated,
        Sandbox(workers=args.workers, require=args.require_isolation) as sandbox,
    ):
        items = _completions(path, generated, backend)
        results, journal, limits = evaluate_in(sandbox, args, benchmark, asked, items, len(requests))
        reasons = dict(sorted(generated.reasons.items()))
    isolation = sandbox.isolation
    source = Input(name=COMPLETIONS, digest=read_completions(path).digest)
    result = conclude(
        results, benchmark, source, isolation, model=args.named, limits=limits, time=journal.started,
        generation=_generation(args, described, strategy, reasons),
    )  # fmt: skip
    write_atomic(folder / RESULT, json.dumps(result.model_dump(mode="json", by_alias=True), indent=2) + "\n")
    deliver(args, result, journal, tool="apr eval model")


def _completions(path: Path, generated: Generated, backend: Backend) -> Iterator[Completion]:
    """Those that are written already, then new ones, each written before it is judged."""
    from apr_core.evaluation.completions import Completion

    for line in path.read_bytes().splitlines():
        kept = json.loads(line)
        yield Completion(kept["task_id"], kept["sample"], kept["text"], False)
    for new in backend.generate(generated.missing()):
        generated.write(new)
        yield Completion(new.task_id, new.sample, new.text, False)


def _generation(
    args: argparse.Namespace, described: dict[str, Any], strategy: Strategy, reasons: dict[str, int]
) -> dict[str, Any]:
    """How the completions came about, as the result records it."""
    asked = {name: getattr(args, name) for name in ("temperature", "top_p", "top_k", "seed", "max_tokens", "samples")}
    return {**described, **asked, "prompt": strategy.name, "chat": args.chat, "stop_reasons": reasons}
