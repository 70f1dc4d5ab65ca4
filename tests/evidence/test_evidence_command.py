"""`apr evidence`, as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from evidence_records import run, total
from harness_samples import SAMPLES, SEVEN

from apr_core.cli import main
from apr_core.commands import evidence as commands
from apr_core.evidence.importers import FORMATS
from apr_core.evidence.ledger import Ledger

A = run("11100", model="Small", prompt="standard", time="2026-01-01T00:00:00+00:00", errors=0)
B = run("10111", model="Small", prompt="few-shot", time="2026-01-02T00:00:00+00:00")
C = total(4, 5, model="Large", prompt="standard")
LONG = run(
    "10",
    model="organisation/" + "m" * 100,
    benchmark="b" * 60,
    prompt="p" * 40,
    precision="[b]8[/b]\u202e",
    ids=["x" * 90, "y"],
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The evidence folder of a project, from somewhere inside which the command is called."""
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "src").mkdir()
    monkeypatch.chdir(tmp_path / "src")
    evidence = tmp_path / "falsify" / "evidence"
    for record in (A, B, C):
        Ledger([evidence]).append(record)
    return evidence


def apr(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["evidence", *words])
    return (code, *capsys.readouterr())


def test_a_list_has_a_line_per_record_and_takes_selections(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = apr(capsys, "list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[1:4]] == [one.digest[:12] for one in (C, A, B)]
    assert "4/5 80.00 % *" in out
    assert out.endswith("3 of 3 records\n")
    _, out, _ = apr(capsys, "list", "--prompt", "standard", "--model", "small")
    assert (A.digest[:12] in out, B.digest[:12] in out, C.digest[:12] in out) == (True, False, False)
    _, out, _ = apr(capsys, "list", "--select", "latest", "--json")
    assert [row["id"] for row in json.loads(out)] == [B.id]


def test_a_record_is_shown_with_what_is_not_known_about_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = apr(capsys, "show", A.digest[:6])
    assert "protocol.prompt    standard" in out
    assert "environment.backend" in out.split("not known:")[1]
    assert "2 problems never passed:\n  P/3, P/4" in out
    _, out, _ = apr(capsys, "show", A.id, "--json")
    assert json.loads(out)["id"] == A.id


def test_a_comparison(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = apr(capsys, "compare", A.id, B.digest[:8])
    assert "bench, 5 problems, paired" in out
    assert "A passes 2        1" in out
    assert "A fails  2        0" in out
    assert "B less A: +20.00 points" in out
    assert "exact McNemar p = 1, two-sided." in " ".join(out.split())
    _, out, _ = apr(capsys, "compare", "prompt=standard,model=small", "prompt=few-shot", "--json")
    data = json.loads(out)
    assert (data["lost"], data["gained"], data["n"]) == (["P/1"], ["P/3", "P/4"], 5)
    assert data["interval"][0] < 0.2 < data["interval"][1]


def test_a_comparison_of_several_runs_has_no_exact_test(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = apr(capsys, "compare", A.id, "model=Small")
    assert "McNemar" not in out
    assert "rates, so these are no flips" in out


def test_flips(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = apr(capsys, "flips", A.id, B.id)
    assert out.splitlines() == [
        "1 of 5 lost: A solves them more often than B:",
        "  P/1",
        "2 of 5 gained: B solves them more often:",
        "  P/3, P/4",
    ]


def test_an_oracle_says_what_it_was_taken_from(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = apr(capsys, "oracle")
    text = " ".join(out.split())
    assert "bench: 5/5 100.00 % solved by at least one of 2 runs of 1 model with 2 prompts." in text
    assert "Always solved 2, inconsistent 3, never solved 0." in text
    assert "Left out: 1 run known only in total; with them the union is from 5 to 5." in text
    Ledger([folder]).append(run("10000", model="Large"))
    _, out, _ = apr(capsys, "oracle")
    assert "It mixes models" in " ".join(out.split())
    _, out, _ = apr(capsys, "oracle", "--model", "small", "--json")
    assert json.loads(out)["inconsistent"] == {"P/1": 0.5, "P/3": 0.5, "P/4": 0.5}


def test_an_import_goes_into_the_project_and_a_second_one_changes_nothing(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = tmp_path / "figures.txt"
    one = {"subject": {"model": "M"}, "benchmark": "b", "outcome": {"metric": "pass@1", "value": 0.5}}
    figures.write_text(json.dumps({"figures": [one | {"text": "t", "printed": "50 %"}]}))
    _, out, _ = apr(capsys, "import", "figures", str(figures))
    assert f"1 records into {folder}: 1 new, 0 there already" in out
    assert len(list(folder.iterdir())) == 4
    _, out, _ = apr(capsys, "import", "figures", str(figures), "--json")
    assert json.loads(out)["new"] == []
    _, out, _ = apr(capsys, "import", "figures", str(figures), "--into", str(tmp_path / "new" / "folder"))
    assert len(list((tmp_path / "new" / "folder").iterdir())) == 1


def test_a_file_of_a_harness_is_told_by_its_content_and_given_its_model(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrote = SAMPLES / "evalplus" / "qwen2.5-coder-7b-base-humaneval_eval_results.json"
    code, out, err = apr(capsys, "import", "auto", str(wrote))
    assert (code, out) == (2, "")
    assert "which model made the samples is not said in this file" in err
    code, out, _ = apr(capsys, "import", "auto", str(wrote), "--model", SEVEN, "--json")
    assert code == 0
    new = {
        record.protocol.benchmark: record for record in Ledger([folder]).records if record.id in json.loads(out)["new"]
    }
    assert set(new) == {"humaneval", "humaneval+"}
    _, out, _ = apr(capsys, "list", "--model", SEVEN)
    assert "87/164 53.05 %" in out
    _, out, _ = apr(capsys, "import", "evalplus", str(wrote), "--model", SEVEN)
    assert "2 records" in out
    assert "0 new, 2 there already" in out


def test_the_help_names_every_format() -> None:
    assert tuple(FORMATS) == commands.FORMATS


def test_the_answer_can_be_written_to_a_file(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = apr(capsys, "flips", A.id, B.id, f"--json={tmp_path / 'flips.json'}")
    assert out.startswith("1 of 5 lost")
    assert json.loads((tmp_path / "flips.json").read_text())["lost"] == ["P/1"]


def test_other_folders_can_be_named(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Ledger([tmp_path / "more"]).append(run("1", benchmark="other"))
    _, out, _ = apr(capsys, "list", "--evidence", str(tmp_path / "more"))
    assert out.endswith("1 of 1 records\n")
    _, out, _ = apr(capsys, "list", "--evidence", str(folder), "--evidence", str(tmp_path / "more"))
    assert out.endswith("4 of 4 records\n")


def test_tables_fit_into_a_hundred_columns_and_names_are_only_text(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Ledger([folder]).append(LONG)
    shown = ""
    for words in (
        ["list"],
        ["show", LONG.id],
        ["compare", LONG.id, LONG.id],
        ["oracle", "--model", LONG.subject.model],
    ):
        code, out, _ = apr(capsys, *words)
        assert code == 0
        assert max(map(len, out.splitlines())) <= 100
        shown += out
    assert "[b]8[/b]" in shown
    assert "\u202e" not in shown  # would print what follows from right to left


def test_a_broken_file_is_named_and_the_others_are_listed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "broken.json").write_text("{")
    code, out, err = apr(capsys, "list")
    assert (code, err.count("\n")) == (0, 1)
    assert f"{folder / 'broken.json'}:1:2" in err
    assert "1 broken files left out" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["list", "--model", "Smal"],
            "no record was selected: 3 records; 0 have model 'Smal'; known are 'Large' or 'Small'",
        ),
        (["list", "--evidence", "nowhere"], "--evidence nowhere: there is no such folder"),
        (["show", "nothing"], "no record has an id that begins with 'nothing'"),
        (["show", ""], "no record has an id"),
        (["compare", "prompt=", "model=Small"], "'prompt=' is not one key=value"),
        (["compare", "model=Small,model=Large", "x"], "'model=Large' is not one key=value"),
        (["compare", "promt=few-shot", "x"], "Did you mean 'prompt'"),
        (["compare", A.id, C.id], "its outcome is 'aggregate'"),
        (["import", "figure", "x"], "lm-eval. Did you mean 'figures'"),
        (["import", "auto", "nowhere"], "there is no file or folder nowhere"),
        (["import", "auto", "."], ".: its format is not recognised. Name the format in place of `auto`"),
        (["import", "figures", "x", "--model", "M"], "--model has no meaning for the format 'figures'"),
        (["import", "evalplus", "x", "--score", "acc"], "--score has no meaning for the format 'evalplus'"),
        (["import", "evalplus", "x", "--model", "M "], "--model 'M ': a name is a short line"),
        (["import", "figures", "nowhere"], "cannot read nowhere: No such file"),
        (["import", "apr-leaderboard", "."], "no .json file"),
    ],
)
def test_wrong_use_is_one_paragraph_and_exits_with_2(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    code, out, err = apr(capsys, *words)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
