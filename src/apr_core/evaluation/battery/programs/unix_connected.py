"""Connects to a service on this machine by its path in the file system.

family: escape
reach: network
classes: wrong-answer, sandbox-violation
held by: seccomp, mount
naked: yes
"""

import socket


def add(a, b):
    reached = []
    for path in (CANARY["unix"], "../" * 40 + CANARY["unix"].lstrip("/"), "/run/docker.sock", "/var/run/dbus/system_bus_socket"):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
            try:
                with socket.socket(socket.AF_UNIX, kind) as channel:
                    channel.connect(path)
                    reached.append("connected to " + path)
            except OSError:
                continue
    return reached
