"""The program's side of the conversation: it runs the program, and answers questions about what the program defines.

The one thing a reader would get wrong: nothing here is defended. The program shares this process and may rewrite all of it;
whatever leaves is taken by the checker as "what the program said", compared there, and believed nowhere.

This module runs in the bare interpreters of the sandbox: standard library only.
"""

from __future__ import annotations

import builtins
import itertools
import sys
import types
import warnings
from collections.abc import Callable
from typing import Any

from apr_core.evaluation.sandbox.codec import (
    MAX_REPLY,
    MAX_REQUEST,
    Channel,
    ChannelClosedError,
    EncodeError,
    ProtocolError,
    decode,
    encode,
    plain_base,
)
from apr_core.evaluation.sandbox.weak import Runner

MODULE = "candidate"
"""What a program finds in `__name__`: an `if __name__ == "__main__"` block does not run, as in the benchmarks' own harnesses."""
MESSAGE = 500
"""Characters of an error's message that are passed on."""
MOST_ITEMS = 1_000_000
"""How many items of an iterator are taken for an answer."""
_ATOMS = frozenset({type(None), bool, int, float, str, bytes, complex})


def serve(descriptor: int) -> None:
    """Answers on `descriptor` until the other side closes it. Returns only then, or when the program broke the channel."""
    try:
        server = _Server(Channel(descriptor, incoming=MAX_REQUEST, outgoing=MAX_REPLY))
        if server.load():
            server.run()
    except (ChannelClosedError, ProtocolError):
        return


