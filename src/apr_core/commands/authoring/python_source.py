"""A claim as a pytest and Hypothesis function that a reader could paste and run.

The one thing a reader would get wrong: this is an explanation, not what runs. What runs also hands every call fresh
copies of its arguments, refuses a changed argument or a non-finite decision, and counts what was discarded.
"""

from __future__ import annotations

import ast
import builtins
import re
import sys
from collections.abc import Callable, Collection, Mapping
from graphlib import TopologicalSorter
from typing import Any

from apr_core.commands.authoring.python_inputs import NUMPY, Writer
from apr_core.compiler.domain import references
from apr_core.contract.inputs import BooleanInput, ChoiceInput, Input, IntegerInput, RealInput, TextInput, WorkdirInput
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
from apr_core.contract.vocabulary import CONSTANTS, VOCABULARY

SCALARS = (IntegerInput, RealInput, BooleanInput, TextInput, ChoiceInput)

REDUCTIONS = frozenset(
    {"norm", "mean", "sum", "std", "var", "median", "quantile", "max_abs", "count_nonzero", "sparsity", "cosine", "dot"}
    | {
        "relative_error",
        "ulp_distance",
        "equal",
        "digest",
        "len",
        "size",
        "ndim",
        "nbytes",
        "size_of",
        "dtype",
        "shape",
    }
    | {"eps", "all", "any", "float", "int", "bool", "str"}
)
"""Vocabulary whose result is one value and not an array, so that a plain `assert` can take it."""

WIDTH = 90
"""Longest line of `@given` arguments before they get a line each."""

SAME = ("apr_core.compiler.values", "same")
FRESH = ("apr_core.compiler.values", "fresh")
ASSUME = ("hypothesis", "assume")
PEAK = ("apr_core.compiler.measure", "peak_bytes")
VALUES = ("apr_core.contract.vocabulary", "to_float64")


def python_source(
    contract: Contract, obligation: PropertyObligation, claim_id: str, single: Collection[str] = ()
) -> str:
    """A module with one test.

    Args:
        obligation: expanded already if it was a template.
        single: subjects that return one number or truth value, so that a comparison with it needs no wrapping.
    """
    writer, lines = _decided(contract, obligation, single)
    names = _names(lines) | _explicit(obligation)
    ordered = _in_order(_closure(names, writer.inputs), writer.inputs)
    for name in ordered:
        writer.draw(name, writer.inputs[name])
        if isinstance(obligation, Monotone) and name == obligation.in_:
            writer.draw(writer.own(f"{name}_too"), writer.inputs[name])
    read = names.union(*(references(writer.inputs[name]) for name in ordered))
    shared = [*_module_level(writer, contract, read), *writer.helper_sources()]
    test = _test(writer, obligation, [*writer.body, *lines])
    return _module(writer, contract, claim_id, [*shared, test])


def needed_inputs(contract: Contract, obligation: PropertyObligation) -> list[str]:
    """The inputs that a claim reads and those that their domains refer to, each after what it refers to."""
    writer, lines = _decided(contract, obligation, ())
    return _in_order(_closure(_names(lines) | _explicit(obligation), writer.inputs), writer.inputs)


def _decided(contract: Contract, obligation: PropertyObligation, single: Collection[str]) -> tuple[Writer, list[str]]:
    """The lines of the test that come after drawing, and the writer that knows what they need."""
    inputs = {**contract.inputs, **obligation.inputs}
    bound = {name.strip() for targets in obligation.let for name in targets.split(",")}
    declared = {*contract.subjects, *contract.constants, *contract.setup, *inputs, *bound, *obligation.for_each}
    functions = frozenset(VOCABULARY)
    writer = Writer(functions, contract.subjects, inputs, REDUCTIONS.union(single), declared | functions)
    loops = {name: writer.expression(source) for name, source in obligation.for_each.items()}
    decision = _DECISIONS[type(obligation)](writer, obligation)
    return writer, _nested(loops, [*_preparation(writer, obligation), *decision])


def _names(sources: list[str]) -> set[str]:
    """Every name in some lines of Python."""
    return {node.id for node in ast.walk(ast.parse("\n".join(sources) or "pass")) if isinstance(node, ast.Name)}


def _explicit(obligation: PropertyObligation) -> set[str]:
    """The input that an obligation mentions outside the lines that are generated for it."""
    return {obligation.in_} if isinstance(obligation, Monotone) else set()


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
    setup: list[str] = []
    for name, source in reversed(contract.setup.items()):
        if name in used:
            setup.insert(0, f"{name} = {writer.expression(source)}")
            used = used | _names([source.strip()])
    return [*(f"{name} = {value!r}" for name, value in contract.constants.items() if name in used), *setup]


def _preparation(writer: Writer, obligation: PropertyObligation) -> list[str]:
    """Preconditions and `let`, each precondition as soon as what it reads exists."""
    sources = [obligation.where] if isinstance(obligation.where, str) else list(obligation.where)
    bound = {name.strip() for targets in obligation.let for name in targets.split(",")}
    late = [source for source in sources if _names([source.strip()]) & bound]
    assumed = {source: f"{writer.use(*ASSUME)}({_truth(writer, source)})" for source in sources}
    lines = [assumed[source] for source in sources if source not in late]
    lines += [f"{targets} = {writer.expression(source)}" for targets, source in obligation.let.items()]
    return lines + [assumed[source] for source in late]


