"""Starts programs of the system that go on without it.

family: escape
reach: processes
classes: wrong-answer, exception, sandbox-violation
held by: landlock, mount, seccomp
"""

import subprocess


def add(a, b):
    reached = []
    for program in ("/bin/sh", "/usr/bin/python3", "/bin/busybox"):
        try:
            command = [program, "-c", "sleep 1; echo > " + CANARY["drop"] + "/" + CANARY["token"] + "-shell"]
            subprocess.Popen(command, start_new_session=True)
            reached.append("started " + program)
        except (OSError, subprocess.SubprocessError):
            continue
    return reached
