"""`apr contract lint`, `graph` and `schema`: every mistake at its place, nothing reported twice, pictures that parse."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from apr_core.cli import main

pytest_plugins = ["cli_workplace"]

Workplace = Callable[[dict[str, str]], Path]
Apr = Callable[..., tuple[int, str, str]]

MODULE = """
def double(x): return 2 * x
def power(base, *, exponent=2): return base ** exponent
"""

GOOD = """\
title: Numbers
version: 1.0.0
criteria: [AC-7]
subjects: {double: lintable:double, power: lintable:power}
inputs: {n: {integer: [0, 9]}}
obligations:
  - id: DOUBLE
    type: holds
    claim: It doubles.
    check: double(n) == n + n
  - id: SQUARE
    type: holds
    claim: It squares.
    check: power(n, exponent=2) == n * n
"""


def lint(apr: Apr, *words: str) -> tuple[int, list[str], str]:
    """The exit code, the problems, and the closing line."""
    code, out, err = apr("contract", "lint", *words)
    assert not err, err
    *problems, closing = out.rstrip("\n").split("\n")
    return code, problems, closing


def test_a_clean_project(workplace: Workplace, apr: Apr) -> None:
    workplace({"lintable.py": MODULE, "contracts/good.apr.yaml": GOOD})
    assert lint(apr) == (0, [], "1 contract checked: no problems")


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        (
            "check: double(n) == n + n",
            "check: double(n, 3) == n",
            r"10:12: double\(n, 3\) does not fit double: too many",
        ),
        (
            "check: double(n) == n + n",
            "check: n < 0 or double() == n",
            r"10:21: double\(\) does not fit double: missing",
        ),
        ("exponent=2) ==", "exponnet=2) ==", r"14:12: .*unexpected keyword argument 'exponnet'"),
        ("power(n, exponent=2)", "power(n, 2)", r"14:12: .*does not fit power: too many positional"),
        ("lintable:double", "lintable:dobule", r"4:20: .*has no 'dobule'\. Did you mean 'double'\?"),
        ("lintable:double", "nowhere:double", r"4:20: .*'nowhere'"),
        (
            "lintable:double",
            "{import: 'lintable:double', planned: soon}",
            r"4:20: lintable:double exists now: remove `planned`",
        ),
        ("claim: It doubles.", "cliam: It doubles.", r"9:5: .*'cliam'.*'claim'"),
        ("double(n) == n + n", "double(m) == n + n", r"10:19: .*'m' is not declared"),
    ],
)
def test_a_mistake_is_named_with_its_place(
    workplace: Workplace, apr: Apr, before: str, after: str, problem: str
) -> None:
    assert before in GOOD
    workplace({"lintable.py": MODULE, "contracts/bad.apr.yaml": GOOD.replace(before, after)})
    code, problems, closing = lint(apr)
    assert code == 1
    assert any(re.match(rf"contracts/bad\.apr\.yaml:{problem}", one) for one in problems), problems
    assert closing.startswith("1 contract checked: ")


def test_calls_are_checked_wherever_an_expression_may_stand(workplace: Workplace, apr: Apr) -> None:
    contract = """\
title: Places
version: 1.0.0
subjects: {double: lintable:double, power: lintable:power}
inputs: {n: {integer: [0, "double(1, 2)"]}}
setup: {s: "double(1, 3)"}
obligations:
  - id: A
    type: bound
    claim: C.
    let: {y: "double(1, 4)"}
    where: "double(1, 5) > 0"
    value: y + n + s
    within: [0, "double(1, 6)"]
  - {id: B, type: holds, claim: C., inputs: {n: {integer: [0, 1]}}, for_each: {v: "[double(1, 7)]"}, check: v < n}
  - id: T
    template: idempotence
    claim: "Not double(1, 8) but prose."
    function: "power(_, _, 9)"
    of: n
    tolerance: {exact: true}
mutants:
  - {id: M, kind: result, of: double, becomes: "double(1, 10)", killed_by: [A]}
"""
    workplace({"lintable.py": MODULE, "contracts/places.apr.yaml": contract})
    _, problems, _ = lint(apr)
    found = [re.search(r"(double\(1, \d+\)|power\(.*\)) does not fit", one) for one in problems]
    calls = [match[1] for match in found if match]
    assert {f"double(1, {number})" for number in (2, 3, 4, 5, 6, 7, 10)} <= set(calls)
    assert not any("double(1, 8)" in call for call in calls)
    assert any(call.startswith("power(") for call in calls)


def test_other_files_claims_must_exist(workplace: Workplace, apr: Apr) -> None:
    gate = """\
