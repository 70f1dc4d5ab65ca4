"""From a name and a file to problems: what is read, what is refused, and in which words."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import problems
from apr_core.errors import AprError, SelectionError, UsageError
from apr_core.evaluation.benchmarks import BENCHMARKS, lines, load, require_digest

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
PUBLISHED = {
    "humaneval": (
        "humaneval/HumanEval.jsonl.gz",
        164,
        "1d49078ba3e2b196b9344535bef34a43021f038fad9561d6ee7c53450609a6a2",
    ),
    "mbpp": ("mbpp/mbpp.jsonl.gz", 974, "ccf64ceae9c5403bf50a044cb6d505bfd2a2963ee58338ba268fd65beab92a9f"),
    "mbpp-test": ("mbpp/mbpp.jsonl.gz", 500, "ccf64ceae9c5403bf50a044cb6d505bfd2a2963ee58338ba268fd65beab92a9f"),
    "mbpp+": ("mbpp/MbppPlus-v0.1.0.jsonl.gz", 399, "a855b9de667baea8e2f8aa61f898767a7336872208a85222b35622545e819fe9"),
}

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes rows, or text as it is, to a file."""

    def made(*rows: Any, name: str = "problems.jsonl") -> Path:
        path = tmp_path / name
        path.write_text(
            "".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows), encoding="utf-8"
        )
        return path

    return made


def row(benchmark: str, index: int = 0, **changed: Any) -> dict[str, Any]:
    """A line of our own in the format of a benchmark, with some fields changed; those that are None are left out."""
    found = json.loads(problems.FORMATS[benchmark].read_text(encoding="utf-8").splitlines()[index]) | changed
    return {key: value for key, value in found.items() if value is not None}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_file_is_read_whole_and_known_by_its_digest(name: str) -> None:
    file, count, digest = PUBLISHED[name]
    if not (SHARED / file).exists():
        pytest.skip("the published files are not here; the formats are tested on our own problems")
    found = load(name, SHARED / file)
    assert (len(found.problems), found.available, found.digest) == (count, count, digest)
    assert found.complete
    assert len({problem.task_id for problem in found.problems}) == count


def test_the_digest_is_of_the_uncompressed_content_and_gzip_is_told_by_the_content(tmp_path: Path) -> None:
    data = problems.PLAIN.read_bytes()
    (tmp_path / "packed.jsonl").write_bytes(gzip.compress(data))  # the name says nothing
    half = len(data) // 2
    (tmp_path / "twice.gz").write_bytes(gzip.compress(data[:half]) + gzip.compress(data[half:]))
    (tmp_path / "plain.gz").write_bytes(data)
    for name in ("packed.jsonl", "twice.gz", "plain.gz"):
        found = load("plain", tmp_path / name)
        assert found.digest == hashlib.sha256(data).hexdigest()
        assert found.problems == load("plain", problems.PLAIN).problems
        assert found.source == str(tmp_path / name)


def test_the_digest_of_a_selection_is_that_of_the_whole_file() -> None:
    whole = load("plain", problems.PLAIN)
    ids = [whole.problems[7].task_id, whole.problems[2].task_id]
    chosen = load("plain", problems.PLAIN, select=ids)
    assert [problem.task_id for problem in chosen.problems] == ids[::-1], "the order is that of the file"
    assert (chosen.digest, chosen.available) == (whole.digest, 30)


def test_a_file_with_fewer_problems_than_a_release_is_not_complete(write: Write) -> None:
    assert not load("humaneval", problems.FORMATS["humaneval"]).complete
    assert load("plain", problems.PLAIN, select=["own/hanoi"]).complete, "of your own problems nobody knows the number"


def test_the_test_split_of_mbpp_is_numbers_11_to_510(write: Write) -> None:
    path = write(*(row("mbpp", task_id=number) for number in (10, 11, 510, 511)))
    assert [problem.task_id for problem in load("mbpp-test", path).problems] == ["Mbpp/11", "Mbpp/510"]
    assert len(load("mbpp", path).problems) == 4
    with pytest.raises(AprError, match="holds no problem of mbpp-test"):
        load("mbpp-test", write(row("mbpp", task_id=3)))


def test_blank_lines_are_counted_and_passed_over(write: Write) -> None:
    path = write("\n", row("plain"), "  \r\n", row("plain", 1, task_id=None))
    with pytest.raises(AprError, match=r"problems\.jsonl:4: the field `task_id` is missing"):
        load("plain", path)


# Every message: where, what was found, what is allowed, what to do.


