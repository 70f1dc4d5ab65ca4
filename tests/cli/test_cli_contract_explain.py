"""`apr contract explain`: the Python that it prints runs, and decides as the claim does; evidence and parts are shown."""

from __future__ import annotations

import ast
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from apr_core.evidence.ledger import Ledger
from apr_core.evidence.record import (
    AggregateOutcome,
    Environment,
    ProblemResult,
    ProblemsOutcome,
    Protocol,
    Record,
    Source,
    Subject,
)

pytest_plugins = ["cli_workplace"]

Workplace = Callable[[dict[str, str]], Path]
Apr = Callable[..., tuple[int, str, str]]

SUBJECTS = """
import numpy as np
from hypothesis import strategies as st

def half(x): return x / 2
def add(a, b): return a + b
def fill(a, value): a[...] = value
def root(x):
    if x < 0:
        raise ValueError(f"{x} is negative")
    return x ** 0.5
def tidy(text: str) -> str: return " ".join(text.split())
def total(values) -> float: return sum(values)
def write(folder, content): (folder / "out.bin").write_bytes(content)
def read(path):
    content = path.read_bytes()
    if content != b"0123456789":
        raise ValueError("damaged")
class Box:
    @staticmethod
    def twice(x): return 2 * x
def even(limit): return st.integers(0, limit).map(lambda n: 2 * n)
"""

CONTRACT = r"""
title: Everything that an explanation has to put into Python
version: 1.0.0
criteria: [AC-1]
subjects:
  half: sums:half
  plus: sums:add
  fill: sums:fill
  root: sums:root
  tidy: sums:tidy
  total: sums:total
  write: sums:write
  read: sums:read
  twice: sums:Box.twice
constants: {factor: 3, table: {one: 1}}
inputs:
  n: {integer: [2, 40]}
  x: {real: [-5, 5]}
  data: {real: [0, 9]}
  a: {tensor: [n], dtype: float32}
  b: {rotate: a, by: 0.5}
  c: {near: a, relative: [0.1, 0.2]}
  spiky: {tensor: [2, n], draw: heavy-tailed, nonfinite: true, contiguous: false}
  text: {text: [0, 10], alphabet: "ab "}
  xs: {list: {integer: [0, 9]}, size: [1, n]}
  flag: {boolean: any}
  mode: {choice: [up, down]}
  order: {permutation: [1, 2, 3]}
  raw: {bytes: [0, 5]}
  ids: {tokens: [2, n], vocabulary: 7}
  records: {rows: {k: {integer: [0, 3]}}, size: [1, 4]}
  here: {workdir: empty}
  broken: {file: {from: "'0123456789'", corrupt: [truncate, flip]}, name: some.txt}
  even: {strategy: "sums:even", arguments: {limit: n}}
setup:
  doubled: twice(factor)
obligations:
  - {id: HOLDS, type: holds, claim: 'Half of "it" is less.', where: x > 0, check: half(x) < x}
  - id: BOUND
    type: bound
    claim: Norms stay.
    value: norm(b) / norm(a)
    within: ["1 - 64 * eps('float32')", 1.00001]
  - {id: ARRAY, type: bound, claim: Half of a number near zero., value: half(c) - half(c), within: [0, 0]}
  - id: EQUAL
    type: equivalence
    claim: Adding is adding.
    let: {"left": "plus(a, c)"}
    left: left
    right: "a + c"
    tolerance: {absolute: 1e-6, relative: 1e-6, ulp: 2, cosine: 0.001}
  - {id: GROWS, type: monotone, claim: Half grows., value: half(n) * factor, in: n, direction: increasing, strict: true}
  - {id: FALLS, type: monotone, claim: Its negative falls., value: -half(x), in: x, direction: decreasing}
  - id: FRAME
    type: frame
    claim: Fills in place.
    where: norm(a) > 0
    run: fill(a, 0.0)
    changed: [a]
    check: norm(before(a)) > norm(a)
  - id: REJECTS
    type: rejection
    claim: No negative roots.
    inputs: {x: {real: [-5, -0.1]}}
    run: root(x)
    raises: ValueError
    message: negative
    limits: {seconds: 5}
  - {id: DAMAGED, type: rejection, claim: Damage is noticed., run: read(broken), raises: ValueError}
  - {id: PEAK, type: cost, claim: It is cheap., run: "plus(a, c)", measure: peak_bytes, at_most: 100000 + nbytes(a)}
  - {id: CALLS, type: cost, claim: One call., run: "total([half(x)])", measure: calls, of: half, at_most: 1}
  - {id: BYTES, type: cost, claim: Few bytes., run: "write(here, raw)", measure: bytes_written, at_most: len(raw)}
  - {id: TWICE, template: idempotence, claim: Tidy twice., function: tidy, of: text, tolerance: {exact: true}}
  - {id: LOOP, type: holds, claim: The sum is at least each., for_each: {v: xs}, check: total(xs) >= v}
  - {id: SETUP, type: holds, claim: Six., check: "doubled == 2 * factor and table['one'] == 1 and data >= 0"}
  - {id: METHOD, type: holds, claim: Twice two., check: twice(even) == 2 * even and even % 2 == 0}
  - id: KINDS
    type: holds
    claim: Every kind of input.
    check: (flag or not flag) and mode in ['up', 'down'] and sum(order) == 6 and max(ids) < 7 and len(records) <= 4
  - {id: SPIKY, type: holds, claim: Not all are finite., check: "not all(isfinite(plus(spiky, 0)))"}
  - {id: ALL, type: compound, claim: All of it., all_of: [HOLDS, BOUND]}
"""

