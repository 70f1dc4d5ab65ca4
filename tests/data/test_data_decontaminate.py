"""Decontamination: what is found, what is not, what cannot be compared, and what a clean file holds."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from apr_core.data.decontaminate import (
    RULES,
    Index,
    benchmark_texts,
    check_file,
    in_window,
    limit,
    ngrams,
    overlaps,
    words_of,
    write_clean,
)
from apr_core.errors import AprError, UsageError
from apr_core.evaluation.problem import Calls, Problem
from apr_core.evidence.ledger import Ledger

if TYPE_CHECKING:
    from data_command import Apr

pytest_plugins = ["data_command"]

ROTATE = '''def rotate(items, by):
    """Move every item of a list so many places to the right, and those at the end to the front."""
    by %= len(items) or 1
    return items[-by:] + items[:-by]
'''
SHORT = "def one():\n    return 1\n"


def a_problem(name: str, text: str, released: date | None = None) -> Problem:
    return Problem(name, text, "f", "", {"base": Calls(inputs=((1,),), expected=(1,))}, released=released)


def numbered(*ranges: tuple[int, int]) -> str:
    """The words w3 w4 … of some ranges."""
    return " ".join(f"w{k}" for low, high in ranges for k in range(low, high))


# --- words and n-grams ---


@pytest.mark.parametrize(
    ("text", "words", "code"),
    [
        ("Def  F(x_1):\n\treturn X_1+2.5", "def f x_1 return x_1 2 5", "def f ( x_1 ) : return x_1 + 2 . 5"),
        ("naïve CAFÉ, ﬁne Ｗｉｄｅ", "naïve café fine wide", "naïve café , fine wide"),
        ("Straße", "strasse", "strasse"),
        ("排序列表 list", "排 序 列 表 list", "排 序 列 表 list"),
        ("", "", ""),
    ],
)
def test_the_normal_form_of_a_text(text: str, words: str, code: str) -> None:
    assert words_of(text) == words.split()
    assert words_of(text, "code") == code.split()


def test_ngrams_are_every_run_of_n_words() -> None:
    assert list(ngrams(["a", "b", "c"], 2)) == [("a", "b"), ("b", "c")]
    assert list(ngrams(["a", "b", "c"], 4)) == []


def test_operators_count_only_as_code() -> None:
    plus, minus = (f"x = [a {sign} b, c {sign} d, e {sign} f, g {sign} h, i {sign} j]" for sign in "+-")
    assert overlaps(plus, minus)
    assert not overlaps(plus, minus, tokens="code")


def test_a_collision_of_fingerprints_finds_nothing() -> None:
    problems = {"a": [numbered((0, 30))], "b": [numbered((100, 130))]}
    honest, colliding = Index(problems), Index(problems, fingerprint=lambda gram: 7)
    for sample in (numbered((5, 25)), numbered((200, 230)), numbered((0, 12), (110, 125))):
        assert colliding.find(sample) == honest.find(sample)


def test_shares_are_of_the_sample_and_of_the_problem() -> None:
    index = Index({"a": [numbered((0, 29))], "b": [numbered((0, 14))]})  # 20 and 5 n-grams
    found = index.find(numbered((4, 14), (500, 519)))  # one n-gram of theirs in 20 of its own
    assert (found.ngrams, found.matched, found.sample_share) == (20, 1, 1 / 20)
    assert [(one.task_id, one.matched, one.problem_share) for one in found.matches] == [
        ("b", 1, 1 / 5),
        ("a", 1, 1 / 20),
    ]
    assert found.matches[0].ngram == numbered((4, 14))


def test_a_repeated_ngram_counts_once_for_the_problem_and_each_time_for_the_sample() -> None:
    index = Index({"a": [numbered((0, 11))]})  # 2 n-grams
    found = index.find(" x ".join([numbered((0, 10))] * 3))
    assert (found.ngrams, found.matched) == (23, 3)
    assert (found.matches[0].matched, found.matches[0].problem_share) == (1, 1 / 2)


def test_an_ngram_does_not_reach_from_the_prompt_into_the_reference() -> None:
    problem = Problem("a", numbered((0, 9)), "f", numbered((9, 18)), {"base": Calls(inputs=((1,),), expected=(1,))})
    index = Index(benchmark_texts([problem]))
    assert index.too_short == ["a"]
    assert not index.find(numbered((0, 18))).matches


# --- rules ---


def test_the_rules_differ_where_they_should() -> None:
    index = Index({"a": [numbered((0, 29))]})
    one, half, within = numbered((0, 10), (500, 600)), numbered((0, 20), (500, 508)), numbered((0, 29), (500, 2000))
    decided = {
        rule: [RULES[rule].measure(index.find(sample)) >= limit(rule, None) > 0 for sample in (one, half, within)]
        for rule in ("sample-share", "problem-share")
    }
    assert decided == {"sample-share": [False, True, False], "problem-share": [False, True, True]}
    assert all(RULES["any"].measure(index.find(sample)) for sample in (one, half, within))


@pytest.mark.parametrize(
    ("rule", "threshold", "message"),
    [
        ("every", None, "there are any, sample-share, problem-share"),
        ("sample-shar", None, "Did you mean 'sample-share'"),
        ("any", 0.5, "the rule 'any' has no threshold"),
        ("sample-share", 0.0, "the threshold is 0"),
        ("problem-share", 1.5, r"the threshold is 1\.5"),
    ],
)
def test_a_rule_that_is_none_is_refused(rule: str, threshold: float | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        limit(rule, threshold)


# --- time ---


def test_a_window_takes_the_problems_released_in_it_both_ends_included() -> None:
    days = [date(2024, 1, day) for day in (1, 10, 20)]
    problems = [a_problem(str(day), "x", day) for day in days]
    assert in_window(problems, None, None) == problems
    assert in_window(problems, days[1], None) == problems[1:]
    assert in_window(problems, None, days[1]) == problems[:2]
    assert in_window(problems, days[1], days[1]) == [problems[1]]
    with pytest.raises(UsageError, match="the dates go from 2024-01-01 to 2024-01-20"):
        in_window(problems, date(2025, 1, 1), None)
    with pytest.raises(UsageError, match="1 of 4 problems have no date of release \\('u' first\\)"):
        in_window([*problems, a_problem("u", "x")], days[0], None)


# --- files and the command ---


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A training file of five samples, and two problems in the plain format, one of them too short to be found."""
    problems, train = tmp_path / "problems.jsonl", tmp_path / "train.jsonl"
    rows = [
        {
            "task_id": name, "prompt": text, "entry_point": entry, "reference": text, "released": day,
            "assertions": [f"assert {entry}() == 1"],
        }
        for name, text, entry, day in (("own/1", ROTATE, "rotate", "2024-01-01"), ("own/2", SHORT, "one", "2025-01-01"))
    ]  # fmt: skip
    problems.write_text("".join(json.dumps(row) + "\n" for row in rows))
    samples = [
        '{"text": "' + numbered((0, 40)) + '"}',
        json.dumps({"messages": [{"role": "user", "content": "Please write"}, {"content": ROTATE.upper()}]}),
        '{"text": "too short"}',
        '{"id": 3,   "text": "' + numbered((50, 90)) + '"}',
        json.dumps({"meta": ROTATE, "text": SHORT}),
    ]
    train.write_text("\n".join(samples[:3]) + "\n\n" + "\n".join(samples[3:]))
    return train, problems


