"""The journal of an evaluation: what an interruption leaves, what another evaluation must not see."""

from __future__ import annotations

import json
import os
import resource
import signal
from pathlib import Path

import pytest

from apr_core.errors import AprError, UsageError
from apr_core.evaluation import evaluate
from apr_core.evaluation.benchmarks import Benchmark
from apr_core.evaluation.evaluate import identity
from apr_core.evaluation.journal import Journal
from apr_core.evaluation.result import Input, SampleResult
from apr_core.evaluation.sandbox import Isolation

IDENTITY = {"completions": "0" * 64}


def result(sample: int = 0, outcome: str = "passed") -> SampleResult:
    groups = {"passed": outcome == "passed", "base": outcome == "passed", "class": outcome}
    return SampleResult.model_validate({**groups, "sample": sample, "program": "a" * 64, "cpu_seconds": 0.25})


def test_what_was_judged_is_there_after_an_interruption(tmp_path: Path) -> None:
    with Journal(tmp_path, IDENTITY) as journal:
        journal.append("a", result(0))
        journal.append("a", result(1, "wrong-answer"))
    with Journal(tmp_path, IDENTITY) as journal:
        assert journal.done == {("a", 0): result(0), ("a", 1): result(1, "wrong-answer")}


def test_half_a_line_is_cut_off_and_the_rest_kept(tmp_path: Path) -> None:
    with Journal(tmp_path, IDENTITY) as journal:
        journal.append("a", result(0))
        whole = journal.path.read_bytes()
    for length in range(1, 60, 7):
        journal.path.write_bytes(whole + whole[:length])
        with Journal(tmp_path, IDENTITY) as again:
            assert again.done == {("a", 0): result(0)}
            again.append("b", result(0))
        with Journal(tmp_path, IDENTITY) as third:
            assert set(third.done) == {("a", 0), ("b", 0)}


def test_an_evaluation_keeps_the_time_at_which_it_began(tmp_path: Path) -> None:
    with Journal(tmp_path, IDENTITY) as journal:
        journal.append("a", result(0))
    text = journal.path.read_text(encoding="utf-8")
    journal.path.write_text(text.replace(journal.started, "2026-01-02T03:04:05+00:00"), encoding="utf-8")
    with Journal(tmp_path, IDENTITY) as again:
        assert again.started == "2026-01-02T03:04:05+00:00"
        assert set(again.done) == {("a", 0)}


def test_infrastructure_errors_are_tried_again(tmp_path: Path) -> None:
    with Journal(tmp_path, IDENTITY) as journal:
        journal.append("a", result(0, "infrastructure-error"))
    with Journal(tmp_path, IDENTITY) as journal:
        assert journal.done == {}


def test_another_evaluation_has_another_journal(tmp_path: Path) -> None:
    with Journal(tmp_path, IDENTITY) as journal:
        journal.append("a", result(0))
        with Journal(tmp_path, {"completions": "1" * 64}) as other:
            assert other.done == {}
            assert other.path != journal.path


def test_the_same_evaluation_cannot_run_twice_at_once(tmp_path: Path) -> None:
    with (
        Journal(tmp_path, IDENTITY),
        pytest.raises(UsageError, match="another process is running this very evaluation"),
    ):
        Journal(tmp_path, IDENTITY).__enter__()


def test_a_line_that_was_tampered_with_is_refused(tmp_path: Path) -> None:
    with Journal(tmp_path, IDENTITY) as journal:
        journal.append("a", result(0))
    entry = json.loads(journal.path.read_text(encoding="utf-8").splitlines()[1])
    entry["result"]["class"] = "excellent"
    journal.path.write_text(json.dumps(entry) + "\n", encoding="utf-8")
    with pytest.raises(AprError, match="Delete the file"):
        Journal(tmp_path, IDENTITY).__enter__()


def test_a_full_disk_loses_nothing_that_was_judged_before(tmp_path: Path) -> None:
    with Journal(tmp_path, IDENTITY) as journal:
        journal.append("a", result(0))
        size = journal.path.stat().st_size
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            resource.setrlimit(
                resource.RLIMIT_FSIZE, (size + 10, before[1])
            )  # as a full disk: the write stops half way
            with pytest.raises(AprError, match="What was judged before is kept"):
                journal.append("b", result(0))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, ignored)
        assert journal.path.stat().st_size == size
        journal.append("c", result(0))
    with Journal(tmp_path, IDENTITY) as journal:
        assert set(journal.done) == {("a", 0), ("c", 0)}


def test_a_folder_that_cannot_be_written_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(AprError, match="cannot write"):
        Journal(tmp_path / "file", IDENTITY).__enter__()


def test_a_journal_that_is_done_is_removed(tmp_path: Path) -> None:
    with Journal(tmp_path, IDENTITY) as journal:
        journal.append("a", result(0))
    journal.remove()
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - names, not paths


def test_a_journal_belongs_to_one_set_of_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    benchmark = Benchmark("plain", (), "b" * 64, "own", 0)
    source, isolation = Input(name="c", digest="c" * 64), Isolation(layers=("seccomp",), missing={})
    before = identity(benchmark, source, isolation)
    assert before == identity(benchmark, source, isolation)
    monkeypatch.setattr(evaluate, "FACTOR", 2.0)
    assert identity(benchmark, source, isolation) != before
