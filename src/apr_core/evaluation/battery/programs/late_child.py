"""Leaves a child behind that writes a file and connects when the verdict has long been given.

family: escape
reach: processes
classes: wrong-answer, exception, sandbox-violation
held by: pid, seccomp
"""

import ctypes
import os
import socket
import time


def add(a, b):
    try:
        if os.fork():
            return []
    except OSError:
        return []
    ctypes.CDLL(None).prctl(15, CANARY["late"].encode(), 0, 0, 0)  # PR_SET_NAME
    for _ in range(20):
        time.sleep(0.05)
        for folder in CANARY["places"]:
            try:
                open(os.path.join(folder, CANARY["token"] + "-late"), "x").close()
            except OSError:
                continue
        try:
            socket.create_connection(("127.0.0.1", CANARY["tcp"]), 0.1).close()
        except OSError:
            continue
    os._exit(0)
