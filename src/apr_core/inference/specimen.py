"""A tiny model with random weights, and the decoding loop on it: what claims about batches and seeds are tried on.

The one thing a reader would get wrong: the loop, the sampling and the plan are those of every real run; only the model is small.
A fault planted in `decoding.py` shows here as it would on seven billion weights.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from apr_core.inference.decoding import Batch, Row, Writer
from apr_core.inference.plan import cap, merge_stop_ids, plan_batches, stream
from apr_core.inference.request import Request

VOCABULARY = 64
CONTEXT = 256


@functools.cache
def _model() -> Any:
    config = Qwen2Config(
        vocab_size=VOCABULARY, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=CONTEXT, initializer_range=0.3, tie_word_embeddings=False,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Qwen2ForCausalLM(config).eval()


@contextmanager
def _one_thread() -> Iterator[None]:
    """For so small a model more threads only wait for each other; and a fork after parallel work would hang."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _decode(ids: Sequence[int]) -> str:
    return "".join(chr(0x4E00 + token) for token in ids)


def complete(
    prompts: Sequence[Sequence[int]], *, batch_size: int = 8, samples: int = 1, max_tokens: int = 6, temperature: float = 0.0,
    seed: int = 0, eos: int | list[int] | None = None,
) -> list[list[int]]:  # fmt: skip
    """The token ids of `samples` completions for each prompt (ids below 64), side by side, in the order of the prompts.

    `eos` is what a configuration may name as `eos_token_id`; the window has 256 tokens.
    """
    return [row.tokens for row in _run(prompts, batch_size, samples, max_tokens, temperature, seed, eos)]


def reasons(
    prompts: Sequence[Sequence[int]], *, max_tokens: int = 6, eos: int | list[int] | None = None
) -> list[list[Any]]:
    """Tokens generated and stop reason of one greedy completion for each prompt."""
    return [[len(row.tokens), row.stop_reason] for row in _run(prompts, 8, 1, max_tokens, 0.0, 0, eos)]


def logprobs(prompts: Sequence[Sequence[int]], *, temperature: float = 0.0, seed: int = 0) -> list[list[float]]:
    """What the loop sums as log-probability of each completion, and the same from one pass over prompt and completion."""
    return [
        [row.logprob, _score(list(row.prompt), row.tokens)] for row in _run(prompts, 8, 1, 6, temperature, seed, None)
    ]


def _score(prompt: list[int], tokens: list[int]) -> float:
    with _one_thread(), torch.inference_mode():
        logits = _model()(torch.tensor([prompt + tokens])).logits[0, len(prompt) - 1 : -1].double()
    return float(logits.log_softmax(-1).gather(-1, torch.tensor(tokens)[:, None]).sum())


def _run(
    prompts: Sequence[Sequence[int]], batch_size: int, samples: int, max_tokens: int, temperature: float, seed: int, eos: Any
) -> list[Row]:  # fmt: skip
    rows = []
    for index, prompt in enumerate(prompts):
        for sample in range(samples):
            ask = Request("-", f"task {index}", sample, max_tokens, temperature=temperature, seed=seed)
            allowed, at_cap = cap(len(prompt), max_tokens, CONTEXT)
            ends = frozenset(merge_stop_ids(eos))
            rows.append(Row(ask, tuple(prompt), allowed, at_cap, ends, (), stream(seed, ask.task_id, sample)))
    writer = Writer(_decode, frozenset())
    for places in plan_batches([len(row.prompt) for row in rows], batch_size, [row.prompt for row in rows]):
        with _one_thread():
            batch = Batch(_model(), [rows[place] for place in places], writer)
            while batch.rows:
                batch.step()
    return rows
