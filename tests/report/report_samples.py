"""Results made by hand, one or more of every outcome, and a strategy for hostile ones."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from apr_core.report.run import Run
from apr_core.report.summary import RunInfo
from apr_core.trial.cited import CitedRecord
from apr_core.trial.control import ERROR as BROKEN
from apr_core.trial.control import KILLED, LABELS, SURVIVED, Audited, Cell, Control
from apr_core.trial.control import OUTCOMES as CONTROL_OUTCOMES
from apr_core.trial.control import UNTESTED as NOT_TRIED
from apr_core.trial.result import Flips, Result
from apr_core.verdict import Verdict

SLERP = "merge/slerp"
INT4 = "hypotheses/h4-int4"
GATE = "gates/release-7b"


def make(identity: str, verdict: Verdict, reason: str, **fields: Any) -> Result:
    """A result whose `where` and `reproduce` follow from its contract, as those of a run do."""
    contract, _, name = identity.partition("::")
    defaults = {
        "contract": contract,
        "type": "bound",
        "claim": f"The claim {name}.",
        "where": f"contracts/{contract}.apr.yaml:12",
        "reproduce": f"pytest 'contracts/{contract}.apr.yaml::{name}' --apr-seed 7",
    }
    return Result(id=identity, verdict=verdict, reason=reason, **(defaults | fields))


HELD = make(
    f"{SLERP}::SLERP-1",
    Verdict.HELD,
    "No case broke it.",
    title="SLERP interpolates on the arc",
    criteria=("AC-006",),
    claim="Between inputs of equal norm, the norm does not sag.",
    n=100,
    n_of="cases",
    discarded=3,
    seconds=0.25,
    seed=7,
)
FALSIFIED = make(
    f"{SLERP}::SLERP-2",
    Verdict.FALSIFIED,
    "A counterexample was found in case 4 and shrunk.",
    title="SLERP interpolates on the arc",
    criteria=("AC-006", "AC-024"),
    claim="The ends are the inputs.",
    type="equivalence",
    counterexample={"n": "2", "a": "tensor([[1., 0.],\n        [0., 1.]])", "t": "0.0"},
    expected="slerp(a, b, 0.0) within 1 ulp of a",
    observed="a difference of 8,388,608 ulp at index 0",
    if_falsified="The angle is taken between unnormalised tensors, or the weights are swapped, so that t = 0 gives the "
    "second input instead of the first.",
    n=4,
    n_of="cases",
    seed=7,
    backend="torch-cpu",
    versions={"python": "3.12.1", "torch": "2.6.0"},
)
HELD_AS_FALSE = make(
    f"{SLERP}::SLERP-3",
    Verdict.FALSIFIED,
    "A counterexample was found, as was claimed.",
    title="SLERP interpolates on the arc",
    claim="For any two tensors the norm stays within 5 % of the mean norm.",
    expect="falsified",
    counterexample={"b": "tensor([0., 9.])"},
    expected="a value in [0.95, 1.05]",
    observed="0.7453",
    if_falsified="Nothing: this claim is meant to be false.",
)
STILL_HOLDS = make(
    f"{SLERP}::SLERP-4",
    Verdict.HELD,
    "No case broke it, although the contract says that the claim is false.",
    title="SLERP interpolates on the arc",
    claim="LERP keeps the norm at every angle.",
    expect="falsified",
    if_falsified="The angles that are drawn are too small.",
    n=100,
    n_of="cases",
)
REFUTED = make(
    f"{INT4}::H4-7B",
    Verdict.FALSIFIED,
    "The upper bound lies below the line.",
    claim="Qwen2.5-Coder-7B-Instruct at 4 bits reaches 85 % on HumanEval.",
    type="threshold",
    criteria=("AC-021",),
    estimate=0.84996,
    interval=(None, 0.849998),
    line="≥ 0.85",
    unit="pass@1",
    n=5,
    n_of="runs",
    refuted="believed until the mean of all runs was taken",
    evidence=tuple(f"ev-{number:04d}" for number in range(8)),
    sides={"runs": tuple(f"ev-{number:04d}" for number in range(8))},
    problems={"never solved": ("HumanEval/32", "HumanEval/145"), "solved in some runs": ("HumanEval/10",)},
    notes=("OPTIMISTIC: the best of 9 runs was selected",),
)
RECOVERED = make(
    f"{INT4}::H4-LAB",
    Verdict.HELD,
    "The bound excludes a loss of 2 points.",
    type="non_inferiority",
    claim="In the lab INT4 loses less than 2 points of pass@1.",
    estimate=-0.006,
    interval=(-0.0174, None),
    line="> -0.02",
    n=1640,
    n_of="problems",
    refuted="false until the row alignment was mended",
)
UNDERPOWERED = make(
    f"{INT4}::H4-1.5B",
    Verdict.UNDERPOWERED,
    "The interval contains the margin.",
    type="non_inferiority",
    claim="At 1.5B INT4 loses less than 2 points of pass@1.",
    estimate=-0.0122,
    interval=(-0.0401, None),
    line="> -0.02",
    n=164,
    n_of="problems",
    power={
        "needed": 772.4,
        "unit": "problems",
        "alpha": 0.05,
        "power": 0.8,
        "discordance": 0.05,
        "curve": [[82, 0.17], [164, 0.29], [386, 0.53], [773, 0.8], [1545, 0.97]],
        "target": 0.8,
    },
    flips=Flips(
        lost=("HumanEval/41", "HumanEval/9", "HumanEval/130"), gained=("HumanEval/2",), of=("f16", "int4"), n=164
    ),
    evidence=("ev-0001", "ev-0002"),
    sides={"f16": ("ev-0001",), "int4": ("ev-0002",)},
    notes=("one side is known only in total: judged unpaired",),
    if_falsified="The calibration texts differ.",
)
UNTESTED = make(
    f"{INT4}::H4-32B",
    Verdict.UNTESTED,
    "No evidence for the role instruct at int4.",
    type="non_inferiority",
    claim="At 32B INT4 loses less than 2 points of pass@1.",
    criteria=("AC-023",),
    enable="apr run int4-check --scale qwen2.5-coder-32b",
    if_falsified="The calibration texts differ.",
)
UNKNOWN = make(f"{INT4}::H4-GPU", Verdict.UNTESTED, "This machine has no GPU.", claim="The kernel agrees on a GPU.")
ERROR = make(
    f"{GATE}::GATE-0",
    Verdict.ERROR,
    "TrialError: the refutation did not reproduce.\nIt broke once in 3 attempts on the same input.",
    claim="The release is the model that was measured.",
    type="holds",
    if_falsified="The digest is taken before the tokenizer is written.",
)
GATED = make(
    f"{GATE}::GATE-1",
    Verdict.FALSIFIED,
    "H4-1.5B is UNDERPOWERED, and a gate passes on HELD alone.",
    type="gate",
    title="Release of the 7B",
    claim="The 7B may be released.",
    parts=((HELD.id, "HELD"), (UNDERPOWERED.id, "UNDERPOWERED"), (REFUTED.id, "REFUTED")),
)
SAMPLES = (
    HELD,
    FALSIFIED,
    HELD_AS_FALSE,
    STILL_HOLDS,
    REFUTED,
    RECOVERED,
    UNDERPOWERED,
    UNTESTED,
    UNKNOWN,
    ERROR,
    GATED,
)
INFO = RunInfo(
    root="apr-core",
    command="pytest falsify --apr-seed 7",
    seed=7,
    cases=100,
    scale="lab",
    started="2025-03-01T09:30:00+00:00",
    seconds=12.3456,
    versions={"python": "3.12.1", "apr-core": "0.1.0", "hypothesis": "6.131.0", "numpy": "2.2.0"},
    selected=12,
    collected=40,
)

RECORDS = tuple(
    CitedRecord(
        id=f"ev-{number:04d}",
        digest=f"{number:064x}",
        file=f"falsify/evidence/ev-{number:04d}.json",
        model="Qwen2.5-Coder-7B-Instruct",
        precision="int4" if number else "unknown",
        role=None,
        stage="quantize" if number else None,
        lineage=("Qwen2.5-Coder-7B-Instruct", "quantize") if number else None,
        benchmark="humaneval",
        prompt="chat",
        backend="unknown" if number == 3 else "cuda",
        source="imported",
        tool="apr-leaderboard 0.3",
        time=None if number == 3 else f"2026-03-{number + 1:02d}T06:00:00+00:00",
        seed=number if number else None,
        outcome="problems",
        n=164,
        measure="pass@1",
        value=None if number == 3 else 0.84 + number / 1000,
        unit="fraction",
    )
    for number in range(8)
)


def control(name: str, *cells: tuple[str, str, str], kind: str = "result", **fields: Any) -> Control:
    """A mutant of SLERP; each cell is a claim, its outcome and the reason."""
    defaults = {
        "of": "slerp",
        "fault": "(1 - t) * a + t * b",
        "where": f"contracts/{SLERP}.apr.yaml:40",
        "seconds": 0.02,
    }
    found = tuple(Cell(claim=claim, outcome=outcome, reason=reason) for claim, outcome, reason in cells)
    return Control(id=f"{SLERP}::{name}", contract=SLERP, kind=kind, cells=found, **(defaults | fields))  # type: ignore[arg-type]


CONTROLS = (
    control(
        "linear",
        (HELD.id, KILLED, "norm sagged to 0.71 of the inputs' norm"),
        (HELD_AS_FALSE.id, KILLED, "norm sagged below 0.95"),
        museum="element-wise for matrix product",
    ),
    control(
        "ends-swapped",
        (HELD.id, SURVIVED, "100 cases, none broke it"),
        (FALSIFIED.id, KILLED, "the first end is the second input"),
        kind="source",
        fault="-    return sin((1 - t) * angle) / s * a\n+    return sin(t * angle) / s * a",
        cached=True,
    ),
    control("gpu", (STILL_HOLDS.id, NOT_TRIED, "torch is not installed"), of="kernel"),
    control("broken", (STILL_HOLDS.id, BROKEN, "the mutant itself raises NameError")),
)
AUDITED = (
    Audited(claim=HELD.id, label="SURVIVED", reason="the mutant ends-swapped goes by", killed=1, mutants=2),
    Audited(claim=FALSIFIED.id, label="FELL", reason="a counterexample was found", killed=1, mutants=1),
    Audited(claim=HELD_AS_FALSE.id, label="CONTROLLED", reason="killed by linear", killed=1, mutants=1),
    Audited(claim=UNTESTED.id, label="UNBOUND", reason="there is no evidence for it"),
)
RUN = Run(SAMPLES, INFO, RECORDS, CONTROLS, AUDITED)

HOSTILE = (
    "\x1b[2J\x1b[31mHELD\x1b[0m",
    "\x9b31m",
    "\x1b]0;title\x07",
    "a | b || c",
    "one\ntwo\r\nthree\rfour\x0b\x0c\x85\u2028\u2029five",
    "\x00\x08\x7f\ufffe\uffff",
    "\ud800 and \udcff",
    "\u202eeslaf\u2066",
    "```\n</details>\n| x |",
    "]]>&amp;<script>alert(1)</script><!-- --",
    "@somebody fixes #1 and $x$ **bold** `code` [link](http://example.org) \\",
    "漢字" * 40,
    "e\u0301" * 60,
    "x" * 5_000,
    "",
    " \t ",
)
TEXT = st.sampled_from(HOSTILE) | st.text(max_size=40) | st.text(st.characters(), max_size=12)
"""Text as a contract or code under test might hold it, surrogates included."""

FINITE = st.floats(allow_nan=False, allow_infinity=False)
NUMBERS = st.floats()
COUNTS = st.integers(0, 10**9)
OUTCOME_WORDS = st.sampled_from(("HELD", "HELD-AS-FALSE", "FALSIFIED", "REFUTED", "UNDERPOWERED", "UNTESTED", "ERROR"))


def results(
    text: st.SearchStrategy[str] = TEXT, numbers: st.SearchStrategy[float] = NUMBERS
) -> st.SearchStrategy[Result]:
    """Results of every shape, also of shapes that no judge would give."""
    many = st.lists(text, max_size=3).map(tuple)
    json_values = st.none() | st.booleans() | COUNTS | numbers | text | st.lists(numbers, max_size=2)
    return st.builds(
        Result,
        id=text,
        contract=text,
        type=text,
        claim=text,
        verdict=st.sampled_from(Verdict),
        reason=text,
        title=text,
        criteria=many,
        expect=st.sampled_from(("held", "falsified")),
        refuted=st.none() | text,
        expected=st.none() | text,
        observed=st.none() | text,
        counterexample=st.none() | st.dictionaries(text, text, max_size=3),
        estimate=st.none() | numbers,
        interval=st.none() | st.tuples(st.none() | numbers, st.none() | numbers),
        line=st.none() | text | numbers.map(str),
        unit=st.none() | text,
        n=st.none() | COUNTS,
        n_of=st.none() | text,
        discarded=COUNTS,
        power=st.none()
        | st.dictionaries(text, json_values, max_size=2)
        | st.fixed_dictionaries({"needed": json_values, "unit": text}),
        flips=st.none() | st.builds(Flips, lost=many, gained=many, of=st.tuples(text, text), n=COUNTS),
        problems=st.dictionaries(text, many, max_size=2),
        evidence=st.lists(text, max_size=9).map(tuple),
        sides=st.dictionaries(text, many, max_size=2),
        notes=many,
        enable=st.none() | text,
        if_falsified=st.none() | text,
        backend=st.none() | text,
        seed=st.none() | st.integers(-(2**70), 2**70),
        versions=st.dictionaries(text, text, max_size=2),
        where=text | st.just("contracts/a.apr.yaml:7"),
        reproduce=text,
        seconds=st.floats(0, 1e6),
        parts=st.lists(st.tuples(text, OUTCOME_WORDS), max_size=3).map(tuple),
    )


INFOS = st.builds(
    RunInfo,
    root=TEXT,
    command=TEXT,
    seed=st.integers(0, 2**70),
    cases=COUNTS,
    scale=st.none() | TEXT,
    started=TEXT,
    seconds=st.floats(0, 1e6),
    versions=st.dictionaries(TEXT, TEXT, max_size=2),
    selected=COUNTS,
    collected=COUNTS,
)


def records(
    text: st.SearchStrategy[str] = TEXT, numbers: st.SearchStrategy[float] = FINITE
) -> st.SearchStrategy[CitedRecord]:
    """Records of every shape."""
    maybe = st.none() | text
    return st.builds(
        CitedRecord, id=text, digest=text, file=text, model=text, precision=text, role=maybe, stage=maybe,
        lineage=st.none() | st.lists(text, max_size=3).map(tuple), benchmark=text, prompt=text, backend=text,
        source=st.sampled_from(("measured", "imported", "published")), tool=text, time=maybe,
        seed=st.none() | st.integers(-(2**70), 2**70),
        outcome=st.sampled_from(("problems", "examples", "series", "scalar", "aggregate")), n=st.none() | COUNTS,
        measure=text, value=st.none() | numbers, unit=maybe,
    )  # fmt: skip


def controls(text: st.SearchStrategy[str] = TEXT) -> st.SearchStrategy[Control]:
    """Mutants of every shape."""
    cells = st.builds(
        Cell, claim=text, outcome=st.sampled_from(CONTROL_OUTCOMES), reason=text,
        counterexample=st.none() | st.dictionaries(text, text, max_size=2),
    )  # fmt: skip
    return st.builds(
        Control, id=text, contract=text, kind=text, of=text, fault=text, where=text,
        cells=st.lists(cells, min_size=1, max_size=3).map(tuple), museum=st.none() | text,
        seconds=st.floats(0, 1e6), cached=st.booleans(),
    )  # fmt: skip


def audits(text: st.SearchStrategy[str] = TEXT) -> st.SearchStrategy[Audited]:
    """What an audit might say."""
    return st.builds(
        Audited, claim=text, label=st.sampled_from(list(LABELS)), reason=text, killed=COUNTS, mutants=COUNTS
    )


def runs(text: st.SearchStrategy[str] = TEXT, numbers: st.SearchStrategy[float] = NUMBERS) -> st.SearchStrategy[Run]:
    """Whole runs with a result or two, whose parts need not fit together."""

    def one_or_two(found: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
        return st.lists(found, max_size=2, unique_by=lambda one: one.id).map(tuple)

    return st.builds(
        Run, one_or_two(results(text, numbers)), INFOS if text is TEXT else st.just(INFO),
        one_or_two(records(text)), one_or_two(controls(text)), st.lists(audits(text), max_size=2).map(tuple),
    )  # fmt: skip
