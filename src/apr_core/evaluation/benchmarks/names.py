"""Which names tests call, and which functions of a prompt they need: read from the syntax tree, never from a list of ids.

The one thing a reader would get wrong: a test may call more than one name that a program defines (`f([Pair(1, 2)])`). The
entry point is the function that most statements call, and of several the outermost one; a class only when there is no function.
"""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Sequence

_BUILTIN = frozenset(dir(builtins))
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def newlines(source: str) -> str:
    """`source` with `\\n` at the end of every line, as Python reads it."""
    return source.replace("\r\n", "\n").replace("\r", "\n")


def entry_point(statements: Sequence[str], setup: str, reference: str) -> str | None:
    """The function that `statements` test, or None when they call nothing that a program would define.

    Raises:
        SyntaxError: a statement or the setup is not Python.
    """
    given = _bound(ast.parse(newlines(setup)))
    defined = _defined(reference)
    votes: Counter[str] = Counter()
    rank: dict[str, int] = {}
    for statement in statements:
        depths = _called(ast.parse(newlines(statement)))
        for name, depth in depths.items():
            if name in given or (name in _BUILTIN and name not in defined):
                continue
            votes[name] += 1
            rank[name] = min(depth, rank.get(name, depth))
    known = {name for name in votes if name in defined} or set(votes)
    functions = {name for name in known if not isinstance(defined.get(name), ast.ClassDef)} or known
    return min(functions, key=lambda name: (-votes[name], rank[name], name), default=None)


def helpers(test: str, reference: str, prompt_lines: int, entry: str) -> str:
    """Source of what the prompt defines and the test uses: functions other than the entry point, and imports.

    `reference` is the prompt and a solution, whose first `prompt_lines` lines are the prompt's. What helpers use is taken
    along. Empty when the test needs nothing.

    Raises:
        SyntaxError: the test or the reference is not Python.
    """
    tree = ast.parse(newlines(reference))
    offered: dict[str, ast.stmt] = {}
    for node in tree.body:
        if node.lineno <= prompt_lines and not (isinstance(node, _Definition) and node.name == entry):
            offered |= dict.fromkeys(_binds(node), node)
    checking = ast.parse(newlines(test))
    wanted, needed = _loaded(checking) - _bound(checking), set[str]()
    while new := (wanted & offered.keys()) - needed:
        needed |= new
        wanted = {name for one in new for name in _loaded(offered[one])}
    nodes = {id(offered[name]): offered[name] for name in needed}
    ordered = sorted(nodes.values(), key=lambda node: node.lineno)
    return "".join(f"{ast.unparse(node)}\n" for node in ordered)


def _defined(source: str) -> dict[str, _Definition]:
    try:
        body = ast.parse(newlines(source)).body
    except SyntaxError:  # it will be reported where it is run
        return {}
    return {node.name: node for node in body if isinstance(node, _Definition)}


def _called(tree: ast.AST) -> dict[str, int]:
    """Names that are called, each with the least number of calls around it."""
    found: dict[str, int] = {}
    waiting: list[tuple[ast.AST, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found[node.func.id] = min(depth, found.get(node.func.id, depth))
        inside = depth + isinstance(node, ast.Call)
        waiting += [(child, inside) for child in ast.iter_child_nodes(node)]
    return found


def _binds(node: ast.stmt) -> set[str]:
    """Names that one statement of a module binds in the module."""
    if isinstance(node, _Definition):
        return {node.name}
    if isinstance(node, ast.Import):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {alias.asname or alias.name for alias in node.names}
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}


def _bound(tree: ast.Module) -> set[str]:
    return {name for node in tree.body for name in _binds(node)}


def _loaded(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def first_lines(text: str) -> int:
    """How many lines `text` has, or begins."""
    return len(newlines(text).split("\n")) - (not text or text.endswith("\n"))
