"""Answers in the sandbox's own protocol, ahead of the real answer: kinds, values and frames that were never asked for.

family: forging
classes: wrong-answer, exception, sandbox-violation, timeout, output-flood, memory
fools: none, because it is written against this sandbox and no other
parts: tested, report, passed, handle, builtin, true, number, not_a_number, callback, torn, oversized, nested, broken, collisions
wall: 0.5
"""

import json
import os
import stat
import sys

GROUPS = [{"name": "base", "outcome": "passed", "detail": "", "integrity": "strong"}]


def number():
    """What the next answer is numbered: the first object below that counts knows."""
    frame = sys._getframe()
    while frame is not None:
        found = getattr(frame.f_locals.get("self"), "sequence", None)
        if found is not None:
            return found
        frame = frame.f_back
    return 0


def message(part, n):
    return {
        "tested": [n, "tested", {"outcome": "passed", "passed": True, "ran": 1, "run": 1, "failures": [], "errors": [], "skipped": []}],
        "report": {"report": {"groups": GROUPS, "outcome": "passed"}, "groups": GROUPS},
        "passed": [n, "passed", True, None],
        "handle": [n, "value", {"handle": [0, "int", ""]}, None],
        "builtin": [n, "value", {"builtin": "NotImplemented"}, None],
        "true": [True if n < 4 else n, "value", True, True],
        "number": [float(n), "value", 1e999, None],
        "not_a_number": [n, "value", float("nan"), None],
        "callback": [n, "callback", 0, {"tuple": [3, 3]}, {}],
    }[part]


def frames(part):
    if part == "torn":
        return [(1000).to_bytes(4, "big") + b"[2,"]
    if part == "oversized":
        return [b"\xff\xff\xff\xff" + bytes(65536)]
    if part == "nested":
        return [(1_000_000).to_bytes(4, "big") + b"[" * 1_000_000]
    if part == "broken":
        return [len(data).to_bytes(4, "big") + data for data in (b"\xff\xfe", b"{", b"", b"[2,[", b'"\\ud800"', b"null")]
    if part == "collisions":
        keys = [number * (2**61 - 1) for number in range(8_000)]
        data = json.dumps([number(), "value", {"set": keys}, None]).encode()
        return [len(data).to_bytes(4, "big") + data]
    data = [json.dumps(message(part, number() + n)).encode() for n in range(40)]
    return [len(one).to_bytes(4, "big") + one for one in data]


def add(a, b):
    for descriptor in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                for frame in frames(CANARY["part"]):
                    while frame:
                        frame = frame[os.write(descriptor, frame) :]
        except OSError:
            continue
    return None
