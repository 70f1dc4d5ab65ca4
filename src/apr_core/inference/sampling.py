"""From logits to tokens.

The one thing a reader would get wrong: a token is drawn by inverting the cumulative distribution at one uniform number that is
given, so what a row gets depends on its own logits and number alone. `torch.multinomial` over a batch draws from one generator
for all rows, and a completion would change with its neighbours.
"""

from __future__ import annotations

import torch
from torch import Tensor


def distribution(logits: Tensor, temperature: float, top_k: int | None = None, top_p: float | None = None) -> Tensor:
    """Probabilities to draw the next token from, (vocabulary), float64, of which those filtered away are 0.

    softmax(logits / temperature); of these the `top_k` largest; of these the fewest whose sum reaches `top_p` of theirs.
    """
    scaled = logits.double()
    probabilities = torch.softmax((scaled - scaled.max()) / temperature, dim=-1)
    if top_k is None and (top_p is None or top_p >= 1):
        return probabilities
    ordered, order = probabilities.sort(descending=True, stable=True)
    kept = ordered[:top_k]
    if top_p is not None:
        before = kept.cumsum(-1) - kept
        kept = kept[: max(1, int((before < top_p * kept.sum()).sum()))]
    filtered = torch.zeros_like(probabilities)
    filtered[order[: len(kept)]] = kept
    return filtered / filtered.sum()


def draw(probabilities: Tensor, uniform: float) -> int:
    """The token at which the cumulative sum of `probabilities` (vocabulary) first exceeds `uniform` in [0, 1).

    A token of probability 0 is never drawn.
    """
    cumulative = probabilities.cumsum(-1)
    total = cumulative[-1]
    place = torch.minimum(uniform * total, torch.nextafter(total, torch.zeros_like(total)))
    return int(torch.searchsorted(cumulative, place, right=True))


def greedy(logits: Tensor) -> Tensor:
    """The most probable token of each row of (batch, vocabulary); the first of equal ones."""
    return logits.argmax(-1)


def log_probabilities(logits: Tensor, tokens: Tensor) -> Tensor:
    """log softmax(logits) at one token per row of (batch, vocabulary), as (batch): before temperature and filters."""
    chosen = logits.gather(-1, tokens[:, None])[:, 0]
    return chosen - torch.logsumexp(logits, dim=-1)
