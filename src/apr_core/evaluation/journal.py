"""What an interrupted evaluation has done already: a line per judged sample, appended and flushed as it is judged.

The one thing a reader would get wrong: a journal belongs to one evaluation, named by the digest of everything that its results
depend on. Other completions, another benchmark or a changed sandbox have another journal, so nothing is ever mixed.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import ValidationError

from apr_core.errors import AprError, UsageError
from apr_core.evaluation.result import INFRASTRUCTURE, SampleResult
from apr_core.files import canonical_json, digest_bytes

Key = tuple[str, int]
"""Task id and sample."""


class Journal:
    """The journal of one evaluation; a context manager that holds its lock."""

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        self.path = folder / f"{digest_bytes(canonical_json(identity))[:24]}.jsonl"
        self.done: dict[Key, SampleResult] = {}
        """What was judged before; complete after entering."""
        self.started = ""
        """When this evaluation began, ISO 8601: the time of its result, however often it was interrupted."""
        self._mutex = threading.Lock()

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a+b", buffering=0)
        except OSError as error:
            raise AprError(
                f"cannot write {self.path}: {error.strerror}. Choose a folder that may be written."
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise UsageError(
                f"{self.path}: another process is running this very evaluation. Wait for it, or stop it first."
            ) from error
        try:
            self._load()
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._file.close()

    def _load(self) -> None:
        """Reads whole lines, and cuts off what an interruption left of a last one."""
        self._file.seek(0)
        data = self._file.read() or b""
        whole = data[: data.rfind(b"\n") + 1]
        for line in whole.splitlines():
            try:
                entry = json.loads(line)
                if "started" in entry:
                    self.started = datetime.fromisoformat(entry["started"]).isoformat()
                    continue
                result = SampleResult.model_validate_json(json.dumps(entry["result"]))
                # What failed for no fault of the program is tried again.
                if result.class_ != INFRASTRUCTURE:
                    self.done[entry["task_id"], result.sample] = result
            except (ValueError, KeyError, TypeError, ValidationError) as error:
                raise AprError(
                    f"{self.path}: a line of this journal cannot be read ({type(error).__name__}). Delete the file to judge "
                    "everything anew."
                ) from error
        if len(whole) < len(data):
            self._file.truncate(len(whole))
        if not self.started:
            self.started = datetime.now(UTC).isoformat(timespec="seconds")
            self._write({"started": self.started})

    def append(self, task_id: str, result: SampleResult) -> None:
        """Writes down one judged sample; safe from several threads. Raises AprError when the disk does not take it."""
        with self._mutex:
            self._write({"task_id": task_id, "result": result.model_dump(mode="json", by_alias=True)})
            self.done[task_id, result.sample] = result

    def _write(self, entry: Mapping[str, Any]) -> None:
        line = json.dumps(entry).encode() + b"\n"
        end = self._file.seek(0, os.SEEK_END)
        try:
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self._file.truncate(end)  # half a line in the middle would spoil the file
            raise AprError(
                f"cannot write {self.path}: {error.strerror}. What was judged before is kept; free some space and run again."
            ) from error

    def remove(self) -> None:
        """Deletes the journal once the result is written."""
        self.path.unlink(missing_ok=True)
