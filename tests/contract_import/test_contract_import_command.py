"""`apr contract import`: what it writes where, what it leaves alone, and what it says."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from import_samples import EVERY_KEY, SMALL, every_key

from apr_core.contract.importers.imported import original
from apr_core.contract.load import load_file
from apr_core.contract.yaml import parse

if TYPE_CHECKING:
    from import_workplace import Apr, Workplace

pytest_plugins = ["import_workplace"]

BINDINGS = "version: 1\nbindings: [{contract: clamp-v1, equation: clamp}]\n"
BROKEN = "a: b: c\n"


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_file_becomes_a_contract_of_the_project_that_lint_accepts(project_with: Workplace, run_apr: Apr) -> None:
    root = project_with({"clamp-v1.yaml": EVERY_KEY})
    code, out, err = run_apr("contract", "import", "pv", "clamp-v1.yaml")
    assert (code, err) == (0, "")
    assert out == (
        "wrote        contracts/clamp-v1.apr.yaml: 9 claims, 1 gate\n"
        "             kept as data: kernel_structure, simd_dispatch, enforcement, kani_harnesses, verification_summary, extras\n"
        "9 obligations, all UNBOUND, and 1 gate over them: 0 of 9 are bound. `apr contract audit` says how many could ever be "
        "tested.\n"
    )
    assert (root / "contracts" / "clamp-v1.apr.yaml").read_text(encoding="utf-8") == every_key().text
    assert run_apr("contract", "lint")[0] == 0


def test_a_folder_is_imported_with_its_folders_and_every_file_is_reported(
    project_with: Workplace, run_apr: Apr
) -> None:
    root = project_with(
        {
            "registry/one.yaml": SMALL,
            "registry/sub/two.yml": SMALL.replace("ONE", "TWO"),
            "registry/sub/binding.yaml": BINDINGS,
            "registry/broken.yaml": BROKEN,
            "registry/.hidden/three.yaml": SMALL,
            "registry/notes.txt": "no YAML",
            "registry/own.apr.yaml": "title: ours",
        }
    )
    code, out, _ = run_apr("contract", "import", "pv", "registry")
    assert code == 2
    assert files(root / "contracts") == ["one.apr.yaml", "sub/two.apr.yaml"]
    lines = out.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == ["refused", "wrote", "skipped", "wrote"]
    assert "registry/broken.yaml:1:5: not valid YAML" in lines[0]
    assert "registry/sub/binding.yaml: it claims nothing" in lines[2]
    assert lines[-1].startswith("2 obligations, all UNBOUND: 0 of 2 are bound.")
    model = load_file(root / "contracts" / "sub" / "two.apr.yaml", root).model
    assert model.source is not None and model.source.file == "sub/two.yml"


def test_a_skipped_file_in_a_folder_is_no_failure(project_with: Workplace, run_apr: Apr) -> None:
    project_with({"registry/one.yaml": SMALL, "registry/binding.yaml": BINDINGS})
    assert run_apr("contract", "import", "pv", "registry")[0] == 0


def test_one_file_that_cannot_be_imported_is_one_message(project_with: Workplace, run_apr: Apr) -> None:
    root = project_with({"binding.yaml": BINDINGS, "broken.yaml": BROKEN, "ours.apr.yaml": "title: t"})
    for name, message in (
        ("binding.yaml", "apr: binding.yaml: it claims nothing"),
        ("broken.yaml", "apr: broken.yaml:1:5: not valid YAML"),
        ("ours.apr.yaml", "apr: ours.apr.yaml: this is a contract of apr-core already"),
    ):
        code, out, err = run_apr("contract", "import", "pv", name)
        assert (code, out) == (2, "")
        assert err.startswith(message) and err.count("\n") == 1
    assert not (root / "contracts").exists()


def test_of_many_problems_of_a_file_the_first_is_told_and_the_others_are_counted(
    project_with: Workplace, run_apr: Apr
) -> None:
    project_with({"a.yaml": f"{SMALL}1: a\n2: b\n3: c\n"})
    _, _, err = run_apr("contract", "import", "pv", "a.yaml")
    assert "the key 1 is not text" in err
    assert err.rstrip().endswith("(2 more problems in this file.)")


def test_an_existing_file_is_only_overwritten_by_force(project_with: Workplace, run_apr: Apr) -> None:
    root = project_with({"one.yaml": SMALL, "contracts/one.apr.yaml": "title: mine"})
    target = root / "contracts" / "one.apr.yaml"
    code, _, err = run_apr("contract", "import", "pv", "one.yaml")
    assert code == 2
    assert "contracts/one.apr.yaml exists, and is another. Overwrite it with --force" in err
    assert target.read_text(encoding="utf-8") == "title: mine"
    assert run_apr("contract", "import", "pv", "one.yaml", "--force")[0] == 0
    assert "type: unbound" in target.read_text(encoding="utf-8")


def test_importing_again_changes_nothing_and_says_so(project_with: Workplace, run_apr: Apr) -> None:
    root = project_with({"one.yaml": SMALL})
    run_apr("contract", "import", "pv", "one.yaml")
    target = root / "contracts" / "one.apr.yaml"
    before = target.stat()
    code, out, _ = run_apr("contract", "import", "pv", "one.yaml")
    assert code == 0
    assert out.startswith("unchanged    contracts/one.apr.yaml: 1 claim\n")
    assert target.stat().st_mtime_ns == before.st_mtime_ns and target.stat().st_ino == before.st_ino


def test_one_file_whose_place_is_taken_does_not_stop_the_others(project_with: Workplace, run_apr: Apr) -> None:
    root = project_with({"r/one.yaml": SMALL, "r/two.yaml": SMALL, "contracts/one.apr.yaml": "title: mine"})
    code, out, _ = run_apr("contract", "import", "pv", "r")
    assert code == 2
    assert out.startswith("exists       contracts/one.apr.yaml exists")
    assert out.splitlines()[-1].startswith("1 obligation, all UNBOUND: 0 of 1 are bound.")
    assert files(root / "contracts") == ["one.apr.yaml", "two.apr.yaml"]


def test_two_sources_for_one_contract_are_not_written_over_each_other(project_with: Workplace, run_apr: Apr) -> None:
    root = project_with({"r/a.yaml": SMALL, "r/a.yml": SMALL.replace("Small", "Other")})
    code, out, _ = run_apr("contract", "import", "pv", "r")
    assert code == 2
    assert "r/a.yml: it would be contracts/a.apr.yaml, and so would r/a.yaml" in out
    assert load_file(root / "contracts" / "a.apr.yaml", root).model.title == "Small"


def test_a_plan_shows_every_claim_and_writes_nothing(project_with: Workplace, run_apr: Apr) -> None:
    root = project_with({"clamp-v1.yaml": EVERY_KEY})
    code, out, _ = run_apr("contract", "import", "pv", "clamp-v1.yaml", "--plan", "-o", "elsewhere")
    assert code == 0
    assert out.startswith("would write  elsewhere/clamp-v1.apr.yaml: 9 claims, 1 gate\n")
    assert "FALSIFY-CL-001  Inside\n" in out
    assert files(root) == ["clamp-v1.yaml", "pyproject.toml"]


def test_the_answer_is_also_data(project_with: Workplace, run_apr: Apr) -> None:
    project_with({"r/one.yaml": SMALL.replace("1.2.3", "1.2"), "r/binding.yaml": BINDINGS})
    code, out, _ = run_apr("contract", "import", "pv", "r", "--json")
    assert code == 0
    data = json.loads(out)
    assert (data["claims"], data["bound"], data["gates"]) == (1, 0, 0)
    skipped, written = data["files"]
    assert skipped["status"] == "skipped" and "claims nothing" in skipped["why"]
    assert written == {
        "file": "r/one.yaml", "status": "wrote", "why": None, "contract": "contracts/one.apr.yaml",
        "claims": 1, "bound": 0, "gates": 0, "kept": [],
        "notes": ["Its version '1.2' is not three numbers: 1.2.0 was written."],
        "obligations": [{"id": "ONE", "claim": "One is one"}],
    }  # fmt: skip


def test_what_was_not_taken_over_as_it_stood_is_said(project_with: Workplace, run_apr: Apr) -> None:
    project_with({"one.yaml": SMALL.replace("1.2.3", "draft")})
    assert (
        "\n             Its version 'draft' is not three numbers: 1.0.0 was written.\n"
        in run_apr("contract", "import", "pv", "one.yaml")[1]
    )


def test_a_name_that_no_claim_could_refer_to_is_made_plain(project_with: Workplace, run_apr: Apr) -> None:
    root = project_with({"r/a b/ü+x.yaml": SMALL, "r/日.yaml": SMALL})
    assert run_apr("contract", "import", "pv", "r")[0] == 0
    assert files(root / "contracts") == ["a-b/x.apr.yaml", "contract.apr.yaml"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("pvv", "one.yaml"), "there is no format 'pvv'; there is pv. Did you mean 'pv'?"),
        (("pv", "none.yaml"), "there is no file or folder none.yaml. Check the path."),
        (("pv", "empty"), "there is no file *.yaml or *.yml below empty."),
        (("pv", "one.yaml", "-o", "one.yaml"), "--output one.yaml: this is a file, and a folder"),
    ],
)
def test_wrong_use_is_refused_before_anything_is_read(
    words: tuple[str, ...], message: str, project_with: Workplace, run_apr: Apr
) -> None:
    root = project_with({"one.yaml": SMALL, "empty/notes.txt": ""})
    code, out, err = run_apr("contract", "import", *words)
    assert (code, out) == (2, "")
    assert message in err
    assert not (root / "contracts").exists()


def test_sources_that_are_no_text_or_too_long_are_refused(project_with: Workplace, run_apr: Apr) -> None:
    root = project_with({"r/one.yaml": SMALL, "r/long.yaml": "# " + "x" * 2_000_000})
    (root / "r" / "latin.yaml").write_bytes(b"metadata: {author: Andr\xe9}\n")
    os.mkfifo(root / "r" / "pipe.yaml")
    (root / "r" / "gone.yaml").symlink_to("nowhere")
    code, out, _ = run_apr("contract", "import", "pv", "r")
    assert code == 2
    for words in ("byte 0xe9", "more than 1,048,576 bytes", "it is a device, pipe or socket", "No such file"):
        assert words in out
    assert files(root / "contracts") == ["one.apr.yaml"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_reported_per_file(project_with: Workplace, run_apr: Apr) -> None:
    root = project_with({"one.yaml": SMALL, "locked/x": ""})
    (root / "locked").chmod(0o500)
    code, _, err = run_apr("contract", "import", "pv", "one.yaml", "-o", "locked")
    assert code == 2 and "may not write there" in err


def test_a_place_below_a_file_is_reported(project_with: Workplace, run_apr: Apr) -> None:
    project_with({"r/sub/one.yaml": SMALL, "contracts/sub": "a file, where a folder is needed"})
    code, out, _ = run_apr("contract", "import", "pv", "r")
    assert code == 2
    assert "refused      contracts/sub cannot be made: " in out


def test_the_written_file_gives_the_source_back(project_with: Workplace, run_apr: Apr) -> None:
    root = project_with({"clamp-v1.yaml": EVERY_KEY})
    run_apr("contract", "import", "pv", "clamp-v1.yaml", "-o", "there")
    model = load_file(root / "there" / "clamp-v1.apr.yaml", root).model
    assert json.dumps(original(model)) == json.dumps(parse(EVERY_KEY, "x").value)
