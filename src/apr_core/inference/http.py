"""JSON over HTTP with patience: what may pass is tried again, later each time; what cannot pass is said at once.

Tried again are refused and broken connections, time-outs, replies that are not what was promised, and the statuses in `PASSING`.
The one thing a reader would get wrong: `timeout` is seconds without a byte. A server writes nothing until a completion is
done, so it bounds the time that one completion may take.
"""

from __future__ import annotations

import email.utils
import http.client
import json
import random
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from typing import IO, Any, TypeVar

from apr_core.errors import AprError
from apr_core.inference.plan import stream
from apr_core.inference.reply import Garbage

T = TypeVar("T")

PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""HTTP statuses that may be gone a moment later."""

LONGEST_WAIT = 300.0
"""Seconds. A server that asks for more is not waited for."""

LARGEST_REPLY = 64 * 2**20


class Refused(AprError):  # noqa: N818 - the server refuses; nothing here is in error
    """A server refused a request, and would again."""

    def __init__(self, message: str, status: int, context: bool) -> None:
        self.status, self.context = status, context
        super().__init__(message)


class _Passing(Exception):  # noqa: N818 - a reason to try again, not an error yet
    """A failure that may pass. `wait` is what the server asks for, in seconds."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        self.reason, self.wait = reason, wait
        super().__init__(reason)


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: it would carry the key to another server."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> None:
        return None


class Client:
    """One server. Safe to use from several threads."""

    def __init__(
        self, url: str, *, key: str, timeout: float, retries: int, backoff: float, notes: Callable[[str], None]
    ) -> None:
        self.url, self.key, self.timeout = url, key, timeout
        self.retries, self.backoff, self._notes = retries, backoff, notes
        self.server = ""
        """What the server calls itself."""
        self._stopped = threading.Event()
        self._opener = urllib.request.build_opener(_Stay)

    def stop(self) -> None:
        """Give up what waits to be tried again."""
        self._stopped.set()

    def resume(self) -> None:
        """Requests may be made again."""
        self._stopped = threading.Event()

    def get(self, path: str, *, patient: bool = True) -> tuple[Any, float]:
        """The JSON at a path, and the seconds it took; without `patient` it is asked for once."""
        return self._patiently(path, None, path, lambda data: data, self.retries if patient else 0)

    def post(self, path: str, body: dict[str, Any], task_id: str, read: Callable[[Any], T]) -> tuple[T, float]:
        """What `read` makes of the reply to `body`, and the seconds from sending it to the whole reply.

        Raises:
            Refused: the server refused it for a reason that will not pass.
            AprError: it failed `retries` times more than once.
        """
        return self._patiently(path, body, task_id, read, self.retries)

    def _patiently(
        self, path: str, body: dict[str, Any] | None, what: str, read: Callable[[Any], T], retries: int
    ) -> tuple[T, float]:
        randoms, stopped = stream(0, f"{what} {path}", 0), self._stopped
        for attempt in range(retries + 1):
            try:
                return self._once(path, body, what, read)
            except _Passing as failure:
                wait = max(delay(attempt, self.backoff, randoms), failure.wait)
                if attempt == retries or wait > LONGEST_WAIT:
                    raise self._given_up(what, attempt + 1, failure) from None
                self._notes(f"{what}: {failure.reason}; trying again in {wait:.1f} s ({attempt + 1} of {retries})")
                if stopped.wait(wait):
                    raise self._given_up(what, attempt + 1, failure) from None
        raise AssertionError("the last attempt returns or raises")

    def _given_up(self, what: str, attempts: int, failure: _Passing) -> AprError:
        asked = f", which asks to wait {failure.wait:.0f} s" if failure.wait > LONGEST_WAIT else ""
        return AprError(
            f"{what}: the server at {self.url}{asked} failed {attempts} time{'s' * (attempts != 1)}: "
            f"{failure.reason}. Check that it "
            "runs and that the URL ends as its API does (mostly /v1), and run this again: what is finished is kept."
        )

    def _once(self, path: str, body: dict[str, Any] | None, what: str, read: Callable[[Any], T]) -> tuple[T, float]:
        headers = {"Content-Type": "application/json", "User-Agent": "apr-core"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=headers)
        started = time.perf_counter()
        try:
            with self._opener.open(request, timeout=self.timeout) as response:
                self.server = response.headers.get("Server", "")
                text = response.read(LARGEST_REPLY + 1)
            return read(_parsed(text)), time.perf_counter() - started
        except Garbage as error:
            raise _Passing(f"the reply is not what the API promises: {error}") from None
        except urllib.error.HTTPError as error:
            with error:
                raise self._status(error, what) from None
        except TimeoutError:
            raise _Passing(f"no answer in {self.timeout:g} s") from None
        except (OSError, http.client.HTTPException) as error:  # URLError is an OSError
            reason = getattr(error, "reason", None) or error
            if isinstance(reason, TimeoutError):
                raise _Passing(f"no connection in {self.timeout:g} s") from None
            raise _Passing(f"{reason}" if str(reason) else type(reason).__name__) from None

    def _status(self, error: urllib.error.HTTPError, what: str) -> Exception:
        try:
            text = error.read(LARGEST_REPLY).decode("utf-8", "replace")
        except (OSError, http.client.HTTPException):
            text = ""
        said = _said(text)
        if error.code in PASSING:
            return _Passing(
                f"status {error.code}{': ' if said else ''}{said}", retry_after(error.headers.get("Retry-After"))
            )
        advice = {
            401: "Set the key in the environment variable APR_API_KEY.", 403: "Check the key in APR_API_KEY.",
            404: "Check the URL, which mostly ends in /v1, and the name of the model.",
        }.get(error.code, "Ask for what it accepts.")  # fmt: skip
        if 300 <= error.code < 400:
            said, advice = (
                f"it redirects to {error.headers.get('Location')}",
                "Give that URL if you trust it; none is followed.",
            )
        return Refused(
            f"{what}: the server at {self.url} refuses the request with status {error.code}: "
            f"{said or 'no reason given'}. {advice} "
            "What is finished is kept.",
            error.code,
            _is_context(error.code, text),
        )


