"""Sends datagrams to a service on this machine, and to everybody.

family: escape
reach: network
classes: wrong-answer, sandbox-violation
held by: network, seccomp
naked: yes
"""

import socket


def add(a, b):
    for address in ("127.0.0.1", "255.255.255.255", "224.0.0.1"):
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
                channel.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                channel.sendto(CANARY["token"].encode(), (address, CANARY["udp"]))
        except OSError:
            continue
    return []
