"""From a problem to what its checker is told: plain JSON, made once per problem and used for every program.

The one thing a reader would get wrong: whether a problem's tests run apart from the program is decided here, from the tests
alone. A program has no say in it: one that could ask to be checked in its own process would.

This module runs in the parent; what it makes travels to the checker and never to the program.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Mapping
from typing import Any

from apr_core.errors import UsageError
from apr_core.evaluation.problem import Calls, CheckFunction, Problem, Tests, UnitTests
from apr_core.evaluation.sandbox.codec import EncodeError, encode
from apr_core.evaluation.sandbox.oracles import ORACLES

VERSION = "1"
"""Of the conversation: what a spec means. Results of two versions are not mixed."""
_BUILTIN = frozenset(dir(builtins))


def make(problem: Problem, expected: Mapping[str, Any] | None = None, record: bool = False) -> dict[str, Any]:
    """What the checker is told about `problem`.

    `expected` holds encoded outputs for groups of calls that name none: what `GroupResult.returned` was for the reference
    solution. With `record` such groups return their outputs and compare nothing.

    Raises:
        UsageError: a group of calls has no expected values or another number of them, its oracle is unknown, or its data is
            not plain.
    """
    given = expected or {}
    groups = [_group(problem, name, tests, given.get(name), record) for name, tests in problem.tests.items()]
    return {"entry_point": problem.entry_point, "groups": groups}


def weak_groups(spec: Mapping[str, Any]) -> list[str]:
    """Names of the groups whose tests run in the program's own process."""
    return [group["name"] for group in spec["groups"] if group["integrity"] == "weak"]


def _group(problem: Problem, name: str, tests: Tests, expected: Any, record: bool) -> dict[str, Any]:
    where = f"{problem.task_id}, {name}"
    if isinstance(tests, Calls):
        return {"name": name, "kind": "calls", "integrity": "strong", **_calls(where, tests, expected, record)}
    if isinstance(tests, UnitTests):
        found = {"source": tests.source, "tests": test_methods(_parsed(where, tests.source))}
        return {"name": name, "kind": "unittest", "integrity": "weak", **found}
    if isinstance(tests, CheckFunction):
        source: dict[str, Any] = {"source": tests.source, "helpers": tests.helpers}
        trees = [_parsed(where, tests.helpers), _parsed(where, tests.source)]
        kind = "check"
    else:
        source = {"statements": list(tests.statements), "setup": tests.setup}
        trees = [_parsed(where, tests.setup), *(_parsed(where, one) for one in tests.statements)]
        kind = "assertions"
    names = candidate_names(trees, problem)
    found = {"names": names, "modules": trusted_modules(trees, names), **source}
    return {"name": name, "kind": kind, "integrity": "weak" if _needs_its_process(trees, names) else "strong", **found}


def _calls(where: str, tests: Calls, expected: Any, record: bool) -> dict[str, Any]:
    if tests.oracle not in ORACLES:
        raise UsageError(f"{where}: the oracle {tests.oracle!r} is unknown; there are {', '.join(ORACLES)}.")
    try:
        made = {"inputs": [encode(tuple(one)) for one in tests.inputs], "oracle": tests.oracle, "atol": tests.atol}
        if tests.expected is not None:
            return {**made, "expected": [encode(one) for one in tests.expected]}
    except EncodeError as error:
        raise UsageError(f"{where}: an input or expected value is not plain data: {error}.") from error
    if record:
        return {**made, "expected": None}
    if expected is None:
        raise UsageError(
            f"{where}: no expected values: the tests name none, and none of the reference solution are given."
        )
    if len(expected) != len(tests.inputs):
        raise UsageError(f"{where}: {len(tests.inputs)} inputs have {len(expected)} expected values; each needs one.")
    return {**made, "expected": list(expected)}


def _parsed(where: str, source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise UsageError(f"{where}: the tests are not Python: {error}: {source!r:.100}.") from error


# Reading trusted tests


def candidate_names(trees: list[ast.Module], problem: Problem) -> list[str]:
    """Names that tests use and the program defines: free ones, and built-in or module names that the reference redefines.

    A program cannot take over `sorted` in the tests by defining it; a problem whose reference does define it can.
    """
    defined = {problem.entry_point} | _top_level(problem.reference)
    names = []
    for name in _free(trees):
        shared = name in _BUILTIN or name in sys.stdlib_module_names
        if not shared or name in defined:
            names.append(name)
    return names


def trusted_modules(trees: list[ast.Module], names: list[str]) -> list[str]:
    """Modules of the standard library that tests use without importing them; their authors relied on the program's imports."""
    return [
        name for name in _free(trees) if name in sys.stdlib_module_names and name not in names and name not in _BUILTIN
    ]


def test_methods(tree: ast.Module) -> list[str]:
    """`Class.method` of every test of a unittest source, in order."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return [
        f"{one.name}.{node.name}"
        for one in classes
        for node in one.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")
    ]


def _free(trees: list[ast.Module]) -> list[str]:
    """Names that are read and nowhere bound, in order of appearance."""
    read: dict[str, None] = {}
    bound: set[str] = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                read[node.id] = None
            else:
                bound.add(node.id)
        else:
            bound |= set(_binds(node))
    return [name for name in read if name not in bound]


def _binds(node: ast.AST) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).split(".")[0] for alias in node.names]
    if isinstance(node, ast.arg):
        return [node.arg]
    return [node.name] if isinstance(node, ast.ExceptHandler) and node.name else []


def _top_level(source: str) -> set[str]:
    """Names that a program defines as functions or classes of its own. An import is not a definition."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError):  # it will be reported where it is run
        return set()
    return {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}


def _needs_its_process(trees: list[ast.Module], names: list[str]) -> bool:
    """Whether tests extend a class of the program: no proxy can be a base class."""
    bases = [base for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for base in node.bases]
    return any(isinstance(one, ast.Name) and one.id in names for base in bases for one in ast.walk(base))
