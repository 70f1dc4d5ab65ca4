"""`apr run`: completions from a checkpoint, a GGUF file or a server, for one prompt or for a file of them.

The one thing a reader would get wrong: options such as `--max-tokens` are for lines that do not say it themselves. A line's own
`max_tokens` wins, and neither is ever lowered.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apr_core.commands.output import add_json, emit
from apr_core.errors import UsageError

if TYPE_CHECKING:
    from apr_core.inference.request import Backend

SETTINGS = ("max_tokens", "temperature", "top_p", "top_k", "seed", "stop")
OPENING = ("device", "dtype", "batch_size", "model", "concurrency", "timeout")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `run`."""
    parser = subparsers.add_parser(
        "run",
        description="Completions from a model: a folder with safetensors, a .gguf file, or the URL of an OpenAI-compatible\n"
        "server. One prompt is answered on stdout. With --batch-jsonl every line of a file is: the model is loaded\n"
        "once, every completion is written as soon as it is there, and after an interruption the same command goes on.",
    )
    parser.add_argument("checkpoint", metavar="CKPT", help="a folder, a .gguf file, or a URL that ends in /v1")
    parser.add_argument("prompt", metavar="PROMPT", nargs="?", help="the text to continue")
    parser.add_argument(
        "--batch-jsonl", metavar="IN", help="lines with task_id, prompt or messages, and optionally max_tokens, "
        "stop, temperature, "
        "top_p, top_k, seed and samples",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", metavar="OUT", help="where the completions of --batch-jsonl go, one JSON line each"
    )
    parser.add_argument("--plan", action="store_true", help="say what would be run, and stop")
    add_settings(parser)
    add_opening(parser)
    add_json(parser)


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Adds how completions are drawn."""
    settings = parser.add_argument_group("settings, for prompts that do not say it themselves")
    settings.add_argument(
        "--max-tokens", type=int, default=512, metavar="N", help="tokens at most (default: %(default)s)"
    )
    settings.add_argument(
        "--temperature", type=float, default=0.0, metavar="T", help="0 is greedy (default: %(default)g)"
    )
    settings.add_argument("--top-p", type=float, metavar="P", help="draw from the most probable tokens that sum to P")
    settings.add_argument("--top-k", type=int, metavar="K", help="draw from the K most probable tokens")
    settings.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of the random numbers (default: %(default)s)"
    )
    settings.add_argument(
        "--samples", type=int, default=1, metavar="N", help="completions per prompt (default: %(default)s)"
    )
    settings.add_argument(
        "--stop", action="append", metavar="TEXT", help="end before this text; may be given several times"
    )
    settings.add_argument("--chat", action="store_true", help="a prompt is what the user says: use the chat template")


def add_opening(parser: argparse.ArgumentParser) -> None:
    """Adds where the model runs."""
    opening = parser.add_argument_group("where it runs")
    opening.add_argument(
        "--backend", default="auto", metavar="NAME", help="transformers, openai or gguf (default: what CKPT is)"
    )
    opening.add_argument("--device", metavar="NAME", help="auto, cpu, cuda or cuda:N (default: auto)")
    opening.add_argument("--dtype", metavar="NAME", help="auto (as stored), float32, bfloat16 or float16")
    opening.add_argument(
        "--batch-size", type=int, metavar="N", help="completions at a time (default: 8); halved when memory runs out"
    )
    opening.add_argument("--model", metavar="NAME", help="which model of a server")
    opening.add_argument("--concurrency", type=int, metavar="N", help="requests at a time to a server (default: 8)")
    opening.add_argument(
        "--timeout", type=float, metavar="S", help="seconds that a server may take for one answer (default: 600)"
    )


def run(args: argparse.Namespace) -> int:
    """Generates. 0 when every prompt has its completion, however that ended; the reasons are counted."""
    if (args.prompt is None) == (args.batch_jsonl is None):
        raise UsageError("give either a PROMPT or --batch-jsonl IN. A prompt that begins with a dash comes after `--`.")
    if args.batch_jsonl is not None and args.output is None and not args.plan:
        raise UsageError("--batch-jsonl needs -o OUT, the file that its completions are written to.")
    if args.batch_jsonl is None and args.output is not None:
        raise UsageError(
            "-o OUT belongs to --batch-jsonl. One prompt is answered on stdout; use `--json FILE` to keep it."
        )
    requests = _requests(args)
    if args.plan:
        return _plan(args, requests)
    if args.batch_jsonl is None:
        return _single(args, requests)
    return _batch(args, requests)


def _requests(args: argparse.Namespace) -> list[Any]:
    from apr_core.inference.batch import read_requests
    from apr_core.inference.request import Message, Request

    settings = settings_of(args)
    if args.batch_jsonl is not None:
        return read_requests(Path(args.batch_jsonl), settings, samples=args.samples, chat=args.chat)
    prompt = (Message("user", args.prompt),) if args.chat else args.prompt
    return [Request(prompt, "prompt", index, **settings) for index in range(args.samples)]


def settings_of(args: argparse.Namespace) -> dict[str, Any]:
    """The settings that were given, by the names that a request has for them."""
    if args.samples < 1:
        raise UsageError(f"--samples is {args.samples}; it must be at least 1.")
    settings = {name: value for name in SETTINGS if (value := getattr(args, name)) is not None}
    return {**settings, "stop": tuple(settings.get("stop", ()))}


def open_model(args: argparse.Namespace) -> Backend:
    """The model that was asked for, ready to answer."""
    from apr_core.inference import open_backend

    options = {name: getattr(args, name) for name in OPENING}
    return open_backend(args.checkpoint, backend=args.backend, notes=note, **options)


def note(text: str) -> None:
    """Says something to the user, on stderr."""
    print(f"apr: {text}", file=sys.stderr, flush=True)


def _single(args: argparse.Namespace, requests: list[Any]) -> int:
    from apr_core.inference.batch import to_line

    with open_model(args) as backend:
        completions = sorted(backend.generate(requests), key=lambda completion: completion.sample)
    for one in completions:
        note(
            f"{one.stop_reason} after {one.tokens_generated} tokens, {one.inference_ms:.0f} ms, {one.tok_per_sec:.1f} tokens/s, "
            f"{one.backend}"
        )
    text = "\n".join(
        one.text if len(completions) == 1 else f"--- sample {one.sample}\n{one.text}" for one in completions
    )
    emit(args, lambda: text, {"prompt": args.prompt, "completions": [to_line(one) for one in completions]})
    return 0


def _batch(args: argparse.Namespace, requests: list[Any]) -> int:
    from apr_core.commands.progress import progress
    from apr_core.inference.batch import Journal

    with open_model(args) as backend, Journal(Path(args.output), requests, backend.describe()) as journal:
        if journal.torn:
            note(f"{args.output}: the last line was half written, and is dropped")
        kept, started, tokens = len(journal.done), time.monotonic(), 0
        with progress("completions", len(requests) - kept) as bar:
            for completion in backend.generate(journal.missing()):
                journal.write(completion)
                tokens += completion.tokens_generated
                bar.step()
        summary = {
            "output": args.output, "completions": len(journal.done), "kept": kept, "generated": len(journal.done) - kept,
            "stop_reasons": dict(sorted(journal.reasons.items())), "tokens_generated": tokens,
            "seconds": round(time.monotonic() - started, 3), "backend": backend.describe(),
        }  # fmt: skip
    emit(args, lambda: _summary(summary), summary)
    return 0


def _summary(summary: dict[str, Any]) -> str:
    from apr_core.inference.request import STOP_REASONS

    lines = [
        f"{summary['completions']:,} completions in {summary['output']}: {summary['kept']:,} kept from before, "
        f"{summary['generated']:,} generated by {summary['backend']['backend']} ({summary['tokens_generated']:,} tokens in "
        f"{summary['seconds']:.1f} s)",
        *(
            f"  {count:>6,} {reason:<8} {STOP_REASONS.get(reason, '')}".rstrip()
            for reason, count in summary["stop_reasons"].items()
        ),
    ]
    return "\n".join(lines)


def _plan(args: argparse.Namespace, requests: list[Any]) -> int:
    from apr_core.inference.backends import choose, model_bytes
    from apr_core.inference.batch import tokens_at_most

    backend = choose(args.checkpoint, args.backend)
    plan: dict[str, Any] = {
        "checkpoint": args.checkpoint, "backend": backend, "prompts": len({request.task_id for request in requests}),
        "completions": len(requests), "lines_in_output": _lines(args.output), "tokens_at_most": tokens_at_most(requests),
        "model_bytes": model_bytes(args.checkpoint, args.backend), "cache_bytes_per_token": None,
    }  # fmt: skip
    if backend == "transformers":
        from apr_core.inference.checkpoint import cache_bytes_per_token, check_folder

        plan["cache_bytes_per_token"] = cache_bytes_per_token(check_folder(Path(args.checkpoint)))
    emit(args, lambda: _plan_text(plan), plan)
    return 0


def _lines(output: str | None) -> int:
    """Whole lines that an output has already."""
    if output is None or not Path(output).is_file():
        return 0
    with Path(output).open("rb") as file:
        return sum(line.endswith(b"\n") for line in file)


def _plan_text(plan: dict[str, Any]) -> str:
    lines = [
        f"{plan['prompts']:,} prompts, {plan['completions']:,} completions, {plan['lines_in_output']:,} of them "
        "in the output already",
        f"at most {plan['tokens_at_most']:,} tokens generated in all, by the backend {plan['backend']}",
    ]
    if plan["model_bytes"] is not None:
        lines.append(f"{plan['model_bytes']:,} bytes of weights in {plan['checkpoint']}")
    if plan["cache_bytes_per_token"] is not None:
        lines.append(
            f"{plan['cache_bytes_per_token']:,} bytes of keys and values per token of a completion and its prompt"
        )
    return "\n".join([*lines, "nothing was run"])
