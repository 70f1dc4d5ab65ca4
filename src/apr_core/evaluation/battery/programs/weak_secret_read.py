"""Shares its process with the tests: finds the secret that their result needs in the frames below, and sends a result itself.

family: weak
form: unittest
classes: wrong-answer, exception, sandbox-violation, passed
fools: none, because it is written against this sandbox and no other
"""

import json
import os
import re
import sys


def add(a, b):
    frame, secret, names, number = sys._getframe(), None, [], 0
    while frame is not None:
        for value in list(frame.f_locals.values()):
            for one in value if type(value) in (list, tuple) else [value]:
                if type(one) is str and re.fullmatch("[0-9a-f]{32}", one):
                    secret = one
                if type(one) is list and one and all(type(name) is str for name in one):
                    names = one
        number = getattr(frame.f_locals.get("self"), "sequence", number)
        frame = frame.f_back
    if secret:
        said = {name: ["passed", ""] for name in names or ["TestCases.test_all"]}
        for message in ([number, "tested", secret, said], [number, "tested", {"tuple": [secret, said]}]):
            data = json.dumps(message).encode()
            os.write(3, len(data).to_bytes(4, "big") + data)
        os._exit(0)
    return -1