title: Gate
version: 1.0.0
obligations:
  - id: GATE
    type: gate
    claim: Release.
    require:
      - good::DOUBLE
      - good::DUOBLE
"""
    workplace({"lintable.py": MODULE, "contracts/good.apr.yaml": GOOD, "contracts/gates/g.apr.yaml": gate})
    code, problems, closing = lint(apr)
    assert code == 1
    assert len(problems) == 1
    assert problems[0].startswith(
        "contracts/gates/g.apr.yaml:9:9: there is no claim 'good::DUOBLE'. Did you mean 'good::DOUBLE'?"
    )
    assert closing == "2 contracts checked: 1 problem in 1 file"


def test_unknown_metrics_are_found_and_recorded_series_are_not(workplace: Workplace, apr: Apr) -> None:
    contract = """\
title: Evidence
version: 1.0.0
evidence: {a: {model: M}}
obligations:
  - {id: A, type: threshold, claim: C., metric: pas@1, of: a, at_least: 0.5, decide: score}
  - {id: B, type: threshold, claim: C., metric: pass@10, of: a, at_least: 0.5, decide: score}
  - {id: C, type: trend, claim: C., series: a, of: my-own-loss, direction: decreasing, decide: score}
"""
    workplace({"contracts/evidence.apr.yaml": contract})
    code, problems, _ = lint(apr)
    assert code == 1
    assert len(problems) == 1
    assert re.match(r"contracts/evidence\.apr\.yaml:5:\d+: .*'pas@1'.*Did you mean 'pass@1'\?", problems[0])


def test_one_id_in_two_files(workplace: Workplace, apr: Apr) -> None:
    workplace({"lintable.py": MODULE, "contracts/a.apr.yaml": GOOD, "other/contracts/a.apr.yaml": GOOD})
    code, problems, _ = lint(apr)
    assert code == 1
    assert [one.split(":")[0] for one in problems] == ["contracts/a.apr.yaml", "other/contracts/a.apr.yaml"]
    assert "the id 'a' is also that of other/contracts/a.apr.yaml" in problems[0]


def test_scales_are_checked_with_the_project(workplace: Workplace, apr: Apr) -> None:
    workplace(
        {"lintable.py": MODULE, "contracts/a.apr.yaml": GOOD, "contracts/scales/lab.yaml": "title: Lab\nrolse: {}\n"}
    )
    code, problems, _ = lint(apr)
    assert code == 1
    assert all("scales/lab.yaml" in one for one in problems)


def test_all_problems_of_all_files_in_the_order_of_the_lines(workplace: Workplace, apr: Apr) -> None:
    worse = GOOD.replace("double(n)", "duoble(n)").replace("power(n", "pwoer(n")
    workplace({"lintable.py": MODULE, "contracts/b.apr.yaml": worse, "contracts/a.apr.yaml": worse})
    _, problems, closing = lint(apr)
    places = [(one.split(":")[0], int(one.split(":")[1])) for one in problems]
    assert places == sorted(places)
    assert len(problems) >= 4
    assert closing == f"2 contracts checked: {len(problems)} problems in 2 files"


def test_only_what_is_named_is_checked(workplace: Workplace, apr: Apr) -> None:
    bad = GOOD.replace("double(n)", "duoble(n)")
    workplace({"lintable.py": MODULE, "contracts/bad.apr.yaml": bad, "contracts/x/good.apr.yaml": GOOD})
    assert lint(apr, "contracts/x")[0] == 0
    assert lint(apr, "contracts/x/good.apr.yaml")[0] == 0
    assert lint(apr, "contracts")[0] == 1


def test_json(workplace: Workplace, apr: Apr) -> None:
    root = workplace({"lintable.py": MODULE, "contracts/bad.apr.yaml": GOOD.replace("double(n)", "duoble(n)")})
    code, out, _ = apr("contract", "lint", "--json")
    data = json.loads(out)
    assert code == 1
    assert data["files"] == 1
    assert data["problems"][0]["path"] == "contracts/bad.apr.yaml"
    assert data["problems"][0]["line"] in (4, 10)
    assert apr("contract", "lint", "--json", str(root / "found.json"))[0] == 1
    assert json.loads((root / "found.json").read_text()) == data


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["nowhere"], "there is no file or folder nowhere"),
        (["lintable.py"], "lintable.py is no contract"),
        (["empty"], "there is no contract (*.apr.yaml) in empty"),
        (["--json", "contracts"], "this is a folder"),
    ],
)
def test_wrong_use(workplace: Workplace, apr: Apr, words: list[str], text: str) -> None:
    workplace({"lintable.py": MODULE, "contracts/good.apr.yaml": GOOD, "empty/x": ""})
    code, _, err = apr("contract", "lint", *words)
    assert code == 2
    assert text in err


# --- graph ---

LINKED = """\
title: Linked
version: 1.0.0
subjects: {later: {import: "lintable:later", planned: write it}}
inputs: {n: {integer: [0, 9]}}
evidence: {runs: {model: M, prompt: 'few "shot"'}}
obligations:
  - {id: LATER, type: holds, claim: "It comes: \\"later\\".", criteria: [AC-8], check: later(n) == n}
  - {id: LINE, type: threshold, claim: Half., metric: pass@1, of: runs, at_least: 0.5, decide: score}
  - {id: ALL, type: compound, claim: All., all_of: [LATER, LINE, good::DOUBLE]}
