"""Claims that cannot fall are found, whatever their form; and claims that can are left alone."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from apr_core.trial.audit import audit
from apr_core.trial.control import Audited
from apr_core.trial.session import Session, Settings

CODE = """
import collections
import dataclasses
import math
import random
import numpy as np

def double(x): return 2 * x
def twice(x): return double(x)
same = double
def parts(n): return [i % 2 == 0 for i in range(n)]
def split(values): return values[: len(values) // 2], values[len(values) // 2 :]
def normal(seed, n): return np.random.default_rng(seed).normal(size=n)
def refuse(x):
    if x < 0:
        raise ValueError("negative")
    return x
def word(n): return "ab"[n % 2] * (n + 1)
def table(n): return {"n": n, "half": n / 2}
def keep(values): return sorted(values)
def file_of(folder, n):
    (folder / "out").write_bytes(bytes(n))
def saved(folder, n):
    (folder / "out").write_bytes(bytes(n))
    return n
def loaded(folder): return len((folder / "out").read_bytes()) if (folder / "out").exists() else 0
def problems(n): return []
def report(n): return {"errors": [], "total": n}
def journal(n): return "done in " + str(n)
def place(n): return Point(n, -n)
def find(n): return None if n % 2 else "even"
def undefined(n): return math.nan
def undefined_all(n): return [math.nan] * (n + 1)
def grid(n): return np.zeros((2, n + 1))
def nowhere(n): return np.zeros(0)
def small(n): return np.int8(n)
def tags(values): return set(values)
def box(n): return Box(n)
def slotted(n): return Slotted(n)
def inside(box): return box.n
def side(x): return (x > 0) - (x < 0)
def rows(n): return [{"name": "x", "at": i} for i in range(n + 1)]

Point = collections.namedtuple("Point", "x y")

@dataclasses.dataclass
class Box:
    n: int

@dataclasses.dataclass(frozen=True, slots=True)
class Slotted:
    n: int
"""

VACUOUS = {
    "no subject": "type: holds\ncheck: n + 1 > n",
    "a constant": "type: holds\ncheck: 1 == 1",
    "equal to itself": "type: holds\ncheck: double(x) == double(x)",
    "a side or the other": "type: holds\ncheck: double(x) > 0 or double(x) <= 0",
    "not both": "type: holds\ncheck: not (double(x) > 1 and double(x) < 0)",
    "a square is not negative": "type: holds\ncheck: double(x) ** 2 >= 0",
    "an absolute value": "type: bound\nvalue: abs(double(x))\nwithin: [0, inf]",
    "a ratio of a number to itself": "type: bound\nwhere: double(x) != 0\nvalue: double(x) / double(x)\nwithin: [0.9, 1.1]",
    "a difference from itself": "type: bound\nvalue: double(x) - double(x)\nwithin: [-1.0e-9, 1.0e-9]",
    "times nothing": "type: equivalence\nleft: double(n) * 0\nright: 0\ntolerance: {absolute: 0}",
    "the same on both sides": "type: equivalence\nleft: double(x)\nright: double(x)\ntolerance: {absolute: 0}",
    "the same under two names": "type: equivalence\nleft: double(x)\nright: same(x)\ntolerance: {absolute: 0}",
    "a tolerance beyond all numbers": "type: equivalence\nleft: double(x)\nright: 7\ntolerance: {absolute: 1.0e+300}",
    "a cosine within its range": "type: bound\nvalue: cosine(normal(n, 4), normal(n + 1, 4))\nwithin: [-1.01, 1.01]",
    "a length": "type: holds\ncheck: len(parts(n)) >= 0",
    "a member of its own list": "type: holds\ncheck: double(n) in [double(n), 3]",
    "what the precondition says": "type: holds\nwhere: double(x) > 3\ncheck: double(x) > 3",
    "through let": "type: holds\nlet: {y: double(x), z: y + 1}\ncheck: z - 1 == y or z > y",
    "through for_each": "type: holds\nfor_each: {part: parts(n + 1)}\ncheck: part == part",
    "nothing in for_each": "type: holds\nfor_each: {part: parts(n * 0)}\ncheck: part == 3",
    "all of nothing": "type: holds\ncheck: all([part == 3 for part in parts(0)])",
    "no case meets the precondition": "type: holds\nwhere: n > 50\ncheck: double(n) == 7",
    "wide as the numbers": "type: bound\nvalue: double(x)\nwithin: [-1.0e+300, 1.0e+300]",
    "a line that follows the value": 'type: bound\nvalue: double(x)\nwithin: ["double(x) - 1", "double(x) + 1"]',
    "monotone and constant": "type: monotone\nvalue: double(n) * 0\nin: n\ndirection: increasing",
    "idempotent at nothing": "type: holds\ncheck: min(double(x), 1) <= 1",
    "a clamp": "type: bound\nvalue: max(0.0, min(1.0, double(x)))\nwithin: [0, 1]",
    "a cost without a line": "type: cost\nrun: double(n)\nmeasure: peak_bytes\nat_most: 1.0e+18",
    "a cost with a line out of reach": 'type: cost\nrun: double(n)\nmeasure: calls\nof: double\nat_most: "1e18 * (n + 1)"',
    "a contradiction that is meant": "type: holds\nexpect: falsified\ncheck: double(x) != double(x)",
    "a contradiction without a subject": "type: holds\nexpect: falsified\ncheck: 1 == 2",
    "never the case": "type: holds\nexpect: falsified\ncheck: double(x) ** 2 < 0",
    "a frame that watches what nothing touches": "type: frame\nrun: double(x)\nunchanged: [n]",
    "the same arguments by name": "type: holds\ncheck: all(normal(seed=n, n=3) == normal(n=3, seed=n))",
    "one argument, by place and by name": "type: equivalence\nleft: double(x)\nright: double(x=x)\ntolerance: {absolute: 0}",
    "any direction": "type: equivalence\nleft: normal(n, 3)\nright: normal(n + 1, 3)\ntolerance: {cosine: 2}",
    "a remainder": "type: bound\nvalue: double(n) % 5\nwithin: [0, 5]",
    "a share": "type: bound\nvalue: sparsity(normal(n, 4))\nwithin: [0, 1]",
    "a length and one": "type: bound\nvalue: len(word(n)) + 1\nwithin: [1, inf]",
    "in its own keys": "type: holds\ncheck: all([key in table(n) for key in keys(table(n))])",
    "as long as itself": "type: holds\ncheck: len(table(n)) == len(table(n))",
    "the larger of the two": "type: holds\ncheck: max(double(x), double(-x)) >= double(x)",
    "between its own ends": (
        "type: holds\nlet: {q: \"normal(n, 4)\"}\ncheck: min(q) <= mean(q) + 1e-6 * max_abs(q) + 1e-6"
    ),
    "what a file holds, twice": "type: holds\nlet: {done: \"saved(w, n)\"}\ncheck: loaded(w) == loaded(w) and done == done",
    "a setup object against itself": "type: holds\nlet: {q: table(5)}\ncheck: q['n'] - q['n'] == 0 * n",
    "monotone in what is added": (
        "type: monotone\nlet: {y: double(n) - double(n)}\nvalue: y + n\nin: n\ndirection: increasing"
    ),
    "never an error": "type: rejection\nexpect: falsified\nrun: double(n)\nraises: ValueError",
    "always equal, meant not to be": (
        "type: equivalence\nexpect: falsified\nleft: double(x)\nright: double(x) + 1\ntolerance: {absolute: 0.5}"
    ),
    "a template over one function": (
        'template: invariance\nfunction: double\nunder: "_"\nof: x\ntolerance: {absolute: 0}'
    ),
}  # fmt: skip

HONEST = {
    "a definition": "type: holds\ncheck: double(n) == 2 * n",
    "two ways": "type: equivalence\nleft: double(x)\nright: twice(x)\ntolerance: {absolute: 0}",
    "a loose line": "type: bound\nvalue: double(x)\nwithin: [-1000, 1000]",
    "finite": "type: bound\nvalue: double(x)\nwithin: [-inf, inf]",
    "symmetric": "type: holds\ncheck: double(-x) == -double(x)",
    "growing": "type: monotone\nvalue: double(n)\nin: n\ndirection: increasing",
    "a type": "type: holds\ncheck: dtype(normal(n, 3)) == 'float64'",
    "a shape": "type: holds\ncheck: shape(normal(1, n + 1)) == (n + 1,)",
    "never empty": "type: holds\ncheck: len(word(n)) > 0",
    "a word": "type: holds\ncheck: word(n) in ['a' * (n + 1), 'b' * (n + 1)]",
    "in a map": "type: holds\ncheck: table(n)['half'] * 2 == table(n)['n']",
    "nothing lost": "type: holds\nlet: {\"a, b\": split(v)}\ncheck: a + b == v",
    "sorted": "type: holds\ncheck: keep(v) == sorted(v)",
    "order does not matter": "type: equivalence\nleft: keep(v)\nright: keep(list(reversed(v)))\ntolerance: {exact: true}",
    "refused": "type: rejection\nrun: refuse(-1 - n)\nraises: ValueError",
    "left alone": "type: frame\nrun: keep(v)\nunchanged: [v]",
    "written": "type: frame\nrun: file_of(w, n)\nchanged: [w]",
    "cheap": "type: cost\nrun: double(n)\nmeasure: calls\nof: double\nat_most: 1",
    "small": "type: cost\nrun: file_of(w, n)\nmeasure: bytes_written\nat_most: n",
    "nothing found": "type: holds\ncheck: problems(n) == []",
    "nothing found, counted": "type: holds\ncheck: len(problems(n)) == 0",
    "no errors in a map": "type: holds\ncheck: report(n)['errors'] == []",
    "the keys of a map": "type: holds\ncheck: list(keys(table(n))) == ['n', 'half']",
    "the size of a map": "type: holds\ncheck: len(table(n)) == 2",
    "a key that is not there": "type: holds\ncheck: \"'third' not in table(n)\"",
    "a word that is not there": "type: holds\ncheck: \"'error' not in journal(n)\"",
    "an argument that is not there": "type: holds\ncheck: n + 1000 not in parts(n)",
    "a key of every row": "type: holds\nfor_each: {row: rows(n)}\ncheck: \"'at' in row\"",
    "lengths of parts": "type: holds\nlet: {\"a, b\": split(v)}\ncheck: len(a) + len(b) == len(v)",
    "a named tuple": "type: holds\ncheck: len(place(n)) == 2",
    "members of a set": "type: holds\ncheck: all([value in tags(v) for value in v])",
    "size of a set": "type: holds\ncheck: len(tags(v)) <= len(v)",
    "axes": "type: holds\ncheck: ndim(grid(n)) == 2",
    "an empty array": "type: holds\ncheck: size(nowhere(n)) == 0",
    "type of a scalar": "type: holds\ncheck: dtype(small(n)) == 'int8'",
    "none or not": "type: holds\ncheck: (find(n) is None) == (n % 2 == 1)",
    "never none": "type: holds\ncheck: find(2 * n) is not None and n >= 0",
    "not a number": "type: holds\nnonfinite: allowed\ncheck: isnan(undefined(n))",
    "not a number anywhere": "type: holds\nnonfinite: allowed\ncheck: all([isnan(value) for value in undefined_all(n)])",
    "finite by its own word": "type: holds\ncheck: abs(double(x)) < inf",
    "finite through let": "type: holds\nlet: {bad: isnan(double(x))}\ncheck: not bad",
    "finite in a list": "type: holds\ncheck: all([isfinite(value) for value in list(normal(n, 3))])",
    "a file, whatever is returned": (
        "type: holds\nlet: {done: \"saved(w, n)\"}\ncheck: size_of(w / 'out') + 0 * done == n"
    ),
    "files, counted": "type: holds\nlet: {done: \"saved(w, n)\"}\ncheck: len(files(w)) + 0 * done == 1",
    "an object": "type: holds\ncheck: inside(box(n)) == n",
    "an object with slots": "type: holds\ncheck: inside(slotted(n)) == n",
    "one of three": "type: holds\ncheck: side(x) in [-1, 0, 1]",
    "meant to be false": "type: holds\nexpect: falsified\ncheck: double(x) == x ** 2",
    "meant to be false, and nearly always": "type: holds\nexpect: falsified\ncheck: double(n) == 0",
}  # fmt: skip


DOMAINS = {
    "n": "{integer: [0, 50]}",
    "x": "{real: [-10, 10]}",
    "v": "{list: {integer: [0, 9]}, size: [1, 6]}",
    "w": "{workdir: empty}",
}
SUBJECTS = re.findall(r"^(?:def )?(\w+)(?:\(| = )", CODE, re.MULTILINE)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vacuity")
    (folder / "pyproject.toml").write_text('[project]\nname = "foreign"\nversion = "1"\n')
    (folder / "toys_vacuity.py").write_text(CODE)
    return folder


def labelled(root: Path, form: str, obligation: str, mutants: str = "") -> Audited:
    """The audit's word on one obligation over CODE, in a contract that declares what the obligation reads."""
    subjects = [f"{name}: toys_vacuity:{name}" for name in SUBJECTS if re.search(rf"\b{name}\b", obligation)]
    inputs = [f"{name}: {domain}" for name, domain in DOMAINS.items() if re.search(rf"\b{name}\b", obligation)]
    head = f"title: t\nversion: 1.0.0\nsubjects: {{{', '.join(subjects)}}}\ninputs: {{{', '.join(inputs)}}}\n"
    body = textwrap.indent(f"id: IT\nclaim: c\n{obligation}\n", "    ")
    path = root / f"{form.replace(' ', '-').replace(',', '')}.apr.yaml"
    path.write_text(f"{head}obligations:\n  -{body[3:]}{mutants}")
    session = Session(root, Settings(cases=30, database=False))
    return audit(session, [session.catalog.load_path(path)]).audited[0]


@pytest.mark.parametrize("form", VACUOUS)
def test_a_claim_that_cannot_fall_is_vacuous(root: Path, form: str) -> None:
    found = labelled(root, form, VACUOUS[form])
    assert found.label == "VACUOUS", found


@pytest.mark.parametrize("form", HONEST)
def test_a_claim_that_can_fall_is_not(root: Path, form: str) -> None:
    found = labelled(root, form, HONEST[form])
    assert found.label in ("UNCONTROLLED", "FELL"), found


ALIBIS = {
    "by NaN": "{kind: result, of: double, becomes: 'x * nan'",
    "by NaN, hidden": "{kind: result, of: double, becomes: 'result * (inf - inf)'",
    "by raising": "{kind: result, of: double, becomes: '1 / 0'",
    "by NaN in the source": "{kind: source, of: double, replace: 'return 2 * x', by: 'return float(\"nan\")'",
    "by raising in the source": "{kind: source, of: double, replace: 'return 2 * x', by: 'raise ValueError'",
}


@pytest.mark.parametrize("alibi", ALIBIS)
def test_a_tautology_does_not_live_on_a_mutant_that_breaks_it_by_accident(root: Path, alibi: str) -> None:
    mutant = f"mutants:\n  - {ALIBIS[alibi]}, id: alibi, killed_by: [IT]}}\n"
    found = labelled(root, f"alibi {alibi}", VACUOUS["equal to itself"], mutant)
    assert (found.label, found.killed) == ("VACUOUS", 1), found


def test_a_claim_about_randomness_is_controlled_by_a_source_mutant(root: Path) -> None:
    claim = "type: holds\ncheck: all(normal(n, 3) == normal(n, 3))"
    assert labelled(root, "same seed, same draw", claim).label == "VACUOUS"
    fault = "kind: source, of: normal, replace: default_rng(seed), by: default_rng()"
    mutant = f"mutants:\n  - {{id: unseeded, {fault}, killed_by: [IT]}}\n"
    assert labelled(root, "same seed and a mutant", claim, mutant).label == "CONTROLLED"
