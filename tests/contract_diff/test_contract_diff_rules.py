"""Each rule of the tables, in both directions: what is loosened one way is tightened the other way.

A case is the part of a contract that differs, before and after, and what the step from one to the other is. The test
reads every case backwards as well, so that no rule can call both directions harmless.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest
from diff_contracts import claims, diff

from apr_core.contract.diff.change import Kind
from apr_core.contract.diff.domains import DOMAINS
from apr_core.contract.diff.rules import COMMON, RULES

LOOSER, TIGHTER, OTHER, WORDS = "loosened", "tightened", "changed", "reworded"
BACKWARDS: dict[Kind, Kind] = {
    "loosened": "tightened", "tightened": "loosened", "changed": "changed", "reworded": "reworded", "dropped": "added",
    "renamed": "renamed",
}  # fmt: skip

Frame = Callable[[str], str]
"""From the part that differs to a contract."""


class Case(NamedTuple):
    """One difference between two contracts."""

    rule: str
    """The row of the tables that it is about."""
    frame: Frame
    old: str
    new: str
    kind: Kind
    says: str
    place: str = ""


def tried(start: str, **sections: str) -> Frame:
    """An obligation on drawn inputs that begins so, and goes on with what differs."""
    sections = {
        "subjects": "{f: p.m:f, g: p.m:g}",
        "inputs": "{n: {integer: [1, 9]}, x: {tensor: [3]}, y: {tensor: [3]}, box: {workdir: empty}}",
        **sections,
    }
    return lambda part: claims(", ".join(filter(None, ["id: A", start, part])), **sections)


def weighed(start: str, evidence: str = "{a: {model: m}, b: {model: k}}", **sections: str) -> Frame:
    """The same of an obligation about evidence."""
    return lambda part: claims(f"id: A, {start}, {part}", evidence=evidence, **sections)


holds = tried("type: holds, check: n > 0")
check = tried("type: holds")
bound = tried("type: bound, value: f(n)")
equal = tried("type: equivalence, left: f(n), right: 1")
sides = tried("type: equivalence, tolerance: {ulp: 1}")
monotone = tried("type: monotone, inputs: {m: {integer: [1, 2]}}")
grows = tried("type: monotone, value: f(n), in: n, direction: increasing")
frame = tried("type: frame")
rejection = tried("type: rejection, run: f(x)")
refuses = tried("type: rejection, raises: E")
cost = tried("type: cost, run: f(x)")
calls = tried("type: cost, run: f(x), measure: calls, of: g")
line = weighed("type: threshold, metric: pass@1, of: a, decide: {alpha: 0.05}")
decided = weighed("type: threshold, metric: pass@1, of: a, at_least: 0.5")
metric = weighed("type: threshold, of: a, at_least: 0.5, decide: score")
better = weighed("type: difference, candidate: a, reference: b, decide: score")
loses = weighed("type: non_inferiority, candidate: a, reference: b, decide: score")
trend = weighed("type: trend, series: a, decide: score")
unbound = tried("type: unbound")
PARTS = ["id: P, type: holds, check: 1 > 0", "id: Q, type: holds, check: 2 > 0", "id: R, type: holds, check: 3 > 0"]
LINE = "type: threshold, metric: pass@1, of: a, decide: {alpha: 0.05}, at_least: 0.5"


def whole(part: str) -> str:
    return claims(*PARTS) + "\n" + part


def several(part: str) -> str:
    return claims(*part.split(" / "))


def combining(part: str) -> str:
    return claims(*PARTS, f"id: A, {part}")


def drawn(part: str) -> str:
    return claims(
        "id: A, type: holds, check: f(x)", subjects="{f: p.m:f}", inputs=f"{{k: {{integer: [1, 3]}}, x: {part}}}"
    )


def selected(part: str) -> str:
    return claims(f"id: A, {LINE}", evidence=f"{{a: {part}}}")


def families(part: str) -> str:
    rows = (f"id: {name}, {LINE}" for name in "AB")
    return claims(*(f"{row}, family: {part}" if part else row for row in rows), evidence="{a: {model: m}}")


def family(part: str) -> str:
    return claims(f"id: A, {LINE}{part}", evidence="{a: {model: m}}")


def calling(part: str) -> str:
    return claims("id: A, type: holds, check: f(n) > 0", inputs="{n: {integer: [1, 9]}}", subjects=f"{{f: {part}}}")


def topped(start: str) -> Frame:
    """With a constant `top`, or an object of `setup`, that differs."""
    return lambda part: claims(f"id: A, {start}", inputs="{n: {integer: [1, 9]}}") + "\n" + part


CASES = [
    # every obligation
    Case("expect", holds, "", "expect: falsified", OTHER, "turned around"),
    Case("criteria", holds, "criteria: [X, Y]", "criteria: [X]", LOOSER, "serves fewer criteria: without Y"),
    Case("criteria", whole, "criteria: [X]", "criteria: [X, Y]", TIGHTER, "serves more criteria: with Y"),
    Case("if_falsified", holds, "if_falsified: a", "if_falsified: b", WORDS, "suspect first"),
    Case("claim", lambda part: several(PARTS[0]).replace("claim: c", part), "claim: c", "claim: d", WORDS, ": d, was c."),
    # what is drawn
    Case("where", holds, "", "where: n > 2", LOOSER, "Fewer cases count"),
    Case("where", holds, "where: n > 2", "where: n > 3", LOOSER, "Fewer cases count"),
    Case("where", holds, "where: n > 2", "where: n >= 2", TIGHTER, "More cases count"),
    Case("where", holds, "where: 5 > n", "where: n < 4", LOOSER, "Fewer cases count"),
    Case("where", holds, "where: [n > 2, n < 8]", "where: [n > 3, n < 9]", OTHER, "Other cases count"),
    Case("where", holds, "where: n % 2 == 0", "where: n % 3 == 0", OTHER, "Other cases count"),
    Case("let", check, "check: m > 0, let: {m: n + 1}", "check: m > 0, let: {m: n + 2}", OTHER, "stands for"),
    Case("for_each", holds, "for_each: {m: '[1, 2]'}", "for_each: {m: '[1]'}", LOOSER, "repeated for fewer"),
    Case("for_each", holds, "for_each: {m: '[1, 2]'}", "for_each: {m: '[1, 3]'}", OTHER, "repeated for others"),
    Case("for_each", holds, "for_each: {m: '[x]'}", "for_each: {m: x}", OTHER, "repeated for others"),
    Case("cases", holds, "cases: exhaustive", "", LOOSER, "Only a sample is tried"),
    Case("nonfinite", holds, "", "nonfinite: allowed", LOOSER, "NaN and infinity are let through"),
    Case("limits.seconds", holds, "limits: {seconds: 5}", "limits: {seconds: 6}", LOOSER, "may take longer"),
    Case("limits.seconds", holds, "limits: {seconds: 5}", "", LOOSER, "may take longer"),
    Case("limits.seconds", holds, "", "limits: {seconds: 301}", LOOSER, "may take longer"),
    # what is claimed of it
    Case("holds.check", check, "check: n > 1", "check: n > 0", LOOSER, "What must be true is weaker"),
    Case("holds.check", check, "check: n > 1 and n < 9", "check: n > 1", LOOSER, "weaker"),
    Case("holds.check", check, "check: 0 < n < 8", "check: 0 < n and n <= 8", LOOSER, "weaker"),
    Case("holds.check", check, "check: n > 1", "check: n != 1", OTHER, "Something else must be true"),
    Case("bound.within", bound, "within: [0, 1]", "within: [0, 2]", LOOSER, "interval is wider: [0, 2], was [0, 1]"),
    Case("bound.within", bound, "within: [0, 1]", "within: [-inf, 1]", LOOSER, "wider"),
    Case("bound.within", bound, "within: [0, 1]", "within: [0.5, 1.5]", OTHER, "another"),
    Case("bound.within", bound, "within: [1 - eps('float32'), 2]", "within: [0, 2]", LOOSER, "wider"),
    Case("bound.within", bound, "within: [0, n]", "within: [0, 2 * n]", OTHER, "another"),
    Case("bound.value", tried("type: bound, within: [0, 1]"), "value: f(n)", "value: g(n)", OTHER, "value is bounded"),
    Case("equivalence.tolerance", equal, "tolerance: {absolute: 0.1}", "tolerance: {absolute: 0.2}", LOOSER, "further apart"),
    Case("equivalence.tolerance", equal, "tolerance: {absolute: 1.0}", "tolerance: {absolute: 1.0, relative: 1}", LOOSER, ""),
    Case("equivalence.tolerance", equal, "tolerance: {ulp: 1, exact: true}", "tolerance: {ulp: 1}", LOOSER, "was {exact: true}"),
    Case("equivalence.tolerance", equal, "tolerance: {ulp: 1, absolute: 1.0}", "tolerance: {ulp: 1}", LOOSER, "further apart"),
    Case("equivalence.tolerance", equal, "tolerance: {exact: true}", "tolerance: {absolute: 0.0}", OTHER, "another kind"),
    Case("equivalence.tolerance", equal, "tolerance: {ulp: 1}", "tolerance: {cosine: 0.1}", OTHER, "another kind of tolerance"),
    Case(
        "equivalence.tolerance", equal, "tolerance: {absolute: 0.1, relative: 0.2}",
        "tolerance: {absolute: 0.2, relative: 0.1}", OTHER, "another kind",
    ),
    Case("equivalence.tolerance", equal, "tolerance: {ulp: 1}", "tolerance: {ulp: 1, relative: 1 / n}", TIGHTER, "closer"),
    Case("equivalence.left", sides, "left: f(n), right: 1", "left: g(n), right: 1", OTHER, "under trial"),
    Case("equivalence.right", sides, "left: f(n), right: 1", "left: f(n), right: 1.0", OTHER, "to agree with"),
    Case("monotone.strict", grows, "strict: true", "", LOOSER, "Equal values are let through"),
    Case(
        "monotone.value", monotone, "value: 'f(n, m)', in: n, direction: increasing",
        "value: 'g(n, m)', in: n, direction: increasing", OTHER, "ordered",
    ),
    Case(
        "monotone.in", monotone, "value: 'f(n, m)', in: n, direction: increasing",
        "value: 'f(n, m)', in: m, direction: increasing", OTHER, "Another input grows",
    ),
    Case(
        "monotone.direction", monotone, "value: 'f(n, m)', in: n, direction: increasing",
        "value: 'f(n, m)', in: n, direction: decreasing", OTHER, "other direction",
    ),
    Case("frame.unchanged", frame, "run: f(x), unchanged: [x, y]", "run: f(x), unchanged: [y]", LOOSER, "unchanged: without x"),
    Case("frame.changed", frame, "run: f(x), changed: [x]", "run: f(x), changed: [x, y]", TIGHTER, "change more: with y"),
    Case("frame.check", frame, "run: f(x), changed: [x], check: result > 1", "run: f(x), changed: [x]", LOOSER, "is weaker"),
    Case("frame.run", frame, "run: f(x), changed: [x]", "run: g(x), changed: [x]", OTHER, "Another call"),
    Case("rejection.raises", rejection, "raises: KeyError", "raises: LookupError", LOOSER, "More kinds of error will do"),
    Case("rejection.raises", rejection, "raises: p.errors.Bad", "raises: Bad", LOOSER, "More kinds of error will do"),
    Case("rejection.raises", rejection, "raises: KeyError", "raises: ValueError", OTHER, "Another error is asked for"),
    Case("rejection.raises", rejection, "raises: OSError", "raises: IOError", OTHER, "Another error is asked for"),
    Case("rejection.message", rejection, "raises: E, message: no", "raises: E", LOOSER, "may say anything"),
    Case("rejection.message", rejection, "raises: E, message: a", "raises: E, message: b", OTHER, "say something else"),
    Case("rejection.leaves_nothing_in", refuses, "run: f(box), leaves_nothing_in: box", "run: f(box)", LOOSER, "left behind"),
    Case("rejection.limits.seconds", refuses, "run: f(x), limits: {seconds: 301}", "run: f(x)", LOOSER, "may take longer"),
    Case("rejection.limits.bytes", refuses, "run: f(x), limits: {bytes: 9}", "run: f(x), limits: {bytes: 10}", LOOSER, "memory"),
    Case("rejection.run", refuses, "run: f(x)", "run: g(x)", OTHER, "Another call"),
    Case("cost.at_most", calls, "at_most: 4", "at_most: 2 * 2 + 1", LOOSER, "More may be spent"),
    Case("cost.measure", cost, "measure: peak_bytes, at_most: 4", "measure: bytes_written, at_most: 4", OTHER, "measured"),
    Case("cost.of", cost, "measure: calls, of: g, at_most: 4", "measure: calls, of: f, at_most: 4", OTHER, "another subject"),
    Case("cost.run", tried("type: cost, measure: peak_bytes, at_most: 1"), "run: f(x)", "run: f(y)", OTHER, "Another call"),
    # evidence
    Case("decide", decided, "decide: {alpha: 0.05}", "decide: score", OTHER, "counted as loosened: score, was inference."),
    Case("decide.alpha", decided, "decide: {alpha: 0.05}", "decide: {alpha: 0.1}", LOOSER, "A larger error rate"),
    Case("decide.power", decided, "decide: {power: 0.8}", "decide: {power: 0.9}", WORDS, "no verdict depends on it"),
    Case("family", families, "one", "", LOOSER, "shares one alpha is smaller: without A, B"),
    Case("family.name", family, ", family: one", ", family: two", WORDS, "another name: two, was one"),
    Case("unit", line, "at_least: 0.5", "at_least: 0.5, unit: run", OTHER, "another unit"),
    Case("threshold.metric", metric, "metric: pass@1", "metric: oracle", OTHER, "Another metric"),
    Case("threshold.at_least", line, "at_least: 0.5", "at_least: 0.4", LOOSER, "lower: 0.4, was 0.5"),
    Case("threshold.at_least", line, "at_least: 158 / 164", "at_least: 157 / 164", LOOSER, "lower"),
    Case("threshold.at_least", line, "at_least: 0.5, at_most: 1", "at_most: 1", LOOSER, "lower: none, was 0.5"),
    Case("threshold.at_least", line, "at_least: 0.5", "at_least: scale_line", OTHER, "scale_line, was 0.5"),
    Case("threshold.at_most", line, "at_most: 0.5", "at_most: 0.6", LOOSER, "The line from above is higher"),
    Case("difference.margin", better, "metric: pass@1, margin: 0.1", "metric: pass@1", LOOSER, "must be better by less"),
    Case("difference.metric", better, "metric: pass@1", "metric: oracle", OTHER, "Another metric"),
    Case("non_inferiority.margin", loses, "metric: mean, margin: 0.1", "metric: mean, margin: 0.2", LOOSER, "may lose more"),
    Case("non_inferiority.metric", loses, "metric: mean, margin: 0.1", "metric: value, margin: 0.1", OTHER, "Another metric"),
    Case("trend.direction", trend, "of: a, direction: decreasing", "of: a, direction: increasing", OTHER, "other direction"),
    Case("trend.of", trend, "of: a, direction: decreasing", "of: b, direction: decreasing", OTHER, "Another quantity"),
    Case("evidence", selected, "{model: m, benchmark: b}", "{model: m}", OTHER, "none, was b", "evidence.a.benchmark"),
    Case("evidence", selected, "{role: m}", "{role: k}", OTHER, "rests on other evidence", "evidence.a.role"),
    Case("evidence", selected, "{model: m}", "{model: k}", OTHER, "rests on other evidence", "evidence.a.model"),
    Case("evidence", selected, "{model: m, precision: f16}", "{model: m, precision: q4}", OTHER, "rests on other evidence"),
    Case("evidence", selected, "{model: m, prompt: a}", "{model: m, prompt: b}", OTHER, "rests on other evidence"),
    Case("evidence", selected, "{model: m}", "{model: m, select: best}", OTHER, "whichever run came out best"),
    Case("evidence", selected, "{model: m}", "{model: m, select: latest}", OTHER, "the latest run alone"),
    Case("evidence", selected, "{select: [a, b]}", "{select: [b, c]}", OTHER, "without a; with c"),
    # other claims
    Case("compound.all_of", combining, "type: compound, all_of: [P, Q]", "type: compound, all_of: [P]", LOOSER, "without Q"),
    Case("compound.all_of", combining, "type: compound, all_of: [P]", "type: compound, all_of: [R]", OTHER, "without P; with R"),
    Case("compound.any_of", combining, "type: compound, any_of: [P, Q]", "type: compound, any_of: [P, Q, R]", LOOSER, "with R"),
    Case("compound.combines", combining, "type: compound, all_of: [P, Q]", "type: compound, any_of: [P, Q]", OTHER, "combined"),
    Case("gate.require", combining, "type: gate, require: [P, Q]", "type: gate, require: [P]", LOOSER, "fewer claims: without Q"),
    Case(
        "gate.require", combining, "type: gate, require: [P]", "type: gate, require: [P, Q], allow: {Q: UNTESTED}", TIGHTER,
        "requires more claims: with Q",
    ),
    Case(
        "gate.allow", combining, "type: gate, require: [P]", "type: gate, require: [P], allow: {P: UNTESTED}", LOOSER,
        "lets more through: {P: UNTESTED}, was {P: HELD}",
    ),
    Case(
        "gate.allow", combining, "type: gate, require: [P], allow: {P: UNDERPOWERED}",
        "type: gate, require: [P], allow: {P: UNTESTED}", OTHER, "lets something else through",
    ),
    # prose
    Case(
        "unbound.claim", lambda part: f"obligations: [{{id: A, type: unbound, {part}}}]", "claim: At most 2.",
        "claim: At most 5.", OTHER, "The prose is all there is",
    ),
    Case("unbound.formal", unbound, "formal: x < 2", "formal: x < 5", OTHER, "The formula is all there is"),
    Case("unbound.kind", unbound, "kind: a", "kind: b", WORDS, "calls the claim something else"),
    Case("unbound.at", unbound, "at: /a", "at: /b", WORDS, "stands elsewhere in its source"),
    Case("type", tried(""), "type: unbound", "type: holds, check: 1 > 0", TIGHTER, "now it is tried"),
    Case("type", tried(""), "type: holds, check: 1 > 0", "type: bound, value: '1', within: [0, 1]", OTHER, "another type"),
    # domains
    Case("integer", drawn, "{integer: [1, 9]}", "{integer: [2, 9]}", LOOSER, "Fewer cases of x are tried"),
    Case("integer", drawn, "{integer: [1, 9]}", "{integer: [2, 10]}", OTHER, "Other cases of x are tried"),
    Case("integer", drawn, "{integer: [1, k]}", "{integer: [1, 2 * k]}", OTHER, "Other cases of x are tried"),
    Case("real", drawn, "{real: [0.5, 1]}", "{real: [0.0, 1]}", TIGHTER, "More cases of x are tried"),
    Case("real", drawn, "{real: [-0.0, 1]}", "{real: [0.0, 1]}", LOOSER, "Fewer cases of x are tried"),
    Case("boolean", drawn, "{boolean: any}", "{choice: [true, false]}", OTHER, "Other cases of x are tried"),
    Case("choice", drawn, "{choice: [a, b]}", "{choice: [b]}", LOOSER, "Fewer cases"),
    Case("choice", drawn, "{choice: [1, 2]}", "{choice: [1, 2.0]}", OTHER, "Other cases"),
    Case("text", drawn, "{text: [0, 5]}", "{text: [0, 4]}", LOOSER, "Fewer cases"),
    Case("text", drawn, "{text: [0, 5]}", "{text: [0, 5], alphabet: abc}", LOOSER, "Fewer cases"),
    Case("text", drawn, "{text: [0, 5], alphabet: abcd}", "{text: [0, 5], alphabet: cba}", LOOSER, "Fewer cases"),
    Case("bytes", drawn, "{bytes: [0, 5]}", "{bytes: [0, 6]}", TIGHTER, "More cases"),
    Case("list", drawn, "{list: {integer: [0, 9]}, size: [0, 3]}", "{list: {integer: [0, 8]}, size: [0, 3]}", LOOSER, "Fewer"),
    Case(
        "list", drawn, "{list: {boolean: any}, size: [0, 3], unique: true}", "{list: {boolean: any}, size: [0, 3]}", TIGHTER,
        "More cases",
    ),
    Case("list", drawn, "{list: {integer: [0, 9]}, size: [0, 3]}", "{list: {integer: [0, 8]}, size: [0, 4]}", OTHER, "Other"),
    Case("permutation", drawn, "{permutation: [1, 2]}", "{permutation: [1, 2, 2]}", OTHER, "Other cases"),
    Case("tensor", drawn, "{tensor: [k]}", "{tensor: [k, 2]}", OTHER, "Other cases"),
    Case("tensor", drawn, "{tensor: [k], draw: heavy-tailed}", "{tensor: [k]}", LOOSER, "Fewer cases"),
    Case("tensor", drawn, "{tensor: [k], draw: uniform}", "{tensor: [k]}", OTHER, "Other cases"),
    Case("tensor", drawn, "{tensor: [k], nonfinite: true}", "{tensor: [k]}", LOOSER, "Fewer cases"),
    Case("tensor", drawn, "{tensor: [k], contiguous: false}", "{tensor: [k]}", OTHER, "Other cases"),
    Case("tensor", drawn, "{tensor: [k], dtype: float16}", "{tensor: [k]}", OTHER, "Other cases"),
    Case("tensor", drawn, "{tensor: [k], library: torch}", "{tensor: [k]}", OTHER, "Other cases"),
    Case("near", drawn, "{near: k, relative: [0, 0.1]}", "{near: k, relative: 0.1}", LOOSER, "Fewer cases"),
    Case("near", drawn, "{near: k, relative: 0.1}", "{near: m, relative: 0.1}", OTHER, "Other cases"),
    Case("rotate", drawn, "{rotate: k, by: 0.5}", "{rotate: m, by: 0.5}", OTHER, "Other cases"),
    Case("rotate", drawn, "{rotate: k, by: 0.5}", "{rotate: k, by: 0.6}", OTHER, "Other cases"),
    Case("tokens", drawn, "{tokens: [2, k], vocabulary: 50}", "{tokens: [2, k], vocabulary: 40}", LOOSER, "Fewer cases"),
    Case("tokens", drawn, "{tokens: [2, k], vocabulary: 50}", "{tokens: [3, k], vocabulary: 50}", OTHER, "Other cases"),
    Case("tokens", drawn, "{tokens: [2], vocabulary: 50}", "{tokens: [2], vocabulary: 50, library: torch}", OTHER, "Other"),
    Case("rows", drawn, "{rows: {a: {text: [0, 2]}}, size: [0, 5]}", "{rows: {a: {text: [0, 2]}}, size: [1, 5]}", LOOSER, ""),
    Case("rows", drawn, "{rows: {a: {text: [0, 2]}}, size: [0, 5]}", "{rows: {a: {text: [0, 3]}}, size: [0, 5]}", TIGHTER, ""),
    Case("rows", drawn, "{rows: {a: {text: [0, 2]}}, size: [0, 5]}", "{rows: {b: {text: [0, 2]}}, size: [0, 5]}", OTHER, "Other"),
    Case("file", drawn, "{file: {from: k, corrupt: [flip, splice]}}", "{file: {from: k, corrupt: [flip]}}", LOOSER, "Fewer"),
    Case("file", drawn, "{file: {from: k, corrupt: [flip]}}", "{file: {from: k + 1, corrupt: [flip]}}", OTHER, "Other cases"),
    Case("file", drawn, "{file: {from: k, corrupt: [flip]}}", "{file: {from: k, corrupt: [flip]}, name: a}", OTHER, "Other"),
    Case("workdir", drawn, "{workdir: empty}", "{boolean: any}", OTHER, "Other cases"),
    Case("strategy", drawn, "{strategy: p:s, arguments: {n: k}}", "{strategy: p:s, arguments: {n: k + 1}}", OTHER, "Other cases"),
    Case("strategy", drawn, "{strategy: p:s}", "{strategy: p:t}", OTHER, "Other cases"),
    # what claims rest on
    Case("subjects", calling, "p.m:f", "p.m:g", OTHER, "The subject f is another one", "subjects.f"),
    Case("subjects", calling, "{command: [a]}", "{command: [a, b]}", OTHER, "The subject f is another one", "subjects.f"),
    Case("planned", calling, "{import: p.m:f, planned: soon}", "p.m:f", TIGHTER, "no longer only planned", "subjects.f"),
    Case("planned", calling, "{import: p.m:f, planned: a}", "{import: p.m:f, planned: b}", WORDS, "waits for", "subjects.f"),
    Case(
        "constants", topped("type: holds, check: n in top"), "constants: {top: [1, 2]}", "constants: {top: [1]}", OTHER,
        "The constant top has another value, which cannot be compared, so counted as loosened: [1], was", "constants.top",
    ),
    Case(
        "constants", topped("type: bound, value: 'f(n)', within: [0, top]"), "constants: {top: 9}", "constants: {top: 8}",
        TIGHTER, "[0, top (= 8)], was [0, top (= 9)]", "within",
    ),
    Case(
        "constants", topped("type: holds, check: n > m, inputs: {m: {integer: [0, top]}}"), "constants: {top: 9}",
        "constants: {top: 8}", LOOSER, "Fewer cases of m are tried: {integer: [0, top (= 8)]}", "inputs.m",
    ),
    Case(
        "constants", topped("type: holds, check: n in m, inputs: {m: {permutation: top}}"), "constants: {top: [1, 2]}",
        "constants: {top: [1, 3]}", OTHER, "The constant top", "constants.top",
    ),
    Case(
        "constants", topped("type: holds, check: n > 0, where: [n > top, n < 9]"), "constants: {top: 1}",
        "constants: {top: 2}", LOOSER, "stricter: [n > top, n < 9], where top is 2 and was 1.", "where",
    ),
    Case(
        "setup", topped("type: holds, check: n in top"), "setup: {top: '[1, 2]'}", "setup: {top: '[1]'}", OTHER,
        "The object top is built in another way", "setup.top",
    ),
    Case(
        "constants", topped("type: holds, check: n in made"), "constants: {top: 1}\nsetup: {made: '[top]'}",
        "constants: {top: 2}\nsetup: {made: '[top]'}", OTHER, "The constant top", "constants.top",
    ),
    # the contract
    Case("title", whole, "title: a", "title: b", WORDS, "another title"),
    Case("references", whole, "references: [a]", "references: [b]", WORDS, "other references: without a; with b"),
    Case("produce", whole, "produce: a", "produce: b", WORDS, "another recipe"),
    Case(
        "source", whole, "source: {format: provable-contracts, file: a, document: {a: 1}}",
        "source: {format: provable-contracts, file: a, document: {a: 2}}", WORDS, "another document",
    ),
    Case("obligations", several, f"{PARTS[0]} / {PARTS[1]}", PARTS[0], "dropped", "The claim is gone: “c”."),
    Case("id", several, f"{PARTS[0]} / {PARTS[1]}", f"{PARTS[0]} / {PARTS[1].replace('Q', 'R')}", "renamed", "Q is called R now"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[f"{index}-{case.rule}" for index, case in enumerate(CASES)])
def test_a_rule_in_both_directions(case: Case) -> None:
    old, new = case.frame(case.old), case.frame(case.new)
    [forwards], [backwards] = diff(old, new), diff(new, old)
    assert forwards.kind == case.kind, forwards.sentence
    assert case.says in forwards.sentence
    assert forwards.sentence.endswith(".")
    assert case.place in ("", forwards.place)
    assert backwards.kind == BACKWARDS[case.kind], backwards.sentence
    assert (backwards.before, backwards.after) == (forwards.after, forwards.before)


def test_every_row_of_the_tables_has_a_case() -> None:
    rows = {f"{kind}.{field}" for kind, fields in RULES.items() for field in fields} | COMMON.keys() | DOMAINS.keys()
    assert rows <= {case.rule for case in CASES}
