"""How far two ways to run a model agree: layer by layer, in the logits, and in what they write.

The one thing a reader would get wrong: agreement means something only between two implementations. Sides that resolve to one
(the same weights, dtype, device and code) agree whatever they compute, so comparing them is an error and no success.

The sides run one after the other, so one model is in memory at a time; their hidden states and logits on the prompts are kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apr_core.errors import AprError, EvidenceError, UsageError
from apr_core.evaluation.models import Opened, encode, libraries

PROMPTS = (
    "def mean(values):\n    return sum(values) / len(values)\n",
    "class Stack:\n    def __init__(self):\n        self.items = []\n\n    def push(self, item):\n",
    "# Read a file and count its words\nwith open(path) as file:\n",
    "Write a function that returns the second largest of a list of integers.\n",
    "The quick brown fox jumps over the lazy dog. 0123456789 (a + b) * c != d\n",
    'import math\n\ndef area(radius: float) -> float:\n    """The area of a circle."""\n',
    "Grüße aus Köln: naïve café, 東京, Ω ≈ 3.14\n",
    "for i in range(10):\n    if i % 2 == 0:\n        print(i, end=' ')\n",
)
"""What is compared on unless the caller says otherwise: code and prose, with and without ASCII."""
TOLERANCES = {"float64": 1e-9, "float32": 1e-4, "bfloat16": 5e-2, "float16": 1e-2}
"""dtype → the relative difference of hidden states from which a layer diverges: some 800 units in the last place for float32,
6 for bfloat16, 10 for float16. Attention in another order of summation stays below it; a wrong layer does not."""
MOST_TOKENS = 4096
"""Of all prompts: their logits are kept in float32, tokens × vocabulary × 4 bytes for each side."""

_Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Trace:
    """What one side computed on one prompt."""

    ids: tuple[int, ...]
    hidden: tuple[_Floats, ...]
    """(tokens, width) of the embeddings, then of every layer; the last is after the final norm."""
    logits: _Floats
    """(tokens, vocabulary)"""
    written: tuple[int, ...]
    """The greedy continuation."""


def demand_two_sides(candidate: Mapping[str, str], reference: Mapping[str, str]) -> list[str]:
    """In what the two differ, by name. Identities are as in `Opened.identity`.

    Raises:
        AprError: in nothing: both sides resolve to one implementation.
    """
    differing = sorted(key for key in candidate.keys() | reference.keys() if candidate.get(key) != reference.get(key))
    if not differing:
        resolved = {key: candidate.get(key) for key in ("implementation", "dtype", "device")}
        raise AprError(
            f"both sides resolve to one implementation: {resolved['implementation']} in {resolved['dtype']} on "
            f"{resolved['device']}, with the same weights. A comparison of a thing with itself proves nothing. Give another "
            "checkpoint, implementation, dtype or device for one side."
        )
    return differing


# --- one side ---


def trace(side: Opened, prompts: Sequence[str], tokens: int) -> list[Trace]:
    """What a side computes on each prompt, and the `tokens` that it writes after it.

    Raises:
        UsageError: a prompt has no token, or the prompts and what is written after them are too long.
    """
    torch, _ = libraries()
    every = [encode(side, prompt) for prompt in prompts]
    for prompt, ids in zip(prompts, every, strict=True):
        if not ids:
            raise UsageError(f"the prompt {prompt!r} has no token. Leave it out.")
        if side.context is not None and len(ids) + tokens > side.context:
            raise UsageError(
                f"a prompt of {len(ids)} tokens and {tokens} after it are more than the {side.context} that {side.name} was made "
                f"for. Shorten {prompt[:40]!r}, or ask for fewer tokens."
            )
    if (total := sum(map(len, every))) > MOST_TOKENS:
        raise UsageError(
            f"the prompts have {total} tokens; at most {MOST_TOKENS} are compared, to fit in memory. Give fewer."
        )
    with torch.inference_mode():
        return [_trace(torch, side, ids, tokens) for ids in every]


def _trace(torch: Any, side: Opened, ids: list[int], tokens: int) -> Trace:
    inputs = torch.tensor([ids], device=side.device)
    out = side.model(input_ids=inputs, output_hidden_states=True, use_cache=False)
    return Trace(
        ids=tuple(ids),
        hidden=tuple(_array(torch, layer[0]) for layer in out.hidden_states),
        logits=_array(torch, out.logits[0]),
        written=_greedy(torch, side, inputs, tokens),
    )


def _array(torch: Any, tensor: Any) -> _Floats:
    wide = tensor if tensor.dtype == torch.float64 else tensor.float()
    found: _Floats = wide.cpu().numpy()
    return found


def _greedy(torch: Any, side: Opened, inputs: Any, tokens: int) -> tuple[int, ...]:
    """The most probable token, again and again; no penalty, no end token: what a sampler adds is not compared here."""
    written: list[int] = []
    cache = None
    while len(written) < tokens:
        out = side.model(input_ids=inputs, past_key_values=cache, use_cache=True)
        cache = out.past_key_values
        inputs = out.logits[:, -1:].argmax(-1)
        written.append(int(inputs))
    return tuple(written)


# --- two sides: arrays only, no torch ---


@dataclass(frozen=True, slots=True)
class Layer:
    """How far the states after one layer agree, over every position of every prompt."""

    layer: int
    """0 is the embeddings."""
    cosine: float
    """The least over positions."""
    relative: float
    """Norm of the difference over norm of the reference, all positions together."""


def compare_layers(candidate: Sequence[Sequence[_Floats]], reference: Sequence[Sequence[_Floats]]) -> list[Layer]:
    """Agreement per layer; both are (prompts, layers) of arrays (tokens, width).

    Raises:
        EvidenceError: the two have other layers or shapes.
    """
    shapes = [[[layer.shape for layer in prompt] for prompt in side] for side in (candidate, reference)]
    if shapes[0] != shapes[1]:
        raise EvidenceError(
            f"the sides have other layers: {len(candidate[0])} states of width {candidate[0][0].shape[-1]} against "
            f"{len(reference[0])} of width {reference[0][0].shape[-1]}. They cannot be compared layer by layer."
        )
    found = []
    for number in range(len(reference[0])):
        a = np.concatenate([prompt[number] for prompt in candidate]).astype(np.float64)
        b = np.concatenate([prompt[number] for prompt in reference]).astype(np.float64)
        found.append(Layer(number, least_cosine(a, b), relative_difference(a, b)))
    return found


def least_cosine(a: _Floats, b: _Floats) -> float:
    """The least cosine between rows of a and b, (rows, width): 1 for equal rows, 0 when one is zero or not finite."""
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    norms = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    same = (a == b).all(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        each = np.where(same, 1.0, np.where(norms > 0, (a * b).sum(axis=-1) / norms, 0.0))
    return float(np.clip(each, -1.0, 1.0).min())


def relative_difference(a: _Floats, b: _Floats) -> float:
    """Norm of a - b over norm of b; infinite when b is zero and a is not, or a value is not finite."""
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return math.inf
    away, norm = float(np.linalg.norm(a - b)), float(np.linalg.norm(b))
    return away / norm if norm else (math.inf if away else 0.0)


def first_diverging(relatives: Sequence[float], tolerance: float) -> int | None:
    """The first layer whose relative difference is above the tolerance; None when none is."""
    return next((number for number, relative in enumerate(relatives) if not relative <= tolerance), None)


def log_softmax(logits: _Floats) -> NDArray[np.float64]:
    """Log-probabilities in float64, (…, vocabulary)."""
    wide = np.asarray(logits, dtype=np.float64)
    with np.errstate(invalid="ignore"):  # an infinite logit has no probability, and what follows is not finite
        shifted = wide - wide.max(axis=-1, keepdims=True)
        return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def divergence(candidate: _Floats, reference: _Floats) -> NDArray[np.float64]:
    """Kullback-Leibler divergence of the candidate's next token from the reference's at each position, in nats."""
    p, q = log_softmax(reference), log_softmax(candidate)
    with np.errstate(invalid="ignore"):  # a token of probability 0 adds nothing
        terms = np.where(np.exp(p) > 0, np.exp(p) * (p - q), 0.0)
    return np.asarray(np.maximum(terms.sum(axis=-1), 0.0))


def shared_prefix(a: Sequence[int], b: Sequence[int]) -> int:
    """How many tokens two continuations have in common from their beginning."""
    return next((at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def compare(candidate: Sequence[Trace], reference: Sequence[Trace], tolerance: float) -> dict[str, Any]:
    """Everything in which two sides are compared, as plain data. `layers` is None when they have other shapes.

    Raises:
        EvidenceError: the sides read other tokens, or have other vocabularies.
    """
    for one, other in zip(candidate, reference, strict=True):
        if one.ids != other.ids:
            raise EvidenceError(
                f"the sides read a prompt as other tokens ({len(one.ids)} and {len(other.ids)}): their tokenizers differ, so no "
                "position of one is a position of the other. Compare models of one tokenizer."
            )
        if one.logits.shape != other.logits.shape:
            raise EvidenceError(
                f"the sides have {one.logits.shape[-1]} and {other.logits.shape[-1]} logits; one vocabulary is needed."
            )
    layers, reason = _layers(candidate, reference)
    a = np.concatenate([one.logits for one in candidate]).astype(np.float64)
    b = np.concatenate([one.logits for one in reference]).astype(np.float64)
    away, kl = np.abs(a - b), divergence(a, b)
    prefixes = [shared_prefix(one.written, other.written) for one, other in zip(candidate, reference, strict=True)]
    return {
        "positions": len(a),
        "tolerance": tolerance,
        "layers": layers and [_row(one) for one in layers],
        "no_layers": reason,
        "first_diverging": layers and first_diverging([one.relative for one in layers], tolerance),
        "logits": {"largest": _number(away.max()), "mean": _number(away.mean())},
        "kl": {"largest": _number(kl.max()), "mean": _number(kl.mean())},
        "next_token_agreement": float((a.argmax(-1) == b.argmax(-1)).mean()),
        "greedy": {
            "tokens": len(reference[0].written),
            "identical": sum(one.written == other.written for one, other in zip(candidate, reference, strict=True)),
            "shared": prefixes,
        },
    }


def _layers(candidate: Sequence[Trace], reference: Sequence[Trace]) -> tuple[list[Layer] | None, str]:
    try:
        return compare_layers([one.hidden for one in candidate], [one.hidden for one in reference]), ""
    except EvidenceError as error:
        return None, str(error)


def _row(layer: Layer) -> dict[str, Any]:
    return {"layer": layer.layer, "cosine": _number(layer.cosine), "relative": _number(layer.relative)}


def _number(value: float) -> float | None:
    """A number that JSON has; None for one that is not finite."""
    return float(value) if math.isfinite(value) else None


def prompt_losses(traces: Sequence[Trace]) -> list[tuple[int, float]]:
    """Tokens scored and their loss in nats, for each prompt of at least 2 tokens."""
    found = []
    for one in traces:
        if len(one.ids) > 1:
            logs = log_softmax(one.logits)[:-1]
            found.append((len(logs), -float(logs[np.arange(len(logs)), list(one.ids[1:])].sum())))
    return found
