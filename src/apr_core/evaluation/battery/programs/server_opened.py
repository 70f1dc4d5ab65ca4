"""Listens on this machine's addresses, for whoever calls from outside.

family: escape
reach: network
classes: wrong-answer, sandbox-violation
held by: seccomp
naked: yes
"""

import socket


def add(a, b):
    reached = []
    for family, address in (
        (socket.AF_INET, ("0.0.0.0", 0)),
        (socket.AF_INET6, ("::", 0)),
        (socket.AF_UNIX, "\0" + CANARY["token"]),
        (socket.AF_UNIX, "here"),
    ):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as server:
                server.bind(address)
                server.listen()
                reached.append(f"listens at {address}")
        except OSError:
            continue
    return reached
