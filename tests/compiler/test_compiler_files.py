"""Damaged files: exactly one kind of damage, always a change, and headers are hit."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
from compiler_drawing import cases, drawing, for_all, smallest

from apr_core.compiler.files import DAMAGE
from apr_core.errors import Refutation, TrialError

HEADER = struct.pack("<4sIQQ", b"GGUF", 3, 5, 2)
VALID = HEADER + bytes(range(200)) * 3


def damaged(path: Path, content: object, kinds: list[str], examples: int = 100) -> list[bytes]:
    """The bytes of drawn damaged files."""
    strategy = drawing(
        {"f": {"file": {"from": "content", "corrupt": kinds}}}, constants={"content": content}, workroot=path
    )
    return [case["f"].read_bytes() for case in cases(strategy, examples=examples)]


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("content", [VALID, bytes(40), b"\x01\x00\x00\x00" * 9, b"\xff" * 8 + b"\x04" + bytes(7)])
def test_damage_always_changes_the_content(kind: str, content: bytes, tmp_path: Path) -> None:
    assert content not in damaged(tmp_path, content, [kind])


@pytest.mark.parametrize("kind", ["truncate", "flip", "splice"])
def test_one_byte_can_be_damaged(kind: str, tmp_path: Path) -> None:
    seen = damaged(tmp_path, b"x", [kind], examples=30)
    assert b"x" not in seen
    assert kind != "truncate" or set(seen) == {b""}


def test_truncating_gives_proper_prefixes_near_both_ends(tmp_path: Path) -> None:
    seen = damaged(tmp_path, VALID, ["truncate"])
    assert all(VALID.startswith(data) and len(data) < len(VALID) for data in seen)
    lengths = [len(data) for data in seen]
    assert sum(length < len(HEADER) for length in lengths) >= 5
    assert sum(length > len(VALID) - 20 for length in lengths) >= 5


def test_flipping_changes_one_bit(tmp_path: Path) -> None:
    seen, flipped = damaged(tmp_path, VALID, ["flip"]), set()
    for data in seen:
        changed = [a ^ b for a, b in zip(data, VALID, strict=True) if a != b]
        assert [bits.bit_count() for bits in changed] == [1]
        flipped.update(changed)
    assert flipped == {1 << bit for bit in range(8)}
    assert sum(data[: len(HEADER)] != HEADER for data in seen) >= 5


def test_splicing_replaces_one_part(tmp_path: Path) -> None:
    seen = damaged(tmp_path, VALID, ["splice"])
    assert {len(data) == len(VALID) for data in seen} == {True, False}
    for data in seen:
        head = next(
            (i for i, (a, b) in enumerate(zip(data, VALID, strict=False)) if a != b), min(len(data), len(VALID))
        )
        tail = VALID[head + 64 :]
        assert data.endswith(tail)


def test_an_oversized_count_replaces_a_count_by_a_huge_number(tmp_path: Path) -> None:
    counts = set()
    for data in damaged(tmp_path, VALID, ["oversize_count"], examples=300):
        assert len(data) == len(VALID)
        start = next(i for i, (a, b) in enumerate(zip(data, VALID, strict=True)) if a != b) // 4 * 4
        assert int.from_bytes(data[start : start + 8], "little") >= 2**31 - 1
        assert data[:start] + VALID[start : start + 8] + data[start + 8 :] == VALID
        counts.add((start, 8 if data[start + 4 : start + 8] != VALID[start + 4 : start + 8] else 4))
    assert {(4, 4), (8, 4), (8, 8), (16, 4), (16, 8)} <= counts  # the version, and both counts of the header


def test_a_padded_header_is_oversized_at_its_numbers_and_not_at_its_zeros(tmp_path: Path) -> None:
    content = struct.pack("<QQ", 0, 7) + bytes(1000)
    assert all(
        data[:8] == bytes(8) and data[16:] == bytes(1000) for data in damaged(tmp_path, content, ["oversize_count"])
    )


def test_every_listed_kind_is_drawn(tmp_path: Path) -> None:
    lengths = {len(data) for data in damaged(tmp_path, VALID, ["truncate", "flip"])}
    assert len(VALID) in lengths
    assert len(lengths) > 5


def test_text_is_written_as_utf8_under_the_given_name(tmp_path: Path) -> None:
    inputs = {"f": {"file": {"from": "content", "corrupt": ["flip"]}, "name": "config.json"}}

    def check(case: dict[str, Any]) -> None:
        assert case["f"].name == "config.json"
        assert [case["f"].parent] == case.folders
        changed = [a ^ b for a, b in zip(case["f"].read_bytes(), "für".encode(), strict=True) if a != b]
        assert [bits.bit_count() for bits in changed] == [1]

    for_all(drawing(inputs, constants={"content": "für"}, workroot=tmp_path), check, examples=20)


def test_the_content_may_come_from_a_subject_and_drawn_inputs(tmp_path: Path) -> None:
    inputs = {"n": {"integer": [1, 9]}, "f": {"file": {"from": "encode(n)", "corrupt": ["truncate"]}}}
    functions = {"encode": lambda n: bytes(range(n))}
    for_all(
        drawing(inputs, functions=functions, workroot=tmp_path),
        lambda case: (
            bytes(range(case["n"])).startswith(case["f"].read_bytes()) and len(case["f"].read_bytes()) < case["n"]
        ),
    )


def test_a_subject_that_fails_to_write_valid_content_is_refuted(tmp_path: Path) -> None:
    def encode() -> bytes:
        raise Refutation("raised", "encode() returns", "it raised")

    inputs = {"f": {"file": {"from": "encode()", "corrupt": ["flip"]}}}
    with pytest.raises(Refutation):
        cases(drawing(inputs, functions={"encode": encode}, workroot=tmp_path))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "kinds", "words"),
    [
        (b"", ["flip"], ["'f'", "empty file"]),
        (3, ["flip"], ["'f'", "3", "bytes or text"]),
        (b"\xff" * 12, ["oversize_count"], ["'f'", "count", "oversize_count"]),
        (b"abc", ["oversize_count"], ["'f'", "count"]),
    ],
)
def test_content_that_cannot_be_damaged_says_why(
    content: object, kinds: list[str], words: list[str], tmp_path: Path
) -> None:
    with pytest.raises(TrialError) as caught:
        damaged(tmp_path, content, kinds)
    assert not [word for word in words if word not in str(caught.value)], caught.value


def test_a_damaged_file_shrinks_to_the_simplest_damage(tmp_path: Path) -> None:
    inputs = {"f": {"file": {"from": "content", "corrupt": ["truncate", "flip"]}}}
    found = smallest(
        drawing(inputs, constants={"content": VALID}, workroot=tmp_path),
        lambda case: case["f"].read_bytes()[:1] != b"G",
    )
    assert found["f"].read_bytes() == b""
