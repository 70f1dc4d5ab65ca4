"""Sends one answer many times, so that later questions find an answer waiting that was never given to them.

family: forging
classes: wrong-answer, exception, sandbox-violation
fools: none, because it is written against this sandbox and no other
"""

import os
import socket
import sys


def add(a, b):
    # Whatever this process sends as the first answer is sent thirty times.
    for kind, names in ((os, ("write",)), (socket.socket, ("send", "sendall"))):
        for name in names:
            real = getattr(kind, name)
            setattr(kind, name, lambda *args, real=real: [real(*args) for _ in range(30)][0])
    for module in list(sys.modules.values()):
        for name in ("send", "write_frame", "send_message", "reply"):
            thing = getattr(module, name, None)
            if callable(thing) and getattr(module, "__name__", "").startswith("apr_core"):
                setattr(module, name, lambda *args, real=thing, **more: [real(*args, **more) for _ in range(30)][0])
    return 0
