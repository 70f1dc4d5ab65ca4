"""A claim as a pytest and Hypothesis function that a reader could paste and run.

The one thing a reader would get wrong: this is an explanation, not what runs. What runs also hands every call fresh
copies of its arguments, refuses a changed argument or a non-finite decision, and counts what was discarded.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Callable, Collection, Mapping
from graphlib import TopologicalSorter
from typing import Any

from apr_core.commands.authoring.python_inputs import Writer
from apr_core.compiler.domain import references
from apr_core.contract.inputs import BooleanInput, ChoiceInput, Input, IntegerInput, RealInput, TextInput
from apr_core.contract.obligations import (
    Bound,
    Cost,
    Equivalence,
    Frame,
    Holds,
    Monotone,
    PropertyObligation,
    Rejection,
)
from apr_core.contract.schema import CommandSubject, Contract, PlannedSubject

SCALARS = (IntegerInput, RealInput, BooleanInput, TextInput, ChoiceInput)
REDUCTIONS = frozenset(
    ["norm", "mean", "sum", "std", "var", "median", "quantile", "max_abs", "len", "count_nonzero", "sparsity", "cosine", "dot", "relative_error", "ulp_distance", "equal", "digest", "size", "ndim", "nbytes", "dtype", "shape", "eps", "all", "any", "float", "int", "bool", "str", "size_of"]
)
"""Vocabulary whose result is one value and not an array, so that a plain `assert` can take it."""

AS_VALUES = "from apr_core.contract.vocabulary import to_float64"
SAME = "from apr_core.compiler.values import fresh, same"


def python_source(
    contract: Contract, obligation: PropertyObligation, claim_id: str, single: Collection[str] = ()
) -> str:
    """A module with one test.

    Args:
        obligation: expanded already if it was a template.
        single: subjects that return one number or truth value, so that a comparison with it needs no wrapping.
    """
    inputs = _inputs(contract, obligation)
    writer, lines = _decided(contract, obligation, single)
    names = _names(lines) | _explicit(obligation)
    ordered = _in_order(_closure(names, inputs), inputs)
    for name in ordered:
        writer.draw(name, inputs[name], inputs.keys())
        if isinstance(obligation, Monotone) and name == obligation.in_:
            writer.draw(f"{name}_too", inputs[name], inputs.keys())
    shared = _module_level(writer, contract, names.union(*(references(inputs[name]) for name in ordered)))
    test = _test(obligation, writer.given, [*writer.body, *lines])
    return _module(writer, contract, claim_id, [*shared, *writer.used_helpers(), test])


def needed_inputs(contract: Contract, obligation: PropertyObligation) -> list[str]:
    """The inputs that a claim reads and those that their domains refer to, each after what it refers to."""
    inputs = _inputs(contract, obligation)
    _, lines = _decided(contract, obligation, ())
    return _in_order(_closure(_names(lines) | _explicit(obligation), inputs), inputs)


def _inputs(contract: Contract, obligation: PropertyObligation) -> dict[str, Input]:
    return {**contract.inputs, **obligation.inputs}


def _decided(contract: Contract, obligation: PropertyObligation, single: Collection[str]) -> tuple[Writer, list[str]]:
    """The lines of the test that come after drawing, and the writer that knows what they need."""
    from apr_core.contract.vocabulary import VOCABULARY

    inputs = _inputs(contract, obligation)
    writer = Writer(VOCABULARY.keys(), contract.subjects, inputs, REDUCTIONS.union(single))
    writer.data = next(name for name in ("data", "drawn", "draws_of_the_case") if name not in inputs)
    loops = {name: writer.expression(source) for name, source in obligation.for_each.items()}
    decision = _DECISIONS[type(obligation)](writer, obligation)
    return writer, _nested(loops, [*_preparation(writer, obligation), *decision])


def _names(sources: list[str]) -> set[str]:
    """Every name in some lines of Python."""
    tree = ast.parse(
        "\n".join(line for line in sources if line.strip() and not line.lstrip().startswith("#")) or "pass"
    )
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _explicit(obligation: PropertyObligation) -> set[str]:
    """Names that an obligation mentions outside the lines that are generated for it."""
    names = _names(list(obligation.for_each.values()))
    return names | {obligation.in_} if isinstance(obligation, Monotone) else names


def _closure(names: set[str], inputs: Mapping[str, Input]) -> set[str]:
    """The inputs among the names, and those that they depend on."""
    found: set[str] = set()
    waiting = [name for name in inputs if name in names]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [one for one in inputs if one in references(inputs[name])]
    return found


def _in_order(needed: set[str], inputs: Mapping[str, Input]) -> list[str]:
    declared = [name for name in inputs if name in needed]
    graph = {name: [one for one in declared if one in references(inputs[name])] for name in declared}
    return list(TopologicalSorter(graph).static_order())


def _module_level(writer: Writer, contract: Contract, used: set[str]) -> list[str]:
    """Constants and setup objects that the test reads, in order; setup may read earlier setup."""
    setup: dict[str, str] = {}
    for name, source in reversed(contract.setup.items()):
        if name in used:
            setup[name] = f"{name} = {writer.expression(source)}"
            used |= _names([source])
    constants = [f"{name} = {value!r}" for name, value in contract.constants.items() if name in used]
    return [*constants, *reversed(setup.values())]


def _preparation(writer: Writer, obligation: PropertyObligation) -> list[str]:
    """Preconditions and `let`, each precondition as soon as what it reads exists."""
    sources = [obligation.where] if isinstance(obligation.where, str) else list(obligation.where)
    bound = {name.strip() for targets in obligation.let for name in targets.split(",")}
    lines = [f"assume({_truth(writer, source)})" for source in sources if not _names([source.strip()]) & bound]
    lines += [f"{targets} = {writer.expression(source)}" for targets, source in obligation.let.items()]
    return lines + [f"assume({_truth(writer, source)})" for source in sources if _names([source.strip()]) & bound]


def _truth(writer: Writer, source: str) -> str:
    """An expression as a truth value: as it stands when it is one, otherwise whether all its elements are true."""
    text = writer.expression(source)
    if _is_single(ast.parse(text, mode="eval").body, writer):
        return text
    writer.imports.add("import numpy as np")
    return f"np.all(np.asarray({text}))"


def _is_single(node: ast.expr, writer: Writer) -> bool:
    """Whether an expression certainly gives one value and not an array."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in writer.single
    if isinstance(node, ast.Name):
        return isinstance(writer.inputs.get(node.id), SCALARS) or node.id in ("pi", "e", "inf", "nan")
    if isinstance(node, (ast.BoolOp, ast.Constant)):
        return True
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not) or _is_single(node.operand, writer)
    if isinstance(node, ast.BinOp):
        return _is_single(node.left, writer) and _is_single(node.right, writer)
    if isinstance(node, ast.Compare):
        return all(_is_single(side, writer) for side in (node.left, *node.comparators))
    return False


