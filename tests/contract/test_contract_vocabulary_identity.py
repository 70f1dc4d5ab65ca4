"""Digests and equality to the bit: the same content is the same, and any other content is not."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from apr_core.contract.vocabulary import digest, equal
from apr_core.errors import ExpressionError


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch")


SAME: list[tuple[Any, Any]] = [
    (1, 1),
    (1.0, np.float64(1.0)),
    ([1, 2], (1, 2)),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ({1, 2}, frozenset([2, 1])),
    (np.arange(4)[::2], np.array([0, 2])),
    (np.arange(4).reshape(2, 2).T, np.array([[0, 2], [1, 3]])),
    (np.array([1.5], dtype=">f4"), np.array([1.5], dtype="<f4")),
    (None, None),
]
DIFFERENT: list[tuple[Any, Any]] = [
    (1, 1.0),
    (1, True),
    (0.0, -0.0),
    ("1", b"1"),
    ("1", 1),
    (["ab", "c"], ["a", "bc"]),
    ([[1], 2], [1, [2]]),
    ({"a": None}, {}),
    (np.zeros(2), np.zeros(2, dtype=np.float32)),
    (np.zeros((2, 3)), np.zeros((3, 2))),
    (np.zeros(0), np.zeros((0, 1))),
    (np.array([0.0]), np.array([-0.0])),
    (np.array([1.0]), [1.0]),
]


@pytest.mark.parametrize(("a", "b"), SAME)
def test_the_same_content_has_the_same_digest(a: Any, b: Any) -> None:
    assert digest(a) == digest(b)
    assert equal(a, b)


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_different_content_has_different_digests(a: Any, b: Any) -> None:
    assert digest(a) != digest(b)
    assert not equal(a, b)


def test_equal_takes_nan_for_equal_to_nan(torch: Any) -> None:
    quiet, other = np.array([0x7FC00000, 0x7FC00001], dtype=np.uint32).view(np.float32)
    assert equal(np.array([quiet]), np.array([other]))
    assert digest(np.array([quiet])) != digest(np.array([other])), "a digest sees every bit"
    assert equal({"a": [math.nan]}, {"a": [math.nan]})
    assert equal(torch.tensor([math.nan, 1.0]), torch.tensor([math.nan, 1.0]))
    assert equal(torch.tensor([1.0, 2.0]), np.array([1.0, 2.0], dtype=np.float32))
    assert not equal(torch.tensor([1.0]), torch.tensor([1.0], dtype=torch.bfloat16))


def test_tensors_are_digested_by_content(torch: Any) -> None:
    x = torch.arange(6, dtype=torch.bfloat16).reshape(2, 3)
    assert digest(x) == digest(x.clone().requires_grad_())
    assert digest(x.T) == digest(x.T.contiguous())
    assert digest(x) != digest(x + 1)
    module = torch.nn.Linear(2, 2)
    before = digest(module)
    with torch.no_grad():
        module.weight[0, 0] += 1
    assert digest(module) != before


def test_paths_are_digested_by_what_lies_below(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    empty = digest(tmp_path)
    (tmp_path / "a" / "x").write_bytes(b"1")
    one = digest(tmp_path)
    (tmp_path / "a" / "x").write_bytes(b"2")
    two = digest(tmp_path)
    (tmp_path / "a" / "x").rename(tmp_path / "x")
    three = digest(tmp_path)
    (tmp_path / "x").unlink()
    (tmp_path / "x").symlink_to("/etc/hostname")
    assert len({empty, one, two, three, digest(tmp_path)}) == 5


def test_objects_are_digested_by_their_fields_and_functions_not_at_all() -> None:
    @dataclasses.dataclass
    class Point:
        x: int
        y: list[int]

    assert digest(Point(1, [2])) == digest(Point(1, [2])) != digest(Point(1, [3]))
    with pytest.raises(ExpressionError, match="no digest"):
        digest(len)


def test_a_digest_ends_on_a_value_inside_itself_and_on_shared_values() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(ExpressionError, match="inside itself"):
        digest(loop)
    shared: list[Any] = [1]
    for _ in range(60):
        shared = [shared, shared]  # 2^60 elements for anyone who walks them all
    assert digest(shared)
