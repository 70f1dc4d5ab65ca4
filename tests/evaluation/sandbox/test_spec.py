"""What the checker is told: read from the tests, complete, and plain JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from apr_core.errors import UsageError
from apr_core.evaluation.problem import Assertions, Calls, CheckFunction, Problem, Tests, UnitTests
from apr_core.evaluation.sandbox import spec as specs

REFERENCE = "import math\n\ndef area(r):\n    return r\n\nclass Node:\n    pass\n"


def problem(tests: Tests, entry_point: str = "area", reference: str = REFERENCE) -> Problem:
    return Problem("own/1", "", entry_point, reference, {"base": tests})


def group(tests: Tests, **more: Any) -> dict[str, Any]:
    spec = specs.make(problem(tests, **more))
    assert json.loads(json.dumps(spec)) == spec
    found: dict[str, Any] = spec["groups"][0]
    return found


def test_names_that_the_program_defines_are_the_free_ones() -> None:
    found = group(Assertions(("assert area(x) == [y for y in (1, 2)]", "assert Node(area(2)).left is other"), "x = 3"))
    assert set(found["names"]) == {"area", "Node", "other"}
    assert found["modules"] == []


def test_a_program_cannot_take_over_what_tests_use_of_python() -> None:
    found = group(Assertions(("assert sorted(area(1)) == sys.maxsize + math.pi",)))
    assert found["names"] == ["area"]
    assert found["modules"] == ["sys", "math"]


def test_a_builtin_that_the_reference_redefines_is_the_programs() -> None:
    found = group(
        Assertions(("assert sum(10, 15) == len([6])",)), entry_point="sum", reference="def sum(a, b): return 6"
    )
    assert found["names"] == ["sum"]


def test_a_check_may_call_other_functions_of_the_program_and_its_own_helpers() -> None:
    source = "def check(candidate):\n    assert candidate(1) == area(1) == helped(2)\n"
    found = group(CheckFunction(source, "def helped(n):\n    return n\n"))
    assert found["names"] == ["area"]
    assert found["integrity"] == "strong"


def test_tests_that_extend_a_class_of_the_program_are_weak_and_no_others_are() -> None:
    found = group(Assertions(("class Own(Node):\n    pass\nassert area(Own())",)))
    assert found["integrity"] == "weak"
    spec = specs.make(problem(Assertions(("class Own:\n    pass\nassert area(Own())",))))
    assert specs.weak_groups(spec) == []


def test_unit_tests_are_weak_and_named() -> None:
    source = (
        "import unittest\nclass TestCases(unittest.TestCase):\n    def test_a(self): pass\n    def helper(self): pass\n"
    )
    found = group(UnitTests(source))
    assert (found["integrity"], found["tests"]) == ("weak", ["TestCases.test_a"])
    assert specs.weak_groups(specs.make(problem(UnitTests(source)))) == ["base"]


def test_calls_carry_their_expected_values_or_those_that_are_given() -> None:
    stated = group(Calls(inputs=((1,), ((2,),)), expected=(1, {3})))
    assert stated["expected"] == [1, {"set": [3]}]
    assert stated["inputs"] == [{"tuple": [1]}, {"tuple": [{"tuple": [2]}]}]
    spec = specs.make(problem(Calls(inputs=((1,),))), {"base": [7]})
    assert spec["groups"][0]["expected"] == [7]
    assert specs.make(problem(Calls(inputs=((1,),))), record=True)["groups"][0]["expected"] is None


@pytest.mark.parametrize(
    ("tests", "expected", "message"),
    [
        (Calls(inputs=((1,),)), None, "no expected values"),
        (Calls(inputs=((1,),)), {"base": []}, "1 inputs have 0 expected values"),
        (Calls(inputs=((1,),), expected=(1,), oracle="almost"), None, "'almost' is unknown; there are exact, equal"),
        (Calls(inputs=((object(),),), expected=(1,)), None, "not plain data"),
        (Assertions(("assert area(",)), None, "not Python"),
    ],
)
def test_a_problem_that_cannot_be_checked_is_refused_by_name(tests: Tests, expected: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        specs.make(problem(tests), expected)
    assert "own/1, base" in str(raised.value)
