"""`apr contract diff`: paths and revisions, exit codes, and a work tree that stays as it is."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from apr_core.cli import main

Run = Callable[..., tuple[int, str, str]]

CLAIM = """\
title: Numbers
version: 1.0.0
obligations:
  - {id: A, type: bound, claim: It is small., value: "1 + 1", within: [0, 3]}
"""
LOOSER = CLAIM.replace("[0, 3]", "[0, 4]")
WORDED = CLAIM.replace("It is small.", "It is quite small.")
NAME = "contracts/numbers.apr.yaml"


@pytest.fixture
def apr(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `apr contract diff` with some words; gives exit code, stdout and stderr."""

    def run(*words: str) -> tuple[int, str, str]:
        code = main(["contract", "diff", *words])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, and git that knows no configuration of this machine."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    root = tmp_path / "project"
    write(root, {"pyproject.toml": ""})
    monkeypatch.chdir(root)
    return root


def write(root: Path, files: dict[str, str | None]) -> None:
    for name, text in files.items():
        path = root / name
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def git(root: Path, *words: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *words], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout


def commit(root: Path, files: dict[str, str | None]) -> None:
    write(root, files)
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", "a commit")


@pytest.fixture
def repository(folder: Path) -> Path:
    """Three commits: a contract, the same looser, the same worded differently."""
    git(folder, "init", "-q", "-b", "main")
    for text in (CLAIM, LOOSER, LOOSER.replace("It is small.", "It is quite small.")):
        commit(folder, {NAME: text})
    return folder


# paths


def test_two_files_are_compared_as_one_contract_whatever_they_are_called(folder: Path, apr: Run) -> None:
    write(folder, {"before.apr.yaml": CLAIM, NAME: LOOSER})
    code, out, err = apr("before.apr.yaml", NAME)
    assert (code, err) == (1, "")
    assert out.splitlines() == [
        "before.apr.yaml → contracts/numbers.apr.yaml",
        "",
        "numbers  1.0.0  NOT ANNOUNCED: take it back, or make the version 2.0.0",
        "  major  loosened     A: The allowed interval is wider: [0, 4], was [0, 3].",
        "",
        "1 of 1 files differ in meaning; changes: 1 major",
        "loosened or dropped without a major version: numbers",
    ]


def test_two_folders_are_compared_by_the_ids_in_them(folder: Path, apr: Run) -> None:
    write(
        folder,
        {"old/a/x.apr.yaml": CLAIM, "old/y.apr.yaml": CLAIM, "new/a/x.apr.yaml": WORDED, "new/y.apr.yaml": CLAIM},
    )
    code, out, _ = apr("old", "new")
    assert code == 0
    assert "a/x  1.0.0  patch: the version would be 1.0.1" in out
    assert "1 of 2 files differ in meaning; changes: 1 patch" in out


def test_scales_of_folders_are_compared(folder: Path, apr: Run) -> None:
    scale = "title: s\nroles: {student: tiny}\n"
    claim = CLAIM + "  - {id: B, type: threshold, claim: c, metric: pass@1, of: a, at_least: 1, decide: score}\n"
    claim += "evidence: {a: {role: student}}\n"
    for name, model in (("old", "tiny"), ("new", "other")):
        write(folder, {f"{name}/x.apr.yaml": claim, f"{name}/scales/lab.yaml": scale.replace("tiny", model)})
    code, out, _ = apr("old", "new")
    assert code == 1
    assert "At the scale lab: The claim rests on other evidence" in out


def test_nothing_that_means_something_is_said_in_one_line(folder: Path, apr: Run) -> None:
    write(folder, {"old.apr.yaml": CLAIM, "new.apr.yaml": "# a comment\n" + CLAIM.replace("[0, 3]", "[0.0, 3]")})
    assert apr("old.apr.yaml", "new.apr.yaml") == (
        0, "old.apr.yaml → new.apr.yaml: no difference in meaning, 1 file compared\n", "",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["x.apr.yaml"], "'x.apr.yaml' is a path, so exactly one other path belongs after it."),
        (
            ["x.apr.yaml", "gone"],
            "'x.apr.yaml' is a path, so exactly one other path belongs after it, and 'gone' is not there.",
        ),
        (["x.apr.yaml", "folder"], "folder is a folder and x.apr.yaml is none"),
        (["x.apr.yaml", "pyproject.toml"], "pyproject.toml is no contract: a contract's name ends in .apr.yaml."),
        (["empty", "folder"], "there is no contract (*.apr.yaml) in empty nor in folder"),
        (["gone"], "'gone' is no file or folder here, and git knows no revisions of"),
    ],
)
def test_wrong_use_of_paths(folder: Path, apr: Run, words: list[str], says: str) -> None:
    write(folder, {"x.apr.yaml": CLAIM, "folder/readme": "", "empty/readme": ""})
    code, out, err = apr(*words)
    assert (code, out) == (2, "")
    assert says in err


