"""Conversations as a whole: honest programs pass in each of the four forms, and others fail in the class that they deserve."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from apr_core.evaluation.problem import Assertions, Calls, CheckFunction, Problem, Tests, UnitTests
from apr_core.evaluation.sandbox import checker
from apr_core.evaluation.sandbox import spec as specs
from apr_core.evaluation.sandbox.codec import MAX_REPLY, MAX_REQUEST, Channel, decode

Converse = Callable[..., list[dict[str, Any]]]

REFERENCE = "def add(a, b):\n    return a + b\n"
CALLS = Calls(inputs=((1, 2), (3, 4)), expected=(3, 7))
CHECK = CheckFunction(
    "def check(candidate):\n    assert candidate(1, 2) == 3\n    assert abs(candidate(3, 4) - 7) < 1e-6\n"
)
ASSERTIONS = Assertions(("assert add(1, 2) == 3", "assert add(3, 4) == 7"))
UNIT = UnitTests(
    "import unittest\nclass TestCases(unittest.TestCase):\n"
    "    def test_a(self):\n        self.assertEqual(add(1, 2), 3)\n"
    "    def test_b(self):\n        with self.subTest(4):\n            self.assertEqual(add(3, 4), 7)\n"
)
FORMS: dict[str, Tests] = {"calls": CALLS, "check": CHECK, "assertions": ASSERTIONS, "unittest": UNIT}


def make(tests: Tests, entry_point: str = "add", reference: str = REFERENCE, **more: Any) -> dict[str, Any]:
    return specs.make(Problem("own/1", "", entry_point, reference, {"base": tests}), **more)


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_right_program_passes(converse: Converse, form: str) -> None:
    (group,) = converse("print('noise')\n" + REFERENCE, make(FORMS[form]))
    assert group == {
        "name": "base",
        "outcome": "passed",
        "detail": "",
        "integrity": "weak" if form == "unittest" else "strong",
        "returned": None,
    }


@pytest.mark.parametrize(
    ("program", "outcome"),
    [
        ("def add(a, b):\n    return a - b", "wrong-answer"),
        ("def add(a, b):\n    return 3", "wrong-answer"),
        ("def add(a, b):\n    return None", "wrong-answer"),
        ("def sub(a, b):\n    return 3", "exception"),
        ("def add(a, b):\n    raise AssertionError", "exception"),
        ("def add(a):\n    return 3", "exception"),
        ("raise ValueError", "exception"),
        ("import sys\nsys.exit(0)", "exception"),
        ("def add(a, b):\n    raise SystemExit(0)", "exception"),
        ("import os\nos._exit(0)", "died"),
        ("def add(a, b):\n    import os\n    os._exit(0)", "died"),
        ("def add(a, b:\n    return 3", "syntax-error"),
        ("add = lambda a, b: \0", "syntax-error"),
    ],
)
def test_a_wrong_program_fails_in_its_class(converse: Converse, form: str, program: str, outcome: str) -> None:
    (group,) = converse(program, make(FORMS[form]))
    if form == "unittest" and "AssertionError" in program:
        outcome = "wrong-answer"  # in one process nobody can tell whose assertion it was
    assert group["outcome"] == outcome
    assert group["detail"]


ALWAYS = """
class Always({base}):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __getattr__(self, name): return self
    def __call__(self, *args): return self
    def __bool__(self): return True
    __lt__ = __gt__ = __le__ = __ge__ = __eq__
    __sub__ = __rsub__ = __add__ = __radd__ = __abs__ = __round__ = __float__ = __call__
    __contains__ = __eq__
    def __hash__(self): return 3
def add(a, b):
    return {made}
