"""Sends signals to its parent, to the process that judges, to a bystander, to its whole group and to everybody.

family: escape
reach: processes
classes: wrong-answer, exception, sandbox-violation
held by: pid, seccomp
naked: yes
parts: parent, judge, bystander, group, everybody, descriptor, queue
"""

import os
import signal

# Ignored by default, or no signal at all: to reach somebody must do no harm where nothing holds this program.
HARMLESS = signal.SIGURG


def parent():
    os.kill(os.getppid() or CANARY["judge"], HARMLESS)


def judge():
    os.kill(CANARY["judge"], HARMLESS)


def bystander():
    os.kill(CANARY["pid"], signal.SIGTERM)


def group():
    os.killpg(CANARY["group"], HARMLESS)
    os.kill(0, HARMLESS)


def everybody():
    os.kill(-1, 0)


def descriptor():
    signal.pidfd_send_signal(os.pidfd_open(CANARY["pid"]), signal.SIGTERM)


def queue():
    import ctypes

    if ctypes.CDLL(None).sigqueue(CANARY["pid"], HARMLESS, None) != 0:
        raise OSError


def add(a, b):
    try:
        globals()[CANARY["part"]]()
    except OSError:
        return []
    return ["reached " + CANARY["part"]]
