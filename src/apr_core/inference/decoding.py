"""The decoding loop: one batch of completions, token by token, over a model's forward pass and its cache of keys and values.

Rows that share a prompt read it once. Rows that are finished leave the batch. The one thing a reader would get wrong: prompts are
padded on the left, so positions come from the attention mask and not from the column; with the column a padded row would be
rotated to other positions, and its text would depend on the longest prompt beside it.
"""

from __future__ import annotations

import inspect
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from apr_core.errors import AprError
from apr_core.inference.request import Request
from apr_core.inference.sampling import distribution, draw, greedy, log_probabilities
from apr_core.inference.text import Decode, continuation, stopped


@dataclass
class Row:
    """One completion in the making."""

    request: Request
    prompt: tuple[int, ...]
    """Ids of the prompt, as the tokenizer writes them."""
    allowed: int
    """Tokens that may be generated."""
    at_cap: str
    """The stop reason when so many are."""
    stop_ids: frozenset[int]
    stop_texts: tuple[str, ...]
    randoms: random.Random
    tokens: list[int] = field(default_factory=list)
    shown: list[int] = field(default_factory=list)
    """The tokens that write text."""
    logprob: float = 0.0
    text: str = ""
    stop_reason: str = ""
    """Empty until it is finished."""
    seconds: float = 0.0


@dataclass(frozen=True)
class Writer:
    """What turns ids into text."""

    decode: Decode
    special: frozenset[int]

    def accept(self, row: Row, token: int, logprob: float) -> bool:
        """Add a token to a row; whether the row is finished with it."""
        row.tokens.append(token)
        row.logprob += logprob
        if token in row.stop_ids:
            return self._finish(row, "stop")
        if token not in self.special:
            row.shown.append(token)
        cut = stopped(self.decode, row.prompt, row.shown, row.stop_texts)
        if cut is not None:
            row.text, row.stop_reason = cut, "stop"
            return True
        return len(row.tokens) >= row.allowed and self._finish(row, row.at_cap)

    def _finish(self, row: Row, reason: str) -> bool:
        row.text, row.stop_reason = continuation(self.decode, row.prompt, row.shown), reason
        return True


class Batch:
    """Rows that run together. `step` generates one token for each and gives those that are finished with it."""

    def __init__(self, model: Any, rows: Sequence[Row], writer: Writer) -> None:
        self.model, self.rows, self.writer = model, list(rows), writer
        self.started = time.perf_counter()
        self._takes = inspect.signature(model.forward).parameters
        self._cache: Any = None
        self._mask = torch.empty(0)
        self._logits = torch.empty(0)

    def step(self) -> list[Row]:
        """One token for every row; the first call reads the prompts.

        Raises:
            AprError: the model gives no finite logits. torch's own error when memory runs out.
        """
        with torch.inference_mode():
            return self._step()

    def _step(self) -> list[Row]:
        if self._cache is None:
            self._read()
        tokens = self._choose()
        logprobs = log_probabilities(self._logits, tokens).tolist()
        chosen = tokens.tolist()
        finished, staying = [], []
        for index, row in enumerate(self.rows):
            if self.writer.accept(row, chosen[index], logprobs[index]):
                row.seconds = time.perf_counter() - self.started
                finished.append(row)
            else:
                staying.append(index)
        if staying:
            self._advance(tokens, staying)
        self.rows = [self.rows[index] for index in staying]
        return finished

    def _read(self) -> None:
        """Read every different prompt once, and give each row its copy of the cache."""
        from transformers import DynamicCache

        device = self.model.device
        prompts = list(dict.fromkeys(row.prompt for row in self.rows))
        width = max(map(len, prompts))
        ids = torch.tensor([[0] * (width - len(prompt)) + list(prompt) for prompt in prompts], device=device)
        mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=device)
        self._cache = DynamicCache(config=self.model.config)
        self._mask = mask
        self._logits = self._forward(ids, (mask.cumsum(-1) - 1).clamp(min=0))
        if len(prompts) < len(self.rows):
            places = {prompt: index for index, prompt in enumerate(prompts)}
            self._select([places[row.prompt] for row in self.rows])

    def _choose(self) -> Tensor:
        """The next token of every row, (batch)."""
        tokens = greedy(self._logits)
        # The largest is NaN where any is, and infinite where all or one are.
        sound = self._logits.gather(-1, tokens[:, None])[:, 0].isfinite().tolist()
        for index, row in enumerate(self.rows):
            ask = row.request
            if not sound[index]:
                raise _not_finite(row)
            if ask.temperature > 0:
                probabilities = distribution(self._logits[index], ask.temperature, ask.top_k, ask.top_p)
                tokens[index] = draw(probabilities, row.randoms.random())
        return tokens

    def _advance(self, tokens: Tensor, staying: list[int]) -> None:
        """Feed the tokens of the rows that stay."""
        if len(staying) < len(self.rows):
            self._select(staying)
            tokens = tokens[staying]
        self._mask = torch.cat([self._mask, self._mask.new_ones(len(staying), 1)], dim=-1)
        self._logits = self._forward(tokens[:, None], self._mask.sum(-1, keepdim=True) - 1)

    def _select(self, rows: list[int]) -> None:
        """Keep, drop or repeat rows of the cache, the mask and the logits."""
        places = torch.tensor(rows, device=self._mask.device)
        self._cache.reorder_cache(places)
        self._mask, self._logits = self._mask[places], self._logits[places]

    def _forward(self, ids: Tensor, positions: Tensor) -> Tensor:
        """The logits after the last column of `ids`, (batch, vocabulary), float32."""
        options = {"position_ids": positions, "logits_to_keep": 1}
        taken = {name: value for name, value in options.items() if name in self._takes}
        answer = self.model(
            input_ids=ids, attention_mask=self._mask, past_key_values=self._cache, use_cache=True, **taken
        )
        logits: Tensor = answer.logits[:, -1, :].float()
        return logits


def _not_finite(row: Row) -> AprError:
    return AprError(
        f"task {row.request.task_id!r}: after {len(row.tokens)} tokens the model gives logits that are not "
        "finite. Its weights are "
        "damaged, or its numbers overflow in this precision: check the weights, or take `--dtype float32`."
    )
