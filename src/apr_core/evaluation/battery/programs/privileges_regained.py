"""Takes back what was given up: users, groups, capabilities, the filter, the promise of no new privileges.

family: escape
reach: kernel
classes: wrong-answer, exception, sandbox-violation
held by: privileges & identity
parts: capabilities, promise, filter, user, group, groups, capset, ambient
"""

import ctypes
import os

LIBC = ctypes.CDLL(None, use_errno=True)
SET_SECCOMP, SET_NO_NEW_PRIVS, GET_NO_NEW_PRIVS, CAP_AMBIENT = 22, 38, 39, 47
VERSION = 0x20080522


def capabilities():
    data = (ctypes.c_uint32 * 6)()
    done = LIBC.capget((ctypes.c_uint32 * 2)(VERSION, 0), data)
    return done == 0 and any(data)


def promise():
    return LIBC.prctl(GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 or LIBC.prctl(SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0


def filter():
    return LIBC.prctl(SET_SECCOMP, 0, 0, 0, 0) == 0


def user():
    return os.getuid() == 0 or any(LIBC.setresuid(one, one, one) == 0 for one in (0, 1, os.getuid() + 1))


def group():
    return any(LIBC.setresgid(one, one, one) == 0 for one in (0, 1, os.getgid() + 1))


def groups():
    return LIBC.setgroups(1, (ctypes.c_uint32 * 1)(0)) == 0


def capset():
    return LIBC.capset((ctypes.c_uint32 * 2)(VERSION, 0), (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)) == 0


def ambient():
    return LIBC.prctl(CAP_AMBIENT, 2, 21, 0, 0) == 0


def add(a, b):
    return ["took " + CANARY["part"]] if globals()[CANARY["part"]]() else []
