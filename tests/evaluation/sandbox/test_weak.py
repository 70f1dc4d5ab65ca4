"""Tests in the program's own process: honest ones are judged as `unittest` does, and the usual tricks do not help."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apr_core.evaluation.problem import Assertions, Problem, UnitTests
from apr_core.evaluation.sandbox import spec as specs

Converse = Callable[..., list[dict[str, Any]]]

TESTS = """
import unittest

class TestCases(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shared = add(0, 3)
    def setUp(self):
        self.expected = 3
    def test_sum(self):
        self.assertEqual(add(1, 2), self.expected)
        self.assertEqual(self.shared, 3)
    def test_parts(self):
        for n in range(3):
            with self.subTest(n):
                self.assertEqual(add(n, 1), n + 1)
    def test_types(self):
        with self.assertRaises(TypeError):
            add("a", 1)
"""


def verdict(converse: Converse, program: str, tests: str = TESTS) -> tuple[str, str]:
    spec = specs.make(Problem("own/1", "", "add", "def add(a, b): pass", {"base": UnitTests(tests)}))
    (group,) = converse(program, spec)
    assert group["integrity"] == "weak"
    return group["outcome"], group["detail"]


def test_an_honest_program_passes(converse: Converse) -> None:
    assert verdict(converse, "def add(a, b):\n    return a + b") == ("passed", "")


@pytest.mark.parametrize(
    ("program", "outcome", "detail"),
    [
        ("def add(a, b):\n    return 3", "wrong-answer", "TestCases.test_parts: AssertionError"),
        ("def add(a, b):\n    return a - b if a == 2 else a + b", "wrong-answer", "test_parts"),
        ("def add(a, b):\n    return (int(a) if a != 'a' else 0) + b", "wrong-answer", "TypeError not raised"),
        ("def add(a, b):\n    raise KeyError(a)", "exception", "KeyError"),
        ("def add(a, b):\n    if a: return a + b\n    raise KeyError(a)", "exception", "KeyError"),
        ("def add(a, b):\n    raise SystemExit(0)", "exception", "SystemExit"),
        ("def add(a, b):\n    raise KeyboardInterrupt", "exception", "KeyboardInterrupt"),
        ("import unittest\ndef add(a, b):\n    raise unittest.SkipTest('so')", "wrong-answer", ""),
        ("def plus(a, b):\n    return a + b", "exception", "NameError"),
        ("import os\ndef add(a, b):\n    os._exit(0)", "died", ""),
    ],
)
def test_a_wrong_program_fails_and_says_where(converse: Converse, program: str, outcome: str, detail: str) -> None:
    found = verdict(converse, program)
    assert found[0] == outcome
    assert detail in found[1]


WRONG = "\ndef add(a, b):\n    return a * 7 + b if a != 'a' else 0\n"


@pytest.mark.parametrize(
    "trick",
    [
        "import unittest\nfor n in dir(unittest.TestCase):\n"
        "    if n.startswith('assert'): setattr(unittest.TestCase, n, lambda *_, **__: None)",
        "import unittest\nunittest.TestCase.run = lambda self, result=None: result.addSuccess(self)",
        "import unittest\nunittest.TestSuite.run = lambda self, result, debug=False: [result.addSuccess(t) for t in self]",
        "import unittest\nunittest.TestResult.addFailure = unittest.TestResult.addError = lambda *_: None",
        "import unittest\ndef f(*_, **__): pass\nunittest.TestCase.assertEqual.__code__ = f.__code__",
        "import unittest\nunittest.TestCase._baseAssertEqual = lambda *_, **__: None",
        "import unittest\nunittest.TestCase._getAssertEqualityFunc = lambda self, *_: lambda *_, **__: None",
        "import unittest.case\nunittest.case._Outcome.testPartExecutor = __import__('contextlib').nullcontext",
        "import unittest\nunittest.TestCase.failureException = type('F', (unittest.SkipTest,), {})",
        "import unittest\nunittest.TestCase.__getattribute__ = lambda self, name: (lambda *_, **__: None)",
        "import builtins\nbuiltins.AssertionError = type('A', (Exception,), {})\nbuiltins.type = lambda *_: int",
        "import sys\nsys.modules['unittest'] = type(sys)('unittest')\nsys.modules['unittest'].TestCase = object",
        "import atexit, os\natexit.register(os._exit, 0)",
        "class Any(int):\n    __eq__ = lambda *_: True\n    __ne__ = lambda *_: False\n    __hash__ = None\n"
        "_int = Any\ndef add(a, b): return Any()\nadd_ = add\n#",
    ],
)
def test_the_usual_tricks_do_not_help(converse: Converse, trick: str) -> None:
    program = trick if trick.endswith("#") else trick + WRONG
    assert verdict(converse, program)[0] in ("wrong-answer", "exception")


def test_a_class_of_the_program_that_does_not_compare_itself_is_welcome(converse: Converse) -> None:
    tests = (
        "import unittest\nclass TestCases(unittest.TestCase):\n"
        "    def test_it(self):\n        self.assertEqual(add(1, 2).value, 3)\n"
    )
    program = "class Sum:\n    def __init__(self, value): self.value = value\ndef add(a, b):\n    return Sum(a + b)"
    assert verdict(converse, program, tests) == ("passed", "")


def test_a_test_that_is_not_run_is_not_passed(converse: Converse) -> None:
    tests = TESTS + "    @unittest.skip('later')\n    def test_more(self):\n        pass\n"
    assert verdict(converse, "def add(a, b):\n    return a + b", tests)[0] == "wrong-answer"
    assert verdict(converse, "x = 1", "import unittest\n") == ("wrong-answer", "the tests define no test")


def test_assertions_that_extend_a_class_of_the_program_run_beside_it(converse: Converse) -> None:
    reference = "class Base:\n    def area(self): return 2 * self.side\n"
    statement = "class Own(Base):\n    side = 3\nassert Own().area() == 6"
    spec = specs.make(Problem("own/1", "", "Base", reference, {"base": Assertions((statement,))}))
    (group,) = converse(reference, spec)
    assert (group["outcome"], group["integrity"]) == ("passed", "weak")
    (group,) = converse(reference.replace("2", "3"), spec)
    assert (group["outcome"], group["integrity"]) == ("wrong-answer", "weak")
