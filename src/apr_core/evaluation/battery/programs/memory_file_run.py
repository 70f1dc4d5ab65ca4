"""Writes a program into memory and runs it from there, where no path can be checked.

family: escape
reach: kernel
classes: wrong-answer, exception, sandbox-violation
held by: seccomp, landlock
"""

import os


def add(a, b):
    reached = []
    try:
        handle = os.memfd_create("program", 0)
        os.write(handle, b"#!/bin/sh\necho here > " + (CANARY["drop"] + "/" + CANARY["token"] + "-memory").encode())
    except OSError:
        return reached
    try:
        if os.fork() == 0:
            try:
                os.execve(handle, ["program"], {})
            except OSError:
                os._exit(1)
        if os.waitstatus_to_exitcode(os.wait()[1]) == 0:
            reached.append("ran a program from memory")
    except OSError:
        pass
    return reached
