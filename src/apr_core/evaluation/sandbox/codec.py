"""Plain data as JSON: what crosses the border between a program and its checker, and the frames that it crosses in.

The one thing a reader would get wrong: decoding builds exact built-in types (and a closed list of standard ones) and nothing
else. What a program returns is hence data before anything compares it: an object that says it equals everything arrives as a
handle, a number by which the program's process knows it. JSON is used and neither pickle nor marshal, because reading a forged
reply must not be able to run anything.

Atoms and lists stand for themselves; everything else is an object of one key, the name of its type: `{"tuple": [1, 2]}`.
This module runs in the bare interpreters of the sandbox: standard library only.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any

MAX_DEPTH = 200
"""Levels of nesting: what is deeper, or contains itself, is not plain data."""
MAX_ITEMS = 500_000
"""Values in one message, where a list of atoms counts a sixteenth: it costs so much less."""
MAX_REQUEST, MAX_REPLY = 64 << 20, 16 << 20
"""Bytes of one message to a program, and from it."""
MAX_RANGE = 10_000_000
"""Length of a range: one byte of a reply must not become a day of iteration."""
_INT_BOUND = 1 << 2048
"""Integers beyond are written in hexadecimal: decimal digits take quadratic time, and Python refuses 4,300 of them."""

Keep = Callable[[Any], Any]
Opaque = Callable[[str, Any], Any]


class ProtocolError(Exception):
    """A message is not what the protocol allows: forged, torn or too large."""


class EncodeError(Exception):
    """A value is not plain data: it contains itself, is nested too deeply, or is too large."""


class ChannelClosedError(Exception):
    """The other side has closed the channel."""


class Record(tuple[Any, ...]):
    """A named tuple of a program: equal as a tuple, with its fields as attributes."""

    _fields: tuple[str, ...]
    _typename: str

    def __new__(cls, typename: str, fields: Iterable[str], values: Iterable[Any]) -> Record:
        made = super().__new__(cls, values)
        made._typename, made._fields = typename, tuple(fields)
        return made

    def __getattr__(self, name: str) -> Any:
        if name in type(self).__dict__ or name not in self.__dict__.get("_fields", ()):
            raise AttributeError(name)
        return self[self._fields.index(name)]

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
        return f"{self._typename}({inside})"


# Encoding


class _Encoder:
    __slots__ = ("keep", "left")

    def __init__(self, keep: Keep | None) -> None:
        self.keep = keep
        self.left = MAX_ITEMS

    def one(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind in _ATOMS:
            return value
        if kind is int:
            return value if -_INT_BOUND < value < _INT_BOUND else {"int": hex(value)}
        if depth > MAX_DEPTH:
            raise EncodeError(f"it is nested more than {MAX_DEPTH} levels deep, or contains itself")
        if kind is list:
            return self.many(value, depth)
        if (write := _WRITERS.get(kind)) is not None:
            return {kind.__name__: write(self, value, depth + 1)}
        return self.rare(value, kind, depth)

    def many(self, values: Any, depth: int) -> list[Any]:
        """Items of a list, which a list of atoms is itself. Counts them, because shared parts multiply."""
        items = values if type(values) is list else list(values)
        kinds = set(map(type, items))
        flat = kinds <= _ATOMS or (kinds == {int} and min(items) > -_INT_BOUND and max(items) < _INT_BOUND)
        self.left -= 1 + (len(items) >> 4) if flat else len(items)
        if self.left < 0:
            raise EncodeError("it holds too many values, or one of them too often")
        if flat:
            return items
        one, depth = self.one, depth + 1
        return [one(item, depth) for item in items]

    def rare(self, value: Any, kind: type, depth: int) -> Any:
        """Types of the standard library that are not loaded before somebody uses them; else a handle."""
        module, name = getattr(kind, "__module__", None), kind.__name__
        if isinstance(module, str) and getattr(sys.modules.get(module), name, None) is kind:
            if (write := _RARE.get((module, name))) is not None and (data := write(value)) is not None:
                return {name: self.many(data, depth + 1) if type(data) is list else data}
            if module == "numpy" and name in _NUMPY:
                return self.one(value.item(), depth + 1)
        if (
            kind.__bases__ == (tuple,)
            and type(fields := getattr(kind, "_fields", None)) is tuple
            and _names(fields, value)
        ):
            return {"namedtuple": [name, list(fields), self.many(tuple.__iter__(value), depth + 1)]}
        if kind is Record:
            return {"namedtuple": [value._typename, list(value._fields), self.many(tuple.__iter__(value), depth + 1)]}
        if self.keep is None:
            raise EncodeError(f"it holds a {name}, which is not plain data")
        return self.keep(value)


def _names(fields: tuple[Any, ...], value: Any) -> bool:
    return len(fields) == len(value) and all(type(name) is str for name in fields)


def _pairs(encoder: _Encoder, value: Any, depth: int) -> list[Any]:
    return [encoder.many(list(value), depth), encoder.many(list(value.values()), depth)]


def _items(encoder: _Encoder, value: Any, depth: int) -> list[Any]:
    return encoder.many(value, depth)


def _default(encoder: _Encoder, value: defaultdict[Any, Any], depth: int) -> list[Any]:
    factory = next((name for name, made in _FACTORIES.items() if made is value.default_factory), None)
    return [factory, *_pairs(encoder, value, depth)]


_ATOMS = frozenset({type(None), bool, float, str})
_NUMPY = frozenset(
    f"{kind}{bits}" for kind, sizes in (("int", (8, 16, 32, 64)), ("uint", (8, 16, 32, 64)), ("float", (16, 32, 64)))
    for bits in sizes
) | {"bool", "bool_", "str_", "bytes_", "complex64", "complex128"}  # fmt: skip
_FACTORIES: dict[str, Any] = {made.__name__: made for made in (int, float, str, bool, list, tuple, set, dict)}
_VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))
_WRITERS: dict[type, Callable[[_Encoder, Any, int], Any]] = {
    tuple: _items,
    set: _items,
    frozenset: _items,
    dict: _pairs,
    OrderedDict: _pairs,
    Counter: _pairs,
    defaultdict: _default,
    deque: lambda encoder, value, depth: [encoder.many(value, depth), value.maxlen],
    bytes: lambda encoder, value, depth: value.decode("latin-1"),
    bytearray: lambda encoder, value, depth: value.decode("latin-1"),
    complex: lambda encoder, value, depth: [value.real, value.imag],
    range: lambda encoder, value, depth: encoder.many([value.start, value.stop, value.step], depth),
    slice: lambda encoder, value, depth: encoder.many([value.start, value.stop, value.step], depth),
    **dict.fromkeys(_VIEWS, _items),
}


def _moment(value: Any) -> list[Any] | None:
    offset = None
    if value.tzinfo is not None:
        if type(value.tzinfo).__name__ != "timezone":
            return None
        offset = value.utcoffset().total_seconds()
    clock = [value.hour, value.minute, value.second, value.microsecond, value.fold, offset]
    return [value.year, value.month, value.day, *clock] if hasattr(value, "year") else clock


_RARE: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("decimal", "Decimal"): str,
    ("fractions", "Fraction"): lambda value: [value.numerator, value.denominator],
    ("datetime", "date"): lambda value: [value.year, value.month, value.day],
    ("datetime", "datetime"): _moment,
    ("datetime", "time"): _moment,
    ("datetime", "timedelta"): lambda value: [value.days, value.seconds, value.microseconds],
}


def encode(value: Any, keep: Keep | None = None) -> Any:
    """What `json.dumps` can write for `value`.

    `keep` gives what stands for an object that is not plain data; without it such an object is an error.

    Raises:
        EncodeError: `value` contains itself, is nested too deeply, is too large, or is not plain data.
    """
    try:
        return _Encoder(keep).one(value, 0)
    except RecursionError as error:
        raise EncodeError("it is nested too deeply") from error


def plain_base(value: Any) -> Any:
    """`value` as the built-in type that it extends, when it is compared as that type is; else None.

    A program may return a member of an `IntEnum`, or of a list class of its own: in an ordinary run those equal the plain
    value, as long as the class does not define equality itself.
    """
    kind = type(value)
    for base, copy in _BASES.items():
        if isinstance(value, base) and kind is not base and base in kind.__mro__:
            return copy(value) if kind.__eq__ is base.__eq__ and kind.__ne__ is base.__ne__ else None
    return None


_BASES: dict[type, Callable[[Any], Any]] = {
    int: int.__index__,
    float: float.__float__,
    str: str.__str__,
    bytes: lambda value: bytes.__getitem__(value, slice(None)),
    tuple: lambda value: tuple(tuple.__iter__(value)),
    list: lambda value: list(list.__iter__(value)),
    frozenset: lambda value: frozenset(frozenset.__iter__(value)),
    set: lambda value: set(set.__iter__(value)),
    dict: lambda value: dict(dict.items(value)),
}

# Decoding


class _Decoder:
    __slots__ = ("opaque",)

    def __init__(self, opaque: Opaque | None) -> None:
        self.opaque = opaque

    def one(self, data: Any, depth: int) -> Any:
        kind = type(data)
        if kind in _ATOMS or kind is int:
            return data
        if depth > MAX_DEPTH + 10:
            raise ProtocolError(f"a message is nested more than {MAX_DEPTH} levels deep")
        if kind is list:
            return self.many(data, depth)
        if kind is not dict or len(data) != 1:
            raise ProtocolError(f"a message holds {_short(data)} where a value belongs")
        ((tag, inside),) = data.items()
        if (read := _READERS.get(tag)) is not None:
            return read(self, inside, depth + 1)
        if self.opaque is None:
            raise ProtocolError(f"a message holds a value of the unknown kind {_short(tag)}")
        return self.opaque(tag, inside)

    def many(self, data: Any, depth: int) -> list[Any]:
        if type(data) is not list:
            raise ProtocolError(f"a message holds {_short(data)} where a list belongs")
        if set(map(type, data)) <= _JSON_ATOMS:
            return data[:]
        one, depth = self.one, depth + 1
        return [one(item, depth) for item in data]

    def pairs(self, data: Any, depth: int) -> Any:
        keys, values = self.sized(data, 2, depth, raw=True)
        keys, values = self.many(keys, depth), self.many(values, depth)
        made = dict(zip(keys, values, strict=True))
        if len(made) != len(keys):
            raise ProtocolError("a message holds a map with one key twice")
        return made

    def sized(self, data: Any, size: int, depth: int, raw: bool = False) -> list[Any]:
        if type(data) is not list or len(data) != size:
            raise ProtocolError(f"a message holds {_short(data)} where a list of {size} belongs")
        return data if raw else self.many(data, depth)


def _short(data: Any) -> str:
    return f"{type(data).__name__} {data!r:.40}" if isinstance(data, str | int | float) else f"a {type(data).__name__}"


def _text(data: Any) -> str:
    if type(data) is not str:
        raise ProtocolError(f"a message holds {_short(data)} where text belongs")
    return data


def _integers(decoder: _Decoder, data: Any, sizes: tuple[int, ...], depth: int) -> list[int]:
    values = decoder.many(data, depth)
    if len(values) not in sizes or not all(type(value) is int for value in values):
        raise ProtocolError(f"a message holds {_short(data)} where {sizes[0]} integers belong")
    return values


def _unique(kind: Callable[[Any], Any]) -> Callable[[_Decoder, Any, int], Any]:
    def read(decoder: _Decoder, data: Any, depth: int) -> Any:
        items = decoder.many(data, depth)
        made = kind(items)
        if len(made) != len(items):
            raise ProtocolError("a message holds a set with one member twice")
        return made

    return read


def _read_complex(decoder: _Decoder, data: Any, depth: int) -> complex:
    real, imaginary = decoder.sized(data, 2, depth)
    if type(real) is not float or type(imaginary) is not float:
        raise ProtocolError("a message holds a complex number that is not two floats")
    return complex(real, imaginary)


def _read_range(decoder: _Decoder, data: Any, depth: int) -> range:
    made = range(*_integers(decoder, data, (3,), depth))
    if made and (made[-1] - made[0]) // made.step >= MAX_RANGE:
        raise ProtocolError(f"a message holds a range of more than {MAX_RANGE:,} numbers")
    return made


def _read_default(decoder: _Decoder, data: Any, depth: int) -> defaultdict[Any, Any]:
    name, keys, values = decoder.sized(data, 3, depth, raw=True)
    if name is not None and name not in _FACTORIES:
        raise ProtocolError(f"a message holds a defaultdict of {_short(name)}")
    return defaultdict(None if name is None else _FACTORIES[name], decoder.pairs([keys, values], depth))


def _read_deque(decoder: _Decoder, data: Any, depth: int) -> deque[Any]:
    items, longest = decoder.sized(data, 2, depth, raw=True)
    return deque(decoder.many(items, depth), longest)


def _read_record(decoder: _Decoder, data: Any, depth: int) -> Record:
    typename, fields, values = decoder.sized(data, 3, depth, raw=True)
    items, names = decoder.many(values, depth), decoder.many(fields, depth)
    if len(names) != len(items):
        raise ProtocolError("a message holds a named tuple with too few or too many fields")
    return Record(_text(typename)[:100], [_text(name) for name in names], items)


def _read_decimal(decoder: _Decoder, data: Any, depth: int) -> Any:
    from decimal import Decimal

    return Decimal(_text(data))


def _read_fraction(decoder: _Decoder, data: Any, depth: int) -> Any:
    from fractions import Fraction

    return Fraction(*_integers(decoder, data, (2,), depth))


def _read_moment(name: str, size: int) -> Callable[[_Decoder, Any, int], Any]:
    def read(decoder: _Decoder, data: Any, depth: int) -> Any:
        import datetime

        *numbers, fold, offset = decoder.sized(data, size, depth)
        zone = None
        if offset is not None:
            zone = datetime.timezone(datetime.timedelta(seconds=offset))
        return getattr(datetime, name)(*numbers, tzinfo=zone, fold=fold)

    return read


def _read_days(name: str) -> Callable[[_Decoder, Any, int], Any]:
    def read(decoder: _Decoder, data: Any, depth: int) -> Any:
        import datetime

        return getattr(datetime, name)(*_integers(decoder, data, (3,), depth))

    return read


_JSON_ATOMS = _ATOMS | {int}
_READERS: dict[str, Callable[[_Decoder, Any, int], Any]] = {
    "int": lambda decoder, data, depth: int(_text(data), 16),
    "tuple": lambda decoder, data, depth: tuple(decoder.many(data, depth)),
    "set": _unique(set),
    "frozenset": _unique(frozenset),
    "dict": _Decoder.pairs,
    "OrderedDict": lambda decoder, data, depth: OrderedDict(decoder.pairs(data, depth)),
    "Counter": lambda decoder, data, depth: Counter(decoder.pairs(data, depth)),
    "defaultdict": _read_default,
    "deque": _read_deque,
    "bytes": lambda decoder, data, depth: _text(data).encode("latin-1"),
    "bytearray": lambda decoder, data, depth: bytearray(_text(data).encode("latin-1")),
    "complex": _read_complex,
    "range": _read_range,
    "slice": lambda decoder, data, depth: slice(*decoder.sized(data, 3, depth)),
    "dict_keys": lambda decoder, data, depth: _unique(dict.fromkeys)(decoder, data, depth).keys(),
    "dict_values": lambda decoder, data, depth: dict(enumerate(decoder.many(data, depth))).values(),
    "dict_items": lambda decoder, data, depth: dict(decoder.many(data, depth)).items(),
    "namedtuple": _read_record,
    "Decimal": _read_decimal,
    "Fraction": _read_fraction,
    "date": _read_days("date"),
    "timedelta": _read_days("timedelta"),
    "datetime": _read_moment("datetime", 9),
    "time": _read_moment("time", 6),
}


def decode(data: Any, opaque: Opaque | None = None) -> Any:
    """The value that `encode` wrote, which shares nothing with `data`.

    `opaque` makes something of a kind that is not plain data, from its name and its content; without it those are errors.

    Raises:
        ProtocolError: `data` is not what `encode` writes.
    """
    try:
        return _Decoder(opaque).one(data, 0)
    except (TypeError, ValueError, ArithmeticError, RecursionError, AttributeError) as error:
        raise ProtocolError(f"a message holds what is no value: {error}"[:200]) from error


# Frames


def dumps(message: Any) -> bytes:
    """A message as bytes. Lone surrogates stay what they are, which JSON's own escapes would not keep apart from pairs."""
    return _JSON.encode(message).encode("utf-8", "surrogatepass")


