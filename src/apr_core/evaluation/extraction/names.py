"""What statements bind, what they need, and which of them do nothing: read off the syntax tree.

The one thing a reader would get wrong: much prose is Python. `Sure`, `Note: this` and `[link](page)` all parse; they are told
from code by what they would do when run, never by their words.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterable, Iterator

Function = ast.FunctionDef | ast.AsyncFunctionDef
_OWN_SCOPE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_BUILTINS = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__"}


def bound_names(body: Iterable[ast.stmt]) -> set[str]:
    """Names that statements bind in the scope that they stand in; `*` when they import all that a module has."""
    names: set[str] = set()
    for node in same_scope(body):
        if isinstance(node, Function | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
    return names


def same_scope(body: Iterable[ast.stmt]) -> Iterator[ast.AST]:
    """Every node of statements, except what lies inside functions and classes."""
    pending: list[ast.AST] = list(body)
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, _OWN_SCOPE):
            pending += ast.iter_child_nodes(node)


def defines(body: Iterable[ast.stmt], name: str) -> bool:
    """Whether statements bind a name to something that is more than a signature."""
    return any(name in bound_names([statement]) and not is_stub(statement) for statement in body)


def is_stub(statement: ast.stmt) -> bool:
    """Whether a statement is a function of which only the signature is there: a docstring, `pass`, `...` or a `raise`."""
    if not isinstance(statement, Function):
        return False
    return all(
        isinstance(inner, ast.Pass)
        or (isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Constant))
        or (isinstance(inner, ast.Raise) and "NotImplemented" in ast.dump(inner))
        for inner in statement.body
    )


def is_inert(statement: ast.stmt, known: Collection[str], *, body: bool = False) -> bool:
    """Whether a statement of a module would do nothing, or could only fail: so it is no code that somebody meant to run.

    `known` are the names that some statement of the text binds. In the `body` of a function a `return` does something.
    """
    if isinstance(statement, ast.AnnAssign):
        return statement.value is None
    if isinstance(statement, ast.Return | ast.Break | ast.Continue):
        return not body
    if not isinstance(statement, ast.Expr):
        return False
    value = statement.value
    if isinstance(value, ast.Constant):
        return not isinstance(value.value, str)
    if isinstance(value, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr):
        return False
    calls = [node for node in ast.walk(value) if isinstance(node, ast.Call)]
    if not calls:
        return True
    roots = [_root(call.func) for call in calls]
    return any(root is None or not (root in known or root in _BUILTINS or "*" in known) for root in roots)


def _root(node: ast.expr) -> str | None:
    """The name that a call's function is reached from; an empty text, known to all, when it is computed."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if isinstance(node, ast.Name):
        return node.id
    return None if isinstance(node, ast.List | ast.Tuple | ast.Set | ast.Dict) else "print"


def functions(body: Iterable[ast.stmt]) -> list[Function]:
    """The functions among statements that are more than signatures."""
    return [statement for statement in body if isinstance(statement, Function) and not is_stub(statement)]


def accepts(function: Function, wanted: Function) -> bool:
    """Whether a function can be called with as many positional arguments as another one."""
    arguments, count = function.args, len(wanted.args.posonlyargs) + len(wanted.args.args)
    most = len(arguments.posonlyargs) + len(arguments.args)
    least = most - len(arguments.defaults)
    required = any(default is None for default in arguments.kw_defaults)
    return least <= count and (count <= most or arguments.vararg is not None) and not required
