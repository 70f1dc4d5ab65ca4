"""Side-by-side measurements, run by hand (`python -m benchmarks` in tests/, or `tox -e bench`).

The one thing a reader would get wrong: none of these asserts a time. Each prints a ratio against a named peer that did the
same work in the same run, alternating with it, and the medians of both.
"""
