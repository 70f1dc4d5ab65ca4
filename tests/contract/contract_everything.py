"""A contract that uses every field and every kind of input, obligation and mutant, and has no problem."""

from __future__ import annotations

EVERYTHING = """
criteria: [AC-1]
subjects:
  f: package.module:f
  g: {import: package.module:g, planned: written next}
  h: {command: [tool, --flag]}
constants: {limits: [1, 2], kinds: [float32, float16], top: 9}
setup: {table: "f(limits)", scaled: "[t * 2 for t in table]"}
inputs:
  n: {integer: [1, top]}
  kind: {choice: [float32, float64]}
  w: {tensor: [n, "n + 1"], dtype: kind, draw: normal}
  v: {near: w, relative: [0, 0.1]}
  u: {rotate: v, by: "0.5 * pi"}
  p: {permutation: limits}
  data: {file: {from: "g(n)", corrupt: [truncate, flip]}}
  folder: {workdir: empty}
  own: {strategy: package.module:make, arguments: {size: n}}
  rows: {rows: {name: {text: [0, n]}, tags: {list: {boolean: any}, size: [0, 3]}}, size: [0, 5]}
obligations:
  - {id: holds, type: holds, claim: c, check: "all(isfinite(f(w)) & (w > -inf))", where: ["n > 1", "norm(w) > 0"]}
  - id: bound
    type: bound
    claim: c
    let: {"codes, scale": f(d), double: scale * 2}
    for_each: {d: "[w, v, u]"}
    where: scale > 0
    value: "norm(g(codes)) / double"
    within: ["1 - eps('float32')", 1.5]
  - {id: equal, type: equivalence, claim: c, left: "f(rows)", right: "[r for r in rows]", tolerance: {relative: "eps('float32')"}}
  - {id: grows, type: monotone, claim: c, value: "f(n, table, scaled)", in: n, direction: increasing}
  - {id: frame, type: frame, claim: c, run: "f(w, p)", unchanged: [p], changed: [w], check: "norm(w) < norm(before(w)) + result"}
  - {id: reject, type: rejection, claim: c, run: "f(data, folder, own)", raises: package.errors.Bad, message: "byte \\\\d+",
     leaves_nothing_in: folder, limits: {seconds: 1, bytes: 1000}}
  - {id: cost, type: cost, claim: c, run: "h(w)", measure: calls, of: h, at_most: "len(kinds)"}
  - {id: round, template: roundtrip, claim: c, forward: f, backward: "g(_, top)", of: w, tolerance: {exact: true}}
  - {id: linear, template: linearity, claim: c, function: f, of: [w, v], scalars: [2, "-0.5"], tolerance: {ulp: 4}}
  - {id: line, type: threshold, claim: c, metric: pass@1, of: base, at_least: strict_line, decide: score}
  - {id: pair, type: difference, claim: c, metric: pass@1, candidate: base, reference: other, decide: {alpha: 0.05}, family: one}
  - {id: all, type: compound, claim: c, all_of: [holds, bound, other/file::X]}
  - {id: gate, type: gate, claim: c, require: [all, line], allow: {line: UNTESTED}}
  - {id: prose, type: unbound, claim: c, kind: invariant, formal: σ(x) > 0, at: /rows/0}
evidence:
  base: {role: base, select: all}
  other: {model: some-model, benchmark: strict, select: [a, b]}
produce: recipe
source: {format: provable-contracts, file: other.yaml, document: {rows: [text, {number: 1.0e-6}]}}
mutants:
  - {id: twice, kind: result, of: f, becomes: "result * 2 + weight[0]", killed_by: [bound, grows]}
"""
