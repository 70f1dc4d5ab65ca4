"""Whatever a contract file holds, loading it ends: with a contract, or with problems that have a place."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml as pyyaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apr_core.contract.load import load_file
from apr_core.contract.yaml import parse
from apr_core.errors import ContractError

SECONDS = 20
"""Of processor time: far above what any of these takes, far below what they would take without bounds."""

SETTINGS = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

HOSTILE = {
    "open brackets": "k: " + "[" * 200_000,
    "open mappings": "{a: " * 100_000,
    "block lists": "- " * 200_000,
    "question marks": "? " * 200_000,
    "many items": "k:\n" + "- a\n" * 200_000,
    "many keys": "".join(f"k{i}: 1\n" for i in range(60_000)),
    "anchors": "k: [" + ", ".join(f"&a{i} x" for i in range(60_000)) + "]",
    "one long scalar": "k: " + "x" * 900_000,
    "one long comment": "k: 1 #" + "x" * 900_000,
    "quotes": "k: '" + "'" * 900_000,
    "percent": "%" * 900_000,
    "tabs": "\t" * 900_000,
    "colons": ":" * 900_000,
    "exclamations": "!" * 900_000,
    "stars": "*" * 900_000,
    "empty lines": "k:" + "\n" * 900_000,
    "pipes": "k: |\n" + " x\n" * 300_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_read_or_refused_within_seconds(name: str) -> None:
    start = time.process_time()
    try:
        parse(HOSTILE[name], "x")
    except ContractError as error:
        assert len(error.problems) <= 20
        assert all(len(str(problem)) < 1_000 for problem in error.problems)
    assert time.process_time() - start < SECONDS


HEAD = "title: t\nversion: 1.0.0\n"
ONE = "obligations: [{id: A, type: holds, claim: c, check: '1'}]\n"
PRODUCT = 'sum(flatten(reshape(cast(range(10000), "float64"), -1, 1) @ reshape(cast(range(10000), "float64"), 1, -1)))'


def many(count: int, line: str) -> str:
    """A line so many times; N is the number of each, M the next."""
    return "".join(line.replace("N", str(n)).replace("M", str(n + 1)) + "\n" for n in range(count))


def holds(count: int, check: str, more: str = "") -> str:
    return "obligations:\n" + many(count, f"- {{id: AN, type: holds, claim: c, check: {check}{more}}}")


def template(name: str, text: str) -> str:
    fields = f"forward: {text}, backward: *f, of: *f, tolerance: {{ulp: 1}}"
    return f"- {{id: {name}, template: roundtrip, claim: c, {fields}}}"


CONTRACTS = {
    "unknown names": holds(900, "unknownN"),
    "unknown preconditions": holds(1, "1 > 0", ", where: [" + many(40_000, "uN,").replace("\n", "") + "]"),
    "unknown keys": many(40_000, "keyN: 1") + ONE,
    "a chain of inputs": "inputs:\n"
    + many(999, "  nN: {integer: [0, nM]}")
    + "  n999: {integer: [0, 1]}\n"
    + holds(300, "n0 > 0", ", inputs: {n0: {integer: [0, n1]}}"),
    "claims that rest on many": "obligations:\n"
    + "".join(
        f"- {{id: A{n}, type: compound, claim: c, all_of: [{', '.join(f'A{k}' for k in range(n + 1, n + 90))}]}}\n"
        for n in range(900)
    ),
    "a claim that rests on one too often": f"obligations: [{{id: A, type: compound, claim: c, all_of: [{'A, ' * 40_000}A]}}]",
    "too many inputs": "inputs:\n" + many(20_000, "  nN: {integer: [0, 1]}") + ONE,
    "templates that multiply": f"obligations:\n{template('A', '&f ' + repr('_+' * 1_900 + '_'))}\n"
    + many(900, template("AN", "*f")),
    "bounds that build lists": "inputs:\n" + many(900, "  nN: {integer: [0, 'len([0] * 999 + [N])']}") + ONE,
    "bounds that would never end": "inputs:\n" + many(900, f"  nN: {{integer: [N, '{PRODUCT}']}}") + ONE,
    "expressions at the limit": holds(900, "x + " * 38 + "N"),
    "a long key": f"{ONE}? {'k' * 500_000}\n: 1\n",
    "a long name": f"obligations: [{{id: {'A' * 500_000}, type: {'b' * 200_000}}}]\n",
}


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_contract_that_is_meant_to_cost_time_is_judged_within_seconds(name: str, folder: Path) -> None:
    assert not loads((HEAD + CONTRACTS[name]).encode(), folder)


def loads(content: bytes, folder: Path) -> bool:
    """Whether the content is a contract; if not, the refusal is checked."""
    path = folder / "x.apr.yaml"
    path.write_bytes(content)
    start = time.process_time()
    try:
        load_file(path, folder)
    except ContractError as error:
        assert 0 < len(error.problems) <= 200
        assert len(str(error)) < 400_000
        lines = content.count(b"\n") + content.count(b"\r") + 1
        for problem in error.problems:
            assert problem.path == "x.apr.yaml"
            assert 1 <= problem.line <= lines
            assert problem.column >= 1
            assert "pydantic" not in problem.message.lower()
            assert "Traceback" not in problem.message
        return False
    finally:
        assert time.process_time() - start < SECONDS
    return True


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


VALID = """\
title: t
version: 1.0.0
subjects: {f: package.module:function}
inputs:
  n: {integer: [1, 8]}
  w: {tensor: [n, "n + 1"], dtype: float32, draw: normal}
  t: {real: [0.0, 1.0]}
  r: {rows: {name: {text: [0, 3]}, score: {real: [0, 1]}}, size: [0, 5]}