def test_an_unknown_benchmark_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(
        SelectionError, match=r"no benchmark 'humanevl'; there are humaneval, .*Did you mean 'humaneval'\?"
    ):
        load("humanevl", problems.PLAIN)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"task_id": "a",\n', r":1:\d+: this is not JSON: .*the line ends here: is the file truncated\?"),
        ('{"task_id": }\n', r":1:13: this is not JSON: Expecting value"),
        ('{"task_id": "a"}\n[1]\n', r":2: the line is a list, \[1\]; a JSON object is needed"),
        ('{"task_id": "a", "task_id": "b"}\n', ":1: the key 'task_id' is given twice"),
        ('{"a": ' + "[" * 100_000 + "\n", ":1: lists and maps are nested too deeply"),
        ('{"a": ' + "1" * 5000 + "}\n", ":1: Exceeds the limit"),
        ("\n \n", "holds no problem: it is empty"),
        ("", "holds no problem: it is empty"),
    ],
)
def test_a_broken_line_is_refused_with_its_place(write: Write, text: str, message: str) -> None:
    with pytest.raises(AprError, match=message):
        load("plain", write(text))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(problems.PLAIN.read_bytes())
    (tmp_path / "cut.gz").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "bent.gz").write_bytes(packed[:200] + bytes(40) + packed[240:])
    (tmp_path / "latin").write_bytes('{"a": "é"}\n'.encode("latin-1"))
    for name, message in {
        "cut.gz": "its gzip stream is damaged",
        "bent.gz": "its gzip stream is damaged",
        "latin": r"latin:1: byte 0xe9 is not UTF-8",
        "missing": "No such file",
        ".": "it is a folder",
    }.items():
        with pytest.raises(AprError, match=message):
            load("plain", tmp_path / name)


def test_a_small_file_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LIMIT_BYTES", 10_000)
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b" " * 10_001))
    with pytest.raises(AprError, match="holds more than 10,000 bytes"):
        load("plain", tmp_path / "bomb.gz")


@pytest.mark.parametrize("given", [name for name in problems.FORMATS if name != "plain"])
@pytest.mark.parametrize("asked", [name for name in BENCHMARKS if name != "plain"])
def test_the_file_of_another_benchmark_is_refused(given: str, asked: str) -> None:
    # HumanEval+ files have HumanEval's own test besides, so they hold a whole HumanEval.
    fits = {given, *(name for name in BENCHMARKS if name.split("-")[0] == given)} | (
        {"humaneval"} if given == "humaneval+" else set()
    )
    if asked in fits:
        assert load(asked, problems.FORMATS[given]).problems
        return
    with pytest.raises(AprError, match=r":1: .*(this is no file of|an id of MBPP\+|ids of MBPP\+ are)") as refused:
        load(asked, problems.FORMATS[given])
    assert f"`{given}`" in str(refused.value) or given in str(refused.value) or "Mbpp" in str(refused.value)


@pytest.mark.parametrize("given", [name for name in problems.FORMATS if name != "plain"])
def test_a_benchmark_given_as_plain_problems_is_refused_by_name(given: str) -> None:
    with pytest.raises(AprError, match=rf":1: this is no file of plain, .* It has those of .*`{re.escape(given)}`"):
        load("plain", problems.FORMATS[given])


def test_a_humaneval_file_given_as_mbpp_plus_is_refused_by_name(write: Write) -> None:
    with pytest.raises(
        AprError, match=r"this is no file of mbpp\+, which has the fields .* It has those of `humaneval`"
    ):
        load("mbpp+", problems.FORMATS["humaneval"])


def test_a_missing_field_is_named_with_its_line_and_the_nearest_key(write: Write) -> None:
    bad = row("humaneval", 1, test=None, tets="def check(candidate): pass")
    with pytest.raises(AprError, match=r":2: the field `test` is missing; it has .*`tets`.*Did you mean 'tets'\?"):
        load("humaneval", write(row("humaneval"), bad))


def test_a_problem_that_stands_twice_is_refused_with_both_places(write: Write) -> None:
    with pytest.raises(AprError, match=r":3: the problem 'own/run-lengths' stands at .*problems\.jsonl:1 already"):
        load("plain", write(row("plain"), row("plain", 1), row("plain")))


def test_ids_that_do_not_exist_are_refused_with_the_nearest() -> None:
    with pytest.raises(
        SelectionError, match=r"no problem 'own/hanio' and 1 more; it has 30, .*Did you mean 'own/hanoi'\?"
    ):
        load("plain", problems.PLAIN, select=["own/hanoi", "own/hanio", "nothing"])
    with pytest.raises(SelectionError, match="no problem was selected"):
        load("plain", problems.PLAIN, select=[])


def test_a_digest_is_required_and_refused() -> None:
    found = load("plain", problems.PLAIN)
    require_digest(found, found.digest)
    require_digest(found, f" SHA256:{found.digest.upper()}\n")
    with pytest.raises(UsageError, match=f"have the digest {found.digest}, not {'0' * 64}: this is another version"):
        require_digest(found, "0" * 64)
    with pytest.raises(UsageError, match="'abc' is no digest: 64 hexadecimal digits are needed"):
        require_digest(found, "abc")


def test_without_a_file_a_benchmark_that_the_hub_lacks_says_which_file_to_give() -> None:
    with pytest.raises(UsageError, match=r"mbpp\+ is read from a file: .*--problems PATH.*MbppPlus\.jsonl\.gz"):
        load("mbpp+")
