"""Tests in the program's own process, with defences: the last resort, for tests whose form leaves no other way.

The one thing a reader would get wrong: this is not safe, and does not claim to be. What a program does to `builtins`, to
`unittest` or to the code of their functions is undone before the tests run, objects that bring their own equality are refused,
and a reply needs a secret; but a program that shares the process can in the end walk to all of it. Results made here say
`integrity: weak`.

This module runs in the bare interpreters of the sandbox: standard library only.
"""

from __future__ import annotations

import builtins
import functools
import sys
import types
import unittest
import unittest.case
import unittest.result
import unittest.suite
from collections.abc import Callable, Sequence
from typing import Any

MESSAGE = 300
"""Characters of a failure's text that are passed on."""
PASSED, WRONG, RAISED = "passed", "wrong-answer", "exception"
TESTS = "<tests>"
_GUARDED: tuple[Any, ...] = (
    builtins, unittest, unittest.case, unittest.result, unittest.suite, unittest.TestCase, unittest.TestResult,
    unittest.suite.BaseTestSuite, unittest.TestSuite, vars(unittest.case)["_Outcome"], unittest.case._BaseTestCaseContext,
    unittest.case._AssertRaisesBaseContext, unittest.case._AssertRaisesContext, functools,
)  # fmt: skip
_COMPARING = frozenset(
    f"__{name}__"
    for name in ("eq", "ne", "lt", "le", "gt", "ge", "sub", "rsub", "contains", "getattribute", "getattr", "class")
)
_DEPTH, _WIDTH = 5, 1000


class Runner:
    """Made before the program runs, so that what it remembers is what Python ships."""

    def __init__(self) -> None:
        self._modules = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "unittest"}
        self._remembered = [(one, dict(vars(one))) for one in _GUARDED]
        functions = {
            id(value): value for _, content in self._remembered for value in map(_function, content.values()) if value
        }
        self._functions = [(one, one.__code__, one.__defaults__, one.__kwdefaults__) for one in functions.values()]
        # Taken while it is still what it was: `run` must not look anything up that a program can replace.
        self._tools = (exec, compile, type, setattr, delattr, str, len)

    def run(
        self, namespace: dict[str, Any], source: str, tests: Sequence[str], entry_point: str, secret: str
    ) -> tuple[str, dict[str, list[str]]]:
        """The secret, and for each test what came of it: its class and a text.

        `tests` are `Class.method` of a unittest source, or the one name `TESTS` for source that fails by raising.
        """
        self._restore()
        run, build, *_ = self._tools
        record: dict[str, list[str]] = {}
        if entry_point in namespace:
            namespace[entry_point] = _guarded(namespace[entry_point], namespace.get("__name__"))
        try:
            run(build(source, TESTS, "exec", dont_inherit=True, optimize=0), namespace)
        except BaseException as error:
            record.update(dict.fromkeys(tests, _failure(error)))
            return secret, record
        if list(tests) == [TESTS]:
            record[TESTS] = [PASSED, ""]
            return secret, record
        _run_cases(namespace, tests, record)
        return secret, record

    def _restore(self) -> None:
        *_, set_, delete, _, _ = self._tools
        sys.modules.update(self._modules)
        for function, code, defaults, keywords in self._functions:
            function.__code__, function.__defaults__, function.__kwdefaults__ = code, defaults, keywords
        for owner, content in self._remembered:
            for name in [name for name in vars(owner) if name not in content and owner is not builtins]:
                delete(owner, name)
            for name, value in content.items():
                if vars(owner).get(name, content) is not value:
                    set_(owner, name, value)


def _function(value: Any) -> types.FunctionType | None:
    value = getattr(value, "__func__", value)
    return value if type(value) is types.FunctionType else None


def _failure(error: BaseException) -> list[str]:
    try:
        text = " ".join(f"{type(error).__name__}: {error}".split())[:MESSAGE]
    except BaseException:
        text = type(error).__name__
    return [WRONG if isinstance(error, AssertionError | unittest.SkipTest) else RAISED, text]


class _Results(unittest.TestResult):
    """What came of each test: passed only where nothing else was said before."""

    def __init__(self, note: Callable[[Any, list[str]], None]) -> None:
        super().__init__()
        self._note = note

    def addSuccess(self, test: Any) -> None:  # noqa: N802
        self._note(test, [PASSED, ""])

    def addFailure(self, test: Any, err: Any) -> None:  # noqa: N802
        self._note(test, _failure(err[1]))

    addError = addFailure  # noqa: N815

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: N802
        if err is not None:
            self._note(test, _failure(err[1]))

    def addSkip(self, test: Any, reason: str) -> None:  # noqa: N802
        self._note(test, [WRONG, f"skipped: {reason}"[:MESSAGE]])

    def addExpectedFailure(self, test: Any, err: Any) -> None:  # noqa: N802
        self._note(test, [PASSED, ""])

    def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: N802
        self._note(test, [WRONG, "it passed and was expected to fail"])


def _run_cases(namespace: dict[str, Any], tests: Sequence[str], record: dict[str, list[str]]) -> None:
    """Runs the named tests and no others, in order."""
    cases: dict[int, str] = {}
    suite = unittest.TestSuite()
    held = []
    broken: list[list[str]] = []

    def note(test: Any, said: list[str]) -> None:
        name = cases.get(id(test))
        if name is None:  # a class or module could not be set up
            broken.append(said)
        elif record.get(name, [PASSED])[0] == PASSED:
            record[name] = said

    try:
        for name in tests:
            owner, method = name.split(".")
            case = namespace[owner](method)
            cases[id(case)] = name
            held.append(case)  # the suite lets go of a case that has run, and its id would be another's
            suite.addTest(case)
        suite.run(_Results(note))
    except BaseException as error:
        broken.append(_failure(error))
    for name in tests:
        if broken and record.get(name, [PASSED])[0] == PASSED:
            record[name] = broken[0]


def _guarded(function: Any, module: Any) -> Any:
    """The function, whose results may not bring their own idea of equality."""
    if type(function) is not types.FunctionType:
        return function

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        if (kind := _self_comparing(result, module, _DEPTH)) is not None:
            raise AssertionError(f"an object of {kind} came back, a class of the program that compares itself")
        return result

    return guarded


def _self_comparing(value: Any, module: Any, depth: int) -> str | None:
    kind = type(value)
    for one in type.__dict__["__mro__"].__get__(kind):
        if _COMPARING & type.__dict__["__dict__"].__get__(one).keys() and _of_program(one, module):
            return str(one.__name__)
    if depth and kind in (list, tuple, set, frozenset, dict):
        items = [*value.keys(), *value.values()] if kind is dict else list(value)
        found = (_self_comparing(one, module, depth - 1) for one in items[:_WIDTH])
        return next((one for one in found if one is not None), None)
    return None


def _of_program(kind: type, module: Any) -> bool:
    """Whether a class is not what its module ships under its name."""
    name = type.__dict__["__module__"].__get__(kind)
    if name == module or not isinstance(name, str):
        return True
    found: Any = sys.modules.get(name)
    for part in kind.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is not kind and not name.startswith("_") and kind.__flags__ & (1 << 9) != 0  # a class made in Python
