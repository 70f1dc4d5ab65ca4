"""`python -m benchmarks [NAME …]`: run all measurements, or those named."""

from __future__ import annotations

import sys

from benchmarks import judge, sandbox

BENCHMARKS = {
    "plugin-start": judge.plugin_start,
    "collect": judge.collect,
    "property": judge.property_overhead,
    **sandbox.MEASUREMENTS,
}


def main(names: list[str]) -> int:
    """Print one paragraph per measurement."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"there is no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    for name in names or BENCHMARKS:
        print(f"{name}: {BENCHMARKS[name]()}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