def test_the_command_reports_cleans_and_fails_above_a_share(files: tuple[Path, Path], tmp_path: Path, apr: Apr) -> None:
    train, problems = files
    words = ("data", "decontaminate", str(train), "--benchmark", "plain", "--problems", str(problems))
    clean, before = tmp_path / "clean.jsonl", train.read_bytes()
    code, out, err = apr(*words, "-o", str(clean), "--json", "--fail-above", "39%")
    assert code == 1, err
    found = json.loads(out)
    assert (found["samples"], found["samples_too_short"], found["overlapping"], found["share"]) == (5, 1, 2, 0.4)
    assert (found["problems"], found["problems_too_short"], found["problems_found"]) == (2, ["own/2"], 1)
    assert [hit["line"] for hit in found["hits"]] == [2, 6]
    assert found["hits"][0]["matches"][0]["task_id"] == "own/1"
    assert found["kept"] == 3
    lines = before.split(b"\n")
    assert clean.read_bytes() == b"\n".join([lines[0], lines[2], lines[4], b""])
    assert train.read_bytes() == before
    assert apr(*words, "--fail-above", "40%")[0] == 0
    code, out, _ = apr(*words, "--field", "text", "--rule", "problem-share")
    assert code == 2  # the second sample has no `text`
    code, out, _ = apr(*words, "--until", "2024-06-30")
    assert "2 of 5 samples overlap plain in 10-grams (40.00 %), with 1 of 1 problems; rule: any" in out
    assert "not comparable for want of 10 words: 1 sample\n" in out
    assert "line 2: own/1 (100% of it): def rotate items by move every item of a list" in out


