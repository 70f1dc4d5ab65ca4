"""Documents in the schema of provable-contracts, made up for the tests: one with every key, and the smallest one."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from apr_core.contract.importers import IMPORTERS
from apr_core.contract.importers.imported import Imported
from apr_core.contract.yaml import parse

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "pv"
"""Five files of the registry itself, where they are at hand."""

EVERY_KEY = """\
# =====================
# Clamp, version 1
# =====================
#
# ENFORCEMENT: see FALSIFY-CL-001

metadata:
  version: "1.0.0"
  created: "2026-02-18"
  updated: 2026-03-01
  author: "Nobody"
  description: "Clamp — a value between two bounds"
  references:
    - "A textbook: chapter 1"
  depends_on: ["min-kernel-v1"]
  registry: true

# a comment further down, which is not kept
equations:
  clamp:
    formula: "c(x) = min(max(x, lo), hi)"
    latex: "\\\\min(\\\\max(x, l), h)"
    domain: "x ∈ ℝ, lo <= hi"
    codomain: "[lo, hi]"
    preconditions: ["lo <= hi"]
    invariants:
      - "lo <= c(x) <= hi"
      - "∀ ≤ ≥"
    postconditions: ["ret.is_finite()"]
    lean_theorem: Theorems.Clamp
  a/b~c:
    formula: "1"
    invariants: ["odd: name"]

proof_obligations:
  - type: bound
    property: "Output inside the bounds"
    formal: "lo <= c(x) <= hi"
    tolerance: 1.0e-6
    applies_to: all
    lean:
      theorem: Clamp.inside
      module: ProvableContracts.Clamp
      status: sorry
      depends_on: []
      mathlib_imports:
        - Mathlib.Order.Basic
      notes: "Over the reals; not over f32"
  - type: equivalence
    property: "SIMD matches scalar"
    tolerance: 8
    applies_to: simd
  - id: CL-IDM-001
    type: idempotency
    property: "Twice is once"
    formal: |
      c(c(x)) = c(x)
      for all x
    proof_level: L2

kernel_structure:
  phases:
    - name: lower
      description: "max(x, lo)"
      invariant: "result >= lo"

simd_dispatch:
  clamp: {scalar: clamp_scalar, avx2: clamp_avx2, ptx: null}

enforcement:
  inside:
    description: "Output must be inside the bounds"
    check: "contract_tests::FALSIFY-CL-001"
    severity: "ERROR"

falsification_tests:
  - id: FALSIFY-CL-001
    rule: "Inside"
    prediction: "lo <= clamp(x) <= hi for random x"
    test: "proptest with 1e4 values: extremes, too"
    if_fails: "Bounds are swapped"
  - id: "CL 2!"
    rule: "Order"
    prediction: "x <= y => clamp(x) <= clamp(y)"
    if_fails: "A branch is wrong"
    status: no
    result: ~
    severity: 1

kani_harnesses:
  - id: KANI-CL-001
    obligation: CL-BND-001
    property: "Inside, for small vectors"
    bound: 8
    strategy: stub_float
    solver: cadical
    harness: verify_clamp

verification_summary:
  total_obligations: 3
  l2_property_tested: 3
  l4_not_applicable: 0

qa_gate:
  id: F-CL-001
  name: "Clamp Contract"
  description: "Bounds"
  checks: ["inside"]
  pass_criteria: "All 2 falsification tests pass"
  falsification: "Swap lo and hi"

extras:
  numbers: [0, -0.0, 1e-10, 1e+20, 0x1F, .inf, 12345678901234567890, 1.0]
  words: ["no", "1e-7", "0x1F", "null", "2026-02-18", "1:30", "=", "<<", "", " padded ", "a: b", "# c"]
  texts: ["tab\\t", "two\\nlines", "trailing \\nblank", "\\e[31m", "right \\u202e left", "é😀", "\\r\\n"]
  empty: [{}, [], null, true]
"""

SMALL = """\
metadata: {version: "1.2.3", description: Small}
falsification_tests:
  - {id: ONE, rule: One is one, prediction: 1 == 1}
"""


def convert(text: str, file: str = "clamp-v1.yaml") -> Imported:
    """A document, imported as the command does it."""
    return IMPORTERS["pv"](text, f"registry/{file}", file)


@functools.cache
def every_key() -> Imported:
    """The document with every key, imported once."""
    return convert(EVERY_KEY)


def claims(imported: Imported) -> dict[str, dict[str, Any]]:
    """Id → the fields that the written file gives an obligation."""
    return {one["id"]: one for one in parse(imported.text, "written").value["obligations"]}
