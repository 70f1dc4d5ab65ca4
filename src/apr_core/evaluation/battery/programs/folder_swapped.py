"""Replaces its own private folder by a link that leads outside, for whoever cleans up or comes next.

family: escape
reach: files
classes: wrong-answer, sandbox-violation, exception
held by: landlock, mount
"""

import os


def add(a, b):
    here = os.getcwd()
    try:
        os.rename(here, here + "-moved")
        os.symlink(CANARY["drop"], here)
    except OSError:
        pass
    try:
        os.symlink(CANARY["drop"], "inside")
        with open("inside/" + CANARY["token"] + "-followed", "x") as file:
            file.write("here")
    except OSError:
        pass
    return []