class _Server:
    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.namespace: dict[str, Any] = {}
        self.objects: list[Any] = []
        self.numbers: dict[int, int] = {}
        self.sequence = 0
        self.weak: Runner | None = None

    # What is told

    def reply(self, *message: Any) -> None:
        self.channel.send([self.sequence, *message])
        self.sequence += 1

    def reply_value(self, value: Any, keep: Callable[[Any], Any], changed: Any = None) -> None:
        """The value; an object that cannot be sent becomes a handle, with the reason."""
        try:
            data = encode(value, keep)
            self.channel.send([self.sequence, "value", data, changed])
        except EncodeError as error:
            self.channel.send([self.sequence, "value", self.handle(value, str(error)), None])
        self.sequence += 1

    def reply_error(self, error: BaseException) -> None:
        kind = type(error)
        if kind is MemoryError:
            error.__traceback__ = error.__context__ = (
                None  # its frames hold what used the memory up, and an answer needs some
            )
        base = next((one.__name__ for one in kind.__mro__ if one.__module__ == "builtins"), "BaseException")
        try:
            text = str.__str__(str(error))[:MESSAGE]
        except BaseException as again:
            text = f"(its text raises {type(again).__name__})"
        self.reply("raised", base, kind.__name__[:100], text)

    # What stands for objects

    def handle(self, value: Any, why: str = "") -> dict[str, Any]:
        number = self.numbers.get(id(value))
        if number is None:
            number = self.numbers[id(value)] = len(self.objects)
            self.objects.append(value)  # kept alive, so that its id stays its own
        return {"handle": [number, str(type(value).__name__)[:100], why]}

    def scalar_or_handle(self, value: Any) -> Any:
        """An object whose methods may be asked for stays here; a number or text of the program's own class is its value."""
        base = plain_base(value)
        if base is not None and not isinstance(base, list | dict | set):
            return encode(base, self.scalar_or_handle)
        return self.handle(value)

    def plain_or_handle(self, value: Any) -> Any:
        base = plain_base(value)
        return self.handle(value) if base is None else encode(base, self.plain_or_handle)

    def resolve(self, kind: str, content: Any) -> Any:
        if kind == "handle":
            return self.objects[content[0]]
        if kind == "builtin":
            return getattr(builtins, content)
        if kind == "callback":
            return lambda *args, **kwargs: self.call_back(content, args, kwargs)
        raise ProtocolError(f"the checker sent a {kind}")

    # The program

    def load(self) -> bool:
        """Runs the program; False when that failed. Its first word, about the syntax, is said before any of it has run."""
        _, program, name, weakly = self.channel.receive()
        warnings.simplefilter("ignore")
        if weakly:
            self.weak = Runner()
        try:
            code = compile(program, f"<{name}>", "exec", dont_inherit=True, optimize=0)
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError, SystemError) as error:
            self.reply("syntax", f"{type(error).__name__}: {error}"[:MESSAGE])
            return False
        self.reply("compiled")
        module = types.ModuleType(name)
        module.__file__ = f"{name}.py"
        sys.modules[name] = module
        self.namespace = module.__dict__
        try:
            exec(code, self.namespace)
        except BaseException as error:
            self.reply_error(error)
            return False
        self.reply("loaded")
        return True

    def run(self) -> None:
        while True:
            self.sequence, operation, *operands = self.channel.receive()
            self.answer(operation, operands)

    def answer(self, operation: str, operands: list[Any]) -> None:
        if operation == "calls":
            self.calls(*operands)
        elif operation == "weak" and self.weak is not None:
            self.reply("tested", *self.weak.run(self.namespace, *operands))
        elif operation == "global":
            self.find(*operands)
        else:
            self.perform(operation, operands)

    def calls(self, name: str, inputs: list[Any], iterate: bool) -> None:
        """One reply per call, sent when it is there: what comes after may end this process."""
        for data in inputs:
            if name not in self.namespace:
                self.reply("missing")
                continue
            try:
                value = self.namespace[name](*decode(data))
                if iterate and hasattr(value, "__next__"):
                    value = list(itertools.islice(value, MOST_ITEMS))
                self.reply_value(value, self.plain_or_handle)
            except ChannelClosedError:
                raise
            except BaseException as error:
                self.reply_error(error)

    def find(self, name: str) -> None:
        if name in self.namespace:
            self.reply_value(self.namespace[name], self.scalar_or_handle)
        else:
            self.reply("missing")

    def perform(self, operation: str, operands: list[Any]) -> None:
        keep = self.plain_or_handle if operation == "plain" else self.scalar_or_handle
        try:
            values = [decode(one, self.resolve) for one in operands]
            result = OPERATIONS[operation](*values)
            self.reply_value(result, keep, self.changes(values, operands) if operation == "call" else None)
        except (ChannelClosedError, ProtocolError):
            raise
        except BaseException as error:
            self.reply_error(error)

    def changes(self, values: list[Any], operands: list[Any]) -> Any:
        """The arguments of a call as they are now, when it changed them: callers see what a function does to a list."""
        _, args, kwargs = values
        if all(type(one) in _ATOMS for one in (*args, *kwargs.values())):
            return None
        now = [encode(args, self.scalar_or_handle), encode(kwargs, self.scalar_or_handle)]
        return now if now != operands[1:] else None

    def call_back(self, number: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Calls a function of the checker's side, and answers its questions until it returns."""
        keep = self.scalar_or_handle
        self.reply("callback", number, encode(args, keep), encode(kwargs, keep))
        while True:
            self.sequence, operation, *operands = self.channel.receive()
            if operation == "returned":
                return decode(operands[0], self.resolve)
            if operation == "failed":
                raise getattr(builtins, operands[0], Exception)(operands[1])
            self.answer(operation, operands)


def _call(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return function(*args, **kwargs)


def _setitem(value: Any, key: Any, item: Any) -> None:
    value[key] = item


def _delitem(value: Any, key: Any) -> None:
    del value[key]


OPERATIONS: dict[str, Callable[..., Any]] = {
    "call": _call,
    "getattr": getattr,
    "setattr": setattr,
    "delattr": delattr,
    "getitem": lambda value, key: value[key],
    "setitem": _setitem,
    "delitem": _delitem,
    "len": len,
    "iter": iter,
    "next": next,
    "bool": bool,
    "str": str,
    "repr": repr,
    "isinstance": isinstance,
    "enter": lambda value: type(value).__enter__(value),
    "exit": lambda value: type(value).__exit__(value, None, None, None),
    "plain": lambda value: value,
}
"""What the checker may ask of an object. Equality and order are not among it: those are decided where the program cannot."""