PROPERTIES = (
    "HOLDS", "BOUND", "ARRAY", "EQUAL", "GROWS", "FALLS", "FRAME", "REJECTS", "DAMAGED", "PEAK", "CALLS", "BYTES", "TWICE",
    "LOOP", "SETUP", "METHOD", "KINDS", "SPIKY",
)  # fmt: skip

FAULTS = {
    "HOLDS": ("return x / 2", "return x * 2"),
    "ARRAY": ("return x / 2", "x[...] = 1; return x + np.random.default_rng().random(x.shape)"),
    "EQUAL": ("return a + b", "return a - b"),
    "GROWS": ("return x / 2", "return 1.0"),
    "FALLS": ("return x / 2", "return -x"),
    "FRAME": ("a[...] = value", "pass"),
    "REJECTS": ("is negative", "is too small"),
    "DAMAGED": ("if content", "if False and content"),
    "PEAK": ("return a + b", "bytes(200_000); return a + b"),
    "BYTES": ("write_bytes(content)", "write_bytes(content + b'!')"),
    "TWICE": ('" ".join(text.split())', 'text + "a"'),
    "LOOP": ("return sum(values)", "return -1"),
    "METHOD": ("return 2 * x", "return 3 * x"),
    "SPIKY": ("return a + b", "return np.nan_to_num(a)"),
}
"""Obligation → an edit of the subjects after which its test must fail."""


def source_of(out: str) -> str:
    """The Python in an explanation."""
    part = out[out.index("as a test:") + len("as a test:") :]
    lines = part.split("\n")
    end = next((index for index, line in enumerate(lines) if line and not line.startswith("  ")), len(lines))
    return textwrap.dedent("\n".join(lines[:end]))


