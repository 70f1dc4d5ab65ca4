"""Prompts from files, and outputs that are resumed. No model: completions are written as a backend would give them."""

from __future__ import annotations

import json
import resource
import signal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apr_core.errors import AprError, UsageError
from apr_core.inference import Completion, Message, Request
from apr_core.inference.batch import Journal, read_requests, sidecar, to_line

BACKEND = {
    "backend": "transformers/cpu",
    "model": "tiny",
    "digest": "0" * 64,
    "precision": "float32",
    "versions": {"torch": "2"},
}
ASKED = [Request(f"prompt {name}", name, sample) for name in "abc" for sample in range(2)]


def answer(request: Request, text: str = "é\n\u2028 x") -> Completion:
    return Completion(
        request.task_id, request.sample, text, 3, 30.0, 100.0, "transformers/cpu", "stop", -1.5, (1, 2, 3)
    )


def read(path: Path, *lines: str, defaults: dict[str, Any] | None = None, **options: Any) -> list[Request]:
    path.write_text("\n".join(lines), encoding="utf-8")
    return read_requests(path, defaults or {}, **options)


# --- input


def test_a_line_may_say_everything_and_defaults_fill_in_what_it_does_not(tmp_path: Path) -> None:
    found = read(
        tmp_path / "in.jsonl",
        '{"task_id": "a", "prompt": "x"}',
        "",
        '{"task_id": "b", "messages": [{"role": "user", "content": "y"}], "max_tokens": 9, "stop": "\\n", "temperature": 0.5, '
        '"top_p": 0.9, "top_k": 4, "seed": 7, "samples": 2}',
        defaults={"max_tokens": 30, "temperature": 0.1, "stop": ("z",)},
        samples=1,
    )
    assert found[0] == Request("x", "a", 0, 30, ("z",), 0.1)
    turn = (Message("user", "y"),)
    assert found[1:] == [Request(turn, "b", sample, 9, ("\n",), 0.5, 0.9, 4, 7) for sample in (0, 1)]


def test_chat_makes_a_message_of_a_prompt(tmp_path: Path) -> None:
    (one,) = read(tmp_path / "in.jsonl", '{"task_id": "a", "prompt": "x"}', chat=True)
    assert one.prompt == (Message("user", "x"),)


GOOD = '{"task_id": "a", "prompt": "x"}'


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([GOOD, '{"task_id": "b", "prompt"'], r"in.jsonl:2:\d+: this is not JSON"),
        (
            [GOOD, '{"task_id": "b", "prompt": "x", "temperature": NaN}'],
            "in.jsonl:2: NaN is not a number that JSON has",
        ),
        ([GOOD, "[1]"], "in.jsonl:2: this is list, not a map"),
        ([GOOD, "", GOOD], "in.jsonl:3: task_id 'a' stands on line 1 already"),
        (
            ['{"task_id": "a", "prompt": "x", "max_token": 3}'],
            "the key 'max_token' is unknown; .* Did you mean 'max_tokens'",
        ),
        (['{"prompt": "x"}'], "in.jsonl:1: the line has no `task_id`"),
        (['{"task_id": 3, "prompt": "x"}'], "the line has no `task_id`, a text"),
        (['{"task_id": "", "prompt": "x"}'], "task_id must be text, and not empty"),
        (['{"task_id": "a"}'], "either `prompt` or `messages`"),
        (['{"task_id": "a", "prompt": "x", "messages": []}'], "either `prompt` or `messages`"),
        (['{"task_id": "a", "prompt": ["x"]}'], "prompt is list; it must be text"),
        (['{"task_id": "a", "prompt": ""}'], "in.jsonl:1: task 'a': the prompt is empty"),
        (['{"task_id": "a", "messages": []}'], "at least one message"),
        (['{"task_id": "a", "messages": [{"role": "user"}]}'], "maps with `role` and `content`"),
        (['{"task_id": "a", "messages": [{"role": "usr", "content": "x"}]}'], "the role 'usr'; allowed are system"),
        (['{"task_id": "a", "messages": [{"role": "user", "content": null}]}'], "content None; it must be text"),
        (
            ['{"task_id": "a", "prompt": "x", "max_tokens": 0}'],
            "task 'a': max_tokens is 0; it must be a whole number from 1",
        ),
        (['{"task_id": "a", "prompt": "x", "max_tokens": "9"}'], "max_tokens is '9'"),
        (['{"task_id": "a", "prompt": "x", "max_tokens": true}'], "max_tokens is True"),
        (['{"task_id": "a", "prompt": "x", "temperature": -1}'], "temperature is -1"),
        (['{"task_id": "a", "prompt": "x", "top_p": 0}'], "top_p is 0; it must be a number above 0"),
        (['{"task_id": "a", "prompt": "x", "top_k": 0}'], "top_k is 0"),
        (['{"task_id": "a", "prompt": "x", "seed": -1}'], "seed is -1"),
        (['{"task_id": "a", "prompt": "x", "stop": [""]}'], r"stop is \[''\]; it must hold texts that are not empty"),
        (['{"task_id": "a", "prompt": "x", "stop": 3}'], "it must hold texts"),
        (['{"task_id": "a", "prompt": "x", "samples": 0}'], "samples is 0; it must be a whole number from 1"),
        ([""], "has no prompts"),
    ],
)
def test_a_line_that_cannot_be_asked_is_refused_with_its_number(lines: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(AprError, match=message) as refusal:
        read(tmp_path / "in.jsonl", *lines)
    assert str(refusal.value).startswith(str(tmp_path / "in.jsonl"))
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AprError, match="No such file"):
        read_requests(tmp_path / "none.jsonl", {})
    (tmp_path / "latin.jsonl").write_bytes(b'{"task_id": "\xe9"}')
    with pytest.raises(AprError, match="is not UTF-8"):
        read_requests(tmp_path / "latin.jsonl", {})


