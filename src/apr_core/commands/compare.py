"""`apr compare`: one model in two implementations, or two models, layer by layer and in what they write.

The one thing a reader would get wrong: the exit code is about the layers. It is 1 when the states after some layer differ by more
than the tolerance; a greedy continuation that turns at a tie is shown and does not change it.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from apr_core.commands.evaluation.perplexity import STRIDE, WINDOW, add_model
from apr_core.commands.output import add_json, emit

if TYPE_CHECKING:
    from apr_core.evaluation.parity import Trace
    from apr_core.evaluation.perplexity import Document

AGREES, DIVERGES = 0, 1
TOKENS = 16


class Side(NamedTuple):
    """What one side came to."""

    about: dict[str, Any]
    identity: dict[str, str]
    traces: list[Trace]
    losses: list[tuple[int, float]]
    """Tokens scored and nats, per prompt or document."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `compare`."""
    parser = subparsers.add_parser(
        "compare",
        description="How far two ways to run a model agree: per layer, in the logits, in greedy tokens and in perplexity.\n"
        "`apr compare-hf` is the same. Exit code 1 when a layer diverges.",
    )
    parser.add_argument("checkpoint", metavar="CKPT", help="a folder in Hugging Face form")
    parser.add_argument("--reference", metavar="DIR", required=True, help="the folder that it is compared with")
    add_model(parser)
    for option, text in (("implementation", "NAME"), ("dtype", "TYPE"), ("device", "DEVICE")):
        parser.add_argument(
            f"--reference-{option}", metavar=text, help=f"the same for the reference (default: as --{option})"
        )
    parser.add_argument(
        "--prompts", metavar="FILE", help="JSON lines with `prompt` (default: eight short ones that come with apr-core)"
    )
    parser.add_argument(
        "--tokens",
        metavar="N",
        type=_count,
        default=TOKENS,
        help=f"greedy tokens to write after a prompt (default {TOKENS})",
    )
    parser.add_argument(
        "--tolerance", metavar="X", type=float,
        help="relative difference from which a layer diverges (default: by the coarser dtype, 1e-4 for float32)",
    )  # fmt: skip
    parser.add_argument(
        "--text", metavar="F", action="append", help="perplexity on this text instead of on the prompts"
    )
    parser.add_argument("--window", metavar="W", type=int, default=WINDOW, help=f"for --text (default {WINDOW})")
    parser.add_argument("--stride", metavar="S", type=int, default=STRIDE, help=f"for --text (default {STRIDE})")
    add_json(parser)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no count; allowed is a whole number from 0")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Compares two sides; 1 when a layer diverges.

    Raises:
        AprError: both sides resolve to one implementation, or a side cannot be run.
    """
    from apr_core.evaluation.parity import compare, demand_two_sides

    prompts, documents = _prompts(args.prompts), _documents(args)
    candidate = _side(args, prompts, documents)
    reference = _side(args, prompts, documents, other=candidate.identity)
    tolerance = _tolerance(args.tolerance, candidate.about["dtype"], reference.about["dtype"])
    data = {
        "candidate": candidate.about,
        "reference": reference.about,
        "differing": demand_two_sides(candidate.identity, reference.identity),
        **compare(candidate.traces, reference.traces, tolerance),
        "perplexity": {
            "on": "text" if documents else "prompts",
            "tokens": sum(n for n, _ in reference.losses),
            "candidate": _perplexity(candidate.losses),
            "reference": _perplexity(reference.losses),
        },
    }
    emit(args, lambda: _text(data), data)
    return AGREES if data["first_diverging"] is None else DIVERGES


def _prompts(name: str | None) -> tuple[str, ...]:
    from apr_core.errors import UsageError
    from apr_core.evaluation.parity import PROMPTS
    from apr_core.files import parse_json, read_text

    if name is None:
        return PROMPTS
    path = Path(name)
    found = []
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        row = parse_json(line, Path(f"{path} (line {number})"))
        if not isinstance(row, dict) or not isinstance(row.get("prompt"), str) or not row["prompt"]:
            raise UsageError(f"{path}:{number}: every line must be a JSON object with a `prompt` that is not empty.")
        found.append(row["prompt"])
    if not found:
        raise UsageError(f"{path}: there is no prompt in this file. It needs one JSON object with `prompt` per line.")
    return tuple(found)


def _documents(args: argparse.Namespace) -> list[Document]:
    from apr_core.evaluation.perplexity import read_documents, windows

    windows(2, args.window, args.stride)
    return read_documents([Path(one) for one in args.text]) if args.text else []


def _side(
    args: argparse.Namespace,
    prompts: tuple[str, ...],
    documents: list[Document],
    other: dict[str, str] | None = None,
) -> Side:
    """Runs one side: the reference when the `other` is there, which it must differ from."""
    from apr_core.evaluation.models import opened
    from apr_core.evaluation.parity import demand_two_sides, prompt_losses, trace
    from apr_core.evaluation.perplexity import measure

    place = {key: getattr(args, key) for key in ("implementation", "dtype", "device")}
    if other is not None:
        place |= {key: given for key in place if (given := getattr(args, f"reference_{key}")) is not None}
    folder = Path(args.checkpoint if other is None else args.reference)
    with opened(folder, **place) as side:
        if other is not None:
            demand_two_sides(other, side.identity)
        traces = trace(side, prompts, args.tokens)
        if documents:
            losses = [(one.scored, one.nats) for one in measure(side, documents, args.window, args.stride)]
        else:
            losses = prompt_losses(traces)
        about = {
            "checkpoint": str(folder), "implementation": side.implementation, "dtype": side.dtype, "device": side.device,
            "weights": side.weights,
        }  # fmt: skip
        return Side(about, side.identity, traces, losses)


def _tolerance(given: float | None, *dtypes: str) -> float:
    from apr_core.errors import UsageError
    from apr_core.evaluation.parity import TOLERANCES

    if given is None:
        return max(TOLERANCES.get(dtype, TOLERANCES["bfloat16"]) for dtype in dtypes)
    if not 0 <= given < float("inf"):
        raise UsageError(f"--tolerance {given}: a relative difference is a number from 0. For float32, 1e-4 is usual.")
    return given


def _perplexity(losses: list[tuple[int, float]]) -> float | None:
    """exp of the mean loss; None when there is no token to score, or it is not finite."""
    import math

    tokens, nats = sum(n for n, _ in losses), math.fsum(nats for _, nats in losses)
    try:
        value = math.exp(nats / tokens) if tokens else math.inf
    except OverflowError:
        return None
    return value if math.isfinite(value) else None


def _text(data: dict[str, Any]) -> str:
    from apr_core.commands.evidence_text import table

    sides = [
        (name, data[name]["checkpoint"], data[name]["implementation"], data[name]["dtype"], data[name]["device"])
        for name in ("candidate", "reference")
    ]
    headings = ("", "checkpoint", "implementation", "dtype", "device")
    parts = [table(headings, sides), f"they differ in {', '.join(data['differing'])}"]
    if data["layers"] is None:
        parts.append(data["no_layers"])
    else:
        cells = [_layer(one, data["first_diverging"]) for one in data["layers"]]
        parts.append(table(("layer", "least cosine", "relative difference", ""), cells))
        parts.append(_verdict(data))
    parts.append("\n".join(_measures(data)))
    return "\n\n".join(parts)


def _layer(one: dict[str, Any], first: int | None) -> tuple[str, str, str, str]:
    name = "embeddings" if one["layer"] == 0 else str(one["layer"])
    return (
        name,
        _shown(one["cosine"], ".9f"),
        _shown(one["relative"], ".2e"),
        "first to diverge" * (one["layer"] == first),
    )


def _shown(value: float | None, form: str) -> str:
    return "not finite" if value is None else format(value, form)


def _verdict(data: dict[str, Any]) -> str:
    first = data["first_diverging"]
    if first is None:
        return f"no layer differs by more than {data['tolerance']:g} of its norm"
    where = "the embeddings" if first == 0 else f"layer {first}"
    return f"from {where} on the states differ by more than {data['tolerance']:g} of their norm"


def _measures(data: dict[str, Any]) -> list[str]:
    greedy, perplexity, prompts = data["greedy"], data["perplexity"], len(data["greedy"]["shared"])
    return [
        f"logits: largest difference {_shown(data['logits']['largest'], '.3g')}, mean {_shown(data['logits']['mean'], '.3g')}, "
        f"over {data['positions']} positions",
        f"KL divergence from the reference: largest {_shown(data['kl']['largest'], '.3g')} nats, "
        f"mean {_shown(data['kl']['mean'], '.3g')}",
        f"most probable next token: the same at {data['next_token_agreement']:.2%} of positions",
        f"greedy continuation of {greedy['tokens']} tokens: the same for {greedy['identical']} of {prompts} prompts, "
        f"{min(greedy['shared'])} tokens at least",
        f"perplexity on the {perplexity['on']}, {perplexity['tokens']:,} tokens: {_shown(perplexity['candidate'], '.6g')} "
        f"against {_shown(perplexity['reference'], '.6g')}",
    ]
