"""Messages between the parent and its zygotes, and between the parent and a checker.

The one thing a reader would get wrong: a program never sees any of these. What it says comes over another socket, to the checker.
"""

from __future__ import annotations

import socket

PACKET = 1 << 16
"""The longest packet that a zygote is sent or sends; jobs and reports go another way."""


def send(stream: socket.socket, data: bytes) -> None:
    """A message with its length in front, eight bytes, little-endian."""
    stream.sendall(len(data).to_bytes(8, "little"))
    stream.sendall(data)


def receive(stream: socket.socket, most: int = 1 << 40) -> bytes:
    """A message as `send` writes it.

    Raises:
        EOFError: the other side ended first.
        ValueError: it is longer than `most`.
    """
    length = int.from_bytes(_exactly(stream, 8), "little")
    if length > most:
        raise ValueError(f"a message of {length:,} bytes; at most {most:,} are read")
    return bytes(_exactly(stream, length))


def _exactly(stream: socket.socket, count: int) -> bytearray:
    data = bytearray()
    while len(data) < count:
        part = stream.recv(min(count - len(data), 1 << 20))
        if not part:
            raise EOFError(f"the other side ended after {len(data)} of {count} bytes")
        data += part
    return data
