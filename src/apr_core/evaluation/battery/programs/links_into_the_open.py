"""Makes symbolic and hard links in its own folder that lead outside, and goes through them.

family: escape
reach: files
classes: wrong-answer, sandbox-violation
held by: landlock, mount
naked: yes
"""

import os


def add(a, b):
    reached = []
    for number, target in enumerate((CANARY["secret"], "/", "/proc/1/root", "/proc/self/root")):
        name = f"link{number}"
        try:
            os.symlink(target, name)
        except OSError:
            continue
        for path in (name, name + CANARY["secret"]):
            try:
                with open(path) as file:
                    reached.append("through a symbolic link " + file.read())
            except OSError:
                continue
        os.unlink(name)
    try:
        os.link(CANARY["secret"], "hard")
        with open("hard") as file:
            reached.append("through a hard link " + file.read())
        os.unlink("hard")
    except OSError:
        pass
    return reached
