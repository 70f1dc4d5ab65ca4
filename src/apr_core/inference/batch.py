"""Prompts from a JSONL file, and completions into one that can be interrupted anywhere and gone on with.

Beside the output OUT lies `OUT.run.json`: what was asked, of which model. The one thing a reader would get wrong: a run is
resumed only when all of that is the same. Otherwise one file would mix two experiments, and nothing in it would show it.
"""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from apr_core.errors import AprError, UsageError, did_you_mean
from apr_core.files import canonical_json, digest_bytes, parse_json, read_json, read_text, write_atomic
from apr_core.inference.request import Completion, Message, Request

SCHEMA = "apr.run/1"
MAX_INPUT_BYTES = 2**30

KEYS = ("task_id", "prompt", "messages", "max_tokens", "stop", "temperature", "top_p", "top_k", "seed", "samples")
"""What a line of the input may have. `task_id` and one of `prompt` and `messages` it must have."""

SETTINGS = ("max_tokens", "stop", "temperature", "top_p", "top_k", "seed")


def read_requests(path: Path, defaults: Mapping[str, Any], *, samples: int = 1, chat: bool = False) -> list[Request]:
    """The requests of a JSONL file, the samples of a line side by side.

    Args:
        path: one JSON map per line, with keys from `KEYS`; empty lines are passed over.
        defaults: `SETTINGS` for lines that do not have them.
        samples: completions per prompt, for lines that do not say.
        chat: a prompt is what the user says, instead of a text to be continued.

    Raises:
        AprError: a line is broken, has an unknown key or value, or the id of another line; the message begins with file:line.
    """
    requests: list[Request] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(read_text(path, MAX_INPUT_BYTES).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            asked = _line(line, path, number, defaults, samples, chat)
        except UsageError as error:
            raise UsageError(f"{path}:{number}: {error}") from None
        first = seen.setdefault(asked[0].task_id, number)
        if first != number:
            raise UsageError(
                f"{path}:{number}: task_id {asked[0].task_id!r} stands on line {first} already. Give every prompt "
                "an id of its own; "
                "for several completions of one, use `samples`."
            )
        requests += asked
    if not requests:
        raise UsageError(f"{path} has no prompts. Write one JSON map per line, with `task_id` and `prompt`.")
    return requests


def _line(line: str, path: Path, number: int, defaults: Mapping[str, Any], samples: int, chat: bool) -> list[Request]:
    data = _parsed(line, path, number)
    if not isinstance(data, dict):
        raise UsageError(f"this is {type(data).__name__}, not a map with `task_id` and `prompt`.")
    for key in data:
        if key not in KEYS:
            raise UsageError(f"the key {key!r} is unknown; allowed are {', '.join(KEYS)}.{did_you_mean(key, KEYS)}")
    if not isinstance(data.get("task_id"), str):
        raise UsageError("the line has no `task_id`, a text that names its prompt.")
    count = data.get("samples", samples)
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise UsageError(f"samples is {count!r}; it must be a whole number from 1.")
    settings = {**defaults, **{key: value for key, value in data.items() if key in SETTINGS and value is not None}}
    stop = settings.get("stop", ())
    settings["stop"] = (stop,) if isinstance(stop, str) else tuple(stop) if isinstance(stop, (list, tuple)) else (stop,)
    prompt = _prompt(data, chat)
    return [Request(prompt, data["task_id"], index, **settings) for index in range(count)]


def _parsed(line: str, path: Path, number: int) -> Any:
    try:
        return parse_json(line, path)
    except AprError as error:
        column = f"{error.__cause__.colno}: " if isinstance(error.__cause__, json.JSONDecodeError) else " "
        said = str(error).removeprefix(str(path)).lstrip(":0123456789 ")
        raise AprError(f"{path}:{number}:{column}{said}") from None


def _prompt(data: Mapping[str, Any], chat: bool) -> str | tuple[Message, ...]:
    if ("prompt" in data) == ("messages" in data):
        raise UsageError("the line must have either `prompt` or `messages`.")
    if "prompt" in data:
        if not isinstance(data["prompt"], str):
            raise UsageError(
                f"prompt is {type(data['prompt']).__name__}; it must be text. Several turns belong in `messages`."
            )
        return (Message("user", data["prompt"]),) if chat else data["prompt"]
    turns = data["messages"]
    if not isinstance(turns, list) or not all(
        isinstance(turn, dict) and set(turn) == {"role", "content"} for turn in turns
    ):
        raise UsageError("messages must be a list of maps with `role` and `content`, and nothing else.")
    return tuple(Message(turn["role"], turn["content"]) for turn in turns)


def digest_requests(requests: Sequence[Request]) -> str:
    """SHA-256 of everything that is asked, in order."""
    return digest_bytes(canonical_json([dataclasses.asdict(request) for request in requests]))


def identity(requests: Sequence[Request], backend: Mapping[str, Any]) -> dict[str, Any]:
    """What `OUT.run.json` holds: the digest of the requests, and what `Backend.describe` says."""
    return {
        "schema": SCHEMA,
        "requests": digest_requests(requests),
        "completions": len(requests),
        "backend": dict(backend),
    }


DECISIVE = {
    "requests": "the prompts or their settings",
    "backend": "the backend",
    "model": "the model",
    "digest": "the weights",
    "precision": "the precision",
}
"""What must be the same for an output to be gone on with. A batch size or a version may change."""


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs between two identities, in words."""
    old, new = ({**one.get("backend", {}), "requests": one.get("requests")} for one in (before, now))
    return [words for key, words in DECISIVE.items() if old.get(key) != new.get(key)]


def sidecar(output: Path) -> Path:
    """The file that says what an output is of."""
    return output.with_name(output.name + ".run.json")


class Journal:
    """An output file that grows by whole lines. Use it as a context manager.

    Raises:
        AprError: the output cannot be written, is in use by another process, is of something else, or is damaged before its end.
    """

    def __init__(self, output: Path, requests: Sequence[Request], backend: Mapping[str, Any]) -> None:
        self.output, self.requests = output, requests
        self.torn = False
        """Whether a half-written last line was dropped."""
        self.reasons: Counter[str] = Counter()
        """Completions by stop reason, those kept from before included."""
        self._file = _locked(output)
        try:
            self._claim(identity(requests, backend))
            self.done = self._read()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._file.close()

    def missing(self) -> list[Request]:
        """Requests that have no completion yet."""
        return [request for request in self.requests if request.key not in self.done]

    def write(self, completion: Completion) -> None:
        """Add a completion, and hand it to the operating system at once.

        Raises:
            AprError: the disk is full or gone; the line is taken back.
        """
        if completion.key in self.done:
            raise AprError(f"task {completion.task_id!r}, sample {completion.sample}, has been answered twice.")
        line = memoryview(json.dumps(to_line(completion), ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        size = self._file.seek(0, os.SEEK_END)
        try:
            while line:
                line = line[self._file.write(line) :]
        except OSError as error:
            self._file.truncate(size)
            raise AprError(
                f"cannot write {self.output}: {error.strerror}. Its {len(self.done)} lines are whole; make room "
                "and run this again."
            ) from error
        self.done.add(completion.key)
        self.reasons[completion.stop_reason] += 1

    def _claim(self, mine: dict[str, Any]) -> None:
        """Check that the output is of the same run, or begin it."""
        beside = sidecar(self.output)
        started = self._file.seek(0, os.SEEK_END) > 0
        if beside.is_file() and started:
            before = read_json(beside)
            if (
                not isinstance(before, dict)
                or before.get("schema") != SCHEMA
                or not isinstance(before.get("backend"), dict)
            ):
                raise AprError(f"{beside} is not what `apr run` writes. Restore it, or choose another output.")
            changed = changes(before, mine)
            if changed:
                raise UsageError(
                    f"{self.output} was begun with something else: {', '.join(changed)} changed (see "
                    f"{beside.name}). Choose another "
                    "output; or delete both files to begin anew."
                )
        elif started:
            raise UsageError(
                f"{self.output} exists, and {beside.name} does not: it is not an output of `apr run` that can be "
                "gone on with, and is "
                "not overwritten. Choose another output."
            )
        else:
            write_atomic(beside, json.dumps(mine, indent=2, ensure_ascii=False) + "\n")

    def _read(self) -> set[tuple[str, int]]:
        """The keys of the lines that are there; a last line without its end is cut off."""
        self._file.seek(0)
        data = self._file.readall()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            self._file.truncate(whole)
            self.torn = True
        asked = {request.key for request in self.requests}
        done: set[tuple[str, int]] = set()
        for number, line in enumerate(data[:whole].splitlines(), start=1):
            key, reason = _key(line, f"{self.output}:{number}")
            if key not in asked or key in done:
                what = "was not asked for" if key not in asked else "stands above already"
                raise AprError(f"{self.output}:{number}: task {key[0]!r}, sample {key[1]}, {what}. Remove the line.")
            done.add(key)
            self.reasons[reason] += 1
        return done


def _locked(output: Path) -> Any:
    """The output, open to read and append without a buffer, and locked against other processes."""
    if not output.parent.is_dir():
        raise UsageError(
            f"{output}: the folder {output.parent} does not exist. Make it first, or choose another place."
        )
    try:
        file = output.open("a+b", buffering=0)
    except OSError as error:
        raise UsageError(
            f"cannot write {output}: {error.strerror}. Choose another output, or change its permissions."
        ) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise UsageError(
            f"{output} is being written by another process. Wait for it, or choose another output."
        ) from None
    return file


def _key(line: bytes, place: str) -> tuple[tuple[str, int], str]:
    try:
        data = json.loads(line)
        key, reason = (data["task_id"], data["sample"]), data["stop_reason"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise AprError(f"{place}: this line is damaged. Remove it, and the completion is made again.") from None
    return key, str(reason)


def to_line(completion: Completion) -> dict[str, Any]:
    """What a line of the output has: all of a completion but the token ids."""
    data = dataclasses.asdict(completion)
    del data["tokens"]
    return data


def tokens_at_most(requests: Iterable[Request]) -> int:
    """The tokens that are generated if nothing stops before its cap."""
    return sum(request.max_tokens for request in requests)
