"""Files of completions: what is read, what is refused, and that they fit the problems."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from apr_core.errors import AprError, UsageError
from apr_core.evaluation.completions import Completion, match, prepared, read_completions


def written(path: Path, *lines: object) -> Path:
    path.write_text(
        "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines), encoding="utf-8"
    )
    return path


def test_lines_with_one_id_are_samples_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = written(
        tmp_path / "c.jsonl",
        {"task_id": "a", "completion": "1"}, {"task_id": "b", "solution": "2"}, {"task_id": "a", "completion": "3"},
    )  # fmt: skip
    assert read_completions(path).items == (
        Completion("a", 0, "1", False), Completion("b", 0, "2", True), Completion("a", 1, "3", False),
    )  # fmt: skip


def test_a_gzipped_file_is_the_same_file(tmp_path: Path) -> None:
    plain = written(tmp_path / "c.jsonl", {"task_id": 7, "completion": "é"})
    zipped = tmp_path / "c.jsonl.gz"
    zipped.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_completions(zipped) == read_completions(plain)
    assert read_completions(zipped).items[0].task_id == "7"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"task_id": "a", "completion": "x"', "c.jsonl:2: this is not JSON"),
        ("[1]", "c.jsonl:2: this is list"),
        ('{"completion": "x"}', "c.jsonl:2: `task_id` is None"),
        ('{"task_id": true, "completion": "x"}', "c.jsonl:2: `task_id` is True"),
        (
            '{"task_id": "a", "code": "x"}',
            "c.jsonl:2: there is neither `completion` nor `solution` here, only 'task_id', 'code'",
        ),
        ('{"task_id": "a", "completion": 3}', "c.jsonl:2: `completion` is int"),
        pytest.param("[" * 100_000, "c.jsonl:2: this is not JSON", id="nested too deeply"),
    ],
)
def test_a_line_that_is_no_completion_is_refused_with_its_number(tmp_path: Path, line: str, says: str) -> None:
    path = written(tmp_path / "c.jsonl", {"task_id": "a", "completion": "x"}, line)
    with pytest.raises(AprError) as caught:
        read_completions(path)
    assert says in str(caught.value)


def test_a_file_that_is_missing_truncated_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AprError, match="No such file"):
        read_completions(tmp_path / "none.jsonl")
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(json.dumps({"task_id": "a", "completion": "x" * 999}).encode())[:-9])
    with pytest.raises(AprError, match="restore the file"):
        read_completions(cut)
    with pytest.raises(AprError, match="no completion is in this file"):
        read_completions(written(tmp_path / "empty.jsonl", "", ""))


def completions(*ids: str) -> list[Completion]:
    return [Completion(name, ids[:index].count(name), "x", False) for index, name in enumerate(ids)]


def test_completions_that_fit_come_back_in_order() -> None:
    items = completions("b", "a", "b")
    assert list(match(items, {"a": 1, "b": 2}, benchmark="own")) == items


def test_an_unknown_task_id_is_named_with_the_nearest_known_one() -> None:
    with pytest.raises(UsageError, match=r"'HumanEval/01' and 1 more: no problem of own.*Did you mean 'HumanEval/0'"):
        match(completions("HumanEval/01", "x"), {"HumanEval/0": 1}, benchmark="own")


def test_problems_without_completions_are_only_left_out_when_that_is_asked_for() -> None:
    known = {"a": 1, "b": 2, "c": 3}
    with pytest.raises(UsageError, match=r"2 of 3 problems of own have no completion, 'b' first.*--partial"):
        match(completions("a"), known, benchmark="own")
    assert [one.task_id for one in match(completions("a"), known, benchmark="own", partial=True)] == ["a"]


def test_another_number_of_samples_than_the_one_asked_for_is_refused() -> None:
    known = {"a": 1, "b": 2}
    with pytest.raises(UsageError, match=r"--samples 2: 1 of 2 problems have another number of completions; 'b' has 1"):
        match(completions("a", "a", "b"), known, benchmark="own", samples=2)
    assert len(list(match(completions("a", "a", "b", "b"), known, benchmark="own", samples=2))) == 4


@pytest.mark.parametrize(
    ("text", "prompt", "whole"),
    [
        ("def f():\n    return 1\n", "def f():\n", True),
        ("\n\ndef f():\n    return 1\n", "\ndef f():\n", True),
        ("```python\ndef f():\n    return 1\n```", "def f():\n", False),
        ("    return 1\n", "def f():\n", False),
        ("def f(): return 1", "", False),
    ],
)
def test_a_text_that_begins_with_the_prompt_is_a_program_as_it_stands(text: str, prompt: str, whole: bool) -> None:
    assert prepared(Completion("a", 0, text, False), prompt) == Completion("a", 0, text, whole)
    assert prepared(Completion("a", 0, text, True), prompt).whole
