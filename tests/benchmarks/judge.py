"""What the judge costs: starting pytest with the plugin, collecting contracts, and trying one property."""

from __future__ import annotations

import tempfile
from pathlib import Path

import hypothesis
import numpy as np
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st

from apr_core.trial.session import Session, Settings
from benchmarks.timing import alternate, median, ratio, run_pytest

MODULE = """
import numpy as np

def double(x):
    return 2 * x

def total(xs):
    return float(sum(xs))

def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()
"""

OBLIGATION = """
  - id: B{i}
    type: bound
    claim: The shares of a softmax sum to one, whatever the shift of its argument is, up to rounding in float64.
    value: "sum(softmax(x + {i} * ones_like(x)))"
    within: ["1 - 64 * eps('float64')", "1 + 64 * eps('float64')"]
    if_falsified: The exponentials are not shifted by the largest element, or they are summed in a narrower type.
"""

CONTRACT = """title: Softmax
version: 1.0.0
criteria: [AC-015]
references: ["Bridle 1990, Probabilistic interpretation of feedforward classification network outputs"]
subjects: {{softmax: "toy:softmax"}}
inputs:
  n: {{integer: [1, 64]}}
  x: {{tensor: [n], dtype: float64, draw: normal}}
obligations:{obligations}
"""

HAND_WRITTEN = """
import numpy as np
from hypothesis import given, strategies as st
from toy import softmax

@st.composite
def xs(draw):
    n = draw(st.integers(1, 64))
    return np.random.default_rng(draw(st.integers(0, 2**32 - 1))).standard_normal(n)
{tests}
"""

HAND_TEST = '''
@given(xs())
def test_b{i}(x):
    """The shares of a softmax sum to one, whatever the shift of its argument is, up to rounding in float64."""
    assert abs(float(np.sum(softmax(x + {i}))) - 1) <= 64 * np.finfo(np.float64).eps
'''


def _project() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="apr-bench-"))
    (folder / "pyproject.toml").write_text('[project]\nname = "bench"\nversion = "1"\n[tool.pytest.ini_options]\n')
    (folder / "toy.py").write_text(MODULE)
    return folder


def plugin_start() -> str:
    """A pytest run without contracts, with the plugin and without it."""
    folder = _project()
    (folder / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
    times = alternate(lambda: run_pytest(folder), lambda: run_pytest(folder, "-p", "no:apr"), 25)
    with_plugin, without = map(median, times)
    return (
        f"{1000 * (with_plugin - without):+.1f} ms on {1000 * without:.0f} ms without the plugin; ratio {ratio(times)}"
    )


def collect() -> str:
    """1,000 contracts of 3 KB, against 1,000 test modules with the same tests written by hand."""
    ours, peer = _project(), _project()
    size = 0
    for index in range(1000):
        text = CONTRACT.format(obligations="".join(OBLIGATION.format(i=i) for i in range(7)))
        size = len(text)
        (ours / f"c{index}.apr.yaml").write_text(text)
        tests = "".join(HAND_TEST.format(i=i) for i in range(7))
        (peer / f"test_{index}.py").write_text(HAND_WRITTEN.format(tests=tests))
    times = alternate(lambda: run_pytest(ours, "--collect-only"), lambda: run_pytest(peer, "--collect-only"), 5)
    mine, theirs = map(median, times)
    ours_text = f"1,000 contracts of {size / 1000:.1f} KB in {mine:.2f} s"
    return f"{ours_text}; the same tests as modules {theirs:.2f} s; ratio {ratio(times)}"


PROPERTIES = {
    "an integer": ("n: {integer: [0, 1000000]}", "double(n) == n + n"),
    "a list": ("n: {list: {real: [-1000.0, 1000.0]}, size: [0, 20]}", "total(n) <= 20000.0"),
    "an array": ("m: {integer: [1, 64]}, n: {tensor: [m], dtype: float64}", "abs(sum(softmax(n)) - 1) < 1e-9"),
}


@st.composite
def _arrays(draw: st.DrawFn) -> np.ndarray:
    size = draw(st.integers(1, 64))
    return np.random.default_rng(draw(st.integers(0, 2**32 - 1))).standard_normal(size)


def property_overhead() -> str:
    """1,000 cases of one obligation, against the same property written by hand with Hypothesis."""
    folder = _project()
    subjects = 'subjects: {double: "toy:double", total: "toy:total", softmax: "toy:softmax"}'
    lines = []
    for kind, (inputs, check) in PROPERTIES.items():
        name = check.replace("abs(sum(", "").partition("(")[0]
        text = f"title: t\nversion: 1.0.0\n{subjects.replace('{', '{ ', 1)}\ninputs: {{{inputs}}}\nobligations:\n"
        used = f'subjects: {{{name}: "toy:{name}"}}'
        text = text.replace(subjects.replace("{", "{ ", 1), used)
        text += f'  - {{id: X, type: holds, claim: c, check: "{check}"}}\n'
        (folder / f"{name}.apr.yaml").write_text(text)
        times = alternate(lambda name=name: _judge(folder, name), _by_hand(folder, name), 15)
        lines.append(f"{kind} {ratio(times)}")
    return "; ".join(lines)


def _judge(folder: Path, name: str) -> None:
    result = Session(folder, Settings(cases=1000, database=False)).judge(f"{name}::X")
    if result.verdict.value != "HELD" or (result.n or 0) < 1000:
        raise RuntimeError(result.reason)


def _by_hand(folder: Path, name: str):  # type: ignore[no-untyped-def]
    import sys

    sys.path.insert(0, str(folder))
    import toy

    settings = hypothesis.settings(
        max_examples=1000, database=None, deadline=None, suppress_health_check=list(HealthCheck),
        phases=(Phase.reuse, Phase.generate, Phase.shrink),
    )  # fmt: skip

    @settings
    @hypothesis.seed(0)
    @hypothesis.given(st.integers(0, 1000000))
    def double(n: int) -> None:
        assert toy.double(n) == n + n

    @settings
    @hypothesis.seed(0)
    @hypothesis.given(st.lists(st.floats(-1000.0, 1000.0), max_size=20))
    def total(n: list[float]) -> None:
        assert toy.total(n) <= 20000.0

    @settings
    @hypothesis.seed(0)
    @hypothesis.given(_arrays())
    def softmax(n: np.ndarray) -> None:
        assert abs(float(np.sum(toy.softmax(n))) - 1) < 1e-9

    return {"double": double, "total": total, "softmax": softmax}[name]
