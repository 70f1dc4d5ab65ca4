"""Telling the format of a result file by its content."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from harness_samples import SAMPLES, raw, write

from apr_core.errors import UsageError
from apr_core.evidence.importers import FORMATS, recognise

BIGCODE = SAMPLES / "bigcode"

RECOGNISED = [
    *(("evalplus", path) for path in sorted((SAMPLES / "evalplus").rglob("*.json"))),
    *(("bigcodebench", path) for path in sorted((SAMPLES / "bigcodebench").rglob("*eval_results.json"))),
    *(("bigcode", path) for path in sorted(BIGCODE.rglob("*.json")) if "gen" not in path.name),
    ("figures", Path(__file__).parents[2] / "falsify" / "evidence" / "figures" / "published.json"),
]


@pytest.mark.parametrize(
    ("name", "path"), RECOGNISED, ids=lambda value: value if isinstance(value, str) else value.parent.name
)
def test_a_file_is_recognised_by_its_content_and_as_one_format_only(tmp_path: Path, name: str, path: Path) -> None:
    copied = Path(shutil.copy(path, tmp_path / "x.json"))
    assert recognise(copied) == name
    assert [one for one, module in FORMATS.items() if module.recognises(path)] == [name]


@pytest.mark.parametrize(
    ("folder", "name"),
    [("evalplus/0.3.1", "evalplus"), ("bigcodebench/0.2.5", "bigcodebench"), ("bigcode/loaded-greedy", "bigcode")],
)
def test_a_folder_of_one_format_is_recognised(folder: str, name: str) -> None:
    assert recognise(SAMPLES / folder) == name


@pytest.mark.parametrize(
    "text", ["{", "[]", "3", '{"eval": {}}', '{"eval": [1]}', '{"config": {}}', '{"eval": {"a": []}}', ""]
)
def test_nothing_else_is_recognised(tmp_path: Path, text: str) -> None:
    (tmp_path / "x_eval_results.json").write_text(text)
    for path in (tmp_path, tmp_path / "x_eval_results.json"):
        with pytest.raises(UsageError, match=r"its format is not recognised.*Name the format"):
            recognise(path)


def test_a_file_that_two_formats_could_have_is_left_to_the_user(tmp_path: Path) -> None:
    value = raw(SAMPLES / "bigcode" / "loaded-greedy" / "evaluation_results.json")
    value |= raw(SAMPLES / "evalplus" / "0.2.0" / "own--tiny_hf_temp_0.8_eval_results.json")
    with pytest.raises(UsageError, match="it could be bigcode or evalplus"):
        recognise(write(tmp_path / "x.json", value))


def test_a_path_that_is_not_there_is_not_called_unrecognised(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no file or folder"):
        recognise(tmp_path / "missing.json")


def test_the_samples_hold_facts_and_no_texts() -> None:
    for path in [*(SAMPLES / "evalplus").rglob("*.json"), *(SAMPLES / "bigcodebench").rglob("*eval_results.json")]:
        for listed in raw(path)["eval"].values():
            for one in listed if isinstance(listed, list) else ():
                texts = (one["solution"], one.get("base_fail_tests"), one.get("plus_fail_tests"), one.get("details"))
                assert not any(texts), path
    for path in BIGCODE.rglob("*gen*_*.json"):
        assert {text for samples in raw(path) for text in samples} == {""}
