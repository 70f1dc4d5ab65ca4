"""Is a generator function, so that an answer is an object which has not computed anything yet.

family: forging
classes: wrong-answer
fools: none, because no comparison is fooled; the answer must not be taken apart either
"""


def add(a, b):
    yield from iter(int, 1)