def test_two_files_with_one_id_in_a_folder_are_an_error(folder: Path, apr: Run) -> None:
    write(folder, {"old/x.apr.yaml": CLAIM, "new/x.apr.yaml": CLAIM, "new/contracts/x.apr.yaml": CLAIM})
    code, _, err = apr("old", "new")
    assert code == 2
    assert "have the same id 'x'" in err


# revisions


def test_a_revision_is_compared_with_the_work_tree(repository: Path, apr: Run) -> None:
    assert apr("HEAD~1")[0] == 0
    code, out, _ = apr("HEAD~2")
    assert code == 1
    assert out.startswith("HEAD~2 → the work tree\n")
    write(repository, {NAME: CLAIM})
    assert "tightened    A: The allowed interval is narrower: [0, 3], was [0, 4]." in apr("HEAD")[1]


def test_two_revisions_are_compared_without_the_work_tree(repository: Path, apr: Run) -> None:
    write(repository, {NAME: "title: [\n"})
    code, out, _ = apr("HEAD~2", "HEAD~1")
    assert code == 1
    assert out.startswith("HEAD~2 → HEAD~1\n")
    assert apr("HEAD~1", "main")[0] == 0


def test_nothing_of_the_repository_is_touched(repository: Path, apr: Run) -> None:
    write(repository, {NAME: CLAIM, "contracts/untracked.apr.yaml": CLAIM})

    def everything() -> dict[str, tuple[bytes, int]]:
        files = [path for path in repository.rglob("*") if path.is_file()]
        return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}

    before = everything()
    apr("HEAD~2")
    apr("HEAD~2", "HEAD")
    assert everything() == before


def test_untracked_and_removed_files_of_the_work_tree_count(repository: Path, apr: Run) -> None:
    write(
        repository,
        {NAME: None, "contracts/other.apr.yaml": CLAIM.replace("Numbers", "Others").replace("id: A", "id: Z")},
    )
    code, out, _ = apr("HEAD")
    assert code == 1
    assert "numbers  1.0.0  NOT ANNOUNCED: bring it back, or let it go with --allow-dropped numbers" in out
    assert "A new contract, with 1 claim." in out
    code, out, _ = apr("HEAD", "--allow-dropped", "numbers")
    assert code == 0
    assert "numbers  1.0.0  may go, as --allow-dropped says" in out