def _holds(writer: Writer, obligation: Holds) -> list[str]:
    return [f"assert {_truth(writer, obligation.check)}"]


def _bound(writer: Writer, obligation: Bound) -> list[str]:
    low, high = map(writer.expression, obligation.within)
    value = writer.expression(obligation.value)
    if _is_single(ast.parse(value, mode="eval").body, writer):
        return [f"assert {low} <= {value} <= {high}"]
    writer.imports |= {AS_VALUES, "import numpy as np"}
    return [f"value = to_float64({value})", f"assert np.all(({low} <= value) & (value <= {high}))"]


def _equivalence(writer: Writer, obligation: Equivalence) -> list[str]:
    tolerance = obligation.tolerance
    lines = [f"left = {writer.expression(obligation.left)}", f"right = {writer.expression(obligation.right)}"]
    if tolerance.absolute is not None or tolerance.relative is not None:
        writer.imports |= {AS_VALUES, "import numpy as np"}
        room = f"rtol={writer.expression(tolerance.relative or 0)}, atol={writer.expression(tolerance.absolute or 0)}"
        lines.append(f"np.testing.assert_allclose(to_float64(left), to_float64(right), {room}, equal_nan=False)")
    if tolerance.ulp is not None:
        lines.append(f"assert {writer.expression('ulp_distance(left, right)')} <= {tolerance.ulp}")
    if tolerance.cosine is not None:
        lines.append(f"assert 1 - {writer.expression('cosine(left, right)')} <= {tolerance.cosine}")
    if tolerance.exact:
        writer.imports.add("from apr_core.compiler.values import same")
        lines.append("assert same(left, right)")
    return lines


