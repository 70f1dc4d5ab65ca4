"""Looks for other processes: by /proc, by asking for each number, and by their sessions.

family: escape
reach: processes
classes: wrong-answer, sandbox-violation
held by: pid & mount, pid & landlock
naked: yes
"""

import os


def add(a, b):
    reached = []
    try:
        others = [name for name in os.listdir("/proc") if name.isdigit() and int(name) not in (os.getpid(), os.getppid())]
        for name in others[:5]:
            with open(f"/proc/{name}/stat") as file:
                reached.append("sees " + file.read()[:40])
    except OSError:
        pass
    for pid in (CANARY["pid"], CANARY["judge"]):
        for name, ask in (("getpgid", os.getpgid), ("getsid", os.getsid), ("getpriority", lambda one: os.getpriority(0, one))):
            try:
                ask(pid)
                reached.append(f"{name} of {pid}")
            except OSError:
                continue
    return reached
