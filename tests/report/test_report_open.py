"""`apr report --open`: a real program stands in for the browser; what has none is told, and nothing ever waits."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from report_samples import RUN

from apr_core.cli import main
from apr_core.commands import browser
from apr_core.report.html import html_text
from apr_core.report.json import json_text


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.json").write_text(json_text(RUN), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "out"


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the browser of this test writes what it was asked to open."""
    program = tmp_path / "a-browser"
    program.write_text(f"#!/bin/sh\nprintf '%s' \"$1\" > '{tmp_path}/opened'\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(program))
    return tmp_path / "opened"


def test_the_page_is_written_beside_the_report_and_opened(
    folder: Path, opened: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "out", "--open"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "out/report.html\n"
    assert captured.err == ""
    assert opened.read_text(encoding="utf-8") == (folder / "report.html").as_uri()
    assert (folder / "report.html").read_text(encoding="utf-8") == html_text(RUN)


def test_a_page_is_written_anew_only_when_it_is_older_than_the_report(folder: Path, opened: Path) -> None:
    page = folder / "report.html"
    page.write_text("as it was", encoding="utf-8")
    os.utime(folder / "report.json", ns=(10**18, 10**18))
    os.utime(page, ns=(10**18, 10**18))
    assert main(["report", "out/report.json", "--open", "--format", "html"]) == 0
    assert page.read_text(encoding="utf-8") == "as it was"
    os.utime(page, ns=(10**18 - 1, 10**18 - 1))
    assert main(["report", "out/report.json", "--open"]) == 0
    assert page.read_text(encoding="utf-8") == html_text(RUN)


def test_a_page_with_a_name_of_its_own_is_opened(
    folder: Path, opened: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "out", "--open", "-o", "other.html"]) == 0
    assert capsys.readouterr().out == "other.html\n"
    assert opened.read_text(encoding="utf-8").endswith("/other.html")
    assert not (folder / "report.html").exists()


def test_without_a_browser_the_path_is_printed_and_the_lack_said(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["report", "out", "--open"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "out/report.html\n"
    assert "no browser could be opened here" in captured.err


def test_a_browser_that_stays_is_not_waited_for(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    program = tmp_path / "stays"
    program.write_text(f"#!/bin/sh\nread word < '{gate}'\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(program))
    monkeypatch.setattr(browser, "_SECONDS", 0.5)
    assert main(["report", "out", "--open"]) == 0
    with gate.open("w", encoding="utf-8") as file:  # it is still there, and waits; now it may go
        file.write("go\n")


def test_the_page_goes_where_documents_go(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "out", "--format", "html", "-o", "page.html"]) == 0
    assert capsys.readouterr().out == ""
    page = Path("page.html").read_text(encoding="utf-8")
    assert page == html_text(RUN).rstrip("\n") + "\n"
    assert main(["report", "--format", "html", "out"]) == 0
    assert capsys.readouterr().out == page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["out", "--open", "--format", "junit"], "--open shows the HTML form, and --format junit asks for another"),
        (["out", "--open", "-o", "-"], "--open needs a file to show"),
        (["--open"], "apr report needs a FILE or DIR"),
        (["nowhere", "--open"], "cannot read nowhere"),
    ],
)
def test_wrong_use_is_2(folder: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", *arguments]) == 2
    assert message in capsys.readouterr().err
