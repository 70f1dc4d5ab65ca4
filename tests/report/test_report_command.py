"""`apr report` shows an earlier run in every form, and exits with 0 whatever that run found."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from report_samples import RUN, SAMPLES

from apr_core.cli import main
from apr_core.report.failure import failure_text
from apr_core.report.json import json_text
from apr_core.report.markdown import markdown_text
from apr_core.report.terminal import lines


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "report.json").write_text(json_text(RUN), encoding="utf-8")
    return tmp_path


def test_the_terminal_form_has_what_failed_in_full_and_then_the_summary(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(folder)]) == 0
    fallen = ("FALSIFIED", "REFUTED", "RECOVERED", "ERROR")
    failing = [sample for sample in SAMPLES if sample.outcome in fallen]
    assert {sample.outcome for sample in failing} == set(fallen)
    summary = "\n".join(text for text, _ in lines(RUN, width=100, color=False))
    assert capsys.readouterr().out == "\n\n".join([*map(failure_text, failing), summary]) + "\n"


def test_the_other_forms(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(folder / "report.json"), "--format", "markdown"]) == 0
    assert capsys.readouterr().out == markdown_text(RUN)
    assert main(["report", str(folder), "--format", "junit"]) == 0
    assert ET.fromstring(capsys.readouterr().out.encode()).tag == "testsuites"
    assert main(["report", str(folder), "--format", "json"]) == 0
    assert capsys.readouterr().out == (folder / "report.json").read_text(encoding="utf-8")


def test_a_form_goes_into_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(folder), "--format", "markdown", "-o", str(folder / "out.md")]) == 0
    assert (folder / "out.md").read_text(encoding="utf-8") == markdown_text(RUN)
    assert capsys.readouterr().out == ""


def test_on_a_screen_there_is_colour_unless_it_is_not_wanted(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    main(["report", str(folder)])
    coloured = capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    main(["report", str(folder)])
    assert "\x1b" not in capsys.readouterr().out
    monkeypatch.delenv("NO_COLOR")
    assert main(["report", str(folder), "-o", str(folder / "out.txt")]) == 0
    assert "\x1b" not in (folder / "out.txt").read_text(encoding="utf-8")
    assert "\x1b[31;1m  FALSIFIED" in coloured


def test_the_schema_needs_no_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Report"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "apr report needs a FILE or DIR"),
        (["no-such-folder"], "cannot read no-such-folder: No such file"),
        (["{folder}", "--format", "markdwon"], "invalid choice: 'markdwon'"),
        (["{folder}", "-o", "{folder}"], "this is a folder"),
    ],
)
def test_wrong_use_is_one_paragraph_and_2(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["report", *(argument.format(folder=folder) for argument in arguments)]) == 2
    assert message in capsys.readouterr().err
