"""Files that are whole or not there, JSON with one form, and messages that name the place."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apr_core import files
from apr_core.errors import AprError

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- write_atomic ---


@pytest.mark.parametrize(("content", "expected"), [("pâté\n", "pâté\n".encode()), (b"\x00\xff\r\n", b"\x00\xff\r\n")])
def test_the_content_is_written_as_it_is(tmp_path: Path, content: bytes | str, expected: bytes) -> None:
    target = tmp_path / "a.json"
    target.write_bytes(b"something older and longer than the new content")
    files.write_atomic(target, content)
    assert target.read_bytes() == expected
    assert names(tmp_path) == ["a.json"]


def test_a_file_may_be_read_by_those_who_may_read_files_of_this_user(tmp_path: Path) -> None:
    previous = os.umask(0o022)
    try:
        files.write_atomic(tmp_path / "a", "x")
    finally:
        os.umask(previous)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("number", "advice"), [(errno.ENOSPC, "disk is full"), (errno.EDQUOT, "quota"), (errno.EROFS, "read-only")]
)
def test_a_failing_disk_leaves_the_old_content_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, advice: str
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    (tmp_path / "a").write_text("old")
    monkeypatch.setattr(files.os, "fsync", fail)
    with pytest.raises(AprError, match=advice) as caught:
        files.write_atomic(tmp_path / "a", "new")
    assert str(tmp_path / "a") in str(caught.value)
    assert "\n" not in str(caught.value)
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_an_interrupt_passes_through_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        files.write_atomic(tmp_path / "a", "new")
    assert names(tmp_path) == []


LIMITED = """
import resource, signal, sys
from pathlib import Path
from apr_core.errors import AprError
from apr_core.files import write_atomic
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    write_atomic(Path(sys.argv[1]), b"x" * 1_000_000)
except AprError as error:
    print(error)
"""


def test_a_write_that_really_stops_half_way_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_text("old")
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", LIMITED, target], capture_output=True, text=True, env=env, check=True)
    assert "limit on file sizes" in done.stdout
    assert names(tmp_path) == ["a"]
    assert target.read_text() == "old"


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    for target, advice in (
        (tmp_path / "missing" / "a", "create it first"),
        (tmp_path / "file" / "a", "is a file, not a folder"),
        (tmp_path / "folder", "folder of that name"),
        (tmp_path / ("n" * 300), "name is too long"),
    ):
        with pytest.raises(AprError, match=advice):
            files.write_atomic(target, "x")
    assert names(tmp_path) == ["file", "folder"]


def test_an_unwritable_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o555)
    if os.access(folder, os.W_OK):
        pytest.skip("this user may write anywhere")
    with pytest.raises(AprError, match="may not write there"):
        files.write_atomic(folder / "a", "x")


def test_a_reader_sees_one_content_or_the_other(tmp_path: Path) -> None:
    target, contents = tmp_path / "a", (b"a" * 200_000, b"b" * 100_000)
    files.write_atomic(target, contents[0])
    seen: set[bytes] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(target.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(40):
        files.write_atomic(target, contents[turn % 2])
    done.set()
    reader.join()
    assert seen <= set(contents)


# --- JSON ---


def test_canonical_json_is_one_line_of_sorted_keys() -> None:
    assert (
        files.canonical_json({"b": [1, 2.5, None], "a": {"ü": True}}) == '{"a":{"ü":true},"b":[1,2.5,null]}\n'.encode()
    )


@given(st.dictionaries(st.text(max_size=5), values, min_size=2, max_size=5), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_canonical_json_does_not_depend_on_the_order_of_keys(value: dict[str, object], random: object) -> None:
    keys = list(value)
    random.shuffle(keys)  # type: ignore[attr-defined]
    assert files.canonical_json({key: value[key] for key in keys}) == files.canonical_json(value)


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": "\ud800"}, {"a": object()}, {1, 2}])
def test_canonical_json_refuses_what_json_does_not_have(value: object) -> None:
    with pytest.raises(AprError, match="cannot write this as JSON"):
        files.canonical_json(value)


@given(values)
@settings(deadline=None)
def test_what_is_written_is_what_is_read(value: object) -> None:
    assert files.parse_json(files.canonical_json(value).decode(), Path("f.json")) == value


def test_a_digest_is_that_of_sha256() -> None:
    # The published digest of the text "abc" (FIPS 180-4).
    assert files.digest_bytes(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f.json:1:1: this is not JSON.*truncated"),
        ('{"a": 1,\n "b": [1, 2', "f.json:2:12: this is not JSON.*truncated"),
        ('{"a": 1,\n "b": "half of a te', "f.json:2:7: .*truncated"),
        ('{"a": 1}\n{"b": 2}', "f.json:2:1: this is not JSON: Extra data"),
        ('{"a": "NaN",\n "b": [1, NaN]}', "f.json:2: NaN is not a number that JSON has"),
        ('{"a": 1,\n "b": -Infinity}', "f.json:2: -Infinity is not"),
        ('{"a": "1e999",\n\n "b": 1e999}', "f.json:3: 1e999 is not"),
        ('{"a": {"b": 1},\n "b": {"a": 1,\n "a": 2}}', "f.json:3: the key 'a' is given twice"),
        ("[" * 100_000, "nested too deeply"),
        ("1" * 5_000, "a number cannot be read"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "f.json"
    path.write_text(text)
    with pytest.raises(AprError, match=message) as caught:
        files.read_json(path)
    assert str(path) in str(caught.value)


def test_a_file_of_the_limit_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text('"12345678"')
    assert files.read_json(tmp_path / "f.json", limit_bytes=10) == "12345678"
    with pytest.raises(AprError, match="more than 9 bytes"):
        files.read_json(tmp_path / "f.json", limit_bytes=9)


def test_what_is_no_readable_text_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")  # opening it would wait for a writer for ever
    (tmp_path / "latin").write_bytes(b'{"a":\n "caf\xe9"}')
    for name, message in (
        ("folder", "it is a folder"),
        ("pipe", "it is a device, pipe or socket"),
        ("missing", "No such file"),
        ("latin", "latin:2: byte 0xe9 at offset 11 is not UTF-8"),
    ):
        with pytest.raises(AprError, match=message):
            files.read_json(tmp_path / name)


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "locked"
    path.write_text("{}")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read anything")
    with pytest.raises(AprError, match="permissions"):
        files.read_json(path)


def locations(value: object) -> list[tuple[str | int, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(), *((key, *rest) for key, inner in pairs for rest in locations(inner))]


@given(values, st.sampled_from([None, 1, 2]))
@settings(deadline=None)
def test_a_position_is_where_the_value_stands(value: object, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    for location in locations(value):
        line, column = files.position(text, location)
        rest = "\n".join([text.split("\n")[line - 1][column - 1 :], *text.split("\n")[line:]])
        expected = value
        for step in location:
            expected = expected[step]  # type: ignore[index]
        assert json.JSONDecoder().raw_decode(rest)[0] == expected


def test_the_position_of_what_is_missing_is_that_of_its_parent() -> None:
    text = '{"a": 1,\n "b": {"c": [1, 2]}}'
    assert files.position(text, ("b", "d", "e")) == (2, 7)
    assert files.position(text, ("b", "c", 5)) == (2, 13)
    assert files.position(text, ("a", "x")) == (1, 7)
