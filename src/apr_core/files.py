"""Files that are written whole or not at all, JSON that has one form, and JSON that is read with its mistakes placed.

The one thing a reader would get wrong: `write_atomic` replaces what is at the path. Readers see the old content or the
new one, never a part; but of two writers of one path the last wins, unless the name is the digest of the content.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import re
import secrets
import stat
from pathlib import Path
from typing import Any

from apr_core.errors import AprError

MAX_JSON_BYTES = 64 * 2**20
"""The largest JSON file that is read unless the caller says otherwise."""

_ADVICE = {
    errno.ENOSPC: "the disk is full: free some space and run it again",
    errno.EDQUOT: "the disk quota is used up: free some space and run it again",
    errno.EFBIG: "the file is larger than the limit on file sizes (`ulimit -f`) allows",
    errno.EACCES: "this user may not write there: choose another folder or change its permissions",
    errno.EPERM: "this user may not write there: choose another folder or change its permissions",
    errno.EROFS: "the file system is mounted read-only: choose another folder",
    errno.ENOENT: "the folder does not exist: create it first",
    errno.ENOTDIR: "a part of the path is a file, not a folder: choose another path",
    errno.EISDIR: "there is a folder of that name: choose another path",
    errno.ENAMETOOLONG: "the name is too long for the file system: choose a shorter one",
}


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write `content` (text as UTF-8) to `path` so that it is there whole, on the disk, or not at all.

    A temporary sibling is written, flushed to the disk and renamed over `path`. Whatever interrupts this, `path` is as
    it was and the sibling is gone; only a killed process or a power cut can leave one, named `.<name>.<token>.tmp`.

    Raises:
        AprError: the folder is missing, not writable or full; the message says which, and what to do.
    """
    data = content.encode() if isinstance(content, str) else content
    sibling = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        with sibling.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        sibling.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        _discard(sibling)
        advice = _ADVICE.get(error.errno or 0, "check the path and the device")
        reason = error.strerror or error
        raise AprError(f"cannot write {path}: {reason}; {advice}. Nothing was written.") from error
    except BaseException:  # an interrupt must not leave half a file either
        _discard(sibling)
        raise


def _discard(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:  # the failure that led here is the one to report
        return


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut. A file system that cannot sync a folder keeps the rename in a journal."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        return
    finally:
        os.close(descriptor)


def digest_bytes(data: bytes) -> str:
    """SHA-256 of `data` as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def canonical_json(value: Any) -> bytes:
    """The one form of `value` as JSON: sorted keys, no spaces, UTF-8, a newline at the end.

    Raises:
        AprError: `value` holds a NaN or an infinity, text that is no Unicode, or something that JSON does not have.
    """
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode() + b"\n"
    except (ValueError, TypeError, RecursionError) as error:
        raise AprError(
            f"cannot write this as JSON: {error}. Allowed are finite numbers, Unicode text, true, false, null, lists, "
            "and maps with text keys."
        ) from error


def read_json(path: Path, limit_bytes: int = MAX_JSON_BYTES) -> Any:
    """The JSON value in the file at `path`.

    Stricter than the `json` module: NaN, Infinity, 1e999 and a key given twice are refused, for each hides a mistake.

    Raises:
        AprError: the file cannot be read, is larger than `limit_bytes`, or is not JSON (message with file:line:column).
    """
    return parse_json(read_text(path, limit_bytes), path)


def read_text(path: Path, limit_bytes: int = MAX_JSON_BYTES) -> str:
    """The UTF-8 text of a regular file of at most `limit_bytes`.

    Raises:
        AprError: there is no such file, it is no regular file, may not be read, is too large, or is not UTF-8.
    """
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "a device, pipe or socket"
            raise AprError(f"cannot read {path}: it is {kind}, and a file is needed.")
        with path.open("rb") as file:
            data = file.read(limit_bytes + 1)
    except OSError as error:
        raise AprError(f"cannot read {path}: {error.strerror or error}. Check the path and its permissions.") from error
    if len(data) > limit_bytes:
        raise AprError(f"cannot read {path}: it has more than {limit_bytes:,} bytes, the most that is read here.")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise AprError(
            f"{path}:{line}: byte {data[error.start]:#04x} at offset {error.start} is not UTF-8. Save the file so."
        ) from error


def parse_json(text: str, path: Path) -> Any:
    """The value of the JSON `text` that was read from `path`; raises as `read_json` does."""
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_refuse_twice)
    except json.JSONDecodeError as error:
        line, column, reason = error.lineno, error.colno, error.msg
        if error.pos >= len(text.rstrip()) or reason.startswith("Unterminated"):
            reason += " (the file ends here: is it truncated?)"
        raise AprError(
            f"{path}:{line}:{column}: this is not JSON: {reason}. Restore the file or write it anew."
        ) from error
    except _Refused:
        index, reason = _refused(text)
        line = text.count("\n", 0, index) + 1
        raise AprError(f"{path}:{line}: {reason}.") from None
    except RecursionError as error:
        raise AprError(f"{path}: lists and maps are nested too deeply to be a file that apr-core writes.") from error
    except ValueError as error:  # an integer of more digits than Python converts
        raise AprError(f"{path}: a number cannot be read: {error}.") from error


class _Refused(Exception):  # noqa: N818 - becomes an AprError once the place is known
    """JSON that Python would read and apr-core does not."""


def _refuse_constant(name: str) -> float:
    raise _Refused(name)


def _finite(text: str) -> float:
    if math.isinf(number := float(text)):
        raise _Refused(text)
    return number


def _refuse_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refused
    return found


_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|[{}]|-?Infinity|NaN|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?')


def _refused(text: str) -> tuple[int, str]:
    """Where the first thing stands that `_Refused` was raised for, and what it is. Python's decoder does not say."""
    keys: list[set[str]] = []
    for token in _TOKEN.finditer(text):
        if token[0] == "{":
            keys.append(set())
        elif token[0] == "}":
            keys.pop()
        elif token[1] is None and not (token[0][-1].isdigit() and math.isfinite(float(token[0]))):
            return token.start(), f"{token[0]} is not a number that JSON has; a result that is not finite is no result"
        elif token[2] is not None:
            key = json.loads(token[1])
            if key in keys[-1]:
                return token.start(), f"the key {key!r} is given twice in one map; keep one"
            keys[-1].add(key)
    raise AssertionError("the decoder refused a text in which nothing is to be refused")


def position(text: str, location: tuple[str | int, ...]) -> tuple[int, int]:
    """Line and column, from 1, of the value at `location` in the JSON `text`, or of its nearest parent there is."""
    index = _skip(text, 0)
    for step in location:
        found = _child(text, index, step)
        if found is None:
            break
        index = found
    return text.count("\n", 0, index) + 1, index - (text.rfind("\n", 0, index) + 1) + 1


def _skip(text: str, index: int, also: str = "") -> int:
    while index < len(text) and text[index] in " \t\r\n" + also:
        index += 1
    return index


def _child(text: str, index: int, step: str | int) -> int | None:
    """Where the element `step` of the list or map at `index` begins. The text is known to be JSON."""
    decoder = json.JSONDecoder()
    is_map = text[index] == "{"
    if is_map != isinstance(step, str) or text[index] not in "[{":
        return None
    index, count = _skip(text, index + 1), 0
    while text[index] not in "]}":
        key: str | int = count
        if is_map:
            key, index = decoder.raw_decode(text, index)
            index = _skip(text, index, ":")
        if key == step:
            return index
        _, index = decoder.raw_decode(text, index)
        index, count = _skip(text, index, ","), count + 1
    return None