def _monotone(writer: Writer, obligation: Monotone) -> list[str]:
    name, relation = obligation.in_, "<" if obligation.strict else "<="
    earlier, later = ("first", "second") if obligation.direction == "increasing" else ("second", "first")
    writer.imports.add("from hypothesis import assume")
    return [
        f"low, high = sorted(({name}, {name}_too))",
        "assume(low < high)",
        f"first, second = ({writer.expression(obligation.value)} for {name} in (low, high))",
        f"assert {earlier} {relation} {later}",
    ]


def _frame(writer: Writer, obligation: Frame) -> list[str]:
    watched = [*obligation.unchanged, *obligation.changed]
    check = None
    if obligation.check is not None:
        check, read = _with_before(writer.expression(obligation.check))
        watched += read
    writer.imports.add(SAME)
    lines = [f"{name}_before = fresh({name})" for name in dict.fromkeys(watched)]
    lines.append(f"result = {writer.expression(obligation.run)}")
    lines += [f"assert same({name}, {name}_before)" for name in obligation.unchanged]
    lines += [f"assert not same({name}, {name}_before)" for name in obligation.changed]
    return lines if check is None else [*lines, f"assert {_truth(writer, check)}"]


def _with_before(source: str) -> tuple[str, list[str]]:
    """The expression with `before(x)` as the name `x_before`, and the names that were asked for."""
    read: list[str] = []

    class Rename(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.expr:
            self.generic_visit(node)
            if isinstance(node.func, ast.Name) and node.func.id == "before" and isinstance(node.args[0], ast.Name):
                read.append(node.args[0].id)
                return ast.Name(f"{node.args[0].id}_before", ast.Load())
            return node

    return ast.unparse(Rename().visit(ast.parse(source, mode="eval"))), read


def _rejection(writer: Writer, obligation: Rejection) -> list[str]:
    run = writer.expression(obligation.run)
    writer.imports.add("import pytest")
    error = _error_class(writer, obligation.raises)
    message = f", match={obligation.message!r}" if obligation.message else ""
    lines = [f"with pytest.raises({error or 'Exception'}{message}) as caught:", f"    {run}"]
    if error is None:
        lines.append(f"assert {obligation.raises!r} in [kind.__name__ for kind in type(caught.value).__mro__]")
    folder = obligation.leaves_nothing_in
    if folder is not None:
        lines = [f"there_before = set({folder}.rglob('*'))", *lines]
        lines.append(f"assert not [path for path in set({folder}.rglob('*')) - there_before if path.is_file()]")
    if obligation.limits.seconds is not None:
        writer.imports.add("import time")
        lines = [
            "started = time.monotonic()",
            *lines,
            f"assert time.monotonic() - started <= {obligation.limits.seconds}",
        ]
    if obligation.limits.bytes is not None:
        lines = _traced(writer, lines, f"{obligation.limits.bytes}")
    return lines


def _error_class(writer: Writer, name: str) -> str | None:
    """How to name an exception class in Python, or None when only its name is known."""
    module, _, short = name.rpartition(".")
    if module:
        writer.imports.add(f"from {module} import {short}")
        return short
    known = getattr(builtins, name, None)
    return name if isinstance(known, type) and issubclass(known, BaseException) else None


def _traced(writer: Writer, lines: list[str], at_most: str) -> list[str]:
    writer.imports.add("import tracemalloc")
    measured = [
        "peak_bytes = tracemalloc.get_traced_memory()[1]",
        "tracemalloc.stop()",
        f"assert peak_bytes <= {at_most}",
    ]
    return ["tracemalloc.start()", *lines, *measured]


def _cost(writer: Writer, obligation: Cost) -> list[str]:
    run, at_most = writer.expression(obligation.run), writer.expression(obligation.at_most)
    if obligation.measure == "peak_bytes":
        return _traced(writer, [run], at_most)
    if obligation.measure == "bytes_written":
        names = [
            name for name in _names([run]) if "workdir" in getattr(type(writer.inputs.get(name)), "model_fields", ())
        ]
        places = ", ".join(sorted(names))
        size = f"sum(path.stat().st_size for folder in [{places}] for path in folder.rglob('*') if path.is_file())"
        return [f"before = {size}", run, f"assert {size} - before <= {at_most}"]
    writer.imports.add("from unittest.mock import Mock")
    counted = re.sub(rf"\b{obligation.of}\b", "counted", run)
    return [f"counted = Mock(wraps={obligation.of})", counted, f"assert counted.call_count <= {at_most}"]


_DECISIONS: dict[type[PropertyObligation], Callable[[Writer, Any], list[str]]] = {
    Holds: _holds,
    Bound: _bound,
    Equivalence: _equivalence,
    Monotone: _monotone,
    Frame: _frame,
    Rejection: _rejection,
    Cost: _cost,
}
"""Obligation type → the lines that decide one case."""


def _nested(loops: Mapping[str, str], lines: list[str]) -> list[str]:
    """The lines inside one loop per `for_each`."""
    for depth, (name, source) in enumerate(loops.items()):
        lines = [*lines[:depth], f"{'    ' * depth}for {name} in {source}:", *(f"    {line}" for line in lines[depth:])]
    return lines


def _test(obligation: PropertyObligation, given: Mapping[str, str], body: list[str]) -> str:
    name = "test_" + re.sub(r"\W+", "_", obligation.id).lower()
    quoted = obligation.claim.replace("\\", "\\\\").replace('"""', "'''")
    doc = f'    """{quoted}{" " if quoted.endswith(chr(34)) else ""}"""'
    lines = [f"def {name}({', '.join(given)}):", doc, *(f"    {line}" for line in body)]
    if given:
        decorator = ", ".join(f"{key}={value}" for key, value in given.items())
        if len(decorator) > 90:
            decorator = "\n" + "".join(f"    {key}={value},\n" for key, value in given.items())
        lines = ["@settings(deadline=None)", f"@given({decorator})", *lines]
    return "\n".join(lines)


def _module(writer: Writer, contract: Contract, claim_id: str, parts: list[str]) -> str:
    """Imports, bindings of vocabulary and subjects, and the parts."""
    text = "\n".join(parts)
    used = [name for name in ("assume", "given", "settings") if re.search(rf"\b{name}\(", text)]
    if used:
        writer.imports.add(f"from hypothesis import {', '.join(used)}")
    if re.search(r"\bst\.", text):
        writer.imports.add("from hypothesis import strategies as st")
    writer.imports.discard("from hypothesis import assume")
    if re.search(r"\bnp\.", text):
        writer.imports.add("import numpy as np")
    bindings = [line for name in writer.functions for line in _binding(writer, contract, name)]
    blocks = [
        f'"""{claim_id} as a test; made by `apr contract explain`."""',
        "\n".join(sorted(writer.imports, key=_import_order)),
    ]
    small = [part for part in parts[:-1] if "\n" not in part]
    if bindings or small:
        blocks.append("\n".join([*bindings, *small]))
    top = "\n\n".join(filter(None, blocks))
    return "\n\n\n".join([top, *(part for part in parts[:-1] if "\n" in part), parts[-1]]) + "\n"


def _import_order(line: str) -> tuple[bool, bool, str]:
    return ("apr_core" in line, line.startswith("from "), line)


def _binding(writer: Writer, contract: Contract, name: str) -> list[str]:
    """Imports a function under the name that the contract uses; gives the lines that are no plain import."""
    from apr_core.contract import vocabulary

    subject = contract.subjects.get(name)
    if subject is None:
        if getattr(vocabulary, name, None) is vocabulary.VOCABULARY[name]:
            writer.imports.add(f"from apr_core.contract.vocabulary import {name}")
            return []
        writer.imports.add("from apr_core.contract.vocabulary import VOCABULARY")
        return [f'{name} = VOCABULARY["{name}"]']
    if isinstance(subject, CommandSubject):
        writer.imports.add("import subprocess")
        run = f"subprocess.run([*{subject.command!r}, *map(str, arguments)], capture_output=True, text=True)"
        return [
            f"def {name}(*arguments):\n    done = {run}\n"
            '    return {"exit": done.returncode, "stdout": done.stdout, "stderr": done.stderr}'
        ]
    reference = subject.import_ if isinstance(subject, PlannedSubject) else subject
    module, _, path = reference.partition(":")
    top, *rest = path.split(".")
    writer.imports.add(f"from {module} import {top}" + (f" as {name}" if not rest and top != name else ""))
    return [f"{name} = {path}"] if rest else []
