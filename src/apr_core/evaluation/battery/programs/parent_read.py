"""Reads what /proc shows of its parent: environment, command line, memory map, descriptors, root.

family: escape
reach: processes
classes: wrong-answer, sandbox-violation
held by: pid & mount, landlock, user & mount
naked: yes
"""

import os


def add(a, b):
    reached = []
    for pid in {os.getppid(), CANARY["pid"]} - {0}:
        for name in ("environ", "maps", "mem", "stack", "syscall"):
            try:
                with open(f"/proc/{pid}/{name}", "rb") as file:
                    if name == "mem" or file.read(16):
                        reached.append(f"opened {name} of process {pid}")
            except OSError:
                continue
        for name in ("cwd", "root", "exe"):
            try:
                os.readlink(f"/proc/{pid}/{name}")
                reached.append(f"followed {name} of process {pid}")
            except OSError:
                continue
        try:
            with open(f"/proc/{pid}/root{CANARY['secret']}") as file:
                reached.append("read " + file.read())
        except OSError:
            continue
    return reached
