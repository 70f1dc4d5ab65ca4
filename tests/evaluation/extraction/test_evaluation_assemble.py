"""From a problem and an answer to the program that is tried; and the real completions, which must stay what they are."""

from __future__ import annotations

import ast
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from apr_core.evaluation.assemble import Assembled, assemble
from apr_core.evaluation.problem import Assertions, Problem

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
PROMPT = (
    "import math\nfrom typing import List\n\n\ndef area(radius):\n    '''Helper.'''\n    return math.pi * radius**2\n\n\n"
    "def solve(values: List[int]) -> float:\n    '''Sum of areas.'''\n"
)
BODY = "    return sum(area(value) for value in values)\n"


def problem(prompt: str = PROMPT, mode: Any = "continuation") -> Problem:
    return Problem("Own/1", prompt, "solve", "", {"base": Assertions(("assert solve([]) == 0",))}, mode=mode)


def test_a_continuation_stands_behind_its_prompt() -> None:
    assert assemble(problem(), BODY) == Assembled(PROMPT + BODY, "continuation", "unchanged")
    run_on = assemble(problem(), f"{BODY}\n\ndef more():\n    pass\n\nprint(solve([1]))\n")
    assert (run_on.program, run_on.form) == (PROMPT + BODY, "continuation")


def test_a_whole_program_that_says_all_it_needs_is_tried_as_it_is_written() -> None:
    whole = PROMPT + BODY + "\n\nprint(solve([1]))\n"
    assert assemble(problem(), whole) == Assembled(whole, "program", "unchanged")


def test_a_whole_program_gets_what_it_lacks_from_the_prompt_and_no_more() -> None:
    program = "def solve(values: List[int]) -> float:\n    return sum(area(value) for value in values)\n"
    found = assemble(problem(), f"```python\n{program}```")
    assert found.form == "program"
    assert found.how == "taken from a code fence; List, area, math taken from the prompt"
    space: dict[str, Any] = {}
    exec(found.program, space)
    assert space["solve"]([1]) == pytest.approx(3.14159, abs=1e-4)
    own = "def solve(values):\n    math = 3\n    return math\n"
    assert assemble(problem(), own).program == own


def test_imports_of_the_future_stay_first() -> None:
    program = "from __future__ import annotations\n\n\ndef solve(values):\n    return math.pi\n"
    found = assemble(problem(), program)
    assert found.program.startswith("from __future__ import annotations\nimport math\n")
    compile(found.program, "answer", "exec")


def test_a_problem_in_words_takes_programs_only() -> None:
    program = "def solve(values):\n    return 0\n"
    words = problem("Sum up the areas.", "instruction")
    assert assemble(words, f"Sure:\n```\n{program}```") == Assembled(program, "program", "taken from a code fence")


def test_an_answer_without_code_is_no_program() -> None:
    assert assemble(problem(), "<think>\n" + PROMPT + BODY).program == ""
    assert assemble(problem(), "I cannot do that.") == Assembled("", "program", "no code found")


@pytest.mark.parametrize(
    "text", [PROMPT + BODY + "x = (", "```python\n" + PROMPT + BODY + "```", BODY + "\nHuman", "import os\n"]
)
def test_as_written_changes_nothing(text: str) -> None:
    found = assemble(problem(), text, as_written=True)
    assert found.how == "as written"
    assert found.program == (PROMPT + text if text.startswith("    ") else text)
    assert found.form == ("continuation" if text.startswith("    ") else "program")


REAL = {
    "qwen2.5-coder-7b-base/humaneval": ("humaneval/HumanEval.jsonl.gz", 164, 7),
    "qwen2.5-coder-1.5b-base/mbpp": ("mbpp/MbppPlus-v0.1.0.jsonl.gz", 399, 7),
}
"""Completions → problems, how many there are, and how many are changed: each of them failed officially."""


def lines(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@pytest.mark.skipif(not DATA.is_dir(), reason="the data set is not here")
@pytest.mark.parametrize("name", REAL)
def test_real_programs_that_passed_are_tried_as_they_are_written(name: str) -> None:
    source, count, most = REAL[name]
    asked = {row["task_id"]: row for row in lines(DATA / source)}
    official = json.loads((DATA / "completions" / name / "official.json").read_text(encoding="utf-8"))["status"]
    answers = lines(DATA / "completions" / name / "completions.jsonl.gz")
    changed = []
    for answer in answers:
        row = asked[answer["task_id"]]
        one = Problem(row["task_id"], row["prompt"], row["entry_point"], "", {"base": Assertions(("assert True",))})
        found = assemble(one, answer["completion"])
        assert found.form == "program"
        assert assemble(one, answer["completion"], as_written=True).program == answer["completion"]
        if found.program != answer["completion"]:
            changed.append(answer["task_id"])
            with pytest.raises(SyntaxError):
                ast.parse(answer["completion"])
    assert len(answers) == count
    assert len(changed) <= most
    assert {official[one]["base"] for one in changed} == {"fail"}


@pytest.mark.skipif(not DATA.is_dir(), reason="the data set is not here")
def test_real_solutions_are_found_as_continuations_in_every_indentation_that_models_lose() -> None:
    for row in lines(DATA / "humaneval" / "HumanEval.jsonl.gz"):
        prompt, solution = row["prompt"], row["canonical_solution"]
        one = Problem(row["task_id"], prompt, row["entry_point"], "", {"base": Assertions(("assert True",))})
        wanted = [ast.dump(statement) for statement in ast.parse(prompt + solution).body]
        for text in (
            solution,
            solution.strip(),
            f"{solution}\n\ndef main():\n    print(1)\n",
            f"{solution}```\nIt's done.",
        ):
            found = assemble(one, text)
            assert found.form == "continuation", (row["task_id"], found)
            assert [ast.dump(statement) for statement in ast.parse(found.program).body] == wanted, (
                row["task_id"],
                text,
            )
