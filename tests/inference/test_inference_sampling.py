"""Distributions and draws, against their definitions and against transformers' own filters."""

from __future__ import annotations

import pytest
import torch
from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from apr_core.inference.sampling import distribution, draw, greedy, log_probabilities


def logits(seed: int, size: int = 50) -> torch.Tensor:
    return 3 * torch.randn(size, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p"),
    [
        (1.0, None, None),
        (0.7, None, None),
        (1.3, 5, None),
        (1.0, None, 0.8),
        (0.8, 10, 0.9),
        (1.0, 1, 0.1),
        (2.0, 500, 1.0),
    ],
)
def test_probabilities_are_those_of_transformers_filters(
    seed: int, temperature: float, top_k: int | None, top_p: float | None
) -> None:
    row = logits(seed).double()[None]
    ids = torch.empty(1, 0, dtype=torch.long)
    wanted = TemperatureLogitsWarper(temperature)(ids, row)
    if top_k is not None:
        wanted = TopKLogitsWarper(top_k)(ids, wanted)
    if top_p is not None and top_p < 1:
        wanted = TopPLogitsWarper(top_p)(ids, wanted)
    found = distribution(row[0], temperature, top_k, top_p)
    assert torch.allclose(found, wanted.softmax(-1)[0], atol=1e-12)


def test_a_tiny_temperature_does_not_overflow() -> None:
    row = logits(1)
    found = distribution(row, 1e-30)
    assert found.argmax() == row.argmax()
    assert found.sum() == 1


def test_draws_have_the_frequencies_of_the_distribution() -> None:
    """10,000 evenly spaced numbers leave each token its share, up to one number at each of its two ends."""
    probabilities = distribution(logits(2), 1.0, top_p=0.9)
    count = 10_000
    drawn = torch.tensor([draw(probabilities, (n + 0.5) / count) for n in range(count)]).bincount(minlength=50)
    assert (drawn - count * probabilities).abs().max() <= 2
    assert drawn[probabilities == 0].sum() == 0


@pytest.mark.parametrize("uniform", [0.0, 0.5, 1 - 2**-53])
def test_a_token_of_probability_zero_is_never_drawn(uniform: float) -> None:
    probabilities = torch.tensor([0.0, 0.0, 0.3, 0.0, 0.69999999999, 0.0], dtype=torch.float64)
    assert draw(probabilities, uniform) in (2, 4)


def test_log_probabilities_are_those_of_the_whole_distribution() -> None:
    rows = torch.stack([logits(3), logits(4)])
    tokens = greedy(rows)
    assert tokens.tolist() == rows.argmax(-1).tolist()
    wanted = rows.double().log_softmax(-1).max(-1).values
    assert torch.allclose(log_probabilities(rows, tokens).double(), wanted, atol=1e-5)