def test_a_gzipped_file_is_the_same_samples_and_the_record_is_what_the_criterion_reads(
    files: tuple[Path, Path], tmp_path: Path, apr: Apr
) -> None:
    train, problems = files
    zipped = tmp_path / "train.jsonl.gz"
    zipped.write_bytes(gzip.compress(train.read_bytes()))
    index = Index({"a": [ROTATE]})
    plain, packed = check_file(train, index), check_file(zipped, index)
    assert plain.hits == packed.hits and plain.digest != packed.digest
    assert write_clean(zipped, packed, tmp_path / "clean.jsonl") == 3
    words = ("data", "decontaminate", str(train), "--benchmark", "plain", "--problems", str(problems))
    code, _, err = apr(*words, "--evidence", str(tmp_path / "evidence"), "--since", "2023-01-01")
    assert code == 0, err
    (record,) = Ledger([tmp_path / "evidence"]).select(
        {"role": "training_data", "benchmark": "overlap-10gram", "source": "measured"}
    ).records  # fmt: skip
    assert record.content["outcome"] == {"kind": "scalar", "value": 0.4, "unit": "fraction", "repeats": []}
    assert record.subject.digest == plain.digest
    assert record.arguments.passed is not None
    assert record.arguments.passed["since"] == "2023-01-01"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "there is no sample in this file"),
        ('{"text": "a"}\n{"text": ', "train.jsonl:2: this is not JSON"),
        ('["a"]', "train.jsonl:1: this is list"),
        ('{"texts": "a"}', "there is no 'text' here, only 'texts'. Did you mean 'texts'"),
    ],
)
def test_a_broken_training_file_is_placed(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "train.jsonl").write_text(content)
    with pytest.raises(AprError) as error:
        check_file(tmp_path / "train.jsonl", Index({"a": [ROTATE]}), fields=["text"])
    assert message in str(error.value)


def test_nothing_is_written_over_the_training_file_or_after_it_changed(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    train, _ = files
    report = check_file(train, Index({"a": [ROTATE]}))
    with pytest.raises(UsageError, match="is the training file itself"):
        write_clean(train, report, train)
    with pytest.raises(AprError, match="Nothing was written"):
        write_clean(train, report, tmp_path / "none" / "clean.jsonl")
    train.write_text(train.read_text() + '\n{"text": "more"}')
    with pytest.raises(AprError, match="was changed while it was read"):
        write_clean(train, report, tmp_path / "clean.jsonl")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["problems.jsonl", "train.jsonl"]
