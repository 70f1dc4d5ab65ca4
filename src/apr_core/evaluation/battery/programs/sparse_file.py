"""Makes a file of a terabyte that holds nothing.

family: exhaustion
classes: output-flood, exception
"""


def add(a, b):
    with open("sparse", "wb") as file:
        file.truncate(2**40)
    return None
