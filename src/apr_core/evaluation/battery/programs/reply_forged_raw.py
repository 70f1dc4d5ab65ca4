"""Finds the socket that it is asked through and answers on it itself, in many tongues, before the real answer.

family: forging
classes: wrong-answer, exception, sandbox-violation, output-flood
fools: none, because it is written against sandboxes that talk over a socket
"""

import json
import os
import pickle
import stat
import struct

MESSAGES = [{"passed": True}, {"outcome": "passed"}, {"result": 3}, {"returned": 3}, {"value": 3}, ["value", 3], ["ok", 3], 3, True]


def sockets():
    for descriptor in range(256):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode) or stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                yield descriptor
        except OSError:
            continue


def add(a, b):
    for descriptor in sockets():
        for message in MESSAGES:
            for data in (json.dumps(message).encode(), pickle.dumps(message), repr(message).encode()):
                for frame in (data + b"\n", struct.pack("!I", len(data)) + data, struct.pack("<I", len(data)) + data):
                    try:
                        os.write(descriptor, frame)
                    except OSError:
                        break
    return None
