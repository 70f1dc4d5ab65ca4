"""Answers in the sandbox's own protocol with values that are none: wrong types, wrong sizes, things that break whoever builds them.

family: forging
classes: wrong-answer, exception, sandbox-violation
fools: none, because it is written against this sandbox and no other
parts: int, huge_int, float, bytes, range, endless_range, set, dict, deque, counter, record, fraction, decimal, signalling,
    moment, complex, handle, two_keys, unknown, nothing
wall: 2
"""

import json
import os
import stat
import sys

VALUES = {
    "int": {"int": "zz"},
    "huge_int": {"int": "0x" + "f" * 2_000_000},
    "float": {"float": "x"},
    "bytes": {"bytes": "\u4e00"},
    "range": {"range": [0, 10, 0]},
    "endless_range": {"range": [0, 10**30, 1]},
    "set": {"set": [[1], {"set": [1]}]},
    "dict": {"dict": [[[1], 2], [3]]},
    "deque": {"deque": [[1], -1]},
    "counter": {"Counter": [["a"], ["b"]]},
    "record": {"namedtuple": ["x" * 10**6, ["__class__", "__eq__"], [1, 2]]},
    "fraction": {"Fraction": [1, 0]},
    "decimal": {"Decimal": "one"},
    "signalling": {"Decimal": "sNaN"},
    "moment": {"datetime": [0, 0, 0, 0, 0, 0, 0, 9, 10**9]},
    "complex": {"complex": ["a", None]},
    "handle": {"handle": [-(10**30), {"x": 1}, None]},
    "two_keys": {"int": "0x3", "tuple": [3]},
    "unknown": {"__reduce__": ["os.system", "true"]},
    "nothing": {},
}


def number():
    """What the next answer is numbered: the first object below that counts knows."""
    frame = sys._getframe()
    while frame is not None:
        found = getattr(frame.f_locals.get("self"), "sequence", None)
        if found is not None:
            return found
        frame = frame.f_back
    return 0


def add(a, b):
    for descriptor in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                data = json.dumps([number(), "value", VALUES[CANARY["part"]], None]).encode()
                os.write(descriptor, len(data).to_bytes(4, "big") + data)
        except OSError:
            continue
    return None
