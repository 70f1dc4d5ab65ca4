"""A log of Inspect as it lies on the disk, an archive or JSON, without the conversations in it.

The one thing a reader would get wrong: an archive without `header.json` is no damaged log. It is one of a run that is
still going on, or was killed; its samples are as good as any, and there are too few of them.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from apr_core.errors import EvidenceError
from apr_core.evidence.importers import zips
from apr_core.evidence.importers.harness import LIMIT_BYTES, open_file
from apr_core.evidence.importers.scores import Open, impossible
from apr_core.evidence.record import Positive, explain

_HEAD = re.compile(rb'\s*\{\s*"version"\s*:\s*\d+\s*,\s*"status"\s*:\s*"\w+"\s*,\s*"eval"\s*:\s*\{')
"""How a JSON log begins. Inspect promises the order of these keys."""

_HEADER, _START, _SAMPLES = "header.json", "_journal/start.json", "samples/"
VERSION = 2


class Score(Open):
    """What a scorer said of a sample."""

    value: Any
    """A letter, a number, a text, or a list or map of these; NaN when there was nothing to score."""
    reason: str | None = None
    """Why there was not, since 0.3.245; before that it stood in `metadata`."""
    metadata: dict[str, Any] | None = None
    history: list[Any] = Field(default=[])
    """What it was before somebody changed it."""


class Sample(Open):
    """One attempt at a problem."""

    id: int | str
    epoch: Positive
    scores: dict[str, Score] | None = None
    error: dict[str, Any] | None = None
    limit: dict[str, Any] | None = None
    """What stopped it: a number of tokens or messages, or a time."""
    error_retries: list[Any] | None = None
    invalidation: dict[str, Any] | None = None


class _Scorer(Open):
    name: str
    options: dict[str, Any] | None = None


class EvalScore(Open):
    """What Inspect printed for a scorer."""

    name: str
    scorer: str
    reducer: str | None = None
    metrics: dict[str, dict[str, Any]] = Field(default={})


class _EvalResults(Open):
    total_samples: int
    scores: list[EvalScore] = Field(default=[])


class _Dataset(Open):
    samples: int | None = None
    """How many the data set has, of which `sample_ids` were asked for."""
    sample_ids: list[int | str] | None = None


class _Config(Open):
    limit: int | list[int] | None = None
    epochs: Positive | None = None
    epochs_reducer: list[str] | None = None
    message_limit: Any = None
    token_limit: Any = None
    turn_limit: Any = None
    time_limit: Any = None
    working_limit: Any = None
    cost_limit: Any = None
    retry_on_error: Any = None


class _Revision(Open):
    commit: str
    dirty: bool | None = None


def _type(sandbox: Any) -> Any:
    """A sandbox is a map with its type and configuration; until 0.3.65 it was a list of the two."""
    return sandbox.get("type") if isinstance(sandbox, dict) else sandbox[0] if isinstance(sandbox, list) else sandbox


class _Spec(Open):
    eval_id: str = ""
    run_id: str = ""
    task_id: str = ""
    created: str
    task: str
    task_version: int | str = 0
    task_args: dict[str, Any] = Field(default={})
    task_args_passed: dict[str, Any] | None = None
    dataset: _Dataset
    model: str
    model_generate_config: dict[str, Any] = Field(default={})
    config: _Config
    revision: _Revision | None = None
    packages: dict[str, str] = Field(default={})
    scorers: list[_Scorer] | None = None
    sandbox: Annotated[str | None, BeforeValidator(_type)] = None


class Step(Open):
    """A solver."""

    solver: str
    params: dict[str, Any] = Field(default={})
    params_passed: dict[str, Any] | None = None


class _Plan(Open):
    steps: list[Step] = Field(default=[])
    config: dict[str, Any] = Field(default={})


class Log(Open):
    """A log, as far as it is read."""

    version: int
    status: str
    eval: _Spec
    plan: _Plan
    results: _EvalResults | None = None
    error: dict[str, Any] | None = None
    invalidated: bool = False
    config_updates: list[Any] | None = None
    samples: list[Sample] | None = None


def is_log(path: Path) -> bool:
    """Whether a file looks like a log of Inspect, finished or not. Reads little of it."""
    if not path.is_file():
        return False
    if path.suffix == ".json":
        with path.open("rb") as file:
            return _HEAD.match(file.read(4096)) is not None
    return path.suffix == ".eval"


def open_log(path: Path) -> tuple[Log, str]:
    """The log at `path` with its samples, of a run that came to its end, and the SHA-256 of the file.

    Raises:
        EvidenceError: it is damaged, of another version, not finished, or compressed in a way that this Python cannot
            read.
        AprError: it cannot be read, or is no JSON.
    """
    if path.suffix == ".eval":
        log, digest = _open_archive(path)
    else:
        file = open_file(path)
        digest = file.digest
        try:
            _refuse_unfinished(path, file.value)
            log = Log.model_validate(file.value)
        except ValidationError as error:
            raise EvidenceError(explain(error, file.text, path)) from error
    if not log.samples:
        raise EvidenceError(
            f"{path}: it has no samples, only the totals: the run was made with --no-log-samples, or this is the header of "
            "a log. Give the whole log."
        )
    return log, digest


def _refuse_unfinished(path: Path, value: Any) -> None:
    """Before anything else is asked of a log: an unfinished one may lack whatever a finished one has."""
    if not isinstance(value, dict) or not {"version", "status", "eval"} <= set(value):
        raise EvidenceError(f"{path}: this is no log of Inspect: it has no version, status and eval. Give its log.")
    if value["version"] != VERSION:
        raise EvidenceError(
            f"{path}: the log has version {value['version']!r}, and version {VERSION} is read. Convert it with Inspect: "
            f"inspect log convert {path.name} --to json --output-dir converted."
        )
    if value["status"] != "success":
        raise EvidenceError(
            f"{path}: the run did not come to its end, its status is {value['status']!r}. What it has is a part, and which "
            f"part is no accident. Finish it, inspect eval-retry {path.name}, and import the new log."
        )


def _open_archive(path: Path) -> tuple[Log, str]:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            with zips.ZipFile(file) as archive:
                return _log(path, archive), digest
    except zips.BROKEN as error:
        raise EvidenceError(
            f"cannot read {path}: {error}. An .eval log is a zip archive; restore the file if it was cut off or changed."
        ) from error


def _log(path: Path, archive: Any) -> Log:
    names = dict.fromkeys(archive.namelist())  # a name that is there twice is a sample that was made again
    if _HEADER not in names and _START in names:
        raise EvidenceError(
            f"{path}: the run did not come to its end: it is still going on, or was killed. Wait for it, or finish it with "
            f"inspect eval-retry {path.name}, and import the new log."
        )
    if _HEADER not in names:
        raise EvidenceError(f"{path}: this archive is no log of Inspect: it has no {_HEADER}. Give its log.")
    header = _member(path, archive, _HEADER)
    _refuse_unfinished(path, header)
    samples = [name for name in names if name.startswith(_SAMPLES) and name.endswith(".json")]
    try:
        log = Log.model_validate(header)
        return log.model_copy(update={"samples": [_sample(path, archive, name) for name in samples]})
    except ValidationError as error:
        raise impossible(f"{path}, {_HEADER}", error) from error


def _sample(path: Path, archive: Any, name: str) -> Sample:
    try:
        return Sample.model_validate(_member(path, archive, name))
    except ValidationError as error:
        raise impossible(f"{path}, {name}", error) from error


def _member(path: Path, archive: Any, name: str) -> Any:
    if archive.getinfo(name).file_size > LIMIT_BYTES:
        raise EvidenceError(f"{path}, {name}: it has more than {LIMIT_BYTES:,} bytes, the most that is read here.")
    try:
        return json.loads(archive.read(name))
    except NotImplementedError as error:
        raise EvidenceError(
            f"{path}, {name}: it is compressed with Zstandard, which Python reads from 3.14 on. Before that, pip install "
            f"backports.zstd, or convert the log: inspect log convert {path.name} --to json --output-dir converted."
        ) from error
    except (ValueError, RecursionError) as error:
        raise EvidenceError(f"{path}, {name}: this is not JSON: {error}. Restore the file.") from error
