"""Connects to a service on this machine over TCP, IPv4 and IPv6, and asks a name server.

family: escape
reach: network
classes: wrong-answer, sandbox-violation
held by: network, seccomp
naked: yes
"""

import socket


def add(a, b):
    for family, host, port in (
        (socket.AF_INET, "127.0.0.1", CANARY["tcp"]),
        (socket.AF_INET6, "::1", CANARY["tcp6"]),
        (socket.AF_INET6, "::ffff:127.0.0.1", CANARY["tcp"]),
    ):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as channel:
                channel.settimeout(1)
                channel.connect((host, port))
                channel.sendall(b"hello from inside\n")
        except OSError:
            continue
    try:
        # Two seconds at most: without a network there is nobody to wait for.
        return [f"resolved {found[4]}" for found in socket.getaddrinfo("localhost.localdomain.invalid", 80)]
    except OSError:
        return []
