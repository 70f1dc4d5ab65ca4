"""Doubles a text until it fits nowhere.

family: exhaustion
classes: memory
"""


def add(a, b):
    text = "x"
    for _ in range(32):
        text += text
    return len(text)
