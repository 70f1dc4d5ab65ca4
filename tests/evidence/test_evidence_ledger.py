"""The ledger: many writers, broken files, and selections that say why they are empty."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from evidence_records import figure, losses, run, scalar, total

from apr_core.errors import AprError, EvidenceError, SelectionError
from apr_core.evidence.ledger import Ledger
from apr_core.evidence.record import Record, record_text


def ledger(folder: Path, *records: Record) -> Ledger:
    found = Ledger([folder])
    for record in records:
        assert found.append(record)
    return found


# --- folders and files ---


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    empty = Ledger([tmp_path / "missing"])
    assert empty.records == ()
    selection = empty.select({"model": "M"})
    assert selection.records == ()
    assert f"0 records; there is no folder {tmp_path / 'missing'}" in selection.explanation


def test_a_ledger_needs_a_folder() -> None:
    with pytest.raises(SelectionError, match="at least one folder"):
        Ledger([])


def test_a_file_where_the_folder_should_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EvidenceError, match="Not a directory"):
        _ = Ledger([tmp_path / "file"]).records
    with pytest.raises(AprError, match="cannot write"):
        Ledger([tmp_path / "file"]).append(run("1"))


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    late = Ledger([tmp_path])
    ledger(tmp_path, run("1"))
    assert late.records == (run("1"),)


def test_a_broken_file_is_reported_and_hides_no_other(tmp_path: Path) -> None:
    found = ledger(tmp_path, run("10"), run("11"))
    (tmp_path / "truncated.json").write_text(record_text(run("00"))[:200])
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "notes.txt").write_text("no record, and not called one")
    (tmp_path / ".x.json.0f.tmp").write_text("what a killed writer leaves")
    (tmp_path / ".hidden.json").write_text("nobody's")
    found = Ledger([tmp_path])
    assert set(found.records) == {run("10"), run("11")}
    (folder, said), (truncated, place) = found.broken
    assert (folder.name, truncated.name) == ("folder.json", "truncated.json")
    assert "it is a folder" in said
    assert f"{truncated}:13:" in place
    assert found.select({}).explanation.endswith("2 broken files left out")


def test_appending_twice_changes_nothing(tmp_path: Path) -> None:
    found = ledger(tmp_path, run("10"))
    before = found.path(run("10")).stat()
    assert not found.append(run("10"))
    assert found.path(run("10")).stat() == before
    assert len(found.records) == 1


def test_an_appended_record_is_seen_by_a_ledger_that_has_read(tmp_path: Path) -> None:
    found = ledger(tmp_path, run("10"))
    assert len(found.records) == 1
    found.append(run("11"))
    assert len(found.records) == 2


def test_a_changed_file_is_not_overwritten(tmp_path: Path) -> None:
    found = ledger(tmp_path, run("10"))
    found.path(run("10")).write_text("{}")
    with pytest.raises(EvidenceError, match="other content"):
        found.append(run("10"))
    assert found.path(run("10")).read_text() == "{}"


def test_records_come_oldest_first_by_the_instant_and_not_by_the_text(tmp_path: Path) -> None:
    later, earlier = run("1", time="2026-03-01T00:00:00+00:00"), run("1", time="2026-03-01T00:30:00+01:00")
    assert ledger(tmp_path, later, run("1"), earlier).records == (run("1"), earlier, later)


def test_a_record_in_two_folders_counts_once(tmp_path: Path) -> None:
    ledger(tmp_path / "a", run("10"))
    ledger(tmp_path / "b", run("10"), run("11"))
    both = Ledger([tmp_path / "a", tmp_path / "b"])
    assert len(both.records) == 2
    assert both.select({"select": "registered"}).records == (run("10"),)
    assert both.select({"select": "registered"}).picked_from == 2


WRITER = """
import sys
from pathlib import Path
from evidence_records import run
from apr_core.evidence.ledger import Ledger
folder, writer = Path(sys.argv[1]), int(sys.argv[2])
ledger = Ledger([folder])
for seed in range(12):
    ledger.append(run("1011", seed=seed))          # every writer writes these
    ledger.append(run("1011", seed=100 * writer + seed))  # only this one writes these