# --- output


def written(output: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.read_text(encoding="utf-8").split("\n") if line]


def test_a_line_holds_the_completion_and_is_there_at_once(tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    with Journal(output, ASKED, BACKEND) as journal:
        journal.write(answer(ASKED[0]))
        (line,) = written(output)
    assert line == to_line(answer(ASKED[0]))
    assert line == {
        "task_id": "a", "sample": 0, "text": "é\n\u2028 x", "tokens_generated": 3, "tok_per_sec": 30.0, "inference_ms": 100.0,
        "backend": "transformers/cpu", "stop_reason": "stop", "logprob": -1.5,
    }  # fmt: skip
    assert json.loads(sidecar(output).read_text())["backend"] == BACKEND


@given(st.integers(0, 2000), st.integers(0, 6))
@settings(max_examples=60, deadline=None)
def test_cut_anywhere_a_run_goes_on_and_does_nothing_twice(
    tmp_path_factory: pytest.TempPathFactory, cut: int, some: int
) -> None:
    output = tmp_path_factory.mktemp("cut") / "out.jsonl"
    with Journal(output, ASKED, BACKEND) as journal:
        for request in ASKED[:some]:
            journal.write(answer(request))
    whole = output.read_bytes()
    output.write_bytes(whole[:cut])
    with Journal(output, ASKED, BACKEND) as journal:
        kept = whole[:cut].count(b"\n")
        assert len(journal.done) == kept
        assert journal.torn == (not whole[:cut].endswith(b"\n") and cut > 0 and some > 0)
        assert [request.key for request in journal.missing()] == [request.key for request in ASKED[kept:]]
        for request in reversed(journal.missing()):
            journal.write(answer(request))
        assert journal.reasons == {"stop": len(ASKED)}
    assert sorted((line["task_id"], line["sample"]) for line in written(output)) == [request.key for request in ASKED]


def test_a_finished_output_has_nothing_missing(tmp_path: Path) -> None:
    for _ in range(2):
        with Journal(tmp_path / "out.jsonl", ASKED, BACKEND) as journal:
            for request in journal.missing():
                journal.write(answer(request))
    assert journal.missing() == []
    assert len(written(tmp_path / "out.jsonl")) == len(ASKED)


@pytest.mark.parametrize(
    ("asked", "backend", "what"),
    [
        (ASKED[:-1], BACKEND, "the prompts or their settings"),
        ([*ASKED[:-1], Request("prompt c", "c", 1, temperature=0.1)], BACKEND, "the prompts or their settings"),
        (ASKED, BACKEND | {"digest": "1" * 64}, "the weights"),
        (ASKED, BACKEND | {"backend": "transformers/cuda", "precision": "bfloat16"}, "the backend, the precision"),
        (ASKED, BACKEND | {"model": "other"}, "the model"),
    ],
)
def test_an_output_of_something_else_is_not_mixed_with(
    asked: list[Request], backend: dict[str, Any], what: str, tmp_path: Path
) -> None:
    output = tmp_path / "out.jsonl"
    with Journal(output, ASKED, BACKEND) as journal:
        journal.write(answer(ASKED[0]))
    before = output.read_bytes()
    with pytest.raises(UsageError, match=f"begun with something else: {what} changed"):
        Journal(output, asked, backend)
    assert output.read_bytes() == before
    with Journal(output, ASKED, BACKEND | {"versions": {"torch": "3"}}) as journal:
        assert len(journal.done) == 1, "a version may change"


def test_a_foreign_file_is_never_overwritten(tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    output.write_text("precious\n")
    with pytest.raises(UsageError, match=r"out.jsonl.run.json does not: .* is not overwritten"):
        Journal(output, ASKED, BACKEND)
    assert output.read_text() == "precious\n"
    sidecar(output).write_text("[]")
    with pytest.raises(AprError, match="is not what `apr run` writes"):
        Journal(output, ASKED, BACKEND)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nonsense", "out.jsonl:2: this line is damaged"),
        ('{"task_id": "a"}', "out.jsonl:2: this line is damaged"),
        ('{"task_id": "z", "sample": 0, "stop_reason": "stop"}', "out.jsonl:2: task 'z', sample 0, was not asked for"),
        (
            '{"task_id": "a", "sample": 0, "stop_reason": "stop"}',
            "out.jsonl:2: task 'a', sample 0, stands above already",
        ),
    ],
)
def test_a_damaged_line_before_the_end_is_named_and_not_guessed_at(line: str, message: str, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    with Journal(output, ASKED, BACKEND) as journal:
        journal.write(answer(ASKED[0]))
    with output.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(AprError, match=message):
        Journal(output, ASKED, BACKEND)


def test_two_processes_do_not_write_one_output(tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    with Journal(output, ASKED, BACKEND), pytest.raises(UsageError, match="is being written by another process"):
        Journal(output, ASKED, BACKEND)
    with Journal(tmp_path / "out.jsonl", ASKED, BACKEND):
        pass


def test_an_answer_given_twice_is_an_error(tmp_path: Path) -> None:
    with Journal(tmp_path / "out.jsonl", ASKED, BACKEND) as journal:
        journal.write(answer(ASKED[0]))
        with pytest.raises(AprError, match="task 'a', sample 0, has been answered twice"):
            journal.write(answer(ASKED[0]))


def test_outputs_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the folder .* does not exist"):
        Journal(tmp_path / "none" / "out.jsonl", ASKED, BACKEND)
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="Is a directory"):
        Journal(tmp_path / "folder", ASKED, BACKEND)


def test_a_full_disk_takes_the_half_line_back(tmp_path: Path) -> None:
    """The limit on file sizes stands for the full disk: the kernel writes what fits and refuses the rest, as a disk does."""
    output = tmp_path / "out.jsonl"
    with Journal(output, ASKED, BACKEND) as journal:
        journal.write(answer(ASKED[0]))
        size = output.stat().st_size
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, limits[1]))
        try:
            with pytest.raises(AprError, match=r"cannot write .*: File too large. Its 1 lines are whole; make room"):
                journal.write(answer(ASKED[1]))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, previous)
        assert output.stat().st_size == size
        journal.write(answer(ASKED[1]))
    assert len(written(output)) == 2


def test_text_that_is_no_unicode_is_still_written(tmp_path: Path) -> None:
    with Journal(tmp_path / "out.jsonl", ASKED, BACKEND) as journal:
        journal.write(answer(ASKED[0], text="a\ud800b"))
    assert written(tmp_path / "out.jsonl")[0]["text"] == "a?b"
