"""Three whole files, or an error that says which of them can be trusted."""

from __future__ import annotations

import errno
import os
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from report_samples import INFO, RUN, SAMPLES

from apr_core.errors import AprError
from apr_core.report.json import read_report
from apr_core.report.run import Run
from apr_core.report.write import write_reports

NAMES = ["report.json", "junit.xml", "report.md", "report.html", "report.intoto.json"]


def test_the_folder_is_made_and_has_every_report(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert write_reports(RUN, folder) == [folder / name for name in NAMES]
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)
    assert read_report(folder) == RUN
    assert ET.parse(folder / "junit.xml").getroot().tag == "testsuites"
    assert (folder / "report.md").read_text(encoding="utf-8").startswith("## apr report\n")


def test_reports_of_an_earlier_run_are_replaced(tmp_path: Path) -> None:
    write_reports(RUN, tmp_path)
    write_reports(Run(SAMPLES[:1], INFO), tmp_path)
    assert read_report(tmp_path).results == SAMPLES[:1]
    assert (tmp_path / "report.md").read_text(encoding="utf-8").count("FALSIFIED") == 0


def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(AprError, match=r"cannot make the report folder .*file.*: .* Give --apr-report a folder"):
        write_reports(RUN, tmp_path / "file")


def test_a_report_that_cannot_be_written_leaves_the_others_whole(tmp_path: Path) -> None:
    (tmp_path / "junit.xml").mkdir()
    with pytest.raises(
        AprError, match=r"cannot write .*junit\.xml: .* Written before that: report\.json; any other report"
    ):
        write_reports(RUN, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["junit.xml", "report.json"]
    assert read_report(tmp_path).results == SAMPLES


def test_a_full_disk_leaves_nothing_of_this_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AprError, match=r"the disk is full.* No report of this run is in"):
        write_reports(RUN, tmp_path)
    assert list(tmp_path.iterdir()) == []
