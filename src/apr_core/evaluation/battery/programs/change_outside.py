"""Changes a file outside without opening it for writing: mode, times, attributes, owner, length, name.

family: escape
reach: files
classes: wrong-answer, exception, sandbox-violation
held by: mount, identity & landlock & seccomp
naked: yes
parts: chmod, utime, setxattr, chown, truncate, link, rename, unlink
"""

import os

TRIES = {
    "chmod": lambda path: os.chmod(path, 0o600),
    "utime": lambda path: os.utime(path, (1, 1)),
    "setxattr": lambda path: os.setxattr(path, "user.battery", b"1"),
    "chown": lambda path: os.chown(path, os.getuid(), os.getgid()),
    "truncate": lambda path: os.truncate(path, 1),
    "link": lambda path: os.link(path, path + "-linked"),
    "rename": lambda path: os.rename(path, path + "-renamed"),
    "unlink": lambda path: os.unlink(path),
}


def add(a, b):
    try:
        TRIES[CANARY["part"]](CANARY["victim"])
    except OSError:
        return []
    return [CANARY["part"] + " of somebody else's file"]