def loads(data: bytes) -> Any:
    """The message in `data`.

    Raises:
        ProtocolError: it is not JSON.
    """
    try:
        return _parse(data.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"a message is not JSON: {error}"[:200]) from error


_JSON = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"))
_parse = json.JSONDecoder().decode
_read, _write = os.read, os.write
_HEADER = 4


class Channel:
    """Messages over one end of a socket pair: four bytes of length, then JSON."""

    __slots__ = ("_buffer", "_descriptor", "_incoming", "_outgoing")

    def __init__(self, descriptor: int, *, incoming: int, outgoing: int) -> None:
        self._descriptor = descriptor
        self._incoming, self._outgoing = incoming, outgoing
        self._buffer = b""

    def send(self, message: Any) -> None:
        """Sends one message.

        Raises:
            ChannelClosedError: nobody reads any more.
            EncodeError: the message is larger than one may be.
        """
        data = dumps(message)
        if len(data) > self._outgoing:
            raise EncodeError(f"it takes {len(data):,} bytes; {self._outgoing:,} may be sent")
        view = memoryview(len(data).to_bytes(_HEADER, "big") + data)
        try:
            while view:
                view = view[_write(self._descriptor, view) :]
        except OSError as error:
            raise ChannelClosedError(str(error)) from error

    def receive(self) -> Any:
        """Waits for one message.

        Raises:
            ChannelClosedError: the other side has closed the channel.
            ProtocolError: it is too large, torn, or not JSON.
        """
        size = int.from_bytes(self._take(_HEADER), "big")
        if size > self._incoming:
            raise ProtocolError(f"a message of {size:,} bytes was announced; {self._incoming:,} are allowed")
        return loads(self._take(size))

    def _take(self, size: int) -> bytes:
        if len(self._buffer) < size:
            parts, have = [self._buffer], len(self._buffer)
            while have < size:
                try:
                    part = _read(self._descriptor, max(65536, min(size - have, 1 << 20)))
                except OSError as error:
                    raise ChannelClosedError(str(error)) from error
                if not part:
                    raise ChannelClosedError("the channel was closed")
                parts.append(part)
                have += len(part)
            self._buffer = b"".join(parts)
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken
