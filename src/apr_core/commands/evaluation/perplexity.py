"""`apr eval perplexity`: the loss per token of a text, in windows that slide over it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apr_core.commands.output import add_json, emit
from apr_core.commands.progress import progress

if TYPE_CHECKING:
    from apr_core.evaluation.models import Opened
    from apr_core.evaluation.perplexity import Document, Perplexity

WINDOW, STRIDE = 512, 256


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what the action takes."""
    parser.add_argument("checkpoint", metavar="CKPT", help="a folder in Hugging Face form")
    parser.add_argument(
        "--text", metavar="F", action="append", required=True,
        help="a text file, a .jsonl file with `text` per line, or a folder of them; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--window",
        metavar="W",
        type=int,
        default=WINDOW,
        help=f"tokens that the model reads at once (default {WINDOW})",
    )
    parser.add_argument(
        "--stride", metavar="S", type=int, default=STRIDE,
        help=f"tokens by which a window lies after the one before, less than W (default {STRIDE})",
    )  # fmt: skip
    add_model(parser)
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the bootstrap interval (default 0)")
    parser.add_argument("--evidence", metavar="FOLDER", help="also write an evidence record there")
    parser.add_argument("--benchmark", metavar="NAME", help="what the record calls the text (default: the file's name)")
    parser.add_argument("--model", metavar="NAME", help="what the record calls the model (default: the folder's name)")
    parser.add_argument("--role", metavar="ROLE", help="its part in an experiment, for the record")
    parser.add_argument("--stage", metavar="STAGE", help="the recipe stage that made it, for the record")
    add_json(parser)


def add_model(parser: argparse.ArgumentParser) -> None:
    """Adds how the model is run."""
    parser.add_argument(
        "--implementation", metavar="NAME", default="transformers-sdpa",
        help="transformers-sdpa (default) or transformers-eager",
    )  # fmt: skip
    parser.add_argument(
        "--dtype", metavar="TYPE", default="auto", help="auto (as stored, default), float64, float32, bfloat16, float16"
    )
    parser.add_argument("--device", metavar="DEVICE", default="auto", help="cpu, cuda, cuda:1, … (default auto)")


def run(args: argparse.Namespace) -> int:
    """Measures a text. Always 0: a perplexity is no verdict."""
    from apr_core.evaluation.models import opened
    from apr_core.evaluation.perplexity import measure, read_documents, summarise, windows

    windows(2, args.window, args.stride)  # what cannot be is refused before a model is loaded
    documents = read_documents([Path(one) for one in args.text])
    place = {"implementation": args.implementation, "dtype": args.dtype, "device": args.device}
    with opened(Path(args.checkpoint), **place) as side, progress("perplexity", len(documents)) as bar:
        found = summarise(measure(side, documents, args.window, args.stride, bar.step), seed=args.seed)
        data = _data(args, side, documents, found)
        record = _record(args, side, data, found) if args.evidence else None
    emit(args, lambda: _text(data), data)
    if record is not None:
        from apr_core.evidence.ledger import Ledger

        ledger = Ledger([Path(args.evidence)])
        ledger.append(record)
        print(f"evidence: {ledger.path(record)}", file=sys.stderr)
    return 0


def _data(args: argparse.Namespace, side: Opened, documents: list[Document], found: Perplexity) -> dict[str, Any]:
    from apr_core.evaluation.perplexity import documents_digest

    return {
        "model": args.model or side.name,
        "implementation": side.implementation, "dtype": side.dtype, "device": side.device, "weights": side.weights,
        "text": args.benchmark or ", ".join(Path(one).name for one in args.text),
        "text_digest": documents_digest(documents),
        "window": args.window, "stride": args.stride,
        "tokens": found.tokens, "nats_per_token": found.nats_per_token, "perplexity": found.perplexity,
        "interval": None if found.interval is None else [_finite(bound) for bound in found.interval],
        "no_interval": found.why,
        "documents": [
            {"id": one.id, "tokens": one.scored, "nats_per_token": one.nats / one.scored} for one in found.documents
        ],
    }  # fmt: skip


def _finite(bound: float) -> float | None:
    return bound if bound < float("inf") else None


def _text(data: dict[str, Any]) -> str:
    lines = [
        f"perplexity {data['perplexity']:.6g}, {data['nats_per_token']:.6f} nats per token over {data['tokens']:,} tokens"
    ]
    if data["interval"] is None:
        lines.append(data["no_interval"])
    else:
        low, high = (f"{bound:.6g}" if bound is not None else "no bound" for bound in data["interval"])
        lines.append(f"95 % interval {low} to {high}, over {len(data['documents'])} documents")
    lines.append(f"{data['model']}, {data['implementation']} in {data['dtype']} on {data['device']}")
    lines.append(
        f"window {data['window']}, stride {data['stride']}; every token is scored once, but for the first of each document"
    )
    return "\n".join(lines)


def _record(args: argparse.Namespace, side: Opened, data: dict[str, Any], found: Perplexity) -> Any:
    from datetime import UTC, datetime

    from apr_core import __version__
    from apr_core.commands.arguments import passed_and_default
    from apr_core.evaluation.models import PRECISIONS, libraries
    from apr_core.evidence import record as of
    from apr_core.inference.checkpoint import digest_folder
    from apr_core.report.revision import revision

    state = revision(Path.cwd())
    passed, default = passed_and_default(args)
    torch, transformers = libraries()
    return of.Record(
        subject=of.Subject(
            model=data["model"], digest=digest_folder(Path(args.checkpoint)), precision=PRECISIONS.get(side.dtype, side.dtype),
            role=args.role, stage=args.stage,
        ),
        protocol=of.Protocol(
            benchmark=data["text"], benchmark_digest=data["text_digest"],
            limits={"window_tokens": args.window, "stride_tokens": args.stride},
        ),
        environment=of.Environment(
            commit=state.commit or of.UNKNOWN, dirty=state.dirty, device=side.device, backend="transformers",
            versions={"torch": str(torch.__version__), "transformers": transformers.__version__},
        ),
        arguments=of.Arguments(passed=passed, default=default),
        source=of.Source(kind="measured", tool="apr eval perplexity", tool_version=__version__),
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        observed={"perplexity": found.perplexity, "tokens": float(found.tokens)},
        outcome=of.ExamplesOutcome(
            unit="nats/token",
            examples=tuple(
                of.ExampleResult(id=one.id, value=one.nats / one.scored, weight=float(one.scored))
                for one in found.documents
            ),
        ),
    )  # fmt: skip
