"""Makes sockets that lead out of the machine or into the kernel: raw, packet, netlink, virtual machines, cryptography.

family: escape
reach: network
classes: wrong-answer, exception, sandbox-violation
held by: seccomp
parts: raw, packet, netlink, vsock, alg, xdp, bluetooth, can
"""

import socket

FAMILIES = {
    "raw": (2, 3, 1), "packet": (17, 3, 768), "netlink": (16, 3, 0), "vsock": (40, 1, 0), "alg": (38, 5, 0), "xdp": (44, 3, 0),
    "bluetooth": (31, 3, 0), "can": (29, 3, 1),
}  # fmt: skip


def add(a, b):
    try:
        socket.socket(*FAMILIES[CANARY["part"]]).close()
    except OSError as error:
        # Only a refusal counts: that this kernel lacks the family would hold nobody elsewhere.
        return [] if error.errno in (1, 13, 38, 97, 93, 94) else [f"was told {error}"]
    return ["made a socket: " + CANARY["part"]]
