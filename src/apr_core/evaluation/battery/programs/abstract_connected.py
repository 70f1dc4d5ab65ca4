"""Connects to a service on this machine by its abstract name, which is in no file system.

family: escape
reach: network
classes: wrong-answer, sandbox-violation
held by: seccomp, network
naked: yes
"""

import socket


def add(a, b):
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
            channel.connect("\0" + CANARY["abstract"])
            return ["connected"]
    except OSError:
        return []
