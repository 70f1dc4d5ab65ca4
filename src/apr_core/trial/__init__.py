"""Trying to break one claim: resolving its subjects, running its cases or weighing its evidence, and saying what came of it."""
