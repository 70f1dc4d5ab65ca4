"""Functions of the vocabulary on lists, maps, text, files and the form of values.

The one thing a reader would get wrong: nothing here is lazy. `zip`, `enumerate`, `reversed` and `items` give lists, so
that every length is known and bounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from apr_core.contract.limits import ELEMENTS, FILE_READ_BYTES, INTEGER_BITS
from apr_core.contract.vocabulary.arrays import (
    describe,
    dtype_name,
    is_array,
    is_number,
    is_torch,
    refuse_large,
    require_array,
    weigh,
)
from apr_core.errors import ExpressionError

_TEXT = 10_000


def length(x: Any) -> int:
    """How many elements a list, map, text or the first axis of an array has."""
    if is_array(x) and not x.ndim:
        raise ExpressionError("len of an array without dimensions: use size(x), which is 1")
    return len(x)


def shape(x: Any) -> list[int]:
    """The extents of an array as a list; [] for a number."""
    return [] if is_number(x) else [int(extent) for extent in require_array(x, "shape").shape]


def size(x: Any) -> int:
    """How many elements an array has; 1 for a number."""
    return 1 if is_number(x) else int(np.prod(require_array(x, "size").shape, dtype=np.int64))


def ndim(x: Any) -> int:
    """How many dimensions an array has; 0 for a number."""
    return 0 if is_number(x) else int(require_array(x, "ndim").ndim)


def dtype(x: Any) -> str:
    """The dtype as text: 'float32', 'bfloat16'; a Python float is 'float64'."""
    return dtype_name(x)


def nbytes(x: Any) -> int:
    """How many bytes the elements of an array, bytes or text (UTF-8) take; the sum over a list or map."""
    if isinstance(x, str):
        return len(x.encode("utf-8", "surrogatepass"))
    if isinstance(x, (bytes, bytearray)):
        return len(x)
    if isinstance(x, (Mapping, list, tuple)):
        refuse_large(x)
        return sum(nbytes(item) for item in (x.values() if isinstance(x, Mapping) else x))
    array = require_array(x, "nbytes")
    return size(array) * int(array.element_size() if is_torch(array) else array.itemsize)


def as_list(x: Any = ()) -> list[Any]:
    """The elements as a list; an array gives nested lists of numbers."""
    if is_array(x):
        if size(x) > ELEMENTS:
            raise ExpressionError(f"list of {describe(x)}: at most {ELEMENTS:,} elements")
        elements = x.tolist()
        return elements if isinstance(elements, list) else [elements]
    return list(_sized(x, "list"))


def as_tuple(x: Any = ()) -> tuple[Any, ...]:
    """The elements as a tuple."""
    return tuple(as_list(x))


def as_set(x: Any = ()) -> frozenset[Any]:
    """The distinct elements, without order; for `in`, `&`, `|`, `-` and `<=`."""
    refuse_large(x)
    return frozenset(as_list(x))


def unique(x: Any) -> list[Any]:
    """The distinct elements of a list or array, sorted."""
    return sorted_(as_set(x.reshape(-1) if is_array(x) else x))


def sorted_(x: Any, *, reverse: bool = False) -> list[Any]:
    """The elements of a list, set or one-dimensional array in order; NaN has no place and is an error."""
    refuse_large(x)
    elements = as_list(x)
    if any(element != element for element in elements if isinstance(element, float)):
        raise ExpressionError("sorted of NaN: a NaN is neither below nor above a number; check isfinite first")
    return sorted(elements, reverse=reverse)


def reversed_(x: Any) -> list[Any]:
    """The elements of a list in the other direction."""
    return as_list(x)[::-1]


def range_(*bounds: Any) -> range:
    """range(stop), range(start, stop) or range(start, stop, step), up to a million numbers."""
    numbers = range(*(_whole(bound, "range") for bound in bounds))
    if abs(numbers.stop - numbers.start) // abs(numbers.step) > ELEMENTS:
        raise ExpressionError(f"range of more than {ELEMENTS:,} numbers")
    return numbers


def zip_(*lists: Any) -> list[tuple[Any, ...]]:
    """The first elements of each list, the second, and so on; the lengths must be the same."""
    columns = [as_list(column) if not is_array(column) else list(_sized(column, "zip")) for column in lists]
    lengths = sorted({len(column) for column in columns})
    if len(lengths) > 1:
        raise ExpressionError(f"zip of lists of different lengths: {', '.join(map(str, lengths))}")
    return list(zip(*columns, strict=True))


def enumerate_(x: Any, start: int = 0) -> list[tuple[int, Any]]:
    """Pairs of position and element."""
    return list(enumerate(_sized(x, "enumerate"), start))


def keys(x: Any) -> list[Any]:
    """The keys of a map."""
    return list(_map(x, "keys"))


def values(x: Any) -> list[Any]:
    """The values of a map."""
    return list(_map(x, "values").values())


def items(x: Any) -> list[tuple[Any, Any]]:
    """The pairs of a map."""
    return list(_map(x, "items").items())


def to_float(x: Any) -> float:
    """One number, an array of one element, or a number in text, as a float."""
    return float(_single(x))


def to_int(x: Any) -> int:
    """One number, cut off towards zero, or a whole number in text, as an int."""
    number = int(_single(x))
    if number.bit_length() > INTEGER_BITS:
        raise ExpressionError(f"an integer of {number.bit_length():,} bits: at most {INTEGER_BITS:,}")
    return number


def to_bool(x: Any) -> bool:
    """One truth value, or whether a number is not 0, a text or list not empty."""
    if is_array(x) and size(x) != 1:
        raise ExpressionError(f"bool of {describe(x)}: use all(…) or any(…)")
    return bool(x)


def to_text(x: Any) -> str:
    """A number, text or short list as text."""
    if is_array(x) or isinstance(x, (bytes, bytearray)) or weigh(x) > _TEXT:
        raise ExpressionError(f"str of {describe(x)}: only numbers, text and short lists have a text")
    if not isinstance(x, (str, Path, list, tuple, range, dict)) and not is_number(x) and x is not None:
        raise ExpressionError(f"str of {describe(x)}: only numbers, text and short lists have a text")
    text = str(x)
    if len(text) > ELEMENTS:
        raise ExpressionError(f"a text of {len(text):,} characters: at most {ELEMENTS:,}")
    return text


def files(folder: Any) -> list[str]:
    """The paths of all files below a folder, relative to it, with `/`, sorted."""
    root = _path(folder, "files")
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file() or path.is_symlink())


def size_of(path: Any) -> int:
    """The size of a file in bytes, or of all files below a folder."""
    place = _path(path, "size_of")
    if place.is_dir():
        return sum(part.lstat().st_size for part in place.rglob("*") if not part.is_dir())
    return place.stat().st_size


def read_bytes(path: Any) -> bytes:
    """The content of a file below a workdir, up to 64 MiB."""
    place = _path(path, "read_bytes")
    if place.stat().st_size > FILE_READ_BYTES:
        raise ExpressionError(f"a file of {place.stat().st_size:,} bytes: at most {FILE_READ_BYTES:,} are read")
    return place.read_bytes()


def read_text(path: Any) -> str:
    """The content of a UTF-8 text file below a workdir, up to 64 MiB."""
    return read_bytes(path).decode("utf-8")


def _sized(x: Any, word: str) -> Any:
    if isinstance(x, (str, bytes, list, tuple, range, set, frozenset, Mapping)) or (is_array(x) and x.ndim):
        if len(x) > ELEMENTS:
            raise ExpressionError(f"{word} of {len(x):,} elements: at most {ELEMENTS:,}")
        return x
    raise ExpressionError(f"{word} needs a list, map, text or array, not {describe(x)}")


def _map(x: Any, word: str) -> Mapping[Any, Any]:
    if not isinstance(x, Mapping):
        raise ExpressionError(f"{word} needs a map, not {describe(x)}")
    return x


def _whole(x: Any, word: str) -> int:
    if isinstance(x, (int, np.integer)):
        return int(x)
    raise ExpressionError(f"{word} needs whole numbers, not {describe(x)}: use int(…) or //")


def _single(x: Any) -> Any:
    if is_array(x) and size(x) != 1:
        raise ExpressionError(f"{describe(x)} is not one number: use a reduction such as mean(x)")
    if is_array(x):
        return x.reshape(-1)[0].item()
    if is_number(x) or (isinstance(x, str) and len(x) <= _TEXT):
        return x
    raise ExpressionError(f"{describe(x)} is not one number")


def _path(x: Any, word: str) -> Path:
    if isinstance(x, Path):
        return x
    raise ExpressionError(f"{word} needs a path, such as `folder / 'a.txt'` of a `workdir` input, not {describe(x)}")