"""


@pytest.mark.parametrize("made", ["Always()", "[Always()]", "type('int', (Always,), {})()"])
@pytest.mark.parametrize("base", ["object", "int", "float", "str", "list", "dict", "tuple", "frozenset"])
def test_an_object_that_equals_everything_never_passes(converse: Converse, form: str, base: str, made: str) -> None:
    (group,) = converse(ALWAYS.format(base=base, made=made), make(FORMS[form]))
    assert group["outcome"] in ("wrong-answer", "exception")


def test_an_object_passes_no_test_by_being_different_or_contained_either(converse: Converse) -> None:
    program = ALWAYS.format(base="object", made="Always()")
    for statement in (
        "assert add(1, 2) != 3",
        "assert not add(1, 2) == 4",
        "assert 3 in add(1, 2)",
        "assert add(1, 2) < 9",
    ):
        (group,) = converse(program, make(Assertions((statement,))))
        assert group["outcome"] in ("wrong-answer", "exception"), statement


def test_tests_that_catch_everything_do_not_save_a_program(converse: Converse) -> None:
    swallowing = "try:\n    assert add(1, 2) == 3\nexcept BaseException:\n    pass"
    for program, outcome in (
        (ALWAYS.format(base="object", made="Always()"), "wrong-answer"),
        ("def add(a, b):\n    import os\n    os._exit(0)", "died"),
    ):
        (group,) = converse(program, make(Assertions((swallowing,))))
        assert group["outcome"] == outcome


def test_what_decided_a_group_stands_and_nothing_more_is_asked(converse: Converse) -> None:
    statement = "try:\n    assert add(1, 2) == 3\nexcept BaseException:\n    pass\nadd(5, 5)"
    program = "import os\ndef add(a, b):\n    return object() if a == 1 else os._exit(0)"
    tests: dict[str, Tests] = {"base": Assertions((statement,)), "more": Assertions(("assert add",))}
    groups = converse(program, specs.make(Problem("own/1", "", "add", REFERENCE, tests)))
    assert [one["outcome"] for one in groups] == ["wrong-answer", "passed"]


def test_every_group_has_its_own_verdict(converse: Converse) -> None:
    tests: dict[str, Tests] = {
        "base": CALLS,
        "plus": Calls(inputs=((5, 5), (0, 0)), expected=(10, 0)),
        "more": ASSERTIONS,
    }
    spec = specs.make(Problem("own/1", "", "add", REFERENCE, tests))
    program = "def add(a, b):\n    if a == 5:\n        {}\n    return a + b"
    assert [one["outcome"] for one in converse(program.format("raise KeyError(a)"), spec)] == [
        "passed",
        "exception",
        "passed",
    ]
    assert [one["outcome"] for one in converse(program.format("return 1"), spec)] == [
        "passed",
        "wrong-answer",
        "passed",
    ]
    assert [one["outcome"] for one in converse(program.format("import os; os._exit(0)"), spec)] == [
        "passed",
        "died",
        "died",
    ]


def test_a_wrong_answer_stands_though_the_process_ends_right_after(converse: Converse) -> None:
    program = "import os\nseen = []\ndef add(a, b):\n    seen.append(a)\n    if len(seen) > 2:\n        os._exit(0)\n    return 0"
    inputs = tuple((n, n) for n in range(9))
    (group,) = converse(program, make(Calls(inputs=inputs, expected=tuple(2 * n for n in range(9)))))
    assert group["outcome"] == "wrong-answer"
    assert group["detail"] == "add(1, 1) gave 0; expected 2"


def test_the_detail_says_what_was_called_what_came_and_what_was_expected(converse: Converse) -> None:
    def said(program: str, tests: Tests) -> str:
        return str(converse(program, make(tests))[0]["detail"])

    wrong = "def add(a, b):\n    return [a] * 50"
    assert said(wrong, CALLS) == "add(1, 2) gave [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, ...]; expected 3"
    assert said("def add(a, b):\n    return 4", ASSERTIONS) == "assert add(1, 2) == 3; add(1, 2) gave 4"
    assert said("def add(a, b):\n    return 4", CHECK) == "assert candidate(1, 2) == 3; add(1, 2) gave 4"
    assert said("def add(a, b):\n    raise KeyError('x')", ASSERTIONS) == "add(1, 2) raised KeyError: 'x'"
    assert said("def sub(a, b):\n    return 4", ASSERTIONS) == "the program does not define add"
    assert "TypeError" in said("def add(a, b):\n    return 3 if a == 1 else None", CHECK)
    assert len(said("def add(a, b):\n    return 'a' * 10**6", CALLS)) <= checker.DETAIL


def test_expected_values_never_enter_the_programs_process(converse: Converse) -> None:
    program = (
        "import gc, sys\ndef recall(n):\n    frames, frame = [], sys._getframe()\n"
        "    while frame: frames.append((frame.f_locals, frame.f_globals)); frame = frame.f_back\n"
        "    text = repr(frames) + repr(gc.get_objects())\n    at = text.find('KEY' + '-')\n    return text[at:at + 7]"
    )
    tests: dict[str, Tests] = {
        "base": Calls(inputs=((1,), (2,)), expected=("KEY-123", "KEY-456")),
        "more": Assertions(("assert recall(3) == 'KEY-789'",)),
    }
    spec = specs.make(Problem("own/1", "", "recall", "def recall(n): pass", tests))
    for group in converse(program, spec):
        assert group["outcome"] == "wrong-answer"
        assert "gave 'KEY-" not in group["detail"].partition(";")[0]


def test_outputs_are_recorded_and_serve_as_expected_values(converse: Converse) -> None:
    tests = Calls(inputs=(([1, 2],), ([],)), oracle="equal")
    program = "def f(x):\n    return {tuple(x): 1.5}"
    (recorded,) = converse(program, make(tests, "f", program, record=True))
    assert recorded["outcome"] == "passed"
    assert [decode(one) for one in recorded["returned"]] == [{(1, 2): 1.5}, {(): 1.5}]
    (again,) = converse(program, make(tests, "f", program, expected={"base": recorded["returned"]}))
    assert again["outcome"] == "passed"


def test_presence_is_recorded_where_only_presence_is_compared(converse: Converse) -> None:
    tests = Calls(inputs=(("aa",), ("b",)), oracle="not-none")
    program = "import re\ndef f(x):\n    return re.match('a', x)"
    (recorded,) = converse(program, make(tests, "f", program, record=True))
    assert recorded["returned"] == [True, False]
    spec = make(tests, "f", program, expected={"base": [True, False]})
    assert converse(program, spec)[0]["outcome"] == "passed"
    assert converse("def f(x):\n    return x == 'aa' or None", spec)[0]["outcome"] == "passed"
    assert converse("def f(x):\n    return None", spec)[0]["outcome"] == "wrong-answer"


def test_an_iterator_is_a_set_where_sets_are_compared(converse: Converse) -> None:
    tests = Calls(inputs=(([3, -3, 1],),), expected=([1, 3],), oracle="set-equal")
    assert converse("def f(x):\n    return map(abs, x)", make(tests, "f", ""))[0]["outcome"] == "passed"
    equal = Calls(inputs=(([3],),), expected=([3],))
    assert converse("def f(x):\n    return map(abs, x)", make(equal, "f", ""))[0]["outcome"] == "wrong-answer"


def test_many_calls_stop_soon_after_the_first_failure(converse: Converse) -> None:
    tests: dict[str, Tests] = {
        "base": Calls(inputs=tuple((n,) for n in range(1000)), expected=tuple(range(1000))),
        "count": Assertions(("assert len(seen) < 100",)),
    }
    spec = specs.make(Problem("own/1", "", "f", "def f(n): pass", tests))
    outcomes = [
        one["outcome"] for one in converse("seen = []\ndef f(n):\n    seen.append(n)\n    return min(n, 7)", spec)
    ]
    assert outcomes == ["wrong-answer", "passed"]


def test_a_builtin_that_the_tests_name_is_the_programs_or_missing(converse: Converse) -> None:
    tests = Assertions(("assert sum(1, 2) == 3",))
    reference = "def sum(a, b):\n    return a + b"
    assert converse(reference, make(tests, "sum", reference))[0]["outcome"] == "passed"
    (group,) = converse("x = 1", make(Assertions(("assert sum([1, 2]) == 3",)), "sum", reference))
    assert (group["outcome"], group["detail"]) == ("exception", "the program does not define sum")


def test_a_program_does_not_reach_into_trusted_source_by_its_names(converse: Converse) -> None:
    program = (
        "def add(a, b):\n    return 0\ndef abs(x):\n    return 0\ndef set(x):\n    return 1\ncheck = candidate = print"
    )
    assert converse(program, make(CHECK))[0]["outcome"] == "wrong-answer"
    assert converse(program, make(Assertions(("assert set([add(1, 2)]) == set([3])",))))[0]["outcome"] == "wrong-answer"


# A program's process that speaks for itself


def liar(replies: list[Any]) -> Callable[[], int]:
    """A channel whose other end answers every message with the next of `replies`, whatever it was."""
    near, far = socket.socketpair()

    def lie() -> None:
        with far:
            channel = Channel(far.fileno(), incoming=MAX_REQUEST, outgoing=MAX_REPLY)
            for reply in replies:
                if isinstance(reply, bytes):
                    far.sendall(reply)
                else:
                    channel.send(reply)
            far.shutdown(socket.SHUT_WR)
            while far.recv(1 << 16):
                pass

    thread = threading.Thread(target=lie)
    thread.start()

    def close() -> int:
        near.close()
        thread.join()
        return 0

    close.near = near  # type: ignore[attr-defined]
    return close


LOADED = [[0, "compiled"], [1, "loaded"]]


@pytest.mark.parametrize(
    ("replies", "outcome"),
    [
        ([], "died"),
        ([[0, "loaded"], [1, "loaded"]], "sandbox-violation"),
        ([[0, "compiled"], [1, "passed"]], "sandbox-violation"),
        ([True], "sandbox-violation"),
        ([{"outcome": "passed"}], "sandbox-violation"),
        ([b"\xff\xff\xff\xff"], "sandbox-violation"),
        ([b"\x00\x00\x00\x06passed"], "sandbox-violation"),
        ([*LOADED, [2, "value", 3, None]], "died"),
        ([*LOADED, [2, "value", 3, None], [4, "value", 7, None]], "sandbox-violation"),
        ([*LOADED, [2, "value", 3, None], [2, "value", 3, None]], "sandbox-violation"),
        ([*LOADED, [True, "value", 3, None]], "sandbox-violation"),
        ([*LOADED, [2, "value", 3]], "sandbox-violation"),
        ([*LOADED, [2, "value", {"object": "os.system"}, None]], "sandbox-violation"),
        ([*LOADED, [2, "value", {"handle": [-1, "x", ""]}, None]], "sandbox-violation"),
        ([*LOADED, [2, "value", {"handle": ["0", "x", ""]}, None]], "sandbox-violation"),
        ([*LOADED, [2, "passed", True, None]], "sandbox-violation"),
        ([*LOADED, [2, "callback", 0, [], {}]], "sandbox-violation"),
        ([*LOADED, [2, "raised", "ValueError"]], "sandbox-violation"),
        ([*LOADED, [2, "raised", ["ValueError"], "x", "y"]], "sandbox-violation"),
        ([*LOADED, [2, "raised", "exec", "x", "y"]], "exception"),
        ([*LOADED, [2, "raised", "UnicodeDecodeError", "x", "y"]], "exception"),
        ([*LOADED, [2, "missing"]], "exception"),
    ],
    ids=str,
)
@pytest.mark.parametrize("form", ["calls", "check", "assertions"])
def test_forged_replies_never_pass_and_never_break_the_checker(form: str, replies: list[Any], outcome: str) -> None:
    if form != "calls":  # these first ask for the function
        replies = [*replies[:2], *([one[0] + 1, *one[1:]] if isinstance(one, list) else one for one in replies[2:])]
        if len(replies) > 2:
            replies.insert(2, [2, "value", {"handle": [0, "function", ""]}, None])
    close = liar(replies)
    try:
        report = checker.check(close.near.fileno(), "x = 1", make(FORMS[form]))  # type: ignore[attr-defined]
    finally:
        close()
    found = report["groups"][0]["outcome"]
    if form != "calls" and replies and isinstance(replies[-1], list) and "missing" in replies[-1]:
        outcome = "sandbox-violation"  # a function that is there cannot be missing when it is called
    assert found == outcome


def test_a_liar_that_knows_the_answers_is_taken_at_its_word() -> None:
    close = liar([*LOADED, [2, "value", 3, None], [3, "value", 7, None]])
    try:
        assert checker.check(close.near.fileno(), "", make(CALLS))["groups"][0]["outcome"] == "passed"  # type: ignore[attr-defined]
    finally:
        close()


@pytest.mark.parametrize(
    "said", [{}, {"TestCases.test_a": ["passed", ""]}, {"TestCases.test_a": True, "TestCases.test_b": True}, []]
)
def test_a_result_of_unit_tests_without_the_secret_is_a_violation(said: Any) -> None:
    close = liar([*LOADED, [2, "tested", "0" * 32, said]])
    try:
        assert checker.check(close.near.fileno(), "", make(UNIT))["groups"][0]["outcome"] == "sandbox-violation"  # type: ignore[attr-defined]
    finally:
        close()
