"""Benchmarks through `datasets`: a local dataset stands for the hub, which tests do not reach."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import problems
from apr_core.errors import AprError, UsageError
from apr_core.evaluation.benchmarks import BENCHMARKS, Hub, load
from apr_core.evaluation.benchmarks.hub import read_hub
from apr_core.files import canonical_json, digest_bytes

OFFLINE = """
from apr_core.evaluation.benchmarks import load
try:
    load("humaneval")
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that `datasets` loads: our HumanEval problems in split `test`; what it caches is thrown away."""
    datasets = pytest.importorskip("datasets", reason="the hub is read through `datasets`")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    folder = tmp_path / "dataset"
    folder.mkdir()
    (folder / "test.jsonl").write_bytes(problems.FORMATS["humaneval"].read_bytes())
    return folder


def test_rows_of_a_dataset_become_the_same_problems_as_the_file(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = dataclasses.replace(BENCHMARKS["humaneval"], hub=Hub(str(dataset), "test"))
    monkeypatch.setitem(BENCHMARKS, "humaneval", row)
    found, filed = load("humaneval"), load("humaneval", problems.FORMATS["humaneval"])
    assert found.problems == filed.problems
    rows = [json.loads(line) for line in problems.FORMATS["humaneval"].read_text(encoding="utf-8").splitlines()]
    assert found.digest == digest_bytes(b"".join(canonical_json(row) for row in rows))
    assert found.source.startswith(f"hub:{dataset}[test]")


def test_the_splits_of_a_benchmark_are_joined_in_their_order(dataset: Path) -> None:
    (dataset / "train.jsonl").write_bytes((dataset / "test.jsonl").read_bytes().replace(b"OwnEval/", b"Train/"))
    found = read_hub(Hub(str(dataset), "train+test"))
    assert [line.data["task_id"].split("/")[0] for line in found.lines] == ["Train"] * 3 + ["OwnEval"] * 3


def test_a_dataset_that_is_not_there_is_refused_with_the_way_out(dataset: Path) -> None:
    with pytest.raises(AprError, match=r"cannot load .*\[valid\] from the Hugging Face hub: .*`--problems PATH`"):
        read_hub(Hub(str(dataset), "valid"))


def test_without_datasets_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UsageError, match=r"openai/openai_humaneval\[test\] lies on .*`pip install datasets`"):
        load("humaneval")


def test_offline_the_error_is_one_paragraph(tmp_path: Path) -> None:
    pytest.importorskip("datasets", reason="the hub is read through `datasets`")
    offline = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE], env=offline, capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.startswith("AprError cannot load openai/openai_humaneval[test] from the Hugging Face hub: ")
    assert "`--problems PATH`" in done.stdout and done.stdout.count("\n") == 1
