"""Real servers for the tests: `transformers serve` over a tiny checkpoint, and one that misbehaves on purpose.

Both listen on a loopback port that the system chooses. The misbehaving one is no model: it proves what the client does with
statuses, silence and garbage. What a model answers over HTTP is tested on `transformers serve`.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

READY_WITHIN = 180.0
"""Seconds that `transformers serve` may take to import everything on a busy machine."""

Reply = tuple[int, dict[str, str], bytes] | None
"""Status, headers and body; None closes the connection without a word."""


@contextmanager
def serve_transformers(checkpoint: Path, home: Path) -> Iterator[str]:
    """Runs `transformers serve` until the end of the block; gives the URL of its API."""
    port = _free_port()
    (home / "hub").mkdir()
    environment = os.environ | {
        "HF_HOME": str(home),
        "HF_HUB_OFFLINE": "1",
        "PYTHONDEVMODE": "0",
        "OMP_NUM_THREADS": "1",
    }
    command = [Path(sys.executable).with_name("transformers"), "serve", checkpoint, "--host", "127.0.0.1"]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [*map(str, command), "--port", str(port), "--device", "cpu"],
            env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        _wait_until_ready(process, f"http://127.0.0.1:{port}/health", home / "log")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=30)


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            pass
        try:
            process.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    raise AssertionError(f"`transformers serve` is not ready: {log.read_text(encoding='utf-8')[-3000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Faulty:
    """A server whose `script` decides each answer from the number of the request (from 0) and its body.

    Requests for the list of models are answered with one model, `tiny`, unless `models` is set.
    """

    def __init__(self) -> None:
        self.script: Callable[[int, dict[str, Any]], Reply] = lambda number, body: completion("ok")
        self.models: Reply = reply(200, {"data": [{"id": "tiny", "max_model_len": 512}]})
        self.bodies: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.arrived: list[float] = []
        self.at_once = 0
        """The most requests that were under way together."""
        self.release = threading.Event()
        """Answers that a script holds back wait for this."""
        self._under_way = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where the API is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        faulty = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._send(faulty.models)

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with faulty._lock:
                    number = len(faulty.bodies)
                    faulty.bodies.append(body)
                    faulty.paths.append(self.path)
                    faulty.headers.append(dict(self.headers))
                    faulty.arrived.append(time.monotonic())
                    faulty._under_way += 1
                    faulty.at_once = max(faulty.at_once, faulty._under_way)
                try:
                    answer = faulty.script(number, body)
                finally:
                    with faulty._lock:
                        faulty._under_way -= 1
                self._send(answer)

            def _send(self, answer: Reply) -> None:
                if answer is None:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                status, headers, body = answer
                try:
                    self.send_response(status)
                    for name, value in ({"Content-Length": str(len(body))} | headers).items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:  # the client has gone, as a test may want
                    self.close_connection = True

            def log_message(self, *words: Any) -> None:
                """Says nothing on stderr."""

        return Handler


def reply(status: int, data: Any, **headers: str) -> Reply:
    """A JSON answer; `Retry_After` becomes the header `Retry-After`."""
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, json.dumps(data).encode()


def completion(text: str, *, finish: str = "stop", tokens: int = 3, chat: bool = False, **more: Any) -> Reply:
    """What the API promises."""
    choice = {"message": {"role": "assistant", "content": text}} if chat else {"text": text}
    return reply(200, {"choices": [choice | {"finish_reason": finish} | more], "usage": {"completion_tokens": tokens}})
