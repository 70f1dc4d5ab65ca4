"""What each format becomes: entry points, helpers, converted inputs, oracles, tests."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import problems
from apr_core.errors import AprError
from apr_core.evaluation.benchmarks import evalplus, load
from apr_core.evaluation.benchmarks.names import entry_point, helpers
from apr_core.evaluation.problem import Assertions, Calls, CheckFunction, Problem, UnitTests
from apr_core.evaluation.sandbox.oracles import ORACLES


def made(tmp_path: Path, benchmark: str, *rows: dict[str, Any]) -> tuple[Problem, ...]:
    """The problems of some rows."""
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return load(benchmark, path).problems


def own(benchmark: str) -> dict[str, Problem]:
    """Our own problems in a format, by id."""
    return {problem.task_id: problem for problem in load(benchmark, problems.FORMATS[benchmark]).problems}


# HumanEval


def test_a_check_gets_the_functions_and_imports_of_the_prompt_that_it_uses() -> None:
    found = {name: problem.tests["base"] for name, problem in own("humaneval").items()}
    runs, decode, angle = (found[f"OwnEval/{number}"] for number in range(3))
    assert isinstance(runs, CheckFunction) and isinstance(decode, CheckFunction) and isinstance(angle, CheckFunction)
    assert runs.helpers == ""
    assert "def encode(" in decode.helpers and "ALPHABET = " in decode.helpers
    assert "def decode(" not in decode.helpers and "import string" not in decode.helpers
    assert angle.helpers == "import math\n", "and nothing that only the solution uses"


def test_a_reference_of_humaneval_is_the_prompt_and_the_solution() -> None:
    for problem in own("humaneval").values():
        assert problem.reference.startswith(problem.prompt)
        assert problem.mode == "continuation"
        compile(problem.reference, "reference", "exec")


def test_helpers_come_along_with_what_they_use_and_in_their_order() -> None:
    program = (
        "import a, b\nONE = 1\ndef second(): return first() + ONE\ndef first(): return a.x\n"
        "def f(): pass\ndef late(): pass\n"
    )
    test = "def check(candidate):\n    ONE = second()\n    late()\n"
    found = helpers(test, program, 5, "f")
    assert found.splitlines()[0] == "import a, b"
    assert [line.split("(")[0] for line in found.splitlines() if line.startswith("def")] == ["def second", "def first"]
    assert "ONE = 1" in found, "a helper uses it, though the test has a variable of that name"
    assert "late" not in found, "the solution defines it, not the prompt"


def test_a_prompt_whose_solution_is_broken_still_gives_its_helpers(tmp_path: Path) -> None:
    row = json.loads(problems.FORMATS["humaneval"].read_text(encoding="utf-8").splitlines()[1])
    (whole,) = made(tmp_path, "humaneval", row)
    for solution in ("    return (\n", "", "\n"):
        (found,) = made(tmp_path, "humaneval", row | {"canonical_solution": solution})
        assert found.tests == whole.tests
    assert found.reference == ""


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"test": "def chek(candidate): pass"}, "defines no function `check`"),
        ({"test": "def check(candidate:"}, "the test is not Python"),
        ({"prompt": "Write a function, please.\n"}, "does not begin a Python program"),
        ({"test": 5}, "`test` is a whole number, 5; text is needed"),
        ({"entry_point": None}, "`entry_point` is missing or null; text is needed"),
    ],
)
def test_a_humaneval_line_that_is_none_is_refused(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    row = json.loads(problems.FORMATS["humaneval"].read_text(encoding="utf-8").splitlines()[1])
    with pytest.raises(AprError, match=message):
        made(tmp_path, "humaneval", row | changed)


# MBPP


def test_mbpp_reads_code_with_crlf_and_names_problems_as_evalplus_does() -> None:
    found = own("mbpp")
    assert list(found) == ["Mbpp/9", "Mbpp/11", "Mbpp/510", "Mbpp/601"]
    for problem in found.values():
        tests = problem.tests["base"]
        assert isinstance(tests, Assertions)
        assert "\r" not in problem.reference + tests.setup + "".join(tests.statements)
        assert problem.mode == "instruction"
    assert found["Mbpp/601"].tests["base"].setup.startswith("stack = MinStack()\n")  # type: ignore[union-attr]


def test_the_entry_point_of_mbpp_is_what_the_statements_test() -> None:
    assert {name: problem.entry_point for name, problem in own("mbpp").items()} == {
        "Mbpp/9": "column_name", "Mbpp/11": "word_report", "Mbpp/510": "longest_chain", "Mbpp/601": "MinStack",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("statements", "setup", "reference", "expected"),
    [
        (["assert set(shared((1, 2))) == set((1,))"], "", "def shared(x): ...", "shared"),
        (["assert math.isclose(area(3), 9)"], "import math", "def area(x): ...", "area"),
        (["assert f([Pair(1)]) == 1"], "", "class Pair: ...\ndef f(x): ...", "f"),
        (["assert outer(inner(1)) == 2"], "", "def inner(x): ...\ndef outer(x): ...", "outer"),
        (["assert make(1).go() == 2", "assert other(make(2))"], "", "def make(x): ...\ndef other(x): ...", "make"),
        (["assert sum([1]) == 1"], "", "def sum(x): ...", "sum"),
        (["assert f(1) == 2"], "", "this is no Python", "f"),
        (["assert check(f(1), 2)"], "def check(a, b): return a == b", "def f(x): ...", "f"),
        (["assert same(f(1), 2)"], "def same(a, b): return a == b", "", "f"),
        (["assert set(f(1)) == {2}"], "", "", "f"),
        (["assert not f(1)"], "", "f = lambda x: 0", "f"),
        (["assert sorted([1]) == [1]"], "", "def f(): ...", None),
        (["assert f(1) == 1"], "", "def helper(): ...\ndef f(x): return helper()", "f"),
    ],
)
def test_an_entry_point_is_read_from_the_syntax_tree(
    statements: list[str], setup: str, reference: str, expected: str | None
) -> None:
    assert entry_point(statements, setup, reference) == expected


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"test_list": []}, "`test_list` is empty"),
        ({"test_list": ["assert f("]}, "is not Python.*assert f"),
        ({"test_list": ["assert 1 == 1"]}, "call no function that a program would define: 'assert 1 == 1'"),
        ({"test_list": ["assert f(1)", 5]}, r"`test_list\[1\]` is a whole number, 5; text is needed"),
        ({"task_id": "Mbpp/3"}, "`task_id` is 'Mbpp/3'; a whole number is needed"),
        ({"task_id": True}, "`task_id` is True; a whole number is needed"),
    ],
)
def test_an_mbpp_line_that_is_none_is_refused(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    row = json.loads(problems.FORMATS["mbpp"].read_text(encoding="utf-8").splitlines()[0])
    with pytest.raises(AprError, match=message):
        made(tmp_path, "mbpp", row | changed)


# EvalPlus


def plus(number: int, *calls: list[Any], name: str = "f", **changed: Any) -> dict[str, Any]:
    """A line of MBPP+ with these base inputs."""
    row = {
        "task_id": f"Mbpp/{number}",
        "prompt": '"""\nf\n"""\n',
        "entry_point": name,
        "canonical_solution": "def f(): ...",
    }
    return row | {"base_input": list(calls), "plus_input": [], "atol": 0} | changed


@pytest.mark.parametrize(
    ("number", "arguments", "expected"),
    [
        (1, [[1, 2], "ab"], ([1, 2], "ab")),
        (2, [[1, 2], [3]], ((1, 2), (3,))),
        (63, [[[1, 2], [3]]], ([(1, 2), (3,)],)),
        (75, [[[1, 2], [3]], 5], ([(1, 2), (3,)], 5)),
        (106, [[1, 2], [3]], ([1, 2], (3,))),
        (115, [[[1, 1], [], {"a": 1}]], ([{1}, {}, {}],)),
        (124, ["1", "2j"], (1.0, 2j)),
        (250, [[1, [2]], 5], ((1, [2]), 5)),
        (252, ["(1+2j)"], (1 + 2j,)),
        (259, [[[1, 2]], [[3]]], (((1, 2),), ((3,),))),
        (278, [[1, [2, [3]], 4]], ((1, (2, [3]), 4),)),
        (307, [[1, [2]], 0, 5], ((1, [2]), 0, 5)),
        (580, [[1, [2, [3]]]], ((1, (2, (3,))),)),
        (722, [{"a": [1, 2]}, 1, 2], ({"a": (1, 2)}, 1, 2)),
        (750, [[1], [2]], ([1], (2,))),
    ],
)
def test_inputs_of_mbpp_plus_are_converted_to_what_the_problem_takes(
    tmp_path: Path, number: int, arguments: list[Any], expected: tuple[Any, ...]
) -> None:
    (problem,) = made(tmp_path, "mbpp+", plus(number, arguments))
    tests = problem.tests["base"]
    assert isinstance(tests, Calls)
    assert repr(tests.inputs) == repr((expected,)), "repr tells 1 from 1.0 and () from []"


def test_every_conversion_is_of_one_kind_only() -> None:
    listed = [number for _, numbers in evalplus._CONVERSIONS for number in numbers]
    assert len(listed) == len(set(listed))


def test_oracles_are_those_of_the_harness_that_the_file_was_released_with(tmp_path: Path) -> None:
    names = ("similar_elements", "check_str", "surface_Area", "digit_distance_nums", "f")
    rows = [plus(9000 + index, [1], name=name) for index, name in enumerate(names)]
    found = made(tmp_path, "mbpp+", *rows)
    assert [problem.tests["base"].oracle for problem in found] == [  # type: ignore[union-attr]
        "set-equal", "not-none", "surface-area", "digit-distance", "equal",
    ]  # fmt: skip
    found = made(tmp_path, "mbpp+", *rows, plus(evalplus.WITHDRAWN[0], [1]))
    assert [problem.tests["base"].oracle for problem in found] == [  # type: ignore[union-attr]
        "equal@0.2.2", "not-none@0.2.2", *["equal@0.2.2"] * 4,
    ]  # fmt: skip


def test_the_published_file_of_399_is_judged_as_its_own_harness_did() -> None:
    path = Path(__file__).resolve().parents[4] / "shared/data/mbpp/MbppPlus-v0.1.0.jsonl.gz"
    if not path.exists():
        pytest.skip("the published file is not here")
    special = {problem.entry_point: problem.tests["base"].oracle for problem in load("mbpp+", path).problems}  # type: ignore[union-attr]
    assert {name: oracle for name, oracle in special.items() if oracle != "equal@0.2.2"} == {
        "are_equivalent": "anything@0.2.2", "sum_div": "equal-or-zero@0.2.2", "check_str": "not-none@0.2.2",
        "text_match_three": "not-none@0.2.2", "text_starta_endb": "not-none@0.2.2",
    }  # fmt: skip


def test_a_problem_passes_base_and_plus_and_its_expected_values_are_the_references() -> None:
    for benchmark in ("humaneval+", "mbpp+"):
        for problem in own(benchmark).values():
            assert list(problem.tests) == (["base"] if problem.task_id == "Mbpp/9003" else ["base", "plus"])
            assert all(isinstance(tests, Calls) and tests.expected is None for tests in problem.tests.values())
            assert problem.reference.startswith(problem.prompt)
            assert problem.mode == "continuation"


def test_tolerance_and_the_zero_of_a_polynomial() -> None:
    found = own("humaneval+")
    assert [tests.atol for tests in found["OwnEval/2"].tests.values()] == [1e-6, 1e-6]  # type: ignore[union-attr]
    assert [tests.oracle for tests in found["OwnEval/3"].tests.values()] == ["root", "root"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (plus(2, [5]), r"`base_input\[0\]` is \[5\], which is not of the form that this problem of MBPP\+ needs"),
        (plus(124, ["x", "y"]), "could not convert"),
        (plus(1, 5), r"`base_input\[0\]` is 5; a list of the arguments"),  # type: ignore[arg-type]
        (plus(1), "`base_input` is empty; a problem without inputs would be passed by every program"),
        (plus(1, [1], atol=-1), "`atol` is a whole number, -1; a number from 0 is needed"),
        (plus(1, [1], atol=float("nan")), "`atol` is NaN; a number from 0 is needed"),
        (plus(1, [1], task_id="HumanEval/1"), r"ids of MBPP\+ are `Mbpp/<number>`\. A HumanEval\+ file needs"),
    ],
)
def test_a_line_that_is_not_of_mbpp_plus_is_refused(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    with pytest.raises(AprError, match=message):
        made(tmp_path, "mbpp+", row)


def test_mbpp_plus_given_as_humaneval_plus_is_refused() -> None:
    with pytest.raises(AprError, match=r"'Mbpp/9001', an id of MBPP\+\. Try `--benchmark mbpp\+`"):
        load("humaneval+", problems.FORMATS["mbpp+"])


# BigCodeBench


def test_bigcodebench_has_two_prompts_for_one_task() -> None:
    begun, asked = own("bigcodebench"), load("bigcodebench-instruct", problems.FORMATS["bigcodebench"]).problems
    for one, other in zip(begun.values(), asked, strict=True):
        assert (one.mode, other.mode) == ("continuation", "instruction")
        assert one.reference == other.reference and one.reference.startswith(one.prompt + "\n")
        assert other.prompt.startswith("Write a")
        assert one.tests == other.tests and isinstance(one.tests["base"], UnitTests)
        compile(one.reference, "reference", "exec")


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ("class TestCase: ...", "defines no class `TestCases`"),
        ("class TestCases(", "`test` is not Python"),
        ("class TestCases:\n    def check(self): ...", "has no method `test…`; every program would pass it"),
    ],
)
def test_bigcodebench_without_tests_is_refused(tmp_path: Path, test: str, message: str) -> None:
    row = json.loads(problems.FORMATS["bigcodebench"].read_text(encoding="utf-8").splitlines()[0])
    with pytest.raises(AprError, match=message):
        made(tmp_path, "bigcodebench", row | {"test": test})


# The plain format

PLAIN: dict[str, Any] = {
    "task_id": "p/1",
    "prompt": "Write f.",
    "entry_point": "f",
    "tests": [{"args": [1], "expected": 2}],
}


def plain(**changed: Any) -> dict[str, Any]:
    """A plain problem with some fields changed; those that are None are left out."""
    return {key: value for key, value in (PLAIN | changed).items() if value is not None}


def test_plain_calls_are_json_as_it_stands(tmp_path: Path) -> None:
    rows = [{"args": [[1, 2.5], {"a": None}], "expected": [True]}, {"args": [], "expected": None}]
    (problem,) = made(tmp_path, "plain", plain(tests=rows, atol=1e-3, oracle="set-equal", released="2026-05-01"))
    assert problem.tests["base"] == Calls((([1, 2.5], {"a": None}), ()), ([True], None), "set-equal", 1e-3)
    assert (problem.mode, problem.released, problem.reference) == ("instruction", date(2026, 5, 1), "")


def test_plain_literals_hold_what_json_has_not(tmp_path: Path) -> None:
    rows = [{"args": "((1, 2), {3}, b'x')", "expected": "1+2j"}, {"args": "[{1: (2,)}]", "expected": "-7"}]
    (problem,) = made(tmp_path, "plain", plain(tests=rows, literals=True))
    assert problem.tests["base"] == Calls((((1, 2), {3}, b"x"), ({1: (2,)},)), (1 + 2j, -7))


def test_plain_calls_without_expected_values_take_those_of_the_reference(tmp_path: Path) -> None:
    (problem,) = made(tmp_path, "plain", plain(tests=[{"args": [1]}, {"args": [2]}], reference="def f(x): return x"))
    assert problem.tests["base"] == Calls(((1,), (2,)), None)


def test_plain_assertions_name_their_entry_point_by_themselves(tmp_path: Path) -> None:
    row = plain(tests=None, entry_point=None, assertions=["assert g(X) == 1"], setup="X = 5\n")
    (problem,) = made(tmp_path, "plain", row)
    assert (problem.entry_point, problem.tests["base"]) == ("g", Assertions(("assert g(X) == 1",), "X = 5\n"))


def test_plain_checks_get_helpers_of_a_prompt_that_is_continued(tmp_path: Path) -> None:
    check = "def check(candidate):\n    assert candidate(double(1)) == 2\n"
    prompt = "def double(x):\n    return 2 * x\n\n\ndef f(x):\n"
    row = plain(tests=None, check=check, prompt=prompt, mode="continuation", reference=prompt + "    return x\n")
    (problem,) = made(tmp_path, "plain", row)
    assert problem.tests["base"] == CheckFunction(check, "def double(x):\n    return 2 * x\n")
    (problem,) = made(tmp_path, "plain", row | {"mode": "instruction"})
    assert problem.tests["base"] == CheckFunction(check), "a text that asks has nothing to take from"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"tests": None}, "it has no tests; exactly one of `tests`, `assertions`, `check`, `unittest` is needed"),
        ({"check": "def check(candidate): ..."}, "it has `tests` and `check`; exactly one"),
        ({"tets": 1}, r"`tets` is no field of a plain problem; allowed are .*Did you mean 'tests'\?"),
        ({"entry_point": None}, "`entry_point` is ''; the name of the function"),
        ({"entry_point": "a.b"}, "`entry_point` is 'a.b'; the name of the function"),
        ({"tests": []}, "`tests` is empty"),
        ({"tests": [{"arg": [1]}]}, r"`tests\[0\]` is .*; a map of `args` and `expected`"),
        ({"tests": [{"args": 1, "expected": 1}]}, r"`tests\[0\]\.args` is 1; a list of the arguments"),
        ({"tests": [{"args": [1], "expected": 1}, {"args": [2]}]}, "1 of 2 tests have `expected`; all or none"),
        ({"tests": [{"args": [1]}]}, "its tests have no `expected`, and there is no `reference`"),
        ({"literals": True}, r"`tests\[0\]\.args` is \[1\]; with `literals` it is text"),
        ({"literals": True, "tests": [{"args": "[f()]", "expected": "1"}]}, "is no Python literal"),
        ({"literals": 1}, "`literals` is 1; true or false"),
        ({"oracle": "set-eqal"}, r"`oracle` is 'set-eqal'; allowed are exact, .*Did you mean 'set-equal'\?"),
        ({"mode": "chat"}, "`mode` is 'chat'; allowed are continuation and instruction"),
        ({"released": "May"}, "`released` is 'May'; a date as 2024-05-31"),
        (
            {"tests": None, "assertions": ["assert f(1)"], "atol": 1},
            "`atol` goes with `tests`, and this problem has `assertions`",
        ),
        ({"atol": True}, "`atol` is true or false, true; a number from 0"),
        ({"task_id": 5}, "`task_id` is a whole number, 5; text is needed"),
    ],
)
def test_a_plain_problem_that_is_none_is_refused(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(AprError, match=r"rows\.jsonl:1: .*" + message):
        made(tmp_path, "plain", plain(**changed))


def test_every_oracle_that_is_assigned_is_one_that_there_is() -> None:
    assigned = {oracle for table in evalplus.MBPP_ORACLES.values() for oracle in table.values()}
    assigned |= {*evalplus.PLAIN_ORACLE.values(), *evalplus.HUMANEVAL_ORACLES.values()}
    assert assigned <= ORACLES.keys()
