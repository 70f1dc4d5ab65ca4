"""Writes files wherever it could be allowed to: temporary folders, memory disks, home, the root, beside a secret.

family: escape
reach: files
classes: wrong-answer, sandbox-violation, exception
held by: landlock, mount
naked: yes
"""

import os


def add(a, b):
    for folder in CANARY["places"]:
        path = os.path.join(folder, CANARY["token"] + "-written")
        try:
            with open(path, "x") as file:
                file.write("here")
        except OSError:
            continue
    return []
