"""Semantic checks: each fault is found, at its place, and nothing else is reported."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from contract_everything import EVERYTHING

from apr_core.contract.check import check
from apr_core.contract.load import load_file
from apr_core.contract.schema import Contract
from apr_core.contract.yaml import parse
from apr_core.errors import ContractError

HEAD = "title: t\nversion: 1.0.0\n"


def problems(body: str, folder: Path) -> list[str]:
    """The problems of a contract, as line:column: message. The body begins at line 3."""
    path = folder / "x.apr.yaml"
    path.write_text(HEAD + textwrap.dedent(body).lstrip("\n"), encoding="utf-8")
    try:
        load_file(path, folder)
    except ContractError as error:
        return [str(problem).removeprefix("x.apr.yaml:") for problem in error.problems]
    return []


def expect(body: str, folder: Path, *expected: tuple[str, str]) -> None:
    """Exactly these problems, each with its place and a part of its message."""
    found = problems(body, folder)
    assert len(found) == len(expected), found
    for problem, (place, says) in zip(found, expected, strict=True):
        assert problem.startswith(f"{place}: "), problem
        assert says in problem


def test_a_contract_with_everything_in_it_has_no_problem(tmp_path: Path) -> None:
    expect(EVERYTHING, tmp_path)


FAULTS = {
    "two obligations with one id": (
        "obligations: [{id: A, type: holds, claim: c, check: '1'}, {id: A, type: holds, claim: c, check: '2'}]",
        [("3:64", "the id 'A' is taken by obligations[0]")],
    ),
    "an expression outside of the language": (
        "inputs: {x: {real: [0, 1]}}\nobligations: [{id: A, type: holds, claim: c, check: 'x.shape > 0'}]",
        [("4:54", "write shape(x)")],
    ),
    "the column of a fault inside of an expression": (
        "inputs: {x: {real: [0, 1]}}\nobligations:\n  - {id: A, type: holds, claim: c, check: x > y}",
        [("5:47", "the name 'y' is not declared")],
    ),
    "a misspelt subject": (
        "subjects: {slerp: p.m:slerp}\nobligations:\n"
        "  - {id: A, type: holds, claim: c, check: slerp(1)}\n  - {id: B, type: holds, claim: c, check: slrep(1)}",
        [("6:43", "Did you mean 'slerp'?")],
    ),
    "the loop variable of one obligation in another": (
        "obligations:\n  - {id: A, type: holds, claim: c, for_each: {d: '[1]'}, check: d > 0}\n"
        "  - {id: B, type: holds, claim: c, check: d > 0}",
        [("5:43", "the name 'd' is not declared")],
    ),
    "let names in the wrong order": (
        "obligations: [{id: A, type: holds, claim: c, let: {a: b, b: '1'}, check: a > b}]",
        [("3:55", "the name 'b' is not declared")],
    ),
    "for_each over a name of let": (
        "obligations: [{id: A, type: holds, claim: c, let: {a: '[1]'}, for_each: {d: a}, check: a == d}]",
        [("3:77", "the name 'a' is not declared")],
    ),
    "an unpacking that is none": (
        "obligations: [{id: A, type: holds, claim: c, let: {'a, a': '[1, 2]', 'b c': '1'}, check: '1'}]",
        [("3:52", "'a, a' is not a name"), ("3:70", "'b c' is not a name")],
    ),
    "an input with the name of a function": (
        "inputs: {mean: {real: [0, 1]}}\nobligations: [{id: A, type: holds, claim: c, check: mean > 0}]",
        [("3:10", "the function mean(…) of the vocabulary")],
    ),
    "an input with the name of a subject": (
        "subjects: {f: p.m:f}\ninputs: {f: {real: [0, 1]}}\nobligations: [{id: A, type: holds, claim: c, check: f(f)}]",
        [("3:12", "the subject 'f' has the name of something else: the input 'f' of the contract")],
    ),
    "names of the language": (
        "inputs: {pi: {real: [0, 1]}, result: {real: [0, 1]}, lambda: {real: [0, 1]}}\n"
        "obligations: [{id: A, type: holds, claim: c, check: pi + result > 0}]",
        [
            ("3:10", "the constant 3.14"),
            ("3:30", "what a mutant and a frame call the result"),
            ("3:54", "a keyword of Python"),
            ("3:54", "the input 'lambda' is not used"),
        ],
    ),
    "let and for_each that hide an input": (
        "inputs: {x: {real: [0, 1]}}\n"
        "obligations: [{id: A, type: holds, claim: c, let: {x: '1'}, for_each: {x: '[1]'}, check: x > 0}]",
        [
            ("4:52", "the name 'x' has the name of something else: a loop variable"),
            ("4:72", "the loop variable 'x' has the name of something else: the input 'x' of the contract"),
        ],
    ),
    "an input of its own with the name of a constant": (
        "constants: {k: 1}\nobligations:\n"
        "  - {id: A, type: holds, claim: c, inputs: {k: {real: [0, 1]}}, check: k > 0}",
        [("5:45", "the input 'k' has the name of something else: the constant 'k' of the contract")],
    ),
    "inputs in a circle": (
        "inputs: {a: {integer: [0, b]}, b: {integer: [0, c]}, c: {integer: [0, a]}}\n"
        "obligations: [{id: A, type: holds, claim: c, check: a > 0}]",
        [("3:10", "the inputs depend on each other: a → b → c → a")],
    ),
    "an input that depends on itself": (
        "inputs: {a: {integer: [0, a]}}\nobligations: [{id: A, type: holds, claim: c, check: a > 0}]",
        [("3:10", "a → a")],
    ),
    "a circle through an obligation's own input": (
        "inputs: {a: {integer: [0, b]}, b: {integer: [0, 1]}}\nobligations:\n"
        "  - {id: A, type: holds, claim: c, check: a + b > 0}\n"
        "  - {id: B, type: holds, claim: c, check: a > 0, inputs: {b: {integer: [0, a]}}}",
        [("6:50", "a → b → a")],
    ),
    "unknown names in inputs": (
        "inputs: {a: {tensor: [m], dtype: floot32, draw: normall}, b: {near: aa, relative: 0}, c: {permutation: d}}\n"
        "obligations: [{id: A, type: holds, claim: c, check: 'len([a, b, c]) > 0'}]",
        [
            ("3:23", "the name 'm' is not declared"),
            ("3:34", "Did you mean 'float32'?"),
            ("3:49", "Did you mean 'normal'?"),
            ("3:69", "there is no input 'aa' to start from"),
            ("3:104", "'d' is not a list"),
        ],
    ),
    "a tensor drawn near a number": (
        "inputs: {a: {real: [0, 1]}, b: {near: a, relative: 0}}\nobligations: [{id: A, type: holds, claim: c, check: b > 0}]",
        [("3:39", "the input 'a' is of kind real: a tensor is needed")],
    ),
    "an obligation that takes the tensor away": (
        "inputs: {a: {tensor: [2]}, b: {rotate: a, by: 1}}\nobligations:\n"
        "  - {id: A, type: holds, claim: c, check: norm(a) == norm(b)}\n"
        "  - {id: B, type: holds, claim: c, check: all(b > a), inputs: {a: {real: [0, 1]}}}",
        [("6:67", "the input 'b' of the contract starts from 'a', a tensor")],
    ),
    "quantities that cannot be": (
        "inputs: {a: {integer: [3, 1.5]}, b: {text: [-1, 3]}, c: {tensor: [true]}, d: {tokens: [4], vocabulary: 0},"
        " e2: {integer: [9, 1]}, g: {real: [0, .inf]}, h: {list: {bytes: [4, 2]}, size: [0, 1]}}\n"
        "obligations: [{id: A, type: holds, claim: c, check: 'len([a, b, c, d, e2, g, h]) > 0'}]",
        [
            ("3:27", "1.5 is not a whole number"),
            ("3:45", "-1 is below 0"),
            ("3:67", "true stands where a number is needed"),
            ("3:104", "0 is below 1"),
            ("3:122", "no value is at least 9 and at most 1"),
            ("3:145", "inf is not a finite number"),
            ("3:171", "no value is at least 4 and at most 2"),
        ],
    ),
    "bounds that hold nothing": (
        "constants: {low: 2}\nobligations: [{id: A, type: bound, claim: c, value: '1', within: [low * 2, '2 + 1']}]",
        [("4:66", "no value is at least 4 and at most 3")],
    ),
    "a bound that builds more than a bound needs": (
        "obligations: [{id: A, type: bound, claim: c, value: '1', within: [0, 'len([0] * 1001)']}]",
        [("3:75", "more than 1,000 elements of lists")],
    ),
    "a bound that is text": (
        "obligations: [{id: A, type: bound, claim: c, value: '1', within: [\"'a'\", 1]}]",
        [("3:67", "the text 'a' stands where a number is needed")],
    ),
    "an import string that is none": (
        "inputs: {a: {strategy: package.module}}\nobligations: [{id: A, type: holds, claim: c, check: a > 0}]",
        [("3:24", "write `package.module:function`")],
    ),
    "growth of what is no number, and of nothing": (
        "inputs: {a: {tensor: [2]}, n: {integer: [0, 1]}, m: {integer: [0, n]}}\nobligations:\n"
        "  - {id: A, type: monotone, claim: c, value: sum(a), in: a, direction: increasing}\n"
        "  - {id: B, type: monotone, claim: c, value: sum(a), in: n, direction: increasing}\n"
        "  - {id: C, type: monotone, claim: c, value: m, in: m, direction: increasing}\n"
        "  - {id: D, type: monotone, claim: c, value: m + n, in: n, direction: increasing}\n"
        "  - {id: E, type: monotone, claim: c, value: '1', in: k, direction: increasing}",
        [
            ("5:58", "the input 'a' is of kind tensor"),
            ("6:58", "the value does not read 'n'"),
            ("8:57", "the input 'm' is drawn from 'n' and would change with it"),
            ("9:55", "there is no input 'k'"),
        ],
    ),
    "frames": (
        "subjects: {f: p.m:f}\ninputs: {a: {tensor: [2]}}\nobligations:\n"
        "  - {id: A, type: frame, claim: c, run: f(a), unchanged: [a, b], changed: [a]}\n"
        "  - {id: B, type: frame, claim: c, run: 'f(a, result)', check: before(a + 1) > before(a)}\n"
        "  - {id: C, type: holds, claim: c, check: before(a) > 0}",
        [
            ("6:62", "there is no input or name of `let` 'b'"),
            ("6:76", "'a' is in `unchanged` as well"),
            ("7:47", "the name 'result' is not declared"),
            ("7:64", "before(…) takes one declared name"),
            ("8:43", "there is no function 'before'"),
        ],
    ),
    "rejections": (
        "subjects: {f: p.m:f}\ninputs: {a: {tensor: [2]}}\nobligations:\n"
        "  - {id: A, type: rejection, claim: c, run: f(a), raises: 'a b', message: '(', leaves_nothing_in: a}",
        [
            ("6:59", "'a b' is not the name of an exception"),
            ("6:75", "not a regular expression: missing ), unterminated subpattern"),
            ("6:99", "'a' is not an input of kind workdir"),
        ],
    ),
    "costs": (
        "subjects: {f: p.m:f}\ninputs: {a: {tensor: [2]}, d: {workdir: empty}}\nobligations:\n"
        "  - {id: A, type: cost, claim: c, run: f(a), measure: calls, of: g, at_most: 3}\n"
        "  - {id: B, type: cost, claim: c, run: f(a), measure: bytes_written, at_most: -3}\n"
        "  - {id: C, type: cost, claim: c, run: f(d), measure: bytes_written, at_most: 3}\n"
        "  - {id: D, type: holds, claim: c, check: f(a), limits: {bytes: 3}}",
        [
            ("6:66", "there is no subject 'g'"),
            ("7:55", "none is used: pass one to the call"),
            ("7:79", "-3 is below 0"),
            ("9:58", "only a `rejection` reads `bytes`"),
        ],
    ),
    "templates": (
        "subjects: {f: p.m:f}\ninputs: {a: {tensor: [2]}}\nobligations:\n"
        "  - {id: A, template: roundtrip, claim: c, forward: g, backward: f, of: a, tolerance: {exact: true}}\n"
        "  - {id: B, template: roundtrip, claim: c, forward: f, backward: f(1), of: a, tolerance: {exact: true}}\n"
        "  - {id: C, template: idempotence, claim: c, function: 'f(_, b)', of: a, tolerance: {exact: true}}\n"
        "  - {id: D, template: linearity, claim: c, function: f, of: [a, b], scalars: [1, a.x], tolerance: {ulp: 1}}\n"
        "  - {id: E, template: symmetry, claim: c, function: k, of: [a, a], tolerance: {absolute: nothing}}\n"
        "  - {id: F, template: invariance, claim: c, function: f, under: -_, of: a, tolerance: {absolute: -eps('float16')}}",
        [
            ("6:53", "there is no function 'g'"),
            ("7:66", "`f(1)` has no `_` for the argument"),
            ("8:56", "the name 'b' is not declared"),
            ("9:65", "the name 'b' is not declared"),
            ("9:82", "`a.x` is an attribute"),
            ("10:53", "there is no function 'k'"),
            ("10:90", "the name 'nothing' is not declared"),
            ("11:98", "is below 0: no two values are that close"),
        ],
    ),
    "evidence": (
        "evidence: {base: {role: r}}\nobligations:\n"
        "  - {id: A, type: threshold, claim: c, metric: m, of: bse, at_least: 3, at_most: 2, decide: score}\n"
        "  - {id: B, type: difference, claim: c, metric: m, candidate: base, reference: base, decide: score, family: x}\n"
        "  - {id: C, type: non_inferiority, claim: c, metric: m, candidate: base, reference: b2, margin: 0, decide: score}\n"
        "  - {id: D, type: trend, claim: c, series: s, of: loss, direction: decreasing, decide: {}}\n"
        "  - {id: E, type: threshold, claim: c, metric: m, of: base, at_least: f(1) / x.y, decide: score}",
        [
            ("5:55", "Did you mean 'base'?"),
            ("5:82", "no value is at least 3 and at most 2"),
            ("6:80", "'base' is compared with itself"),
            ("6:101", "a family shares an alpha"),
            ("7:85", "there is no evidence 'b2'"),
            ("7:97", "0 is not above 0"),
            ("8:44", "there is no evidence 's'"),
            ("9:78", "`x.y` is an attribute"),
        ],
    ),
    "compound claims and gates": (
        "obligations:\n  - {id: A, type: compound, claim: c, all_of: [A, B, B, Z]}\n"
        "  - {id: B, type: compound, claim: c, any_of: [C]}\n"
        "  - {id: C, type: gate, claim: c, require: [B], allow: {D: UNTESTED}}",
        [
            ("4:48", "'A' cannot rest on itself"),
            ("4:54", "'B' is listed twice"),
            ("4:57", "there is no obligation 'Z' in this file"),
            ("5:5", "claims rest on each other: B → C → B"),
            ("6:57", "'D' is not in `require`"),
        ],
    ),
    "mutants": (
        "subjects: {f: p.m:f, h: {command: [x]}}\nevidence: {base: {role: r}}\nobligations:\n"
        "  - {id: A, type: holds, claim: c, check: h(1) == 0}\n"
        "  - {id: B, type: threshold, claim: c, metric: m, of: base, at_least: 3, decide: score}\n"
        "  - {id: C, type: holds, claim: c, check: f(1) == 0}\nmutants:\n"
        "  - {id: A, kind: result, of: g, becomes: result.x, killed_by: [Z]}\n"
        "  - {id: m, kind: result, of: h, becomes: '1', killed_by: [A, B]}\n"
        "  - {id: n, kind: result, of: f, becomes: result + anything, killed_by: [A, C]}",
        [
            ("10:10", "the id 'A' is taken by obligations[0]"),
            ("10:31", "there is no subject 'g'"),
            ("10:43", "`result.x` is an attribute"),
            ("10:65", "there is no obligation 'Z' in this file"),
            ("11:31", "'h' is a program"),
            ("11:63", "'B' is not tried on drawn inputs"),
            ("12:74", "'A' does not call 'f'"),
        ],
    ),
    "what nothing reads": (
        "subjects: {f: p.m:f}\nconstants: {k: 1}\nsetup: {s: f(1)}\ninputs: {x: {real: [0, 1]}, y: {real: [0, 1]}}\n"
        "evidence: {base: {role: r}}\nproduce: recipe\nobligations:\n"
        "  - {id: A, type: holds, claim: c, check: x > 0, inputs: {x: {real: [0, 2]}, z: {real: [0, y]}}}\n"
        "  - {id: B, type: holds, claim: c, check: '1 > 0', let: {a: '1', 'b, d': '[1, 2]'}, for_each: {v: '[1]'}}\n"
        "mutants: []",
        [
            ("4:13", "the constant 'k' is not used"),
            ("5:9", "the object of `setup` 's' is not used"),
            ("6:10", "the input 'x' is not used"),
            ("6:29", "the input 'y' is not used"),
            ("7:12", "the evidence 'base' is not used"),
            ("10:78", "the input 'z' is not used here"),
            ("11:58", "'a' is not used after this"),
            ("11:66", "'b, d' is not used after this"),
            ("11:96", "the loop variable 'v' is not used"),
        ],
    ),
    "a subject that only a mutant names, and a recipe without evidence": (
        "subjects: {f: p.m:f}\nproduce: recipe\nobligations: [{id: A, type: holds, claim: c, check: '1 > 0'}]\n"
        "mutants: [{id: m, kind: result, of: f, becomes: '1', killed_by: [A]}]",
        [
            ("3:12", "the subject 'f' is not used by any obligation"),
            ("4:1", "`produce` makes evidence, and the contract declares none"),
            ("6:66", "'A' does not call 'f'"),
        ],
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found_at_its_place_and_nothing_else(name: str, tmp_path: Path) -> None:
    body, expected = FAULTS[name]
    expect(body, tmp_path, *expected)


def test_a_name_of_let_may_be_used_by_half(tmp_path: Path) -> None:
    expect("obligations: [{id: A, type: holds, claim: c, let: {'a, b': '[1, 2]'}, check: b > 1}]", tmp_path)


def test_setup_counts_what_it_calls_for_the_obligations_that_read_it(tmp_path: Path) -> None:
    body = (
        "subjects: {f: p.m:f, g: p.m:g}\nsetup: {table: f(1)}\ninputs: {x: {integer: [0, g(1)]}}\nobligations:\n"
        "  - {id: A, type: holds, claim: c, check: len(table) > 0}\n  - {id: B, type: holds, claim: c, check: x > 0}\n"
        "mutants: [{id: m, kind: result, of: f, becomes: '[]', killed_by: [A]}]"
    )
    expect(body, tmp_path)
    loaded = load_file(tmp_path / "x.apr.yaml", tmp_path)
    assert loaded.calls_of("A") == {"f"}
    assert loaded.calls_of("B") == {"g"}


def contract(at_least: str, metric: str = "pass@1") -> Contract:
    text = (
        f"{HEAD}evidence: {{base: {{role: r}}}}\nobligations:\n"
        f"  - {{id: A, type: threshold, claim: c, metric: {metric}, of: base, at_least: {at_least}, decide: score}}\n"
    )
    return Contract.model_validate(parse(text, "x").value)


def test_lines_of_a_scale_are_checked_once_they_are_known() -> None:
    assert not check(contract("h2_line"))
    assert not check(contract("h2_line"), lines={"h2_line"})
    (finding,) = check(contract("h2_lime - 0.02"), lines={"h2_line"})
    assert finding.loc == ("obligations", 0, "at_least")
    assert "Did you mean 'h2_line'?" in finding.message


@pytest.mark.parametrize(
    ("metric", "known"), [("pass@1", True), ("pass@10", True), ("perplexity", True), ("pas@1", False)]
)
def test_metrics_are_checked_once_they_are_known(metric: str, known: bool) -> None:
    assert not check(contract("0.5", metric))
    found = check(contract("0.5", metric), metrics=["pass@k", "perplexity"])
    assert [finding.loc for finding in found] == ([] if known else [("obligations", 0, "metric")])
