"""Digests of values: whether something is the same as before, and whether two things are the same to the bit.

The one thing a reader would get wrong: a path is digested by what lies under it, not by its name, so that a `frame` can
say that a folder is unchanged. A list and a tuple of the same elements are the same.
"""

from __future__ import annotations

import dataclasses
import hashlib
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from apr_core.contract.vocabulary.arrays import describe, dtype_name, is_torch, torch_module
from apr_core.errors import ExpressionError

_CHUNK = 1 << 20
_DEEPEST = 100


def digest(value: Any) -> str:
    """The SHA-256 of a value with its types, shapes and bits; for a path, of the files below it."""
    return _Digester(nan_is_nan=False).of(value).hex()


def equal(a: Any, b: Any) -> bool:
    """Whether two values are the same to the bit: shape, dtype, sign of zero. NaN equals NaN."""
    return _Digester(nan_is_nan=True).of(a) == _Digester(nan_is_nan=True).of(b)


class _Digester:
    """One traversal. Containers that occur several times are digested once."""

    def __init__(self, *, nan_is_nan: bool) -> None:
        self.nan_is_nan = nan_is_nan
        self.known: dict[int, tuple[Any, bytes]] = {}  # the object is kept alive, so that its id stays its own
        self.depth = 0

    def of(self, value: Any) -> bytes:
        """The digest of any value.

        Raises:
            ExpressionError: the value is of a type without a digest, or nested deeper than 100 levels.
        """
        if id(value) in self.known:
            return self.known[id(value)][1]
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ExpressionError(f"a value nested more than {_DEEPEST} levels deep, or inside itself, has no digest")
        result = self.compute(value)
        self.depth -= 1
        if not isinstance(value, (bool, int, float, str)):
            self.known[id(value)] = (value, result)
        return result

    def compute(self, value: Any) -> bytes:
        """The digest, by type; the type's tag is part of it."""
        if is_torch(value):
            return self.tensor(value)
        if isinstance(value, (np.ndarray, np.generic)):
            return self.array(np.asarray(value), scalar=isinstance(value, np.generic))
        if isinstance(value, (bool, int, float, complex, str, bytes, bytearray)) or value is None:
            return _hash(type(value).__name__, self.scalar(value))
        if isinstance(value, Path):
            return _hash_path(value)
        if isinstance(value, Mapping):
            pairs = sorted(self.of(key) + self.of(item) for key, item in value.items())
            return _hash("map", *pairs)
        if isinstance(value, (list, tuple, range)):
            return _hash("list", *(self.of(item) for item in value))
        if isinstance(value, (set, frozenset)):
            return _hash("set", *sorted(self.of(item) for item in value))
        return self.object(value)

    def scalar(self, value: Any) -> bytes:
        """The bytes of one plain value."""
        if isinstance(value, float):
            return struct.pack("<d", float("nan") if self.nan_is_nan and value != value else value)
        if isinstance(value, complex):
            return self.scalar(value.real) + self.scalar(value.imag)
        if isinstance(value, str):
            return value.encode("utf-8", "surrogatepass")
        return bytes(value) if isinstance(value, (bytes, bytearray)) else repr(value).encode()

    def array(self, array: np.ndarray[Any, Any], *, scalar: bool = False) -> bytes:
        """The digest of a numpy array; a float64 scalar is a Python float, as everywhere in expressions."""
        if array.dtype == object:
            return _hash("objects", repr(array.shape).encode(), *(self.of(item) for item in array.ravel().tolist()))
        if scalar and array.dtype.name in ("float64", "int64", "bool"):
            return self.of(array.item())
        if self.nan_is_nan and array.dtype.kind in "fc" and bool(np.isnan(array).any()):
            array = np.where(np.isnan(array), array.dtype.type(np.nan), array)
        little = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False))
        return _hash_array(array.dtype.name, array.shape, little.reshape(-1).view(np.uint8).data)

    def tensor(self, tensor: Any) -> bytes:
        """The digest of a torch tensor: that of the numpy array with the same content, where there is one."""
        torch = torch_module()
        plain = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous()
        if self.nan_is_nan and (plain.is_floating_point() or plain.is_complex()):
            plain = torch.where(torch.isnan(plain), torch.full_like(plain, float("nan")), plain)
        raw = plain.reshape(-1).view(torch.uint8).numpy() if plain.numel() else np.empty(0, np.uint8)
        return _hash_array(dtype_name(tensor), tuple(plain.shape), raw.data)

    def object(self, value: Any) -> bytes:
        """The digest of an instance, by its fields."""
        name = f"{type(value).__module__}.{type(value).__qualname__}"
        state = getattr(value, "state_dict", None)
        if callable(state) and torch_module() is not None:
            return _hash(name, self.of(dict(state())), self.of(getattr(value, "training", None)))
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
            return _hash(name, self.of(fields))
        if callable(value) or not hasattr(value, "__dict__"):
            raise ExpressionError(f"{describe(value)} has no digest: give numbers, text, arrays, lists or maps")
        return _hash(name, self.of(vars(value)))


def _hash(tag: str, *parts: bytes) -> bytes:
    state = hashlib.sha256(tag.encode() + b"\0")
    for part in parts:
        state.update(len(part).to_bytes(8, "little"))
        state.update(part)
    return state.digest()


def _hash_array(dtype: str, shape: Iterable[int], data: memoryview) -> bytes:
    state = hashlib.sha256(f"array {dtype} {tuple(shape)}\0".encode())
    state.update(data)
    return state.digest()


def _hash_path(path: Path) -> bytes:
    """The files below a path, with their relative names and content. Links are digested as links."""
    if path.is_symlink():
        return _hash("link", str(path.readlink()).encode("utf-8", "surrogateescape"))
    if path.is_dir():
        entries = sorted(path.iterdir(), key=lambda entry: entry.name)
        names = [entry.name.encode("utf-8", "surrogateescape") for entry in entries]
        pairs = zip(names, map(_hash_path, entries), strict=True)
        return _hash("folder", *(part for pair in pairs for part in pair))
    if not path.is_file():
        return _hash("nothing")
    state = hashlib.sha256(b"file\0")
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            state.update(chunk)
    return state.digest()