def delay(attempt: int, backoff: float, randoms: random.Random) -> float:
    """Seconds to wait after attempt 0, 1, 2, …: `backoff`, doubled each time up to 60 s, times a random share from a half to 1.

    The share keeps many that failed together from coming back together.
    """
    return float(min(60.0, backoff * 2**attempt) * (0.5 + 0.5 * randoms.random()))


def retry_after(value: str | None) -> float:
    """Seconds that a Retry-After header asks for, as a number or a date; 0 when it asks for nothing that can be read."""
    if value is None:
        return 0.0
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        when = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    aware = when if when.tzinfo is not None else when.replace(tzinfo=UTC)  # a date without a zone is meant in UTC
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())


def _parsed(text: bytes) -> Any:
    if len(text) > LARGEST_REPLY:
        raise Garbage(f"it has more than {LARGEST_REPLY:,} bytes")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Garbage(f"it is no JSON: {text[:60]!r}") from None


def _said(text: str) -> str:
    """What an error reply says, in a line."""
    try:
        data = json.loads(text)
        inner = data.get("error", data) if isinstance(data, dict) else data
        said = inner.get("message", inner.get("detail", inner)) if isinstance(inner, dict) else inner
    except (ValueError, RecursionError):
        said = text
    return " ".join(str(said).split())[:300].rstrip(".")


def _is_context(status: int, text: str) -> bool:
    """Whether a prompt was refused for its length. Servers have no common code for it."""
    words = (
        "context_length_exceeded",
        "maximum context length",
        "exceed_context_size",
        "exceeds the available context",
    )
    return status in (400, 413) and any(word in text for word in words)