constants: {limits: {a: 1, b: [2, 3]}}
evidence:
  base: {role: base, benchmark: strict, select: all}
obligations:
  - {id: A, type: bound, claim: c, value: "norm(f(w, t))", within: [0, "limits['b'][1]"], where: "n > 1"}
  - {id: B, type: equivalence, claim: c, left: "f(r)", right: "[x for x in r]", tolerance: {ulp: 1, relative: 1e-7}}
  - {id: C, template: roundtrip, claim: c, forward: f, backward: "f(_, 2)", of: w, tolerance: {exact: true}}
  - {id: D, type: threshold, claim: c, metric: pass@1, of: base, at_least: 158 / 164, decide: score}
  - {id: E, type: gate, claim: c, require: [A, D], allow: {D: UNTESTED}}
mutants:
  - {id: m, kind: result, of: f, becomes: "result * 2", killed_by: [A]}
"""


def test_the_contract_that_is_damaged_below_is_valid(folder: Path) -> None:
    assert loads(VALID.encode(), folder)


@SETTINGS
@given(st.binary(max_size=200))
def test_arbitrary_bytes(folder: Path, content: bytes) -> None:
    loads(content, folder)


@SETTINGS
@given(st.text(max_size=200))
def test_arbitrary_text(folder: Path, content: str) -> None:
    loads(content.encode("utf-8", "surrogatepass"), folder)


@SETTINGS
@given(st.text(alphabet="ab:-?[]{},&*!|>'\"%@` \n#~<0.", max_size=60))
def test_text_of_the_characters_that_mean_something_in_yaml(folder: Path, content: str) -> None:
    loads(content.encode(), folder)


@SETTINGS
@given(st.data())
def test_a_valid_contract_with_pieces_cut_out_or_put_elsewhere(folder: Path, data: st.DataObject) -> None:
    content = VALID
    for _ in range(data.draw(st.integers(1, 3))):
        start, length, target = (data.draw(st.integers(0, limit)) for limit in (len(content), 30, len(content)))
        piece = content[start : start + length]
        content = content[:start] + content[start + length :]
        content = (
            content[:target]
            + data.draw(st.sampled_from([piece, "", "_", ": ", "\n", "[", "'", piece * 3]))
            + content[target:]
        )
    loads(content.encode(), folder)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(["f(w)", "n", "A", "w.shape", "bound", "1.0.0", "a b", "normal", "_", "x::y", "lambda: 1"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abn_", min_size=1, max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
PLACES = [
    (),
    ("subjects", "f"),
    ("inputs",),
    ("inputs", "w"),
    ("inputs", "w", "tensor"),
    ("inputs", "w", "dtype"),
    ("inputs", "n", "integer"),
    ("inputs", "r", "rows", "name"),
    ("constants", "limits"),
    ("evidence", "base"),
    ("evidence", "base", "select"),
    ("obligations",),
    ("obligations", 0),
    ("obligations", 0, "type"),
    ("obligations", 0, "within"),
    ("obligations", 0, "value"),
    ("obligations", 0, "where"),
    ("obligations", 1, "tolerance"),
    ("obligations", 1, "tolerance", "relative"),
    ("obligations", 2, "backward"),
    ("obligations", 2, "template"),
    ("obligations", 3, "decide"),
    ("obligations", 3, "at_least"),
    ("obligations", 4, "allow"),
    ("mutants", 0),
    ("mutants", 0, "becomes"),
]
KEYS = [
    "inputs",
    "where",
    "let",
    "for_each",
    "limits",
    "cases",
    "draw",
    "size",
    "family",
    "unit",
    "produce",
    "setup",
    "new",
]


@SETTINGS
@given(st.sampled_from(PLACES), VALUES, st.none() | st.sampled_from(KEYS))
def test_any_value_at_any_place_of_a_valid_contract(
    folder: Path, place: tuple[str | int, ...], value: object, key: str | None
) -> None:
    document = pyyaml.safe_load(VALID)
    target = document
    for part in place[:-1]:
        target = target[part]
    if place:
        target[place[-1]] = value
    if key is not None and isinstance(target, dict):
        target[key] = value
    loads(pyyaml.safe_dump(document, allow_unicode=True).encode(), folder)
