"""Stand-ins for what only the program has: tests call and hold them as if they were its functions, classes and objects.

The one thing a reader would get wrong: a proxy never compares by asking. `==` and `<` on one fetch plain data (a list class of
the program's own is its list) and compare that here; where there is none, the comparison abandons the group as a wrong answer,
because `!=` could otherwise pass by being different. Arithmetic is not offered: `abs(f(x) - 1) < 0.1` on an object that answers
every operator with itself would be the program judging itself.

This module runs in the bare interpreters of the sandbox: standard library only.
"""

from __future__ import annotations

import builtins
import reprlib
import types
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, TypeVar

from apr_core.evaluation.sandbox.codec import Channel, ChannelClosedError, EncodeError, ProtocolError, decode, encode

DIED, VIOLATION = "died", "sandbox-violation"
WIDTH = 160
"""Characters of one value in a detail."""


class Abandoned(BaseException):
    """The group is decided, whatever the tests go on to do: not an `Exception`, so that no test swallows it by accident."""

    def __init__(self, outcome: str, detail: str) -> None:
        super().__init__(outcome, detail)
        self.outcome = outcome
        self.detail = detail


class MissingNameError(Exception):
    """The program does not define a name."""


class Opaque:
    """What stands for an object in an answer that is only compared: it equals nothing, and says so loudly."""

    __slots__ = ("number", "typename", "why")

    def __init__(self, number: int, typename: str, why: str) -> None:
        self.number, self.typename, self.why = number, typename, why

    def _refuse(self, other: object) -> NoReturn:
        raise Abandoned("wrong-answer", self.reason())

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __hash__ = object.__hash__

    def __iter__(self) -> Iterator[Any]:
        raise Abandoned("wrong-answer", self.reason())

    def reason(self) -> str:
        """Why it cannot be right."""
        return f"an object of type {self.typename} came back, which is not plain data" + (
            f": {self.why}" if self.why else ""
        )

    def __repr__(self) -> str:
        return f"<{self.typename}>"


def handle(kind: str, content: Any) -> tuple[int, str, str]:
    """Number, type name and reason of a handle that the program sent.

    Raises:
        ProtocolError: it is of another form.
    """
    if kind != "handle" or type(content) is not list or list(map(type, content)) != [int, str, str]:
        raise ProtocolError("a message holds a value of an unknown kind")
    number, typename, why = content
    if number < 0 or len(typename) > 100 or len(why) > 500:
        raise ProtocolError("a message holds a handle that no program gets")
    return number, typename, why


def opaque(kind: str, content: Any) -> Opaque:
    """For `codec.decode`: an object that cannot be compared."""
    return Opaque(*handle(kind, content))


Exact = TypeVar("Exact", bool, int, str)


