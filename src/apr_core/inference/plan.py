"""What is decided about a generation before a model is touched: stop tokens, limits, device, batches, random streams.

Pure functions without torch, so that claims about them can be tried anywhere. The one thing a reader would get wrong: `cap` is
the only place where fewer tokens than asked for are allowed, and it returns the reason that the completion will carry.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from apr_core.errors import UsageError

DEVICES = "auto, cpu, cuda and cuda:N"


def merge_stop_ids(*sources: int | Iterable[int] | None) -> tuple[int, ...]:
    """All token ids that end a completion, each once, in the order of their first mention.

    Every source may be one id, several, or None: `eos_token_id` of a configuration comes in all three forms, and a model may
    end with an id that only one of the sources names.

    Raises:
        UsageError: something in a source is no whole number.
    """
    merged: dict[int, None] = {}
    for source in sources:
        ids: tuple[Any, ...] = () if source is None else (source,) if isinstance(source, int) else tuple(source)
        for token in ids:
            if not isinstance(token, int) or isinstance(token, bool):
                raise UsageError(f"a stop token is {token!r}; it must be a token id, a whole number.")
            merged.setdefault(token)
    return tuple(merged)


def cap(prompt_tokens: int, max_tokens: int, context: int | None) -> tuple[int, str]:
    """How many tokens may be generated after a prompt, and the stop reason when all of them are.

    That is `max_tokens` whenever the window of `context` tokens (prompt and completion together) has room for so many, however
    large the number is; a model without a window (None) always has.
    """
    room = max_tokens if context is None else context - prompt_tokens
    if max_tokens <= room:
        return max_tokens, "length"
    return max(room, 0), "context"


def resolve_device(asked: str, cuda_devices: int) -> str:
    """The device that will be used: `cpu`, `cuda` or `cuda:N`. Only `auto` leaves a choice, and takes a GPU when there is one.

    Raises:
        UsageError: no such device, or not on this machine; nothing is replaced by something else.
    """
    if asked == "auto":
        return "cuda" if cuda_devices else "cpu"
    if asked == "cpu":
        return asked
    match = re.fullmatch(r"cuda(?::(\d+))?", asked)
    if match is None:
        raise UsageError(f"the device is {asked!r}; allowed are {DEVICES}.")
    if int(match[1] or 0) >= cuda_devices:
        raise UsageError(
            f"the device is {asked!r}, and torch sees {cuda_devices or 'no'} CUDA device{'s' * (cuda_devices != 1)} here. "
            "Take `--device auto` or `--device cpu`, or run this on a machine that has it."
        )
    return asked


def used_device(devices: Iterable[str]) -> str:
    """The label of where weights lie, from the devices of all of them: `cpu`, `cuda`, or joined as `cpu+cuda`.

    Raises:
        UsageError: there are no weights.
    """
    kinds = sorted({device.partition(":")[0] for device in devices})
    if not kinds:
        raise UsageError("the model has no weights, so there is no device that it runs on.")
    return "+".join(kinds)


def plan_batches(lengths: Sequence[int], size: int, groups: Sequence[Hashable] | None = None) -> list[list[int]]:
    """Indices in batches of at most `size`: longest prompts first, so that padding is small and memory runs out early.

    `groups` names the prompt of each: equal prompts of one length stand side by side, to be read once.
    """
    if size < 1:
        raise UsageError(f"the batch size is {size}; it must be at least 1.")
    first: dict[Hashable, int] = {}
    for index, group in enumerate(groups or ()):
        first.setdefault(group, index)
    place = [first[group] for group in groups] if groups else list(range(len(lengths)))
    order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], place[index], index))
    return [order[start : start + size] for start in range(0, len(order), size)]


def stream(seed: int, task_id: str, sample: int) -> random.Random:
    """The random numbers of one completion: the same wherever and whenever it runs, and another for every other.

    Python promises that `random()` gives the same numbers for the same seed in every version.
    """
    return random.Random(_seed(seed, task_id, sample))


def request_seed(seed: int, task_id: str, sample: int) -> int:
    """The seed that a server is sent, in [0, 2**31): another for each sample, else all samples of a prompt would be equal."""
    return _seed(seed, task_id, sample) % 2**31


def _seed(*parts: Any) -> int:
    return int.from_bytes(hashlib.sha256(json.dumps(parts).encode()).digest(), "big")
