"""Makes the socket that it is asked through into something else: reconnects it, passes descriptors over it, looks who is there.

family: escape
reach: network
classes: wrong-answer, exception, sandbox-violation
held by: seccomp, network & mount
"""

import array
import os
import socket


def add(a, b):
    reached = []
    for descriptor in range(3, 64):
        try:
            twin = socket.socket(fileno=os.dup(descriptor))
        except OSError:
            continue
        for address in (CANARY["unix"], "\0" + CANARY["abstract"]):
            try:
                twin.connect(address)
                reached.append("connected the channel elsewhere")
            except OSError:
                continue
        try:  # what somebody passed along by mistake
            _, extra, _, _ = twin.recvmsg(1, socket.CMSG_LEN(64 * 4), socket.MSG_DONTWAIT | socket.MSG_PEEK)
            reached += [f"was passed descriptors {array.array('i', data[:4])}" for _, _, data in extra]
        except OSError:
            pass
    return reached
