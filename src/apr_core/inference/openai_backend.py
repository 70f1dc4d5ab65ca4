"""The backend `openai`: any server that speaks the OpenAI API, such as vLLM, SGLang, lmdeploy, llama.cpp or transformers.

Text prompts go to `/completions`, messages to `/chat/completions`, one request per completion, several at a time. The one
thing a reader would get wrong: a server is sent another seed for every sample. With one seed for all, the samples of a prompt
would be equal, and pass@k would be pass@1.
"""

from __future__ import annotations

import os
import platform
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self
from urllib.parse import urlsplit

from apr_core.errors import AprError, UsageError
from apr_core.inference.http import Client, Refused
from apr_core.inference.plan import request_seed
from apr_core.inference.reply import read_reply
from apr_core.inference.request import Completion, Request

KEY = "APR_API_KEY"
"""The environment variable whose value is sent as bearer token, to the one server that is named and nowhere else."""


class OpenAIBackend:
    """A server that answers. `open_backend` makes it."""

    def __init__(self, url: str, *, model: str | None, concurrency: int, logprobs: bool, client: Client) -> None:
        if concurrency < 1:
            raise UsageError(f"the concurrency is {concurrency}; it must be at least 1.")
        self.url, self.concurrency, self.logprobs, self._client = url, concurrency, logprobs, client
        listed = self._models(patient=model is None)
        self.model = model or _only(listed, url)
        self.name = f"openai/{urlsplit(url).netloc.rpartition('@')[2]}"
        self.context_length = next(
            (entry.get("max_model_len") for entry in listed if entry.get("id") == self.model), None
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop retrying."""
        self._client.stop()

    def describe(self) -> dict[str, Any]:
        """Facts for the record. A server does not say its precision, its device, or what its weights are."""
        return {
            "backend": self.name, "model": self.model, "digest": None, "precision": None, "device": None,
            "context_length": self.context_length, "parameters": None,
            "versions": {"python": platform.python_version(), **({"server": self._client.server} if self._client.server else {})},
        }  # fmt: skip

    def generate(self, requests: Iterable[Request]) -> Iterator[Completion]:
        """One completion per request, as they arrive; at most `concurrency` are under way.

        Raises:
            AprError: the server stays down, or refuses a request; what was under way is waited for and yielded first.
        """
        done: queue.SimpleQueue[Completion | Exception] = queue.SimpleQueue()
        waiting, running, failure = iter(requests), 0, None
        try:
            while True:
                while failure is None and running < self.concurrency and (request := next(waiting, None)) is not None:
                    # Daemon threads: an interrupt must not wait for a server that takes minutes.
                    threading.Thread(target=self._answer, args=(request, done), daemon=True).start()
                    running += 1
                if not running:
                    break
                answer = done.get()
                running -= 1
                if isinstance(answer, Completion):
                    yield answer
                elif failure is None:
                    failure = answer
                    self._client.stop()  # what others are waiting to try again would fail in the same way
        finally:
            self._client.stop()
            self._client.resume()
        if failure is not None:
            raise failure

    def _answer(self, request: Request, done: queue.SimpleQueue[Completion | Exception]) -> None:
        try:
            done.put(self.complete(request))
        except Exception as error:  # goes to the thread that asked
            done.put(error)

    def complete(self, request: Request) -> Completion:
        """One completion."""
        path, body = payload(request, self.model, self.logprobs)
        try:
            reply, seconds = self._client.post(path, body, request.task_id, lambda data: read_reply(data, request))
        except Refused as error:
            if error.context:
                return Completion(request.task_id, request.sample, "", 0, 0.0, 0.0, self.name, "context")
            raise
        count = reply.tokens
        return Completion(
            task_id=request.task_id, sample=request.sample, text=reply.text, tokens_generated=count,
            tok_per_sec=round(count / seconds, 3) if seconds else 0.0, inference_ms=round(1000 * seconds, 3),
            backend=self.name, stop_reason=reply.stop_reason, logprob=reply.logprob,
        )  # fmt: skip

    def _models(self, patient: bool) -> list[dict[str, Any]]:
        """What the server says it has. Some servers have no list; where the model is named nothing depends on it."""
        try:
            listed, _ = self._client.get("/models", patient=patient)
        except AprError as error:
            if not patient or (isinstance(error, Refused) and error.status in (404, 405, 501)):
                return []
            raise
        data = listed.get("data") if isinstance(listed, dict) else None
        return [entry for entry in data if isinstance(entry, dict)] if isinstance(data, list) else []


def payload(request: Request, model: str, logprobs: bool) -> tuple[str, dict[str, Any]]:
    """The path of the API, and the JSON body of a request. What was not asked for is left to the server."""
    body: dict[str, Any] = {
        "model": model, "max_tokens": request.max_tokens, "temperature": request.temperature,
        "seed": request_seed(request.seed, request.task_id, request.sample),
    }  # fmt: skip
    body |= {name: value for name in ("top_p", "top_k") if (value := getattr(request, name)) is not None}
    if request.stop:
        body["stop"] = list(request.stop)
    if isinstance(request.prompt, str):
        return "/completions", body | {"prompt": request.prompt} | ({"logprobs": 0} if logprobs else {})
    turns = [{"role": message.role, "content": message.content} for message in request.prompt]
    return "/chat/completions", body | {"messages": turns} | ({"logprobs": True} if logprobs else {})


def _only(listed: list[dict[str, Any]], url: str) -> str:
    names = [str(entry.get("id")) for entry in listed]
    if len(names) == 1:
        return names[0]
    offer = (
        f"has {len(names)} models ({', '.join(names[:5])}{', …' if len(names) > 5 else ''})"
        if names
        else "lists no model"
    )
    raise UsageError(f"the server at {url} {offer}. Say which one to ask: `--model NAME`.")


def open_here(
    where: str, *, notes: Callable[[str], None], model: str | None, concurrency: int, timeout: float, retries: int,
    backoff: float, logprobs: bool,
) -> OpenAIBackend:  # fmt: skip
    """Reach the server at `where`."""
    client = Client(
        where.rstrip("/"), key=os.environ.get(KEY, ""), timeout=timeout, retries=retries, backoff=backoff, notes=notes
    )
    return OpenAIBackend(where, model=model, concurrency=concurrency, logprobs=logprobs, client=client)
