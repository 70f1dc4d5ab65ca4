"""What the importers of evaluation harnesses share: result files, plain or gzipped, that are read whole or refused.

The one thing a reader would get wrong: the name and the digest in a record are those of the uncompressed file, so that
`x.json` and `x.json.gz` are one measurement, and importing both adds one record.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from apr_core.errors import AprError, EvidenceError
from apr_core.evidence.record import ProblemResult, Record
from apr_core.files import digest_bytes, parse_json, read_text

LIMIT_BYTES = 512 * 2**20
"""The largest file that is read, uncompressed. 200 samples for each problem of HumanEval take about 60 MB."""

PASS = "pass"


class ResultFile(NamedTuple):
    """A JSON file as it was read."""

    path: Path
    name: str
    """Of the file, without `.gz`."""
    text: str
    value: Any
    digest: str
    """SHA-256 of the uncompressed content."""


def open_file(path: Path) -> ResultFile:
    """The JSON file at `path`, gzipped when its name ends in `.gz`.

    Unlike files of our own it may hold NaN and Infinity: harnesses copy test inputs into their results.

    Raises:
        AprError: it cannot be read, is too large, is truncated, is no JSON, or gives a key twice.
    """
    text = _unzipped(path) if path.suffix == ".gz" else read_text(path, LIMIT_BYTES)
    return ResultFile(path, plain_name(path), text, _parse(text, path), digest_bytes(text.encode()))


def plain_name(path: Path) -> str:
    """The name of a file without `.gz`."""
    return path.name.removesuffix(".gz")


def _unzipped(path: Path) -> str:
    if not path.is_file():
        return read_text(path)  # says why it cannot be read
    try:
        with gzip.open(path) as file:
            data = file.read(LIMIT_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise AprError(
            f"cannot read {path}: {error}. Restore the file: it is truncated, or no gzip file, or may not be read."
        ) from error
    if len(data) > LIMIT_BYTES:
        raise AprError(f"cannot read {path}: it holds more than {LIMIT_BYTES:,} bytes, the most that is read here.")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise AprError(f"{path}: byte {data[error.start]:#04x} at offset {error.start} is not UTF-8.") from error


class _GivenTwice(Exception):  # noqa: N818 - becomes an AprError once the file is known
    """A key that occurs twice in one map."""


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _GivenTwice(key)
        found[key] = value
    return found


def _parse(text: str, path: Path) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_distinct)
    except _GivenTwice as error:
        raise AprError(
            f"{path}: the key {error.args[0]!r} is given twice in one map, and which of the two is meant cannot be "
            "known. Restore the file, or remove one."
        ) from None
    except (ValueError, RecursionError):
        return parse_json(text, path)  # says what is wrong and where


def peek(path: Path) -> Any:
    """The value of a JSON file, or None when it cannot be read: for recognising, where that is not the question."""
    try:
        return open_file(path).value if path.is_file() else None
    except AprError:
        return None


def listed(folder: Path) -> list[Path]:
    """What is in a folder, in the order of the names; EvidenceError when it may not be read."""
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise EvidenceError(f"cannot read {folder}: {error.strerror or error}. Check its permissions.") from error


def files_in(path: Path, *endings: str) -> list[Path]:
    """`path` itself, or of a folder the files whose names end so, with or without `.gz`, in the order of their names.

    Raises:
        EvidenceError: the folder has none.
    """
    if not path.is_dir():
        return [path]
    found = [one for one in listed(path) if plain_name(one).endswith(endings)]
    if not found:
        raise EvidenceError(
            f"there is no file named *{' or *'.join(endings)} (or that with .gz) in {path}. Give the folder that holds "
            "the result files, or one file."
        )
    return found


def holds_only(folder: Path, ending: str, recognises: Callable[[Path], bool]) -> bool:
    """Whether a folder has files of that name, and all of them are recognised."""
    found = [one for one in listed(folder) if plain_name(one).endswith(ending)]
    return bool(found) and all(recognises(one) for one in found)


def first_result(value: Any) -> Any:
    """What stands first under `eval`: of a list of samples, the first sample. None when there is no such thing."""
    listed = value.get("eval") if isinstance(value, dict) else None
    first = next(iter(listed.values()), None) if isinstance(listed, dict) else None
    return first[0] if isinstance(first, list) and first else first


def some_samples(samples: list[Any]) -> list[Any]:
    """A problem's samples; no samples are a ValueError, for a schema to place."""
    if not samples:
        raise ValueError("this problem has no samples, so the run is not finished; only whole runs are imported")
    return samples


