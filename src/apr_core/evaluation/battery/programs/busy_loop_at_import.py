"""Never ends being loaded.

family: exhaustion
classes: timeout
cpu: 0.5
"""

while True:
    pass