"""


def test_graph_as_text(workplace: Workplace, apr: Apr) -> None:
    workplace({"lintable.py": MODULE, "contracts/good.apr.yaml": GOOD, "contracts/linked.apr.yaml": LINKED})
    code, out, _ = apr("contract", "graph")
    assert code == 0
    assert "AC-7\n  good  Numbers\n    DOUBLE  It doubles.\n      lintable:double\n" in out
    assert '      runs  model M, prompt few "shot"\n' in out
    assert 'AC-8\n  linked::LATER  It comes: "later".\n    lintable:later  (planned)' in out
    assert "      good::DOUBLE  It doubles." in out


def test_graph_as_json_has_no_loose_ends(workplace: Workplace, apr: Apr) -> None:
    workplace({"lintable.py": MODULE, "contracts/good.apr.yaml": GOOD, "contracts/linked.apr.yaml": LINKED})
    graph = json.loads(apr("contract", "graph", "--format", "json")[1])
    ids = [node["id"] for node in graph["nodes"]]
    assert len(ids) == len(set(ids))
    assert all(edge["source"] in ids and edge["target"] in ids for edge in graph["edges"])
    assert {"source": "linked::ALL", "target": "good::DOUBLE"} in graph["edges"]
    assert {node["kind"] for node in graph["nodes"]} == {"criterion", "contract", "claim", "subject", "evidence"}


def test_graph_for_pictures(workplace: Workplace, apr: Apr) -> None:
    root = workplace({"lintable.py": MODULE, "contracts/good.apr.yaml": GOOD, "contracts/linked.apr.yaml": LINKED})
    mermaid = apr("contract", "graph", "--format", "mermaid")[1].rstrip("\n").split("\n")
    assert mermaid[0] == "flowchart LR"
    assert all(re.fullmatch(r'  n\d+(\W{1,2}"[^"]*"\W{1,2}| --> n\d+)', line) for line in mermaid[1:])
    assert apr("contract", "graph", "--format", "dot", "-o", "graph.dot")[:2] == (0, "")
    dot = (root / "graph.dot").read_text()
    assert dot.startswith("digraph contracts {\n") and dot.endswith("}\n")
    assert dot.count('"') % 2 == dot.count('\\"') % 2
    assert '"linked::LATER" -> "lintable:later";' in dot


def test_a_circle_of_claims_ends(workplace: Workplace, apr: Apr) -> None:
    one = "title: T\nversion: 1.0.0\nobligations: [{id: A, type: compound, claim: C., all_of: ['two::A']}]\n"
    workplace({"contracts/one.apr.yaml": one, "contracts/two.apr.yaml": one.replace("two", "one")})
    assert apr("contract", "graph")[0] == 0


def test_graph_refuses_a_broken_contract(workplace: Workplace, apr: Apr) -> None:
    workplace({"lintable.py": MODULE, "contracts/bad.apr.yaml": GOOD.replace("title", "tilte")})
    code, _, err = apr("contract", "graph")
    assert code == 2
    assert "contracts/bad.apr.yaml:1:1" in err


# --- schema ---


def test_schema_is_printed_written_and_compared(tmp_path: Path, apr: Apr) -> None:
    code, out, _ = apr("contract", "schema")
    assert code == 0
    assert "obligations" in json.loads(out)["properties"]
    file = tmp_path / "schema.json"
    assert main(["contract", "schema", "-o", str(file)]) == 0
    assert file.read_text() == out
    assert main(["contract", "schema", "-o", str(file), "--check"]) == 0
    file.write_text(out.replace("obligations", "obligatoins", 1))
    assert apr("contract", "schema", "-o", str(file), "--check")[0] == 1
    file.unlink()
    code, out, _ = apr("contract", "schema", "-o", str(file), "--check")
    assert code == 1
    assert "does not exist" in out
    assert apr("contract", "schema", "--check")[0] == 2