@pytest.fixture(autouse=True)
def _the_same_cases_each_time() -> Iterator[None]:
    """The printed tests take their settings from the profile in force."""
    before = settings.get_current_profile_name()
    settings.register_profile("explained", derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    settings.load_profile("explained")
    yield
    settings.load_profile(before)


def run_source(source: str) -> None:
    ast.parse(source)
    names: dict[str, Any] = {}
    exec(compile(source, "explained.py", "exec"), names)
    next(value for name, value in names.items() if name.startswith("test_"))()


@pytest.mark.parametrize("name", PROPERTIES)
def test_the_printed_test_passes_where_the_claim_holds(workplace: Workplace, apr: Apr, name: str) -> None:
    workplace({"sums.py": SUBJECTS, "contracts/all.apr.yaml": CONTRACT})
    code, out, err = apr("contract", "explain", name)
    assert code == 0, err
    assert f"all::{name}  (" in out
    run_source(source_of(out))


@pytest.mark.parametrize("name", FAULTS)
def test_the_printed_test_fails_where_the_claim_does_not_hold(workplace: Workplace, apr: Apr, name: str) -> None:
    before, after = FAULTS[name]
    assert before in SUBJECTS
    workplace({"sums.py": SUBJECTS.replace(before, after), "contracts/all.apr.yaml": CONTRACT})
    source = source_of(apr("contract", "explain", name, "--cases", "0")[1])
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        run_source(source)


def test_what_a_contract_names_is_never_taken_by_what_the_test_needs(workplace: Workplace, apr: Apr) -> None:
    workplace({"sums.py": SUBJECTS, "contracts/all.apr.yaml": CONTRACT})
    frame = source_of(apr("contract", "explain", "FRAME")[1])
    assert "from apr_core.compiler.fill import fill as fill_" in frame
    assert "data_.draw(" in frame
    assert "left_ = left" in source_of(apr("contract", "explain", "EQUAL")[1])


def test_imports_stand_at_the_top_in_blocks_and_nothing_is_imported_for_nothing(workplace: Workplace, apr: Apr) -> None:
    workplace({"sums.py": SUBJECTS, "contracts/all.apr.yaml": CONTRACT})
    source = source_of(apr("contract", "explain", "GROWS")[1])
    imports = [line for line in source.split("\n") if line.startswith(("import ", "from "))]
    assert imports == ["from hypothesis import assume, given, settings, strategies as st", "from sums import half"]


def test_cases_are_those_of_the_seed(workplace: Workplace, apr: Apr) -> None:
    workplace({"sums.py": SUBJECTS, "contracts/all.apr.yaml": CONTRACT})
    first = apr("contract", "explain", "EQUAL", "--cases", "4")[1]
    assert first == apr("contract", "explain", "EQUAL", "--cases", "4")[1]
    assert first != apr("contract", "explain", "EQUAL", "--cases", "4", "--seed", "1")[1]
    assert "4 of the cases, drawn with --seed 0:" in first
    assert "  1. n = " in first
    assert "     c = float32[" in first
    assert "of the cases" not in apr("contract", "explain", "EQUAL", "--cases", "0")[1]


def test_a_template_is_written_out(workplace: Workplace, apr: Apr) -> None:
    workplace({"sums.py": SUBJECTS, "contracts/all.apr.yaml": CONTRACT})
    out = apr("contract", "explain", "TWICE")[1]
    assert "(template idempotence, contracts/all.apr.yaml:" in out
    assert "  left: tidy(tidy(text))\n  right: tidy(text)" in out


def test_a_compound_names_its_parts_and_its_rule(workplace: Workplace, apr: Apr) -> None:
    workplace({"sums.py": SUBJECTS, "contracts/all.apr.yaml": CONTRACT})
    out = apr("contract", "explain", "ALL")[1]
    assert "The first of ERROR, FALSIFIED, UNTESTED, UNDERPOWERED, HELD among:" in out
    assert '  all::HOLDS\n      Half of "it" is less.' in out
    assert "serves: AC-1" in out


@pytest.mark.parametrize("word", ["all::HOLDS", "contracts/all.apr.yaml::HOLDS", "HOLDS"])
def test_a_claim_has_three_names(workplace: Workplace, apr: Apr, word: str) -> None:
    workplace({"sums.py": SUBJECTS, "contracts/all.apr.yaml": CONTRACT})
    assert apr("contract", "explain", word)[0] == 0


def test_a_file_is_named_from_where_one_stands(workplace: Workplace, apr: Apr, monkeypatch: pytest.MonkeyPatch) -> None:
    root = workplace({"sums.py": SUBJECTS, "contracts/deep/all.apr.yaml": CONTRACT})
    monkeypatch.chdir(root / "contracts" / "deep")
    assert apr("contract", "explain", "all.apr.yaml::HOLDS")[0] == 0


def test_an_unknown_claim_names_the_nearest(workplace: Workplace, apr: Apr) -> None:
    workplace({"sums.py": SUBJECTS, "contracts/all.apr.yaml": CONTRACT})
    code, _, err = apr("contract", "explain", "HODLS")
    assert code == 2
    assert "HOLDS" in err


def test_a_claim_in_a_broken_file_shows_what_is_broken(workplace: Workplace, apr: Apr) -> None:
    workplace({"contracts/bad.apr.yaml": "title: Bad\nversion: 1.0.0\nobligatoins: []\n"})
    code, _, err = apr("contract", "explain", "bad::X")
    assert code == 2
    assert "contracts/bad.apr.yaml:3:1" in err


def test_a_subject_that_is_not_there_does_not_hide_the_claim(workplace: Workplace, apr: Apr) -> None:
    contract = (
        "title: T\nversion: 1.0.0\nsubjects: {f: {import: 'later:f', planned: write it}}\n"
        "inputs: {n: {integer: [0, 'f(3)']}}\nobligations: [{id: P, type: holds, claim: C., check: f(n) > 0}]\n"
    )
    workplace({"contracts/planned.apr.yaml": contract})
    code, out, _ = apr("contract", "explain", "P")
    assert code == 0
    assert "from later import f" in out
    assert "No case can be drawn here: nothing is bound: later:f does not exist yet" in " ".join(out.split())


# --- claims about evidence ---

EVIDENCE = """
title: Published
version: 1.0.0
evidence:
  old: {model: M, benchmark: bench, prompt: old}
  new: {model: M, benchmark: bench, prompt: new}
  none: {model: N}
produce: some-recipe
obligations:
  - id: LOSS
    type: non_inferiority
    claim: Loses little.
    metric: pass@1
    candidate: new
    reference: old
    margin: 0.02
    decide: {alpha: 0.05}
  - {id: LINE, type: threshold, claim: Half., metric: pass@1, of: old, at_least: 0.5, decide: score}
  - {id: MISSING, type: threshold, claim: Half of the other., metric: pass@1, of: none, at_least: 0.5, decide: {alpha: 0.05}}
"""


def record(prompt: str, passes: str) -> Record:
    """A run with one digit of passes per problem, or in total as `30/40`."""
    outcome: ProblemsOutcome | AggregateOutcome
    if "/" in passes:
        solved, n = map(int, passes.split("/"))
        outcome = AggregateOutcome(metric="pass@1", passes=solved, n=n)
    else:
        problems = [ProblemResult(id=f"P/{index}", samples=1, passes=int(one)) for index, one in enumerate(passes)]
        outcome = ProblemsOutcome(problems=tuple(problems))
    return Record(
        subject=Subject(model="M"), protocol=Protocol(benchmark="bench", prompt=prompt), environment=Environment(),
        source=Source(kind="imported"), outcome=outcome,
    )  # fmt: skip


def with_evidence(workplace: Workplace) -> Path:
    root = workplace({"contracts/evidence.apr.yaml": EVIDENCE})
    ledger = Ledger([root / "falsify" / "evidence"])
    ledger.append(record("old", "1" * 30 + "0" * 10))
    ledger.append(record("new", "1" * 29 + "0" * 11))
    return root


def test_evidence_shows_rule_records_and_what_would_decide(workplace: Workplace, apr: Apr) -> None:
    with_evidence(workplace)
    code, out, err = apr("contract", "explain", "LOSS")
    assert code == 0, err
    text = " ".join(out.split())
    assert "pass@1 of `new` loses less than 0.02 against `old`." in text
    assert "one-sided at alpha 0.05" in text
    assert "pass@1 0.7250 on 40" in text
    assert "pass@1 0.7500 on 40" in text
    assert "at present: UNDERPOWERED" in text
    assert "what would change that: evidence on " in text


def test_a_score_says_that_nothing_is_inferred(workplace: Workplace, apr: Apr) -> None:
    with_evidence(workplace)
    text = " ".join(apr("contract", "explain", "LINE")[1].split())
    assert "Nothing is inferred." in text
    assert "at present: HELD" in text
    assert "what would change that" not in text


def test_missing_evidence_says_how_to_make_it(workplace: Workplace, apr: Apr) -> None:
    with_evidence(workplace)
    text = " ".join(apr("contract", "explain", "MISSING")[1].split())
    assert "no records:" in text
    assert "at present: UNTESTED" in text
    assert "the recipe some-recipe" in text


def test_power_of_a_claim_from_present_evidence(workplace: Workplace, apr: Apr) -> None:
    with_evidence(workplace)
    code, out, err = apr("power", "claim", "LOSS")
    assert code == 0, err
    assert "would decide it; there are 40." in out
    assert "Nothing more: the claim is HELD." in apr("power", "claim", "LINE")[1]


def test_power_of_a_claim_without_evidence_is_planned_from_the_contract(workplace: Workplace, apr: Apr) -> None:
    contract = EVIDENCE.replace("prompt: old", "prompt: nowhere")
    workplace({"contracts/evidence.apr.yaml": contract})
    code, out, err = apr("power", "claim", "LOSS")
    assert code == 0, err
    assert "About 773 problems, or what the table says." in out
    assert "1,546" in out


def test_power_of_a_property_is_a_share_that_is_excluded(workplace: Workplace, apr: Apr) -> None:
    workplace({"sums.py": SUBJECTS, "contracts/all.apr.yaml": CONTRACT})
    code, out, _ = apr("power", "claim", "HOLDS")
    assert code == 0
    assert "One counterexample decides this claim" in out
    assert "2.95 %" in out  # 1 - 0.05 ** (1 / 100)


def test_power_of_a_compound_goes_through_its_parts(workplace: Workplace, apr: Apr) -> None:
    compound = "  - {id: BOTH, type: compound, claim: Both., all_of: [LOSS, LINE]}\n"
    root = with_evidence(workplace)
    (root / "contracts/evidence.apr.yaml").write_text(EVIDENCE + compound)
    code, out, _ = apr("power", "claim", "BOTH")
    assert code == 0
    assert "1 of 2 parts need something. evidence::LOSS (UNDERPOWERED): evidence on " in " ".join(out.split())


def test_the_command_leaves_no_module_behind_for_other_tests() -> None:
    assert "sums" not in sys.modules