def test_paths_narrow_it_down(repository: Path, apr: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(repository, {"contracts/sub/one.apr.yaml": CLAIM, "contracts/two.apr.yaml": CLAIM})
    write(repository, {"contracts/sub/one.apr.yaml": LOOSER, "contracts/two.apr.yaml": WORDED})
    assert apr("HEAD")[0] == 1
    assert apr("HEAD", "contracts/two.apr.yaml")[0] == 0
    code, out, _ = apr("HEAD", "HEAD", "contracts/sub")
    assert (code, "1 file compared" in out) == (0, True)
    monkeypatch.chdir(repository / "contracts")
    code, out, _ = apr("HEAD", "sub")
    assert (code, "sub/one" in out, "two" in out) == (1, True, False)
    code, _, err = apr("HEAD", "HEAD", "nowhere")
    assert code == 2
    assert "there is no contract" in err


def test_a_word_that_is_a_path_is_a_path_and_its_branch_has_a_longer_name(repository: Path, apr: Run) -> None:
    git(repository, "branch", "contracts", "HEAD~2")
    code, _, err = apr("contracts")
    assert code == 2
    assert "write refs/heads/contracts" in err
    assert apr("refs/heads/contracts")[0] == 1


def test_a_project_below_the_top_of_its_repository(folder: Path, apr: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    git(folder, "init", "-q", "-b", "main")
    commit(folder, {"part/pyproject.toml": "", f"part/{NAME}": CLAIM, NAME: CLAIM})
    monkeypatch.chdir(folder / "part")
    write(folder, {f"part/{NAME}": LOOSER, NAME: "title: [\n"})
    code, out, err = apr("HEAD")
    assert (code, err) == (1, "")
    assert "1 of 1 files differ" in out


def test_files_that_the_project_does_not_look_at_are_not_looked_at(repository: Path, apr: Run) -> None:
    hidden = {".hidden/x.apr.yaml": CLAIM, "build/y.apr.yaml": CLAIM, "contracts/odd name é.apr.yaml": CLAIM}
    commit(repository, hidden)
    write(
        repository, {".hidden/x.apr.yaml": LOOSER, "build/y.apr.yaml": LOOSER, "contracts/odd name é.apr.yaml": WORDED}
    )
    code, out, _ = apr("HEAD")
    assert code == 0
    assert "1 of 2 files differ" in out


def test_a_contract_that_becomes_a_link_is_gone(repository: Path, apr: Run) -> None:
    write(repository, {"elsewhere.yaml": LOOSER, NAME: None})
    (repository / NAME).symlink_to(repository / "elsewhere.yaml")
    assert "The contract is gone" in apr("HEAD")[1]
    commit(repository, {})
    assert "The contract is gone" in apr("HEAD~1", "HEAD")[1]


def test_attributes_for_archives_hide_nothing(repository: Path, apr: Run) -> None:
    commit(repository, {".gitattributes": "*.yaml export-ignore\n"})
    write(repository, {NAME: LOOSER.replace("[0, 4]", "[0, 5]")})
    assert "wider: [0, 5], was [0, 4]" in apr("HEAD")[1]


def test_line_ends_of_another_system_mean_nothing(repository: Path, apr: Run) -> None:
    (repository / NAME).write_bytes((repository / NAME).read_bytes().replace(b"\n", b"\r\n"))
    assert apr("HEAD")[0] == 0


def test_what_the_old_revision_cannot_say_counts_as_loosened(repository: Path, apr: Run) -> None:
    commit(repository, {NAME: "title: [\n"})
    commit(repository, {NAME: CLAIM})
    code, out, _ = apr("HEAD~1")
    assert code == 1
    assert "What it claimed before cannot be read" in out


def test_a_broken_contract_in_the_work_tree_is_wrong_use_with_its_place(repository: Path, apr: Run) -> None:
    write(repository, {NAME: CLAIM + "unknown: key\n"})
    code, out, err = apr("HEAD")
    assert (code, out) == (2, "")
    assert f"{NAME}:5:1: unknown key 'unknown'" in err


# where there is nothing to compare with


@pytest.mark.parametrize("word", ["HEAD~1", "HEAD^", "main~1", "HEAD~1^"])
def test_the_first_commit_has_nothing_before_it(folder: Path, apr: Run, word: str) -> None:
    git(folder, "init", "-q", "-b", "main")
    commit(folder, {NAME: CLAIM})
    code, out, err = apr(word)
    assert (code, err) == (0, "")
    assert out.startswith(f"there is no {word}: the history of ")
    assert out.endswith("begins later: nothing to compare with, so nothing was loosened\n")
    note = json.loads(apr(word, "--json")[1])
    assert (note["covered"], note["contracts"], note["note"]) == (True, [], out.rstrip("\n"))


def test_a_shallow_clone_is_an_error_and_says_how_to_get_more(
    repository: Path, apr: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = repository.parent / "clone"
    git(repository, "clone", "-q", "--depth", "1", f"file://{repository}", str(clone))
    monkeypatch.chdir(clone)
    code, out, err = apr("HEAD~1")
    assert (code, out) == (2, "")
    assert "this clone is shallow and ends before HEAD~1" in err
    git(clone, "fetch", "-q", "--deepen=1")
    assert apr("HEAD~1")[0] == 0


@pytest.mark.parametrize("word", ["nonsense", "HEAD^2", "nonsense~1", "v1.0.0", "HEAD:contracts"])
def test_a_word_that_is_neither_says_what_was_tried(repository: Path, apr: Run, word: str) -> None:
    code, out, err = apr(word)
    assert (code, out) == (2, "")
    assert f"{word!r} is no file or folder in {repository}, and no revision either (tried `git rev-parse {word}`" in err


def test_without_git_folders_can_still_be_compared(folder: Path, apr: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    code, _, err = apr("HEAD~1")
    assert code == 2
    assert "git, which is not installed or not in PATH" in err
    write(folder, {"old/x.apr.yaml": CLAIM, "new/x.apr.yaml": LOOSER})
    assert apr("old", "new")[0] == 1


# JSON


def test_json_says_all_that_the_text_says(folder: Path, apr: Run) -> None:
    write(folder, {"old/x.apr.yaml": CLAIM, "new/x.apr.yaml": LOOSER.replace("1.0.0", "1.1.0")})
    code, out, _ = apr("old", "new", "--json")
    assert code == 1
    assert json.loads(out) == {
        "old": "old",
        "new": "new",
        "note": None,
        "covered": False,
        "contracts": [
            {
                "id": "x",
                "path": "x.apr.yaml",
                "old_version": "1.0.0",
                "new_version": "1.1.0",
                "asked": "major",
                "raised": "minor",
                "covered": False,
                "changes": [
                    {
                        "level": "major",
                        "kind": "loosened",
                        "place": "within",
                        "claims": ["A"],
                        "sentence": "The allowed interval is wider: [0, 4], was [0, 3].",
                        "before": "[0, 3]",
                        "after": "[0, 4]",
                    },
                    {
                        "level": "patch",
                        "kind": "reworded",
                        "place": "version",
                        "claims": [],
                        "sentence": "The version was raised from 1.0.0 to 1.1.0.",
                        "before": "1.0.0",
                        "after": "1.1.0",
                    },
                ],
            }
        ],
    }


def test_json_may_go_to_a_file_beside_the_text(folder: Path, apr: Run) -> None:
    write(folder, {"old.apr.yaml": CLAIM, "new.apr.yaml": LOOSER})
    code, out, _ = apr("old.apr.yaml", "new.apr.yaml", "--json", "answer.json")
    assert (code, "wider" in out) == (1, True)
    assert json.loads((folder / "answer.json").read_text(encoding="utf-8"))["covered"] is False