def refuse_misplaced(samples: Mapping[str, Sequence[Any]]) -> None:
    """A ValueError when a sample names another task than the one it is listed under."""
    for task_id, listed in samples.items():
        for one in listed:
            if one.task_id != task_id:
                raise ValueError(f"a sample of {one.task_id!r} is listed under {task_id!r}")


def read_each(paths: Sequence[Path], read: Callable[[Path], Iterable[Record]]) -> list[Record]:
    """The records of all files, in their order.

    Raises:
        EvidenceError: some file cannot be used; says what is wrong with each, and nothing is imported.
    """
    records: list[Record] = []
    wrong: list[str] = []
    for one in paths:
        try:
            records.extend(read(one))
        except AprError as error:
            wrong.append(str(error))
    if wrong and len(paths) > 1:
        wrong.append(f"{len(wrong)} of {len(paths)} files cannot be used: nothing was imported.")
    if wrong:
        raise EvidenceError("\n".join(wrong))
    return records


def model_of(path: Path, given: str | None, said: str | None = None) -> str:
    """The model: as it was `given` by the user, who knows how its publisher writes it, or else as the file `said`.

    Raises:
        EvidenceError: nobody said.
    """
    if given or said:
        return given or str(said)
    raise EvidenceError(
        f"{path}: which model made the samples is not said in this file. Give the model's name as its publisher writes "
        "it: --model Qwen2.5-Coder-7B-Instruct."
    )


def problem(task_id: str, verdicts: Sequence[str]) -> ProblemResult:
    """One problem from the verdict of each of its samples; the verdicts that are no pass are its failure class."""
    failed = sorted({verdict for verdict in verdicts if verdict != PASS})
    passes = sum(verdict == PASS for verdict in verdicts)
    return ProblemResult(id=task_id, samples=len(verdicts), passes=passes, failure=" and ".join(failed) or None)


def samples_each(problems: Sequence[ProblemResult]) -> int | None:
    """How many samples every problem has; None when they have different numbers."""
    counts = {one.samples for one in problems}
    return counts.pop() if len(counts) == 1 else None


def check_pass_at_k(stated: Mapping[str, float], problems: Sequence[ProblemResult], where: str) -> None:
    """Nothing, when each `pass@k` that `where` states is what the problems come to.

    Raises:
        EvidenceError: one is not; then the file was changed, or the figure is of another run.
    """
    from apr_core.statistics import mean_pass_at_k

    counts = [(one.samples, one.passes) for one in problems]
    fewest = min(samples for samples, _ in counts)
    for name, value in stated.items():
        k = int(name.removeprefix("pass@"))
        found = mean_pass_at_k(counts, k) if k <= fewest else None
        if found is None or abs(found - value) > 1e-6:
            came_to = "have too few samples for that" if found is None else f"come to {found:.6f}"
            raise EvidenceError(
                f"{where} says that {name} is {value:.6f}, but the {len(counts)} problems listed {came_to}. One of the "
                "two is of another run: restore both, or evaluate again."
            )


def note(*sentences: str | None) -> str | None:
    """What a record says beside its fields: the sentences that there are, one per line."""
    return "\n".join(one for one in sentences if one) or None


def dated(date: str) -> str:
    """What a harness's date is worth: it gives minutes of a local clock, and no record guesses the time zone."""
    return f"evaluated {date} by the clock of that machine, whose offset from UTC is not known"
