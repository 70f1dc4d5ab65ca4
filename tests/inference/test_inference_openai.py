"""The openai backend: on `transformers serve` with a tiny model, and on a server that misbehaves on purpose."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from inference_server import Faulty, completion, reply

from apr_core.errors import AprError, UsageError
from apr_core.inference import Message, Request, open_backend
from apr_core.inference.http import delay, retry_after
from apr_core.inference.plan import stream
from apr_core.inference.reply import Garbage, finish, read_reply

ASKED = [Request(f"prompt {number}", f"t{number}", max_tokens=5) for number in range(6)]


def connect(url: str, notes: list[str] | None = None, **options: Any) -> Any:
    options = {"backoff": 0.01, "retries": 3, "timeout": 30.0} | options
    return open_backend(url, notes=(notes if notes is not None else []).append, **options)


# --- a real server


def test_a_real_server_writes_what_the_checkpoint_writes_here(server: str, opened: Any, endless: Any) -> None:
    asked = [
        Request("def fib(n):", "text", max_tokens=16),
        Request("for index in", "other", max_tokens=9),
        Request((Message("user", "hi"),), "chat", max_tokens=12),
    ]
    here = {one.task_id: one for one in opened.generate(asked)}
    with connect(server, model=str(endless), timeout=60.0, concurrency=2) as backend:
        there = {one.task_id: one for one in backend.generate(asked)}
        facts = backend.describe()
    assert set(there) == set(here)
    for task, one in there.items():
        # Of a chat this server strips the spaces around; of a text nothing.
        assert one.text == (here[task].text.strip() if task == "chat" else here[task].text)
        assert (one.tokens_generated, one.stop_reason) == (here[task].tokens_generated, "length")
        assert one.backend == facts["backend"] == f"openai/{server.split('/')[2]}"
        assert one.inference_ms > 0
    assert (facts["digest"], facts["device"], facts["precision"]) == (None, None, None), "a server does not say"
    assert facts["versions"]["server"] == "uvicorn"


def test_a_real_server_that_lists_no_model_needs_a_name(server: str) -> None:
    with pytest.raises(UsageError, match=r"lists no model. Say which one to ask: `--model NAME`"):
        connect(server)


def test_what_a_real_server_refuses_is_quoted(server: str, endless: Any) -> None:
    with (
        connect(server, model=str(endless)) as backend,
        pytest.raises(
            AprError, match=r"refuses the request with status 422: Unexpected fields in the request: {'top_k'}"
        ),
    ):
        list(backend.generate([Request("def", "t", max_tokens=2, temperature=1.0, top_k=3)]))


# --- what is sent


def test_a_request_says_what_was_asked_and_leaves_the_rest_to_the_server(faulty: Faulty) -> None:
    faulty.script = lambda number, body: completion("ok", chat="messages" in body)
    with connect(faulty.url + "/") as backend:
        list(backend.generate([Request("p", "a", 1, 7, ("\n", "x"), 0.5, 0.9, 4, 3)]))
        list(backend.generate([Request((Message("user", "hi"),), "b")]))
    plain, chat = faulty.bodies
    seed = plain.pop("seed")
    assert plain == {
        "model": "tiny", "prompt": "p", "max_tokens": 7, "stop": ["\n", "x"], "temperature": 0.5, "top_p": 0.9, "top_k": 4,
    }  # fmt: skip
    assert set(chat) == {"model", "messages", "max_tokens", "temperature", "seed"}
    assert chat["messages"] == [{"role": "user", "content": "hi"}]
    assert faulty.paths == ["/v1/completions", "/v1/chat/completions"]
    assert 0 <= seed < 2**31


def test_samples_of_a_prompt_are_sent_different_seeds(faulty: Faulty) -> None:
    with connect(faulty.url) as backend:
        list(backend.generate([Request("p", "a", sample, seed=5) for sample in range(8)]))
    assert len({body["seed"] for body in faulty.bodies}) == 8


def test_the_key_goes_to_the_server_that_is_named_and_is_not_redirected(
    faulty: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APR_API_KEY", "secret")
    with Faulty() as other, connect(faulty.url) as backend:
        list(backend.generate(ASKED[:1]))
        assert faulty.headers[0]["Authorization"] == "Bearer secret"
        faulty.script = lambda number, body: reply(302, {}, Location=other.url + "/completions")
        with pytest.raises(AprError, match=r"status 302: it redirects to .* none is followed"):
            list(backend.generate(ASKED[:1]))
        assert other.bodies == []


# --- what comes back


def test_every_request_is_answered_once_whatever_the_order(faulty: Faulty) -> None:
    """The first request is answered after the others have come."""
    barrier = threading.Event()

    def script(number: int, body: dict[str, Any]) -> Any:
        if body["prompt"] == "prompt 0":
            assert barrier.wait(30)
        if body["prompt"] == "prompt 5":
            barrier.set()
        return completion(body["prompt"].upper())

    faulty.script = script
    with connect(faulty.url, concurrency=3) as backend:
        found = list(backend.generate(ASKED))
    assert sorted(one.task_id for one in found) == [request.task_id for request in ASKED]
    assert all(one.text == f"PROMPT {one.task_id[1:]}" for one in found)
    assert "t0" in [one.task_id for one in found[-3:]], "it was overtaken"
    assert 2 <= faulty.at_once <= 3


def test_concurrency_is_used_and_bounded(faulty: Faulty) -> None:
    everyone = threading.Barrier(3, timeout=30)

    def script(number: int, body: dict[str, Any]) -> Any:
        everyone.wait()
        return completion("ok")

    faulty.script = script
    with connect(faulty.url, concurrency=3) as backend:
        assert len(list(backend.generate(ASKED))) == 6
    assert faulty.at_once == 3


def test_requests_are_taken_as_they_are_needed(faulty: Faulty) -> None:
    taken = []

    def endless() -> Any:
        for number in range(10**9):
            taken.append(number)
            yield Request("p", f"t{number}")

    with connect(faulty.url, concurrency=2) as backend:
        answers = backend.generate(endless())
        assert [next(answers).text for _ in range(5)] == ["ok"] * 5
        answers.close()
    assert len(taken) <= 5 + 2


PASSING = {
    "429": reply(429, {"error": {"message": "slow down"}}),
    "500": reply(500, {"error": "boom"}),
    "503 that is no JSON": (503, {}, b"<html>busy</html>"),
    "closed connection": None,
    "no JSON": (200, {}, b"<html>proxy</html>"),
    "cut off": (200, {"Content-Length": "999"}, b'{"choices": ['),
    "no choices": reply(200, {"choices": []}),
    "text that is none": reply(
        200, {"choices": [{"text": 3, "finish_reason": "stop"}], "usage": {"completion_tokens": 1}}
    ),
    "no finish reason": reply(200, {"choices": [{"text": "x"}], "usage": {"completion_tokens": 1}}),
    "no count": reply(200, {"choices": [{"text": "x", "finish_reason": "stop"}]}),
    "a list": reply(200, []),
}


@pytest.mark.parametrize("failure", PASSING)
def test_what_may_pass_is_tried_again_and_said(failure: str, faulty: Faulty) -> None:
    faulty.script = lambda number, body: PASSING[failure] if number < 2 else completion("at last")
    notes: list[str] = []
    with connect(faulty.url, notes) as backend:
        (one,) = backend.generate(ASKED[:1])
    assert one.text == "at last"
    assert len(faulty.bodies) == 3
    assert [note.rpartition("(")[2] for note in notes] == ["1 of 3)", "2 of 3)"]
    assert all(note.startswith("t0: ") and "trying again in" in note for note in notes)


@pytest.mark.parametrize("failure", ["500", "closed connection", "no JSON"])
def test_what_does_not_pass_is_given_up_in_words_and_loses_nothing(failure: str, faulty: Faulty) -> None:
    faulty.script = lambda number, body: PASSING[failure] if body["prompt"] == "prompt 3" else completion("ok")
    found = []
    with connect(faulty.url, retries=1, concurrency=2) as backend:
        with pytest.raises(
            AprError, match=r"t3: the server at .* failed 2 times: .* what is finished is kept"
        ) as failed:
            for one in backend.generate(ASKED):
                found.append(one.task_id)
        assert {"t0", "t1", "t2"} <= set(found) <= {"t0", "t1", "t2", "t4", "t5"}
        assert "\n" not in str(failed.value)
        faulty.script = lambda number, body: completion("ok")
        missing = [request for request in ASKED if request.task_id not in found]
        assert len(list(backend.generate(missing))) == len(missing), "the backend goes on afterwards"


def test_a_silent_server_times_out(faulty: Faulty) -> None:
    def script(number: int, body: dict[str, Any]) -> Any:
        if number == 0:
            faulty.release.wait(60)
        return completion("ok")

    faulty.script = script
    notes: list[str] = []
    with connect(faulty.url, notes, timeout=0.3) as backend:
        (one,) = backend.generate(ASKED[:1])
    assert one.text == "ok"
    assert "no answer in 0.3 s; trying again" in notes[0]


def test_a_server_that_is_down_is_named(faulty: Faulty) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        with pytest.raises(AprError, match=rf"the server at {url} failed 4 times: .*refused.*Check that it runs"):
            connect(url)
        with connect(url, model="named") as backend, pytest.raises(AprError, match=r"t\d: .*refused"):
            list(backend.generate(ASKED))


def test_retry_after_is_honoured(faulty: Faulty) -> None:
    faulty.script = lambda number, body: completion("ok") if number else reply(429, {}, Retry_After="0.4")
    with connect(faulty.url) as backend:
        list(backend.generate(ASKED[:1]))
    assert faulty.arrived[1] - faulty.arrived[0] >= 0.4


def test_a_server_that_asks_for_an_hour_is_not_waited_for(faulty: Faulty) -> None:
    faulty.script = lambda number, body: reply(429, {"error": {"message": "quota"}}, Retry_After="3600")
    with (
        connect(faulty.url) as backend,
        pytest.raises(AprError, match=r"asks to wait 3600 s failed 1 time: status 429: quota"),
    ):
        list(backend.generate(ASKED[:1]))


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_is_not_tried_again(status: int, faulty: Faulty) -> None:
    faulty.script = lambda number, body: reply(status, {"error": {"message": "no\nsuch thing."}})
    with (
        connect(faulty.url, concurrency=1) as backend,
        pytest.raises(AprError, match=rf"t0: .* refuses the request with status {status}: no such thing\. "),
    ):
        list(backend.generate(ASKED))
    assert len(faulty.bodies) == 1


def test_a_prompt_that_does_not_fit_the_server_is_an_empty_completion_that_says_so(faulty: Faulty) -> None:
    faulty.script = lambda number, body: reply(400, {"message": "This model's maximum context length is 512 tokens"})
    with connect(faulty.url) as backend:
        (one,) = backend.generate(ASKED[:1])
    assert (one.text, one.tokens_generated, one.stop_reason) == ("", 0, "context")


def test_an_interrupt_does_not_wait_for_the_server(faulty: Faulty) -> None:
    def script(number: int, body: dict[str, Any]) -> Any:
        if number:
            faulty.release.wait(60)
        return completion("ok")

    faulty.script = script
    with connect(faulty.url, concurrency=2) as backend:
        answers = backend.generate(ASKED)
        assert next(answers).text == "ok"
        with pytest.raises(KeyboardInterrupt):
            answers.throw(KeyboardInterrupt)


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        (reply(200, {"data": [{"id": "a"}, {"id": "b"}]}), r"has 2 models \(a, b\)"),
        (reply(200, {"data": []}), "lists no model"),
        (reply(200, "what"), "lists no model"),
        (reply(404, {}), "lists no model"),
    ],
)
def test_which_model_must_be_clear(listed: Any, message: str, faulty: Faulty) -> None:
    faulty.models = listed
    with pytest.raises(UsageError, match=message):
        connect(faulty.url)
    with connect(faulty.url, model="b") as backend:
        list(backend.generate(ASKED[:1]))
    assert faulty.bodies[0]["model"] == "b"


def test_the_context_length_is_read_where_a_server_says_it(faulty: Faulty) -> None:
    with connect(faulty.url) as backend:
        assert backend.describe()["context_length"] == 512


# --- reading a reply


def data(**choice: Any) -> dict[str, Any]:
    return {"choices": [{"text": "ab", "finish_reason": "stop"} | choice], "usage": {"completion_tokens": 5}}


@pytest.mark.parametrize(
    ("reason", "tokens", "ours"),
    [
        ("stop", 3, "stop"),
        ("length", 10, "length"),
        ("length", 9, "capped"),
        ("length", 11, "length"),
        ("content_filter", 0, "filter"),
    ],
)
def test_a_cap_of_the_server_is_not_taken_for_the_one_asked_for(reason: str, tokens: int, ours: str) -> None:
    assert finish(reason, tokens, 10) == ours


def test_a_reason_that_the_api_does_not_have_is_garbage() -> None:
    with pytest.raises(Garbage, match="its finish_reason is 'tool_calls'"):
        finish("tool_calls", 1, 10)


def test_a_stop_string_that_the_server_left_in_is_cut() -> None:
    read = read_reply(data(text="ab\ncd", finish_reason="length"), Request("p", "t", max_tokens=5, stop=("\n",)))
    assert (read.text, read.stop_reason) == ("ab", "stop")


def test_half_a_surrogate_becomes_text() -> None:
    assert read_reply(data(text="a\ud800"), Request("p", "t")).text == "a?"


@pytest.mark.parametrize(
    ("logprobs", "total"),
    [
        ({"token_logprobs": [-1.0, -0.5]}, -1.5),
        ({"content": [{"logprob": -2.0}, {"logprob": -1.0}]}, -3.0),
        ({"token_logprobs": [None, -0.5]}, None),
        ({"content": ["x"]}, None),
        (None, None),
    ],
)
def test_log_probabilities_are_summed_in_both_forms(logprobs: Any, total: float | None) -> None:
    assert read_reply(data(logprobs=logprobs), Request("p", "t")).logprob == total


def test_log_probabilities_are_asked_for_on_request(faulty: Faulty) -> None:
    faulty.script = lambda number, body: completion(
        "ok", logprobs={"token_logprobs": [-1.0]} if "logprobs" in body else None
    )
    with connect(faulty.url, logprobs=True) as backend:
        assert next(backend.generate(ASKED[:1])).logprob == -1.0
    assert faulty.bodies[0]["logprobs"] == 0
    with connect(faulty.url) as backend:
        assert next(backend.generate(ASKED[:1])).logprob is None


def test_waits_double_are_bounded_and_are_the_same_for_the_same_stream() -> None:
    waits = [delay(attempt, 0.5, stream(0, "t", 0)) for attempt in range(12)]
    share = waits[0] / 0.5
    assert 0.5 <= share <= 1
    assert waits == pytest.approx([min(60.0, 0.5 * 2**attempt) * share for attempt in range(12)])


def test_retry_after_is_a_number_or_a_date() -> None:
    assert retry_after("7") == 7
    assert retry_after("-1") == 0
    assert retry_after(None) == retry_after("soon") == 0
    later = datetime.now(UTC) + timedelta(seconds=100)
    assert 95 < retry_after(format_datetime(later, usegmt=True)) <= 100
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