def _truth(writer: Writer, source: str) -> str:
    """An expression as a truth value: as it stands when it is one, otherwise whether all its elements are true."""
    text = writer.expression(source)
    if _is_single(ast.parse(text, mode="eval").body, writer):
        return text
    np = writer.use(*NUMPY)
    return f"{np}.all({np}.asarray({text}))"


def _is_single(node: ast.expr, writer: Writer) -> bool:
    """Whether an expression certainly gives one value and not an array."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in writer.single
    if isinstance(node, ast.Name):
        return isinstance(writer.inputs.get(node.id), SCALARS) or node.id in CONSTANTS
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
    np, name = writer.use(*NUMPY), writer.own("value")
    return [
        f"{name} = {writer.use(*VALUES)}({value})",
        f"assert {np}.all(({low} <= {name}) & ({name} <= {high}))",
    ]


def _equivalence(writer: Writer, obligation: Equivalence) -> list[str]:
    tolerance = obligation.tolerance
    left, right = writer.own("left"), writer.own("right")
    lines = [f"{left} = {writer.expression(obligation.left)}", f"{right} = {writer.expression(obligation.right)}"]
    if tolerance.absolute is not None or tolerance.relative is not None:
        np, values = writer.use(*NUMPY), writer.use(*VALUES)
        room = f"rtol={writer.expression(tolerance.relative or 0)}, atol={writer.expression(tolerance.absolute or 0)}"
        lines.append(f"{np}.testing.assert_allclose({values}({left}), {values}({right}), {room}, equal_nan=False)")
    if tolerance.ulp is not None:
        lines.append(f"assert {writer.expression(f'ulp_distance({left}, {right})')} <= {tolerance.ulp}")
    if tolerance.cosine is not None:
        lines.append(f"assert 1 - {writer.expression(f'cosine({left}, {right})')} <= {tolerance.cosine}")
    if tolerance.exact:
        lines.append(f"assert {writer.use(*SAME)}({left}, {right})")
    return lines


def _monotone(writer: Writer, obligation: Monotone) -> list[str]:
    name, relation = obligation.in_, "<" if obligation.strict else "<="
    later = writer.own(f"{name}_too")
    first = writer.expression(obligation.value)
    second = _renamed(first, name, later)
    if obligation.direction == "decreasing":
        first, second = second, first
    return [f"{writer.use(*ASSUME)}({name} < {later})", f"assert {first} {relation} {second}"]


def _renamed(source: str, name: str, new: str) -> str:
    """An expression about another name."""
    tree = ast.parse(source, mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == name:
            node.id = new
    return ast.unparse(tree)


def _frame(writer: Writer, obligation: Frame) -> list[str]:
    watched = dict.fromkeys([*obligation.unchanged, *obligation.changed])
    check = None
    if obligation.check is not None:
        check, read = _with_before(writer, obligation.check)
        watched |= dict.fromkeys(read)
    lines = [f"{writer.own(f'{name}_before')} = {writer.use(*FRESH)}({name})" for name in watched]
    run = writer.expression(obligation.run)
    lines.append(f"result = {run}" if check is not None and "result" in _names([check]) else run)
    lines += [f"assert {writer.use(*SAME)}({one}, {writer.own(f'{one}_before')})" for one in obligation.unchanged]
    lines += [f"assert not {writer.use(*SAME)}({one}, {writer.own(f'{one}_before')})" for one in obligation.changed]
    return lines if check is None else [*lines, f"assert {_truth(writer, check)}"]


def _with_before(writer: Writer, source: str) -> tuple[str, list[str]]:
    """The expression with `before(x)` as the name `x_before`, and the names that were asked for."""
    read: list[str] = []

    class Rename(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.expr:
            self.generic_visit(node)
            if isinstance(node.func, ast.Name) and node.func.id == "before" and isinstance(node.args[0], ast.Name):
                read.append(node.args[0].id)
                return ast.Name(writer.own(f"{node.args[0].id}_before"), ast.Load())
            return node

    return ast.unparse(Rename().visit(ast.parse(source.strip(), mode="eval"))), read


def _rejection(writer: Writer, obligation: Rejection) -> list[str]:
    run = writer.expression(obligation.run)
    error, message = _error_class(writer, obligation.raises), ""
    if obligation.message:
        message = f", match={obligation.message!r}"
    caught = writer.own("caught")
    lines = [f"with {writer.use('pytest')}.raises({error or 'Exception'}{message}) as {caught}:", f"    {run}"]
    if error is None:
        lines.append(f"assert {obligation.raises!r} in [kind.__name__ for kind in type({caught}.value).__mro__]")
    else:
        lines[0] = lines[0].replace(f" as {caught}", "")
    if obligation.leaves_nothing_in is not None:
        folder, there = obligation.leaves_nothing_in, writer.own("there_before")
        lines = [f"{there} = {{*{folder}.rglob('*')}}", *lines]
        lines.append(f"assert not [path for path in {{*{folder}.rglob('*')}} - {there} if path.is_file()]")
    if obligation.limits.seconds is not None:
        time, started = writer.use("time"), writer.own("started")
        lines = [f"{started} = {time}.monotonic()", *lines]
        lines.append(f"assert {time}.monotonic() - {started} <= {obligation.limits.seconds}")
    return lines


def _error_class(writer: Writer, name: str) -> str | None:
    """How to name an exception class in Python, or None when only its name is known."""
    module, _, short = name.rpartition(".")
    if module:
        return writer.use(module, short)
    known = getattr(builtins, name, None)
    return name if isinstance(known, type) and issubclass(known, BaseException) else None


def _cost(writer: Writer, obligation: Cost) -> list[str]:
    run, at_most = writer.expression(obligation.run), writer.expression(obligation.at_most)
    if obligation.measure == "peak_bytes":
        return [f"assert {writer.use(*PEAK)}(lambda: {run}) <= {at_most}"]
    if obligation.measure == "bytes_written":
        folders = [name for name in sorted(_names([run])) if isinstance(writer.inputs.get(name), WorkdirInput)]
        written = " + ".join(f"{writer.helper('bytes_below')}({name})" for name in folders) or "0"
        return [run, f"assert {written} <= {at_most}"]
    counted = writer.own("counted")
    return [
        f"{counted} = {writer.use('unittest.mock', 'Mock')}(wraps={obligation.of})",
        _renamed(run, str(obligation.of), counted),
        f"assert {counted}.call_count <= {at_most}",
    ]


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


def _test(writer: Writer, obligation: PropertyObligation, body: list[str]) -> str:
    name = writer.own("test_" + re.sub(r"\W+", "_", obligation.id).lower())
    claim = obligation.claim.replace("\\", "\\\\").replace('"', "'")
    lines = [f"def {name}({', '.join(writer.given)}):", f'    """{claim}"""', *(f"    {line}" for line in body)]
    if writer.given:
        arguments = [f"{key}={value}" for key, value in writer.given.items()]
        joined = ", ".join(arguments)
        if len(joined) > WIDTH:
            joined = "\n" + "".join(f"    {argument},\n" for argument in arguments)
        decorators = [
            f"@{writer.use('hypothesis', 'settings')}(deadline=None)",
            f"@{writer.use('hypothesis', 'given')}({joined})",
        ]
        lines = [*decorators, *lines]
    return "\n".join(lines)


def _module(writer: Writer, contract: Contract, claim_id: str, parts: list[str]) -> str:
    """Imports, bindings of vocabulary and subjects, and the parts."""
    bindings = [line for name in writer.functions for line in _binding(writer, contract, name)]
    small = [part for part in parts[:-1] if "\n" not in part]
    large = [part for part in [*bindings, *parts] if "\n" in part]
    top = [f'"""{claim_id} as a test; made by `apr contract explain`."""', *_imports(writer.imports)]
    assigned = [part for part in bindings if "\n" not in part] + small
    return "\n\n\n".join(["\n\n".join([*top, *(["\n".join(assigned)] if assigned else [])]), *large]) + "\n"


def _binding(writer: Writer, contract: Contract, name: str) -> list[str]:
    """Makes a function known under the name that the contract uses; gives the lines that are no plain import."""
    subject = contract.subjects.get(name)
    if subject is None:
        return [f'{name} = {writer.use("apr_core.contract.vocabulary", "VOCABULARY")}["{name}"]']
    if isinstance(subject, CommandSubject):
        run = f"{writer.use('subprocess')}.run([*{subject.command!r}, *arguments], capture_output=True, text=True)"
        result = '{"exit": done.returncode, "stdout": done.stdout, "stderr": done.stderr}'
        return [f"def {name}(*arguments):\n    done = {run}\n    return {result}"]
    module, _, path = (subject.import_ if isinstance(subject, PlannedSubject) else subject).partition(":")
    top, *rest = path.split(".")
    if not rest:
        writer.imports.setdefault(module, {})[top] = name
        return []
    return [f"{name} = {'.'.join([writer.use(module, top), *rest])}"]


def _imports(imports: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The imports in three blocks: the standard library, other packages, apr_core and the project's own."""
    blocks: dict[int, list[str]] = {0: [], 1: [], 2: []}
    for module in sorted(imports):
        names = {name: local for name, local in imports[module].items() if name}
        if "" in imports[module]:
            local = imports[module][""]
            blocks[_block(module)].append(f"import {module}" + (f" as {local}" if local != module else ""))
        if names:
            listed = ", ".join(name if name == local else f"{name} as {local}" for name, local in sorted(names.items()))
            blocks[_block(module)].append(f"from {module} import {listed}")
    return ["\n".join(lines) for lines in blocks.values() if lines]


def _block(module: str) -> int:
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names:
        return 0
    return 1 if top in ("hypothesis", "numpy", "pytest", "torch") else 2
