"""The record: its id is its content, and nothing that is not finite, whole or distinct gets in."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from evidence_records import record, records, run
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from apr_core.errors import EvidenceError
from apr_core.evidence.record import (
    AggregateOutcome,
    Arguments,
    ExampleResult,
    ProblemResult,
    ProblemsOutcome,
    Record,
    ScalarOutcome,
    SeriesOutcome,
    SeriesPoint,
    load_record,
    record_text,
)

TIME = "2026-03-18T07:52:48+00:00"


def store(folder: Path, one: Record, text: str | None = None) -> Path:
    path = folder / f"{one.id}.json"
    path.write_text(record_text(one) if text is None else text, encoding="utf-8")
    return path


# --- the id ---


def test_the_id_of_a_given_content_never_changes() -> None:
    # Were this id to change, no record that was ever written could be read again.
    one = run("101", model="Qwen2.5-Coder-7B-Instruct", benchmark="HumanEval", prompt="few-shot", time=TIME, seed=0)
    assert one.id == "humaneval-qwen2.5-coder-7b-instruct-20260318T075248-6aa6f65e754f"


def test_the_digest_is_that_of_the_content_without_what_is_unknown() -> None:
    known = {
        "schema": "apr.evidence/1",
        "subject": {"model": "M"},
        "protocol": {"benchmark": "bench", "sampling": {}, "limits": {}},
        "environment": {"versions": {}},
        "arguments": {"passed": None, "default": None},
        "source": {"kind": "imported"},
        "observed": {},
        "outcome": {"kind": "problems", "problems": [{"id": "P/0", "samples": 1, "passes": 1}]},
    }
    text = json.dumps(known, sort_keys=True, separators=(",", ":")) + "\n"
    assert run("1").digest == hashlib.sha256(text.encode()).hexdigest()


def test_a_field_that_a_later_version_adds_leaves_old_ids_as_they_are(tmp_path: Path) -> None:
    old = json.loads(record_text(run("10")))
    for part, key in (("subject", "lineage"), ("protocol", "layers"), ("environment", "device")):
        del old[part][key]  # as if the file had been written before there were such fields
    assert load_record(store(tmp_path, run("10"), json.dumps(old))) == run("10")


def test_a_null_that_was_passed_is_something_known() -> None:
    given_null = run("10", arguments=Arguments(passed={"stop": None}))
    given_nothing = run("10", arguments=Arguments(passed={}))
    assert len({given_null.id, given_nothing.id, run("10").id}) == 3


def test_the_id_can_be_a_file_name_whatever_the_names_are() -> None:
    one = run("1", model="org/Model: a\\b Ünïcode" + "x" * 150, benchmark="../..")
    assert len(one.id) <= 94
    assert not set(one.id) - set("abcdefghijklmnopqrstuvwxyz0123456789.+-")
    assert not one.id.startswith(".")


@given(records, records)
@settings(deadline=None, max_examples=50)
def test_records_that_differ_have_different_ids(one: Record, other: Record) -> None:
    assert (one.id == other.id) == (one == other)


# --- round trip ---


@given(records)
@settings(deadline=None, max_examples=100)
def test_a_record_survives_its_file(tmp_path_factory: pytest.TempPathFactory, one: Record) -> None:
    path = store(tmp_path_factory.mktemp("evidence"), one)
    loaded = load_record(path)
    assert loaded == one
    assert record_text(loaded) == path.read_text(encoding="utf-8")


def test_the_layout_of_a_file_does_not_matter(tmp_path: Path) -> None:
    one = run("10", time=TIME)
    stored = json.loads(record_text(one))
    shuffled = {key: stored[key] for key in sorted(stored, reverse=True)}
    assert load_record(store(tmp_path, one, json.dumps(shuffled, indent=7))) == one


def test_each_problem_has_a_line_of_its_own() -> None:
    lines = [line.strip(" ,") for line in record_text(run("10" * 50)).splitlines()]
    assert sum(line.startswith('{"failure": null, "id": "P/') for line in lines) == 100


def test_a_record_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        run("10").seed = 3  # type: ignore[misc]


# --- bad files ---

BAD = [
    ('"passes": 1', '"passes": 2', r":19:4: outcome.problems.0: problem 'P/0' has 2 passes in 1 samples"),
    ('"passes": 1', '"passes": -1', r":19:\d+: outcome.problems.0.passes: .*greater than or equal to 0; it is -1"),
    ('"passes": 1', '"passes": true', r"outcome.problems.0.passes: .*valid integer; it is True"),
    ('"passes": 1', '"passes": "1"', r"outcome.problems.0.passes: .*valid integer; it is '1'"),
    ('"passes": 1', '"passes": NaN', r":19: NaN is not a number"),
    ('"passes": 1, ', "", r":19:4: outcome.problems.0.passes: Field required"),
    ('"samples": 1', '"samples": 0', r"outcome.problems.0.samples: .*greater than 0"),
    ('"failure": null, "id": "P/0"', '"failure": "wrong", "id": "P/0"', r"'P/0' names the failure 'wrong', but every"),
    ("P/1", "P/0", r":15:13: outcome: the problem id 'P/0' occurs 2 times"),
    ('"kind": "problems"', '"kind": "problem"', r"outcome: .*'problem'.*'problems', 'examples', 'series'"),
    ('"dirty"', '"dirt"', r":10:11: environment.dirt: nothing reads the key 'dirt'"),
    ('"schema": "apr.evidence/1"', '"schema": "apr.evidence/2"', r"schema: .*apr.evidence/1"),
    ("+00:00", "", r"time: the time '2026-03-18T07:52:48' has no offset from UTC"),
    (TIME, "yesterday", r"time: Invalid isoformat string: 'yesterday'"),
    ('"kind": "imported"', '"kind": "guessed"', r"source.kind: .*'measured', 'imported' or 'published'"),
    ('"model": "M"', '"model": ""', r"subject.model: .*at least 1 character"),
    ('"recipe": null', '"recipe": "12ab"', r"recipe: .*pattern"),
    ('"passed": null', '"passed": {"a": 1e999}', r": 1e999 is not a number"),
    ('"seed": null', '"seed": 1, "seed": 2', r"the key 'seed' is given twice"),
    ('"\n}', '"', r"this is not JSON.*truncated"),
    ('"passes": 1', '"passes": 0', r"`id` says 'bench-m-20260318T075248-\w{12}'.*has the digest \w{12}"),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD, ids=[new or f"no {old}" for old, new, _ in BAD])
def test_a_bad_file_is_refused_with_the_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    one = run("10", time=TIME)
    text = record_text(one)
    assert old in text
    path = store(tmp_path, one, text.replace(old, new, 1))
    with pytest.raises(EvidenceError, match=message) as caught:
        load_record(path)
    assert str(path) in str(caught.value)


def test_a_changed_record_is_refused_with_both_digests(tmp_path: Path) -> None:
    one, other = run("10", time=TIME), run("11", time=TIME)
    text = record_text(one).replace('"P/1", "passes": 0', '"P/1", "passes": 1')
    with pytest.raises(EvidenceError) as caught:
        load_record(store(tmp_path, one, text))
    assert one.digest[:12] in str(caught.value)
    assert other.digest[:12] in str(caught.value)


def test_a_renamed_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / f"{run('11').id}.json"
    path.write_text(record_text(run("10")))
    with pytest.raises(EvidenceError, match="the file name says"):
        load_record(path)


@pytest.mark.parametrize("text", ["", "[1]", "null", '{"id": "x"}', "\ufeff{}"])
def test_what_is_no_record_at_all_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EvidenceError, match=r"x\.json:1:\d"):
        load_record(path)


@given(st.data())
@settings(deadline=None, max_examples=100)
def test_a_damaged_file_is_refused_or_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    one = run("101", time=TIME)
    raw = bytearray(record_text(one).encode())
    at = data.draw(st.integers(0, len(raw) - 1))
    if data.draw(st.booleans()):
        del raw[at:]
    else:
        raw[at] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("evidence") / f"{one.id}.json"
    path.write_bytes(raw)
    try:
        assert load_record(path) == one
    except EvidenceError as error:
        assert str(path) in str(error)


# --- bad outcomes ---


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ProblemsOutcome(problems=()), "at least 1 item"),
        (lambda: ExampleResult(id="a", value=float("nan")), "finite"),
        (lambda: ExampleResult(id="a", value=float("inf")), "finite"),
        (lambda: ExampleResult(id="a", value=1.0, weight=0.0), "greater than 0"),
        (lambda: SeriesPoint(step=1, value=float("-inf")), "finite"),
        (lambda: series((1, 2), (1, 3)), "step 1 follows step 1"),
        (lambda: ScalarOutcome(value=3.0, unit="s", repeats=(1.0, 2.0)), "outside its own repeats 1.0 to 2.0"),
        (lambda: AggregateOutcome(metric="pass@1"), "either a value, or passes and n"),
        (lambda: AggregateOutcome(metric="pass@1", value=0.5, passes=1, n=2), "either a value, or passes and n"),
        (lambda: AggregateOutcome(metric="pass@1", passes=3), "passes need an n"),
        (lambda: AggregateOutcome(metric="pass@1", passes=3, n=2), "3 passes of n = 2"),
        (lambda: AggregateOutcome(metric="pass@1", value=87.8), "not a percentage"),
        (lambda: AggregateOutcome(metric="perplexity", value=0.9), "at least 1"),
        (lambda: AggregateOutcome(metric="accuracy", passes=1, n=2), "only pass@k counts them"),
        (lambda: Arguments(passed={"a": [float("nan")]}), "finite"),
        (lambda: ProblemResult(id="a\nb", samples=1, passes=1), "pattern"),
    ],
)
def test_an_impossible_outcome_is_refused(build: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        build()


def series(*points: tuple[int, float]) -> SeriesOutcome:
    return SeriesOutcome(name="loss", points=tuple(SeriesPoint(step=step, value=value) for step, value in points))


def test_an_unknown_time_sorts_before_every_known_one() -> None:
    dated = record(series((1, 1.0)), time="1970-01-01T00:00:00+14:00")
    assert record(series((1, 1.0))).instant < dated.instant
