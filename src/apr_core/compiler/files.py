"""Damaged files: a valid content, and exactly one kind of damage that certainly changes it.

The one thing a reader would get wrong: positions are drawn from the first and the last bytes as often as from the whole
file. Headers are short and decide how everything after them is read; in a uniform draw they would hardly ever be hit.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from apr_core.compiler.domain import Case, Context
from apr_core.compiler.tensors import Drawer
from apr_core.contract.inputs import FileInput

HEAD = 64
"""Bytes, or fields, that count as an end of a file."""

HUGE = {4: (2**31 - 1, 2**31, 2**32 - 1), 8: (2**40, 2**63 - 1, 2**63, 2**64 - 1)}
"""Width of a field in bytes → the counts that no file can keep."""


def file(model: FileInput, where: str, context: Context) -> Drawer:
    """The domain of a `file` input: the path of a damaged copy in a private folder.

    Raises, while drawing:
        TrialError: the content is neither bytes nor text, is empty, or has no field for `oversize_count`.
    """
    content = context.quantity(model.file.from_, where)
    kinds = st.sampled_from(model.file.corrupt)

    def take(draw: st.DrawFn, case: Case) -> object:
        valid = content.evaluate(case)
        data = valid.encode() if isinstance(valid, str) else valid
        if not isinstance(data, (bytes, bytearray)):
            raise content.refused(valid, case, "the content of a file is bytes or text")
        if not data:
            raise content.refused(valid, case, "an empty file cannot be damaged. Draw inputs that give some content")
        damaged = DAMAGE[draw(kinds)](draw, bytes(data))
        if damaged is None:
            reason = (
                "no aligned 4 or 8 bytes of it look like a count, a little-endian number below the file's size, so "
                "there is none to oversize. Drop `oversize_count`"
            )
            raise content.refused(valid, case, reason)
        path = case.new_folder(context.workroot) / model.name
        path.write_bytes(damaged)
        return path

    return take


def _position(count: int) -> st.SearchStrategy[int]:
    """A number below `count`, as often from either end as from anywhere."""
    if count <= 2 * HEAD:
        return st.integers(0, count - 1)
    return st.one_of(st.integers(0, HEAD - 1), st.integers(count - HEAD, count - 1), st.integers(0, count - 1))


def truncate(draw: st.DrawFn, data: bytes) -> bytes:
    """A proper prefix, which may be empty."""
    return data[: draw(_position(len(data)))]


def flip(draw: st.DrawFn, data: bytes) -> bytes:
    """One bit inverted."""
    byte, bit = draw(_position(len(data))), draw(st.integers(0, 7))
    return data[:byte] + bytes([data[byte] ^ (1 << bit)]) + data[byte + 1 :]


def splice(draw: st.DrawFn, data: bytes) -> bytes:
    """A part replaced by another part of the same file or by up to 16 arbitrary bytes."""
    start = draw(_position(len(data)))
    stop = start + draw(st.integers(1, min(len(data) - start, HEAD)))
    if draw(st.booleans()):
        other = draw(_position(len(data)))
        patch = data[other : other + stop - start]
    else:
        patch = draw(st.binary(max_size=16))
    spliced = data[:start] + patch + data[stop:]
    if spliced != data:
        return spliced
    return data[:start] + bytes([data[start] ^ 0xFF]) + data[start + 1 :]  # the patch was what it replaced


def _counts(data: bytes) -> list[tuple[int, int]]:
    """Offset and width of the fields that look like counts: little-endian numbers below the size of the file, at
    multiples of 4. Zeros only if there is nothing else: most are padding."""
    words = np.frombuffer(data[: len(data) // 4 * 4], "<u4").astype(np.uint64)
    longs = words[:-1] | words[1:] << np.uint64(32)
    for lowest in (1, 0):
        places = [
            (4 * int(index), width)
            for width, values in ((4, words), (8, longs))
            for index in np.flatnonzero((values >= lowest) & (values < len(data)))
        ]
        if places:
            return sorted(places)
    return []


def oversize_count(draw: st.DrawFn, data: bytes) -> bytes | None:
    """A field that looks like a count replaced by a huge number; None if there is none."""
    places = _counts(data)
    if not places:
        return None
    offset, width = places[draw(_position(len(places)))]
    huge = draw(st.sampled_from(HUGE[width]))
    return data[:offset] + huge.to_bytes(width, "little") + data[offset + width :]


DAMAGE: dict[str, Callable[[st.DrawFn, bytes], bytes | None]] = {
    "truncate": truncate,
    "flip": flip,
    "splice": splice,
    "oversize_count": oversize_count,
}
"""Kind of damage → how it is done."""