class Proxy:
    """One object of the program."""

    _apr_link: Link
    __slots__ = ("_apr_label", "_apr_link", "_apr_number", "_apr_typename", "_apr_why")

    def __init__(self, link: Link, number: int, typename: str, why: str) -> None:
        for name, value in zip(Proxy.__slots__, (typename, link, number, typename, why), strict=True):
            object.__setattr__(self, name, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._apr_link.call(self, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        return self._apr_link.ask("getattr", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._apr_link.ask("setattr", self, name, value)

    def __delattr__(self, name: str) -> None:
        self._apr_link.ask("delattr", self, name)

    def __getitem__(self, key: Any) -> Any:
        return self._apr_link.ask("getitem", self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._apr_link.ask("setitem", self, key, value)

    def __delitem__(self, key: Any) -> None:
        self._apr_link.ask("delitem", self, key)

    def __len__(self) -> int:
        return self._apr_link.exactly(int, "len", self)

    def __iter__(self) -> Any:
        return self._apr_link.ask("iter", self)

    def __next__(self) -> Any:
        return self._apr_link.ask("next", self)

    def __contains__(self, item: Any) -> bool:
        return any(one is item or one == item for one in self)

    def __bool__(self) -> bool:
        return self._apr_link.exactly(bool, "bool", self)

    def __str__(self) -> str:
        return self._apr_link.exactly(str, "str", self)

    def __repr__(self) -> str:
        return self._apr_link.exactly(str, "repr", self)

    def __format__(self, form: str) -> str:
        return format(str(self), form)

    def __enter__(self) -> Any:
        return self._apr_link.ask("enter", self)

    def __exit__(self, *error: object) -> None:
        self._apr_link.ask("exit", self)

    def __instancecheck__(self, value: Any) -> bool:
        return isinstance(value, Proxy) and self._apr_link.exactly(bool, "isinstance", value, self)

    __hash__ = object.__hash__


def _plain(value: Any) -> Any:
    return value._apr_link.plain(value) if isinstance(value, Proxy) else value


def _compare(name: str) -> Callable[[Any, Any], bool]:
    """A comparison of plain data, made here."""

    def compare(self: Any, other: Any) -> bool:
        if self is other and name in ("__eq__", "__ne__"):
            return name == "__eq__"
        ours, theirs = _plain(self), _plain(other)
        found = getattr(ours, name)(theirs)
        if found is NotImplemented:  # what Python would ask next is the other one
            found = getattr(theirs, _MIRROR[name])(ours)
        if found is not NotImplemented:
            return bool(found)
        if name in ("__eq__", "__ne__"):
            return name == "__ne__"
        raise TypeError(f"a {type(ours).__name__} and a {type(theirs).__name__} have no order")

    return compare


_MIRROR = {
    "__eq__": "__eq__",
    "__ne__": "__ne__",
    "__lt__": "__gt__",
    "__gt__": "__lt__",
    "__le__": "__ge__",
    "__ge__": "__le__",
}
for _name in _MIRROR:
    setattr(Proxy, _name, _compare(_name))


class _Describe(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxstring, self.maxother, self.maxlong = 4, 60, 60, 40
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdict = self.maxdeque = 12

    def repr_int(self, value: Any, level: int) -> str:
        return super().repr_int(value, level) if value.bit_length() < 4096 else f"<int of {value.bit_length()} bits>"

    def repr_instance(self, value: Any, level: int) -> str:
        if isinstance(value, Proxy):
            return f"<{value._apr_typename}>"
        return super().repr_instance(value, level)

    repr_Proxy = repr_instance  # noqa: N815


_describe = _Describe()


def describe(value: Any) -> str:
    """A short text for people. Asks the program nothing."""
    text = _describe.repr(value).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."


def describe_call(name: str, args: Any, kwargs: Any = None) -> str:
    """`f(1, x=2)`."""
    inside = [describe(one) for one in args] + [f"{key}={describe(value)}" for key, value in (kwargs or {}).items()]
    return f"{name}({', '.join(inside)})"


class Link:
    """The checker's end of the conversation: one request, one reply, in order.

    Raises, from every method: `Abandoned` when the program's process has ended or its replies are not what the protocol allows.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._sequence = 0
        self._known: dict[int, Proxy] = {}
        self._callbacks: list[Callable[..., Any]] = []
        self.abandoned: Abandoned | None = None
        """What decided the group, kept in case the tests swallow it."""
        self.raised: BaseException | None = None
        """The last error that was the program's."""
        self._last: tuple[Any, ...] | None = None

    # Frames

    def start(self, *message: Any) -> None:
        """Sends what opens the conversation."""
        self._send(list(message))

    def request(self, operation: str, *operands: Any) -> None:
        """Sends a request; its replies are numbered from here."""
        self._send([self._sequence, operation, *operands])

    def reply(self) -> list[Any]:
        """The next reply: its kind and content.

        Whatever is out of order was not said by `candidate.serve`.
        """
        try:
            message = self._channel.receive()
        except ChannelClosedError:
            self.abandon(DIED, "its process ended before it answered")
        except ProtocolError as error:
            self.violated(error)
        if type(message) is not list or len(message) < 2 or type(message[0]) is not int or message[0] != self._sequence:
            self.violated("a reply is not the one that was asked for")
        self._sequence += 1
        return message[1:]

    def _send(self, message: Any) -> None:
        try:
            self._channel.send(message)
        except EncodeError as error:
            self.abandon("wrong-answer", f"what the tests made of its answers cannot be sent back: {error}")
        except ChannelClosedError:
            self.abandon(DIED, "its process ended before it was asked")

    def violated(self, why: object) -> NoReturn:
        """The program's process broke the protocol."""
        self.abandon(VIOLATION, f"the program's process sent what it may not: {why}")

    def abandon(self, outcome: str, detail: str) -> NoReturn:
        """Decides the group."""
        self.abandoned = Abandoned(outcome, detail)
        raise self.abandoned

    # Values

    def value(self, reply: list[Any], build: Callable[[str, Any], Any]) -> Any:
        """What a reply gives: a value, or the program's error raised again as its built-in type."""
        if reply[0] == "raised":
            raise self.error(reply)
        if reply[0] != "value" or len(reply) != 3:
            self.violated(f"a reply is {str(reply[0])[:40]!r}")
        try:
            return decode(reply[1], build)
        except ProtocolError as error:
            self.violated(error)

    def error(self, reply: list[Any]) -> BaseException:
        """The program's error, as one of the built-in type that it extends."""
        if len(reply) != 4 or not all(type(one) is str for one in reply):
            self.violated("an error is not described as one")
        _, base, name, message = reply
        kind = getattr(builtins, base, None)
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):
            kind = Exception
        try:
            made = kind(message)
        except Exception:  # a few, such as UnicodeDecodeError, take more than a message
            made = Exception(message)
        made.args = (message,)
        self.raised = made
        made.program_type, made.program_message = name, message  # type: ignore[attr-defined]
        return made

    def proxy(self, kind: str, content: Any) -> Proxy:
        """For `codec.decode`: the one proxy of an object."""
        number, typename, why = handle(kind, content)
        if number not in self._known:
            self._known[number] = Proxy(self, number, typename, why)
        return self._known[number]

    def keep(self, value: Any) -> Any:
        """For `codec.encode`: what stands for a value of the tests that is not plain data."""
        if type(value) is Proxy:
            return {"handle": [value._apr_number, value._apr_typename, value._apr_why]}
        if callable(value):
            name = getattr(value, "__name__", None)
            if isinstance(name, str) and getattr(builtins, name, None) is value:
                return {"builtin": name}
            self._callbacks.append(value)
            return {"callback": len(self._callbacks) - 1}
        raise EncodeError(f"a test passes a {type(value).__name__}, which cannot be sent to a program")

    # Questions

    def ask(self, operation: str, *operands: Any) -> Any:
        """What an operation on an object gives."""
        self._ready()
        self.request(operation, *(self._encode(one) for one in operands))
        return self.value(self._answer(), self.proxy)

    def exactly(self, kind: type[Exact], operation: str, *operands: Any) -> Exact:
        """The same, for an operation that can give one type only."""
        found = self.ask(operation, *operands)
        if type(found) is not kind:
            self.abandon("wrong-answer", f"{operation}() of an object gave what is no {kind.__name__}")
        return found

    def find(self, name: str) -> Any:
        """What the program defines under a name.

        Raises:
            MissingNameError: nothing.
        """
        self._ready()
        self.request("global", name)
        reply = self._answer()
        if reply == ["missing"]:
            raise MissingNameError(name)
        found = self.value(reply, self.proxy)
        if type(found) is Proxy:
            object.__setattr__(found, "_apr_label", name)
        return found

    def plain(self, proxy: Proxy) -> Any:
        """The plain data that an object is, when its class extends a built-in one and compares as that does."""
        self._ready()
        self.request("plain", self.keep(proxy))
        found = self.value(self._answer(), opaque)
        if type(found) is Opaque:
            self.abandon("wrong-answer", found.reason())
        return found

    def call(self, function: Proxy, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Calls an object of the program. What it changed in its arguments is changed here as well."""
        self._ready()
        self._last = (function._apr_label, args, kwargs)
        self.request("call", self.keep(function), self._encode(args), self._encode(kwargs))
        reply = self._answer()
        result = self.value(reply, self.proxy)
        self._last = (function._apr_label, args, kwargs, result)
        if reply[2] is not None:
            self._change([args, kwargs], reply[2])
        return result

    def called(self) -> str:
        """The last call, for people."""
        return "" if self._last is None else describe_call(*self._last[:3])

    def last(self) -> str:
        """The last call and what it gave, for people."""
        return f"{self.called()} gave {describe(self._last[3])}" if self._last and len(self._last) == 4 else ""

    def _ready(self) -> None:
        """Once a group is decided nothing more is asked: its tests may have caught what said so."""
        if self.abandoned is not None:
            raise self.abandoned

    def _encode(self, value: Any) -> Any:
        try:
            return encode(value, self.keep)
        except EncodeError as error:
            raise TypeError(str(error)) from error

    def _change(self, ours: list[Any], theirs: Any) -> None:
        try:
            changed = [decode(one, self.proxy) for one in theirs]
        except (ProtocolError, TypeError) as error:
            self.violated(error)
        update(ours, changed)

    def _answer(self) -> list[Any]:
        """The reply to the last request, after the functions of the tests that the program calls meanwhile."""
        while (reply := self.reply())[0] == "callback":
            self._call_back(*reply[1:])
        return reply

    def _call_back(self, number: Any = None, args: Any = None, kwargs: Any = None, *more: Any) -> None:
        if more or type(number) is not int or not 0 <= number < len(self._callbacks):
            self.violated("a function was called that no test passed")
        try:
            values, names = decode(args, self.proxy), decode(kwargs, self.proxy)
        except ProtocolError as error:
            self.violated(error)
        if type(values) is not tuple or type(names) is not dict or not all(type(name) is str for name in names):
            self.violated("a function was called with what are no arguments")
        try:
            result = self._encode(self._callbacks[number](*values, **names))
        except Exception as error:
            base = next(one.__name__ for one in type(error).__mro__ if one.__module__ == "builtins")
            self.request("failed", base, str(error)[:200])
        else:
            self.request("returned", result)


def update(ours: Any, theirs: Any) -> Any:
    """Makes `ours` equal to `theirs` in place as far as a program could have: what of it is mutable. Returns it, or `theirs`."""
    if type(ours) is not type(theirs) or isinstance(ours, types.FunctionType | Proxy):
        return theirs
    if isinstance(ours, list):
        ours[:] = [update(one, other) for one, other in zip(ours, theirs, strict=False)] + theirs[len(ours) :]
    elif isinstance(ours, dict):
        merged = {key: update(ours[key], value) if key in ours else value for key, value in theirs.items()}
        ours.clear()
        ours.update(merged)
    elif isinstance(ours, set):
        ours.clear()
        ours |= theirs
    elif isinstance(ours, bytearray):
        ours[:] = theirs
    elif isinstance(ours, tuple) and len(ours) == len(theirs):
        for one, other in zip(ours, theirs, strict=True):
            update(one, other)
        return ours
    elif hasattr(ours, "extend") and hasattr(ours, "maxlen"):
        ours.clear()
        ours.extend(theirs)
    else:
        return theirs
    return ours
