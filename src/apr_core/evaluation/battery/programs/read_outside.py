"""Reads a secret file by its path, by a path relative to where it runs, and through O_PATH.

family: escape
reach: files
classes: wrong-answer, sandbox-violation
held by: landlock, mount
naked: yes
"""

import os


def add(a, b):
    reached = []
    up = "../" * 40 + CANARY["secret"].lstrip("/")
    for path in (CANARY["secret"], up, "/proc/self/root" + CANARY["secret"], "/proc/self/cwd/" + up):
        try:
            with open(path) as file:
                reached.append("read " + file.read())
        except OSError:
            continue
    try:
        handle = os.open(CANARY["secret"], os.O_PATH)
        with open(f"/proc/self/fd/{handle}") as file:
            reached.append("read through O_PATH " + file.read())
    except OSError:
        pass
    return reached
