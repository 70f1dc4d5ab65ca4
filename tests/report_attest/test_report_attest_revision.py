"""Which commit was judged, with a real git: only a tree that is wholly committed may be called by its commit."""

from __future__ import annotations

from pathlib import Path

import pytest
from report_attest_project import commit, git

from apr_core.report.revision import Revision, revision


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "code.py").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / ".gitignore").write_text("cache/\n", encoding="utf-8")
    return tmp_path


def test_a_committed_tree_is_its_commit(tree: Path) -> None:
    name = commit(tree)
    assert len(name) == 40
    (tree / "cache").mkdir()
    (tree / "cache" / "ignored").write_text("", encoding="utf-8")
    assert revision(tree) == Revision(name, False)


@pytest.mark.parametrize("file", ["code.py", "new.py", "folder/new.py"])
def test_a_file_that_is_not_in_the_commit_as_it_is_makes_it_dirty(tree: Path, file: str) -> None:
    name = commit(tree)
    (tree / file).parent.mkdir(exist_ok=True)
    (tree / file).write_text("x = 2\n", encoding="utf-8")
    assert revision(tree) == Revision(name, True)


@pytest.mark.parametrize("folder", ["out", "a/b", "[o]ut*", ":(top)"])
def test_the_folder_of_the_reports_counts_for_nothing(tree: Path, folder: str) -> None:
    name = commit(tree)
    reports = tree / folder
    reports.mkdir(parents=True)
    (reports / "report.json").write_text("{}", encoding="utf-8")
    assert revision(tree, reports) == Revision(name, False)
    assert revision(tree) == Revision(name, True)
    (tree / "out of it.py").write_text("", encoding="utf-8")
    assert revision(tree, reports) == Revision(name, True)


def test_reports_elsewhere_or_at_the_root_hide_nothing(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    name = commit(tree)
    (tree / "new.py").write_text("", encoding="utf-8")
    assert revision(tree, tmp_path_factory.mktemp("out")) == Revision(name, True)
    assert revision(tree, tree) == Revision(name, True)


def test_a_project_in_a_part_of_a_repository_is_judged_by_its_part(tree: Path) -> None:
    (tree / "part").mkdir()
    (tree / "part" / "code.py").write_text("", encoding="utf-8")
    name = commit(tree)
    (tree / "code.py").write_text("x = 2\n", encoding="utf-8")
    assert revision(tree / "part") == Revision(name, False)


def test_without_a_repository_a_commit_or_git_nothing_is_known(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tree.parent))
    assert revision(tree) == Revision(None, None)
    git(tree, "init", "-q")
    assert revision(tree) == Revision(None, None)
    commit(tree)
    monkeypatch.setenv("PATH", "")
    assert revision(tree) == Revision(None, None)
