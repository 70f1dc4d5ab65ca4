"""The lines of a problems file: read within limits, digested, and asked for their fields with the place in every message.

The one thing a reader would get wrong: a digest is that of the uncompressed content, so that the same problems have the
same digest whether somebody packed the file again or not.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from apr_core.errors import AprError, did_you_mean
from apr_core.files import canonical_json, digest_bytes

LIMIT_BYTES = 2**30
"""The largest content that is read, uncompressed."""
GZIP_MAGIC = b"\x1f\x8b"

_KINDS: dict[type, str] = {str: "text", list: "a list", dict: "a map", int: "a whole number", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class Line:
    """One problem as it stands in its source."""

    place: str
    """`file:line`, or the row of a dataset."""
    data: Mapping[str, Any]

    def text(self, key: str, default: str | None = None) -> str:
        """The text at `key`; `default` when it is missing or null and there is a default."""
        return cast("str", self._of(key, str, default))

    def items(self, key: str, default: list[Any] | None = None) -> list[Any]:
        """The list at `key`; `default` as for `text`."""
        return cast("list[Any]", self._of(key, list, default))

    def texts(self, key: str, default: list[Any] | None = None) -> tuple[str, ...]:
        """The list of texts at `key`."""
        found = self.items(key, default)
        for index, one in enumerate(found):
            if not isinstance(one, str):
                raise self.wrong(f"`{key}[{index}]` is {_shown(one)}; text is needed")
        return tuple(found)

    def number(self, key: str, default: float | None = None) -> float:
        """The finite number at `key` that is not below 0."""
        found: Any = self.data.get(key)
        if found is None and default is not None:
            return default
        if type(found) not in (int, float) or not 0 <= found < float("inf"):
            raise self.wrong(f"`{key}` is {_shown(found)}; a number from 0 is needed")
        return float(found)

    def require(self, keys: Iterable[str]) -> None:
        """Refuses a line that lacks one of `keys`."""
        missing = [key for key in keys if key not in self.data]
        if missing:
            near = next(filter(None, (did_you_mean(key, self.data) for key in missing)), "")
            fields = f"the field {_names(missing)} is" if len(missing) == 1 else f"the fields {_names(missing)} are"
            raise self.wrong(f"{fields} missing; it has {_names(sorted(self.data)) or 'none'}", near)

    def allow(self, keys: Iterable[str]) -> None:
        """Refuses a line that has a field besides `keys`."""
        allowed = set(keys)
        for key in self.data:
            if key not in allowed:
                raise self.wrong(
                    f"`{key}` is no field of a plain problem; allowed are {', '.join(sorted(allowed))}",
                    did_you_mean(key, allowed),
                )

    def wrong(self, what: str, hint: str = "") -> AprError:
        """The error that says what is wrong with this line."""
        return AprError(f"{self.place}: {what}.{hint} Correct the line.")

    def _of(self, key: str, kind: type, default: Any) -> Any:
        found = self.data.get(key)
        if found is None and default is not None:
            return default
        if type(found) is not kind:
            raise self.wrong(f"`{key}` is {_shown(found)}; {_KINDS[kind]} is needed")
        return found


@dataclass(frozen=True, slots=True)
class Source:
    """Where problems came from, what it holds, and the SHA-256 of that."""

    where: str
    digest: str
    lines: tuple[Line, ...]


def read_file(path: Path) -> Source:
    """The lines of a `.jsonl` file, plain or gzipped: told apart by the content, whatever the name.

    Raises:
        AprError: the file cannot be read, is damaged, too large or empty, or a line is no JSON object.
    """
    data = content(path)
    return Source(str(path), digest_bytes(data), parse(data, str(path)))


def from_rows(rows: Iterable[Mapping[str, Any]], where: str) -> Source:
    """Rows that are in memory, in their order. The digest is of each as canonical JSON, one per line.

    Raises:
        AprError: there is none, or one holds what JSON has not.
    """
    taken = list(rows)
    if not taken:
        raise AprError(f"{where} holds no problem: it has no rows. Give at least one.")
    data = b"".join(canonical_json(dict(row)) for row in taken)
    return Source(
        where, digest_bytes(data), tuple(Line(f"{where}:{number}", row) for number, row in enumerate(taken, 1))
    )


def content(path: Path) -> bytes:
    """The uncompressed content of a file, at most `LIMIT_BYTES`."""
    try:
        if path.is_dir():
            raise AprError(f"cannot read {path}: it is a folder; give the .jsonl or .jsonl.gz file in it.")
        with path.open("rb") as raw:
            zipped = raw.read(2) == GZIP_MAGIC
            raw.seek(0)
            data = gzip.GzipFile(fileobj=raw).read(LIMIT_BYTES + 1) if zipped else raw.read(LIMIT_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise AprError(f"cannot read {path}: its gzip stream is damaged ({error}). Fetch the file again.") from error
    except OSError as error:
        raise AprError(f"cannot read {path}: {error.strerror or error}. Check the path and its permissions.") from error
    if len(data) > LIMIT_BYTES:
        raise AprError(f"cannot read {path}: it holds more than {LIMIT_BYTES:,} bytes, the most that is read here.")
    return data


def parse(data: bytes, name: str) -> tuple[Line, ...]:
    """The objects of JSON lines; blank lines are passed over, and counted.

    Raises:
        AprError: there is none, or a line is no JSON object (message with name:line).
    """
    lines = []
    for number, raw in enumerate(data.split(b"\n"), 1):
        if raw.strip():
            place = f"{name}:{number}"
            lines.append(Line(place, _object(raw, place)))
    if not lines:
        raise AprError(f"{name} holds no problem: it is empty. Give a file of one JSON object per line.")
    return tuple(lines)


def _object(raw: bytes, place: str) -> dict[str, Any]:
    try:
        found = json.loads(raw.decode(), object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        more = " (the line ends here: is the file truncated?)" if error.pos >= len(error.doc.rstrip()) else ""
        raise AprError(
            f"{place}:{error.colno}: this is not JSON: {error.msg}{more}. Each line is one JSON object; correct the line."
        ) from error
    except UnicodeDecodeError as error:
        raise AprError(f"{place}: byte {raw[error.start]:#04x} is not UTF-8. Save the file as UTF-8.") from error
    except RecursionError as error:
        raise AprError(f"{place}: lists and maps are nested too deeply to be read.") from error
    except ValueError as error:  # a key given twice, or an integer of more digits than Python converts
        raise AprError(f"{place}: {error}. Correct the line.") from error
    if not isinstance(found, dict):
        raise AprError(f"{place}: the line is {_shown(found)}; a JSON object is needed, one problem per line.")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} is given twice in one map")
        found[key] = value
    return found


def _names(keys: Iterable[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys)


def _shown(value: Any) -> str:
    if value is None:
        return "missing or null"
    text = json.dumps(value, default=repr)
    kind = _KINDS.get(type(value))
    return f"{kind + ', ' if kind else ''}{text if len(text) <= 60 else text[:57] + '...'}"
