"""Values as short text, for counterexamples and messages.

The one thing a reader would get wrong: this never raises. It is called while a failure is being reported, and a value
whose `__repr__` is broken, huge or full of control characters must not hide the failure.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

LIMIT = 300
"""About how many characters a description may have."""

WHOLE = 16
"""Arrays of up to so many elements are shown whole."""

FIRST = 6
"""How many elements of a larger array are shown."""


def describe(value: Any) -> str:
    """One line for `value`: numbers as Python writes them, arrays with dtype and shape, paths by name and size."""
    return _printable(_shown(value, 4))


def _shown(value: Any, depth: int) -> str:
    try:
        return _dispatched(value, depth)
    except KeyboardInterrupt:
        raise
    except BaseException:  # a hostile __repr__ may raise anything, SystemExit included
        return _nameless(value)


def _nameless(value: object) -> str:
    try:
        return f"<{type(value).__name__} that cannot be shown>"
    except Exception:  # a metaclass may even hide the name
        return "<a value that cannot be shown>"


def _printable(text: str) -> str:
    """One line, no control characters (they could rewrite a terminal), about `LIMIT` characters."""
    line = " ".join(text[: 4 * LIMIT].split())
    shown = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line)
    return shown if len(shown) <= LIMIT and len(text) <= 4 * LIMIT else shown[:LIMIT] + "…"


def _dispatched(value: Any, depth: int) -> str:
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        return _tensor(value)
    if isinstance(value, np.ndarray):
        return _array(value, str(value.dtype), not value.flags.c_contiguous)
    for kind, show in _SHOW.items():
        if isinstance(value, kind):
            return show(value, depth)
    return repr(value)


def _integer(value: int, depth: int) -> str:
    if isinstance(value, bool) or value.bit_length() <= 1024:
        return repr(value)
    return f"{hex(value)[:20]}… ({value.bit_length()} bits)"  # Python refuses to write a very long one in decimal


def _text(value: str | bytes, depth: int) -> str:
    if len(value) <= LIMIT - 20:
        return repr(value)
    unit = "characters" if isinstance(value, str) else "bytes"
    return f"{value[: LIMIT // 2]!r}… ({len(value)} {unit})"


def _path(value: Path, depth: int) -> str:
    if value.is_dir():
        entries = sum(1 for _ in value.iterdir())
        return f"a folder with {entries} {'entry' if entries == 1 else 'entries'}"
    if value.is_file():
        return f"{value.name} ({value.stat().st_size} bytes)"
    return f"{value.name} (missing)"


def _sequence(value: list[Any] | tuple[Any, ...], depth: int) -> str:
    opening, closing = "[]" if isinstance(value, list) else "()"
    comma = "," if isinstance(value, tuple) and len(value) == 1 else ""
    return opening + _joined((_shown(item, depth - 1) for item in value), len(value), depth) + comma + closing


def _mapping(value: dict[Any, Any], depth: int) -> str:
    pairs = (f"{_shown(key, depth - 1)}: {_shown(item, depth - 1)}" for key, item in value.items())
    return "{" + _joined(pairs, len(value), depth) + "}"


def _joined(items: Iterable[str], count: int, depth: int) -> str:
    """The items that fit, and how many do not; a value that contains itself ends at the depth."""
    if depth == 0 and count:
        return f"… {count} elements"
    shown: list[str] = []
    length = 0
    for item in items:
        if length + len(item) > LIMIT - 30 and shown:
            return ", ".join(shown) + f", … {count - len(shown)} more"
        shown.append(item)
        length += len(item) + 2
    return ", ".join(shown)


_SHOW: dict[type | tuple[type, ...], Callable[[Any, int], str]] = {
    np.generic: lambda value, depth: str(value),
    int: _integer,
    (str, bytes): _text,
    Path: _path,
    (list, tuple): _sequence,
    dict: _mapping,
}
"""Type → how it is shown; the first that fits."""


def _tensor(value: Any) -> str:
    plain = value.detach().cpu()
    dtype = str(value.dtype)
    strided = not value.is_contiguous()
    if dtype == "torch.bfloat16":
        return _array(plain.float().numpy(), dtype, strided, lambda element: f"{element:.3g}")
    return _array(plain.numpy(), dtype, strided)


def _array(array: np.ndarray[Any, Any], dtype: str, strided: bool, show: Callable[[Any], str] = str) -> str:
    """`float32[3] [0.1, -0.6, 2.0]`, or the range, the mean and the first elements of a larger one."""
    head = f"{dtype}{list(array.shape)}{' strided' if strided else ''}"
    if array.size == 0:
        return head
    if array.size <= WHOLE:
        return f"{head} {_nested(array, show)}"
    first = ", ".join(show(element) for element in array.flat[:FIRST])
    with np.errstate(all="ignore"):
        return f"{head} {_summary(array)}, first [{first}, …]"


def _nested(array: Any, show: Callable[[Any], str]) -> str:
    if array.ndim == 0:
        return show(array[()])
    return "[" + ", ".join(_nested(part, show) for part in array) + "]"


def _summary(array: np.ndarray[Any, Any]) -> str:
    if array.dtype.kind == "b":
        return f"{np.count_nonzero(array)} of {array.size} true"
    values = np.abs(array) if array.dtype.kind == "c" else array
    finite = values[np.isfinite(values)]
    parts = []
    if finite.size:
        parts.append(f"min {finite.min()}, max {finite.max()}, mean {np.mean(finite, dtype=np.float64):.4g}")
    if finite.size < values.size:
        parts.append(f"{np.count_nonzero(np.isnan(values))} nan, {np.count_nonzero(np.isinf(values))} infinite")
    return ("absolute " if array.dtype.kind == "c" else "") + ", ".join(parts)
