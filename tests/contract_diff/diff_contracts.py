"""Contracts to compare: from text, and one that uses every field of every model."""

from __future__ import annotations

import runpy
import textwrap
from pathlib import Path
from typing import Any

from apr_core.contract.diff.change import Change
from apr_core.contract.diff.contracts import compare_contracts
from apr_core.contract.schema import Contract
from apr_core.contract.yaml import parse

TESTS = Path(__file__).resolve().parent.parent

REST = """
title: t
version: 1.0.0
references: [somebody 1999]
evidence:
  curve: {model: some-model, benchmark: b, precision: f16, prompt: plain, backend: cuda, stage: tune, seed: 3, source: measured,
          select: registered}
obligations:
  - id: inputs
    type: holds
    claim: It draws every kind of input with every field.
    if_falsified: The drawing.
    criteria: [AC-2]
    expect: falsified
    nonfinite: allowed
    cases: exhaustive
    limits: {seconds: 5}
    inputs:
      whole: {integer: [1, 9]}
      part: {real: [-0.5, 1]}
      either: {boolean: any}
      word: {text: [0, 5], alphabet: abc}
      raw: {bytes: [1, 4]}
      several: {list: {integer: [0, 3]}, size: [0, 3], unique: true}
      odd: {tensor: [3], dtype: float64, library: torch, draw: heavy-tailed, nonfinite: true, contiguous: false}
      ids: {tokens: [2, "whole"], vocabulary: 100, library: torch}
      damaged: {file: {from: "'text'", corrupt: [splice]}, name: model.bin}
    where: [either, "whole > 2 and part <= 0.75"]
    check: "f(whole, part, word, raw, several, odd, ids, damaged) < 1 and whole < 9"
  - {id: again, template: idempotence, claim: c, function: f, of: w,
     tolerance: {absolute: 1.0e-3, relative: "eps('float32')", cosine: 0.1}}
  - {id: swapped, template: symmetry, claim: c, function: f, of: [w, v], tolerance: {ulp: 3, exact: true}}
  - {id: under, template: invariance, claim: c, function: f, under: "-_", of: w, tolerance: {cosine: 0.01}}
  - {id: falls, type: monotone, claim: c, value: "-f(n)", in: n, direction: decreasing, strict: true}
  - {id: memory, type: cost, claim: c, run: "f(w, folder)", measure: peak_bytes, at_most: 1000}
  - {id: lines, type: threshold, claim: c, metric: pass@1, of: other, at_least: "158 / 164", at_most: 0.99, unit: run,
     decide: {alpha: 0.01, power: 0.9}, family: one}
  - {id: loses, type: non_inferiority, claim: c, metric: pass@1, candidate: other, reference: base, margin: 0.02, decide: score}
  - {id: learns, type: trend, claim: c, series: curve, of: loss, direction: decreasing, decide: {alpha: 0.05}}
  - {id: any, type: compound, claim: c, any_of: [holds, lines]}
mutants:
  - {id: edited, kind: source, of: f, in: package.module, replace: "a + b", by: "a - b", museum: row, killed_by: [equal]}
  - {id: failing, kind: evidence, of: base, fail: 3, killed_by: [line, pair]}
  - {id: passing, kind: evidence, of: base, pass: 2, killed_by: [line]}
  - {id: shifted, kind: evidence, of: curve, shift: 0.5, killed_by: [learns]}
  - {id: backwards, kind: evidence, of: curve, reverse: true, killed_by: [learns]}
  - {id: lost, kind: evidence, of: base, empty: true, killed_by: [line]}
"""
"""What `tests/contract/contract_everything.py` leaves out."""


def everything() -> dict[str, Any]:
    """The data of a contract that uses every field of every model, and has no problem."""
    whole = data(runpy.run_path(str(TESTS / "contract" / "contract_everything.py"))["EVERYTHING"])
    for section, rest in data(REST).items():
        if isinstance(rest, list):
            known = {entry["id"] for entry in whole.get(section, []) if isinstance(entry, dict)}
            new = [entry for entry in rest if not isinstance(entry, dict) or entry["id"] not in known]
            whole[section] = whole.get(section, []) + new
        else:
            whole[section] = {**rest, **whole.get(section, {})} if isinstance(rest, dict) else rest
    return whole


def data(text: str) -> dict[str, Any]:
    """The data of a contract's text."""
    return parse(textwrap.dedent(text), "x.apr.yaml").value


def contract(source: str | dict[str, Any]) -> Contract:
    """The contract of a text or of its data, as far as the schema goes; title and version may be left out."""
    whole = data(source) if isinstance(source, str) else source
    return Contract.model_validate({"title": "t", "version": "1.0.0", **whole})


def diff(old: str | Contract, new: str | Contract) -> list[Change]:
    """What changed between two contracts."""
    before, after = (contract(one) if isinstance(one, str) else one for one in (old, new))
    return compare_contracts(before, after, old_id="x", new_id="x")


def claims(*obligations: str, **sections: str) -> str:
    """A contract of obligations in flow style, and other sections in flow style."""
    rows = [f"{name}: {value}" for name, value in sections.items()]
    return "\n".join([*rows, "obligations:", *(f"  - {{claim: c, {one}}}" for one in obligations)])
