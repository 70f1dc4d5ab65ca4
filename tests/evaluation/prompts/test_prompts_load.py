"""Strategies from a file: what is read, and every way in which it is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from apr_core.errors import AprError, UsageError
from apr_core.evaluation.problem import Assertions, Problem
from apr_core.evaluation.prompts import STRATEGIES, build, load_strategies

GOOD = """strategies:
  - name: terse
    does: asks for little
    instruction: "{prompt} Call it {entry_point}."
    raw_continuation: "# {{begin}}\\n{prompt}"
    system: Be brief.
    exemplars:
      - entry_point: one
        sentence: Return 1.
        begun: "def one():\\n"
        rest: "    return 1\\n"
        assertions: ["assert one() == 1"]
"""


def written(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_row_from_a_file_asks_like_a_row_of_the_table(tmp_path: Path) -> None:
    row = load_strategies(written(tmp_path, GOOD))["terse"]
    problem = Problem("T", "Return 2.", "two", "", {"base": Assertions(("assert two() == 2",))}, mode="instruction")
    turns = build(row, problem, chat=True)
    assert [(turn.role, turn.content) for turn in turns if not isinstance(turn, str)] == [
        ("system", "Be brief."),
        ("user", "Return 1. Call it one."),
        ("assistant", "```python\ndef one():\n    return 1\n```\n"),
        ("user", "Return 2. Call it two."),
    ]
    begun = Problem("T", "def two():\n", "two", "", problem.tests)
    assert build(row, begun, chat=False) == "# {begin}\ndef one():\n    return 1\n\n\n# {begin}\ndef two():\n"


def test_json_is_read_as_well(tmp_path: Path) -> None:
    data = {"strategies": [{"name": "a", "does": "b", "instruction": "{prompt}"}]}
    assert list(load_strategies(written(tmp_path, json.dumps(data), "mine.json"))) == ["a"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("    system: Be", "    sytem: Be", r":6:5: a strategy has no key 'sytem'; .* Did you mean 'system'\?"),
        ("does: asks for little", "does: no", ":3:11: does is text; put quotes"),
        ("Call it {entry_point}", "Call it {name}", r":4:18: instruction: the field {name} does not exist"),
        ("{prompt} Call", "{prompt.x} Call", r":4:18: instruction: the field {prompt.x} does not exist"),
        ("    does: asks for little\n", "", r":2:5: the strategy has no 'does'"),
        ("name: terse", "name: standard", ":2:5: the strategy 'standard' is there already, in the table"),
        ("name: terse", "name: auto", ":2:11: a strategy cannot be named 'auto'"),
        ("        sentence: Return 1.\n", "", ":8:9: the exemplar has no 'sentence'"),
        ("    system: Be brief.\n", "    system: a\n    system: b\n", ":7:5: the key 'system' is given twice"),
        ('["assert one() == 1"]', "assert", "assertions is a list"),
        (
            "strategies:",
            "strategy:",
            r":1:1: a file of prompt strategies has no key 'strategy'; .* Did you mean 'strategies'\?",
        ),
        ("does: asks for little", "does: [", "this is not YAML"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in GOOD
    with pytest.raises(UsageError, match=says) as caught:
        load_strategies(written(tmp_path, GOOD.replace(old, new, 1)))
    assert "mine.yaml:" in str(caught.value)


@pytest.mark.parametrize("text", ["", "strategies: []\n", "[]\n", "strategies: 1\n", "strategies:\n  - 1\n", "a"])
def test_a_file_without_a_strategy_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"mine\.yaml:1|mine\.yaml:2"):
        load_strategies(written(tmp_path, text))


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("system:", "sytem:").replace("{entry_point}", "{x}")
    with pytest.raises(UsageError) as caught:
        load_strategies(written(tmp_path, text))
    assert len(str(caught.value).splitlines()) == 2


def test_a_name_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    row = GOOD.partition("\n")[2]
    with pytest.raises(UsageError, match="the strategy 'terse' is there already, above"):
        load_strategies(written(tmp_path, GOOD + row))


def test_a_missing_file_is_an_error_of_ours_and_the_table_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(AprError, match="cannot read"):
        load_strategies(tmp_path / "none.yaml")
    load_strategies(written(tmp_path, GOOD))
    assert "terse" not in STRATEGIES
