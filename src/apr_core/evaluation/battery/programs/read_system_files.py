"""Reads files of the system and of whoever runs it: accounts, host name, keys, histories.

family: escape
reach: files
classes: wrong-answer, sandbox-violation
held by: landlock, mount
naked: yes
"""

import os

PLACES = (
    "/etc/passwd", "/etc/shadow", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/root/.bash_history",
    "/var/log/lastlog", "/boot/config", CANARY["home"] + "/.ssh/id_rsa", CANARY["home"] + "/.netrc",
)  # fmt: skip


def add(a, b):
    reached = []
    for path in PLACES:
        try:
            with open(path, "rb") as file:
                if file.read(64):
                    reached.append("read " + path)
        except OSError:
            continue
    for folder in ("/var/log", CANARY["drop"]):
        try:
            if os.listdir(folder):
                reached.append("listed " + folder)
        except OSError:
            continue
    return reached
