"""Nothing is lost: the source comes out of the written contract as it went in, types and order of keys included."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml
from hypothesis import given, settings
from hypothesis import strategies as st
from import_samples import EVERY_KEY, SHARED, SMALL, convert, every_key

from apr_core.contract.importers.block import block
from apr_core.contract.importers.imported import original, read_back
from apr_core.contract.load import load_file
from apr_core.contract.yaml import parse
from apr_core.errors import AprError


def exactly(value: Any) -> str:
    """A form that tells 1 from 1.0 and from true, 0.0 from -0.0, and one order of keys from another."""
    return json.dumps(value)


def reread(text: str, folder: Path) -> dict[str, Any]:
    """The source, from a contract file on the disk."""
    path = folder / "written.apr.yaml"
    path.write_text(text, encoding="utf-8")
    return original(load_file(path, folder).model)


def test_every_key_of_the_schema_comes_back_with_its_type_and_place(tmp_path: Path) -> None:
    source = parse(EVERY_KEY, "source").value
    assert exactly(reread(every_key().text, tmp_path)) == exactly(source)
    assert source["proof_obligations"][0]["tolerance"] == 1e-6
    assert type(source["proof_obligations"][1]["tolerance"]) is int
    assert source["extras"]["numbers"][5] == math.inf


@pytest.mark.skipif(not SHARED.is_dir(), reason="the registry's own files are not at hand")
def test_files_of_the_registry_itself_come_back(tmp_path: Path) -> None:
    files = sorted(SHARED.glob("*.yaml"))
    assert files
    for path in files:
        text = path.read_text(encoding="utf-8")
        imported = convert(text, path.name)
        assert exactly(reread(imported.text, tmp_path)) == exactly(parse(text, path.name).value), path.name
        assert imported.claims > 5 and imported.bound == 0


def test_the_comments_above_everything_are_kept_and_in_order() -> None:
    lines = every_key().text.splitlines()
    head = EVERY_KEY.splitlines()[:5]
    start = lines.index(head[0])
    assert lines[start : start + 5] == head
    assert lines[start - 1] == "# The head of clamp-v1.yaml:"
    assert lines[start + 5].startswith("title: ")
    assert "a comment further down" not in every_key().text
    assert "The head of" not in convert(SMALL).text


def test_a_head_behind_a_document_marker_is_kept() -> None:
    assert "\n# Licence: MIT\ntitle: " in convert(f"---\n# Licence: MIT\n{SMALL}").text


def test_anchors_come_back_as_the_data_that_they_stand_for() -> None:
    text = "metadata: {version: '1.0.0', references: &r [a, b]}\nproof_obligations:\n  - {property: p, lean: {notes: *r}}\n"
    imported = convert(text)
    assert original(imported.contract)["proof_obligations"][0]["lean"] == {"notes": ["a", "b"]}
    assert "&" not in imported.text and "*r" not in imported.text


def test_the_written_file_is_block_style_without_tags_aliases_or_endless_lines() -> None:
    text = convert(EVERY_KEY.replace("Over the reals", "Over the reals " * 40)).text
    assert "!!" not in text
    assert max(map(len, text.splitlines())) <= 120
    assert "\n  - id: FALSIFY-CL-001\n    type: unbound\n" in text
    assert "      version: 1.0.0\n" in text
    assert "        tolerance: 1.0e-06\n" in text


def test_a_contract_that_was_not_imported_has_no_source_to_give() -> None:
    model = every_key().contract.model_copy(update={"source": None})
    with pytest.raises(AprError, match="no `source`: it was written here"):
        original(model)


def test_a_writer_that_changed_the_source_would_be_caught_before_anything_is_written() -> None:
    changed = parse(SMALL, "x").value | {"more": 1}
    with pytest.raises(AssertionError, match="was not rebuilt"):
        read_back(convert(SMALL).text, "x", changed)
    for value, other in ((1, 1.0), (1, True), (0.0, -0.0)):
        text = convert(f"{SMALL}n: {value}\n").text
        with pytest.raises(AssertionError, match="was not rebuilt"):
            read_back(text, "x", parse(SMALL, "x").value | {"n": other})


TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.sampled_from(["no", "1e-7", ".inf", "0o17", "1_000", "2026-01-01", "-", "? a", "[", "|", "'", '"', "a\n\n b\n", "\x85"]),
    st.text("ab :#-'\"\n\\ ", max_size=200),
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT
DATA = st.dictionaries(
    TEXT,
    st.recursive(SCALARS, lambda part: st.lists(part, max_size=3) | st.dictionaries(TEXT, part, max_size=3)),
    max_size=4,
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(DATA)
def test_whatever_is_written_reads_back_the_same(data: dict[str, Any]) -> None:
    assert exactly(parse(block(data), "written").value) == exactly(data)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(SCALARS, max_size=5))
def test_readers_of_the_older_yaml_read_the_same(values: list[Any]) -> None:
    """Numbers of more than one form and words such as `no` are where YAML 1.1 and 1.2 differ."""
    assert exactly(pyyaml.safe_load(block({"values": values}))) == exactly({"values": values})