"""


def test_many_writers_of_one_folder_lose_nothing(tmp_path: Path) -> None:
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    command = [sys.executable, "-c", WRITER, str(tmp_path / "new")]
    writers = [subprocess.Popen([*command, str(number)], env=env) for number in range(1, 5)]
    assert [writer.wait(timeout=60) for writer in writers] == [0] * 4
    found = Ledger([tmp_path / "new"])
    assert {record.seed for record in found.records} == {
        100 * writer + seed for writer in range(5) for seed in range(12)
    }
    assert found.broken == ()
    assert len(list((tmp_path / "new").iterdir())) == 60  # and no temporary file


# --- selecting by keys ---

A = run("10", model="Qwen-7B", prompt="standard", backend="cpu", seed=1, precision="q4_k", stage="merged")
B = run("11", model="Qwen-7B", prompt="few-shot", role="student", source="measured", seed=2)
C = run("01", model="Qwen-7B-Instruct", benchmark="mbpp", prompt="standard")


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({}, {A, B, C}),
        ({"model": None, "prompt": None}, {A, B, C}),
        ({"model": "Qwen-7B"}, {A, B}),  # exact: Qwen-7B-Instruct is another model
        ({"model": "qwen-7b"}, {A, B}),
        ({"model": ["qwen-7b", "QWEN-7B-instruct"], "prompt": "standard"}, {A, C}),
        ({"benchmark": "MBPP"}, {C}),
        ({"prompt": "few-shot"}, {B}),
        ({"backend": "cpu"}, {A}),
        ({"backend": "unknown"}, set()),
        ({"precision": "unknown"}, set()),
        ({"stage": "merged"}, {A}),
        ({"role": "student"}, {B}),
        ({"seed": 1}, {A}),
        ({"seed": "2"}, {B}),
        ({"source": "measured"}, {B}),
        ({"model": "Qwen"}, set()),
    ],
)
def test_a_selector_selects_what_meets_every_key(
    tmp_path: Path, selector: dict[str, object], expected: set[Record]
) -> None:
    selection = ledger(tmp_path, A, B, C).select(selector)
    assert {record.id for record in selection.records} == {record.id for record in expected}
    assert selection.picked_from == len(expected)


def test_a_role_is_bound_to_a_model(tmp_path: Path) -> None:
    found = ledger(tmp_path, A, B, C)
    assert found.select({"role": "base"}, roles={"base": "Qwen-7B-Instruct"}).records == (C,)
    assert found.select({"role": "student"}, roles={"base": "Qwen-7B-Instruct"}).records == (B,)
    unbound = found.select({"role": "teacher"}, roles={"base": "Qwen-7B"})
    assert "role 'teacher' is bound to no model (bound are 'base')" in unbound.explanation
    with pytest.raises(SelectionError, match="by role or by model"):
        found.select({"role": "base", "model": "Qwen-7B"}, roles={"base": "Qwen-7B"})


def test_an_unknown_key_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(SelectionError, match=r"by 'promt'.*Did you mean 'prompt'"):
        ledger(tmp_path, A).select({"promt": "standard"})


def test_an_empty_selection_names_the_keys_that_nothing_meets(tmp_path: Path) -> None:
    selection = ledger(tmp_path, A, B, C).select({"model": "Qwen-7B", "backend": "gpu", "prompt": "standard"})
    assert selection.records == ()
    assert selection.explanation == "3 records; 0 have backend 'gpu' (2 leave it unknown); known are 'cpu'"


def test_an_empty_selection_of_keys_that_something_meets_counts_each(tmp_path: Path) -> None:
    one, other = run("1", model="one", prompt="standard"), run("1", model="other", prompt="few-shot")
    selection = ledger(tmp_path, one, other).select({"model": "one", "prompt": "few-shot"})
    assert selection.records == ()
    assert selection.explanation == (
        "2 records; 1 have model 'one', 1 have prompt 'few-shot' and no record meets all of these"
    )


# --- select ---


def test_latest_is_one_and_says_of_how_many(tmp_path: Path) -> None:
    old, new = run("11", time="2026-01-01T00:00:00+00:00"), run("10", time="2026-01-02T00:00:00+00:00")
    selection = ledger(tmp_path, new, old).select({"select": "latest"})
    assert (selection.records, selection.picked_from) == ((new,), 2)
    assert "latest of 2" in selection.explanation


def test_best_says_that_it_is_optimistic_and_of_how_many(tmp_path: Path) -> None:
    selection = ledger(tmp_path, run("1000"), run("1110"), total(2, 4)).select({"select": "best"})
    assert (selection.records, selection.picked_from) == ((run("1110"),), 3)
    assert selection.explanation.startswith("OPTIMISTIC")
    assert "picked from 3 of 3 records" in selection.explanation


def test_best_is_the_lowest_where_lower_is_better(tmp_path: Path) -> None:
    found = ledger(tmp_path, losses([2.0]), losses([1.0]), losses([3.0]))
    assert found.select({"select": "best"}, metric="perplexity").records == (losses([1.0]),)


def test_best_is_refused_where_nothing_says_what_is_better(tmp_path: Path) -> None:
    with pytest.raises(SelectionError, match="nothing says which value is better"):
        ledger(tmp_path, scalar(1.0), scalar(2.0)).select({"select": "best"}, metric="value")


def test_best_of_two_benchmarks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="'bench', 'mbpp'"):
        ledger(tmp_path, A, C).select({"select": "best"})


# --- by id ---


def test_a_record_is_found_by_a_unique_beginning_of_its_id_or_digest(tmp_path: Path) -> None:
    found = ledger(tmp_path, A, B, C)
    for record in (A, B, C):
        assert found.find(record.id) == record
        assert found.find(record.id[:-4]) == record
        assert found.find(record.digest[:8]) == record
    assert found.select({"select": [A.digest[:8], C.id]}).records == tuple(r for r in found.records if r != B)
    assert found.select({"select": C.id[:6]}).records == (C,)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("bench-qwen-7b", r"is not one record: 2 ids begin with it: bench-qwen-7b-.*, bench-qwen-7b-"),
        ("bench-qwen-8b-undated", r"no record has an id that begins with 'bench-qwen-8b-undated'; there are 3 records"),
        ("", r"no record has an id"),
        ("truncated", r"A broken file does: .*truncated\.json:1:1"),
    ],
)
def test_an_unclear_id_is_refused(tmp_path: Path, word: str, message: str) -> None:
    found = ledger(tmp_path, A, B, C)
    (tmp_path / "truncated.json").write_text("")
    with pytest.raises(SelectionError, match=message):
        found.find(word)


def test_the_nearest_id_is_named(tmp_path: Path) -> None:
    with pytest.raises(SelectionError, match=f"Did you mean '{C.id}'"):
        ledger(tmp_path, A, B, C).find(C.id.replace("mbpp", "mbqp"))


def test_an_id_that_contradicts_a_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SelectionError, match="its prompt is 'standard' and not 'few-shot'"):
        ledger(tmp_path, A, B).select({"select": A.id, "prompt": "few-shot"})


def test_an_undated_figure_can_be_selected_by_its_source(tmp_path: Path) -> None:
    printed = figure(0.878, source="published")
    assert ledger(tmp_path, A, printed).select({"source": "published"}).records == (printed,)
