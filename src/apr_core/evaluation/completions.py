"""A file of completions: one JSON object per line, `task_id` and what the model wrote.

The one thing a reader would get wrong: `solution` is a whole program, tried as it stands, and so is a `completion` that begins
with the prompt. Any other `completion` may be a program, the continuation of the prompt, or chat with code in it; which it is
gets decided per line (`assemble`) and written into the result.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from apr_core.errors import AprError, UsageError, did_you_mean
from apr_core.files import digest_bytes

LIMIT_BYTES = 2 * 2**30
"""The largest file that is read, uncompressed."""

KEYS = ("solution", "completion", "text")
"""Keys that hold what the model wrote; one of them must be there. `text` is what `apr run` writes."""


class Completion(NamedTuple):
    """One completion."""

    task_id: str
    sample: int
    """Its number among the completions of its problem, from 0, in the order of the file."""
    text: str
    whole: bool
    """Known to be a whole program, to be tried as it was written: the line had `solution`, or it is `prepared`."""


class Completions(NamedTuple):
    """The completions of one file."""

    name: str
    digest: str
    """SHA-256 of the uncompressed content."""
    items: tuple[Completion, ...]


def read_completions(path: Path) -> Completions:
    """The completions in a `.jsonl` file, plain or gzipped.

    Raises:
        AprError: the file cannot be read, or a line of it is no such object (message with file:line).
    """
    data = _content(path)
    counted: Counter[str] = Counter()
    items = []
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        task_id, text, whole = _line(line, f"{path}:{number}")
        items.append(Completion(task_id, counted[task_id], text, whole))
        counted[task_id] += 1
    if not items:
        raise AprError(f"{path}: no completion is in this file. It needs one JSON object per line.")
    return Completions(path.name.removesuffix(".gz"), digest_bytes(data), tuple(items))


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if zipped else path.open("rb") as file:
            data = file.read(LIMIT_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise AprError(f"cannot read {path}: {reason}. Check the path, or restore the file.") from error
    if len(data) > LIMIT_BYTES:
        raise AprError(f"cannot read {path}: it holds more than {LIMIT_BYTES:,} bytes, the most that is read here.")
    return data


def _line(line: bytes, where: str) -> tuple[str, str, bool]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise AprError(
            f"{where}: this is not JSON: {error}. Every line is one JSON object with `task_id` and `completion` or `solution`."
        ) from error
    if not isinstance(value, dict):
        raise AprError(f"{where}: this is {type(value).__name__}, and every line must be a JSON object.")
    task_id = value.get("task_id")
    if isinstance(task_id, int) and not isinstance(task_id, bool):
        task_id = str(task_id)
    if not isinstance(task_id, str) or not task_id:
        raise AprError(f"{where}: `task_id` is {task_id!r}; it must be the id of a problem.")
    key = next((key for key in KEYS if value.get(key) is not None), None)
    if key is None:
        found = ", ".join(map(repr, value)) or "nothing"
        raise AprError(f"{where}: there is neither `completion` nor `solution` here, only {found}.")
    if not isinstance(value[key], str):
        raise AprError(f"{where}: `{key}` is {type(value[key]).__name__}; it must be text.")
    return task_id, value[key], key == "solution"


def prepared(completion: Completion, prompt: str) -> Completion:
    """The completion, known to be whole when its text begins with the prompt word for word.

    So write harnesses that have done their own extraction, and a program that they left broken was judged broken. A chat model
    that repeats the prompt puts a fence or a sentence before it.
    """
    begins = bool(prompt.strip()) and completion.text.lstrip().startswith(prompt.strip())
    return completion._replace(whole=completion.whole or begins)


def match(
    completions: Iterable[Completion],
    known: Mapping[str, Any],
    *,
    benchmark: str,
    samples: int | None = None,
    partial: bool = False,
) -> Iterator[Completion]:
    """The completions, once it is sure that they fit the problems in `known`.

    Raises:
        UsageError: a task id is no problem of the benchmark; a problem has no completion, and `partial` was not said; or a
            problem has not as many as `samples`.
    """
    items = list(completions)
    counted = Counter(one.task_id for one in items)
    if unknown := [name for name in counted if name not in known]:
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        raise UsageError(
            f"{unknown[0]!r}{more}: no problem of {benchmark} has this id; its ids are like {next(iter(known))!r}."
            f"{did_you_mean(unknown[0], known)} Check that completions and --benchmark belong together. Nothing was run."
        )
    missing = [name for name in known if name not in counted]
    if missing and not partial:
        raise UsageError(
            f"{len(missing)} of {len(known)} problems of {benchmark} have no completion, {missing[0]!r} first. A score over "
            "the others would not be one of the benchmark: add them, or say --partial to evaluate those that are there."
        )
    if samples is not None and (wrong := {name: n for name, n in counted.items() if n != samples}):
        name, n = next(iter(wrong.items()))
        raise UsageError(
            f"--samples {samples}: {len(wrong)} of {len(counted)} problems have another number of completions; "
            f"{name!r} has {n}. Give the number that every problem has, or leave --samples out."
        )
    return iter(items)
