"""From the syntax tree of an expression to closures that compute it.

The one thing a reader would get wrong: the language is what `_HANDLERS` lists. Any other kind of syntax is refused, so
one that a later Python adds is refused too.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from apr_core.contract import operators
from apr_core.contract.frame import Frame, Run, Span, binder, counted, decide, guarded, iterate, nothing
from apr_core.contract.limits import INTEGER_BITS, SOURCE_CHARACTERS, SOURCE_DEPTH, SOURCE_NODES
from apr_core.contract.refusals import refuse_function, refuse_node, refuse_syntax, refuse_unicode
from apr_core.contract.vocabulary import CONSTANTS, VOCABULARY
from apr_core.errors import ExpressionError


@dataclass(frozen=True, slots=True)
class Call:
    """One call in an expression, as far as it can be judged without values."""

    name: str
    positional: int
    keywords: tuple[str, ...]
    bare: bool
    """Whether its only argument is a name."""
    column: int


@dataclass(frozen=True, slots=True, eq=False)
class Translation:
    """An expression as a function, and what it uses, each with the column of its first use."""

    run: Run
    names: Mapping[str, int]
    loops: Mapping[str, int]
    calls: tuple[Call, ...]


def parse(text: str, *, indent: int = 0) -> ast.expr:
    """The syntax tree of a text, which may hold syntax that is not part of the language.

    Raises:
        ExpressionError: Python cannot parse it, or warns about it.
    """
    if len(text) > SOURCE_CHARACTERS:
        raise ExpressionError(f"an expression of {len(text):,} characters: at most {SOURCE_CHARACTERS:,} are allowed")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        refusal = refuse_syntax(text, error)
        raise ExpressionError(str(refusal), refusal.column + indent if refusal.column else 0) from None


def span_of(text: str, node: ast.expr) -> Span:
    """Where a node of the tree of a text begins and ends."""
    return _Translator(text, 0).span(node)


def translate(text: str, *, indent: int = 0) -> Translation:
    """The translation of a text without surrounding space; `indent` is added to every column.

    Raises:
        ExpressionError: not in the language, or beyond a limit of size.
    """
    tree = parse(text, indent=indent)
    translator = _Translator(text, indent)
    run = translator.translate(tree, 1)
    if not text.isascii():
        refuse_unicode(text, tree, translator.span)
    return Translation(run, translator.names, translator.loops, tuple(translator.calls))


class _Translator:
    """One pass over one syntax tree."""

    def __init__(self, text: str, indent: int) -> None:
        self.text = text
        self.indent = indent
        self.lines = [0]  # where each line begins, in bytes
        for line in text.encode().splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))
        self.nodes = 0
        self.names: dict[str, int] = {}
        self.loops: dict[str, int] = {}
        self.calls: list[Call] = []
        self.loop: frozenset[str] | None = None  # the variables of the comprehension around this part

    def span(self, node: Any) -> Span:
        """Where a node begins and ends."""
        start: int = self.lines[node.lineno - 1] + node.col_offset
        end: int = self.lines[node.end_lineno - 1] + node.end_col_offset
        return start, end

    def column(self, node: Any) -> int:
        """Where a node begins, in characters from 1 of the source as it was given."""
        start = self.span(node)[0]
        before = start if self.text.isascii() else len(self.text.encode()[:start].decode())
        return self.indent + before + 1

    def refuse(self, node: Any, message: str) -> NoReturn:
        """Raises at a node."""
        raise ExpressionError(message, self.column(node))

    def count(self, depth: int) -> None:
        """Counts one more part, so deep."""
        self.nodes += 1
        if self.nodes > SOURCE_NODES:
            raise ExpressionError(f"an expression of more than {SOURCE_NODES} parts: split it with `let`")
        if depth > SOURCE_DEPTH:
            raise ExpressionError(f"an expression nested more than {SOURCE_DEPTH} levels deep: split it with `let`")

    def translate(self, node: ast.expr, depth: int) -> Run:
        """The closure of a node."""
        self.count(depth)
        handler = _HANDLERS.get(type(node))
        if handler is None:
            self.refuse(node, refuse_node(node))
        return handler(self, node, depth + 1)

    def constant(self, node: ast.Constant, depth: int) -> Run:
        """A number, text, bytes, truth value or None."""
        value = node.value
        if isinstance(value, complex) or value is ...:
            self.refuse(node, f"the literal {'...' if value is ... else value!r} is not part of the language")
        if type(value) is int and value.bit_length() > INTEGER_BITS:
            self.refuse(node, f"an integer of {value.bit_length():,} bits: at most {INTEGER_BITS:,} are allowed")
        return lambda frame: value

    def name(self, node: ast.Name, depth: int) -> Run:
        """A loop variable, a declared name or a constant of the vocabulary."""
        name = node.id
        if self.loop is not None and name in self.loop:
            return lambda frame: frame.local[name]
        if name.startswith("_"):
            where = "; `_` is the argument in the fields of a template that hold a function" if name == "_" else ""
            self.refuse(node, f"the name {name!r} is not allowed: names do not begin with _{where}")
        self.names.setdefault(name, self.column(node))
        span = self.span(node)

        def run(frame: Frame) -> Any:
            if name in frame.names:
                return frame.names[name]
            if name in CONSTANTS:
                return CONSTANTS[name]
            return frame.fail(span, LookupError(f"no value was given for {name!r}"))

        return run

    def elements(self, node: ast.List | ast.Tuple, depth: int) -> Run:
        """A list or tuple."""
        parts = [self.translate(item, depth) for item in node.elts]
        make: Callable[[Any], Any] = list if isinstance(node, ast.List) else tuple
        span = self.span(node)
        return lambda frame: counted(frame, span, make([part(frame) for part in parts]))

    def mapping(self, node: ast.Dict, depth: int) -> Run:
        """A map with literal keys."""
        keys = []
        for key in node.keys:
            if not isinstance(key, ast.Constant) or isinstance(key.value, (bytes, complex)) or key.value is ...:
                self.refuse(key or node, "the keys of a map must be literals: text, numbers, true or false")
            keys.append(key.value)
        self.nodes += len(keys)
        parts = [self.translate(value, depth) for value in node.values]
        span = self.span(node)
        pairs = list(zip(keys, parts, strict=True))
        return lambda frame: counted(frame, span, {key: part(frame) for key, part in pairs})

    def binary(self, node: ast.BinOp, depth: int) -> Run:
        """An arithmetic or bitwise operator."""
        symbol = _BINARY.get(type(node.op))
        if symbol is None:
            self.refuse(node, "shifts are not part of the language: multiply or divide by a power of 2")
        left, right = self.translate(node.left, depth), self.translate(node.right, depth)
        span, operate = self.span(node), operators.binary

        def run(frame: Frame) -> Any:
            a, b = left(frame), right(frame)
            try:
                return operate(symbol, frame.budget, a, b)
            except Exception as error:
                frame.fail(span, error)

        return run

    def unary(self, node: ast.UnaryOp, depth: int) -> Run:
        """A sign, `~` or `not`."""
        symbol = _UNARY[type(node.op)]
        operand, span = self.translate(node.operand, depth), self.span(node)
        if symbol == "not":
            true = decide(span, operand, "write `~` instead of `not`")
            return lambda frame: not true(frame)
        return guarded(span, lambda value: operators.unary(symbol, value), operand)

    def boolean(self, node: ast.BoolOp, depth: int) -> Run:
        """`and` and `or`, which stop at the first part that decides."""
        parts = [self.translate(value, depth) for value in node.values]
        stops = isinstance(node.op, ast.Or)
        word, mark = ("or", "|") if stops else ("and", "&")
        instead = f"write `{mark}` instead of `{word}`, with each side in parentheses, and `~` instead of `not`"
        span = self.span(node)

        def run(frame: Frame) -> Any:
            value: Any = None
            for part in parts:
                value = part(frame)
                try:
                    decided = operators.truth(value, instead) is stops
                except Exception as error:
                    frame.fail(span, error)
                if decided:
                    break
            return value

        return run

    def comparison(self, node: ast.Compare, depth: int) -> Run:
        """One comparison, or a chain of them, which arrays cannot form."""
        symbols = [_COMPARE[type(operator)] for operator in node.ops]
        for symbol, side in zip(symbols, node.comparators, strict=True):
            if symbol in ("is", "is not") and not (isinstance(side, ast.Constant) and side.value is None):
                self.refuse(node, f"`{symbol}` compares with None alone: write == or !=")
        parts = [self.translate(side, depth) for side in (node.left, *node.comparators)]
        span, steps = self.span(node), list(zip(symbols, parts[1:], strict=True))
        instead = "write (a < b) & (b < c) instead of a < b < c"

        def run(frame: Frame) -> Any:
            result, right = True, parts[0](frame)
            for symbol, part in steps:
                left, right = right, part(frame)
                try:
                    result = operators.compare(symbol, frame.budget, left, right)
                    if len(steps) > 1 and not operators.truth(result, instead):
                        return False
                except Exception as error:
                    frame.fail(span, error)
            return result

        return run

    def conditional(self, node: ast.IfExp, depth: int) -> Run:
        """`a if condition else b`: only one side is evaluated."""
        test, body, orelse = (self.translate(part, depth) for part in (node.test, node.body, node.orelse))
        true = decide(self.span(node.test), test, "write where(condition, a, b)")
        return lambda frame: body(frame) if true(frame) else orelse(frame)

    def subscription(self, node: ast.Subscript, depth: int) -> Run:
        """Indexing and slicing."""
        value, index = self.translate(node.value, depth), self.index(node.slice, depth)
        return guarded(self.span(node), operators.subscript, value, index)

    def index(self, node: ast.expr, depth: int) -> Run:
        """What stands between brackets, where slices and `...` are allowed."""
        if isinstance(node, ast.Slice):
            ends = [self.translate(end, depth) if end else nothing for end in (node.lower, node.upper, node.step)]
            return lambda frame: slice(*(end(frame) for end in ends))
        if isinstance(node, ast.Tuple):
            self.count(depth)
            parts = [self.index(part, depth + 1) for part in node.elts]
            return lambda frame: tuple(part(frame) for part in parts)
        if isinstance(node, ast.Constant) and node.value is ...:
            return lambda frame: ...
        return self.translate(node, depth)

    def call(self, node: ast.Call, depth: int) -> Run:
        """A call, by name, of a subject or of the vocabulary."""
        if not isinstance(node.func, ast.Name):
            self.refuse(node.func, refuse_function(node.func, node.args))
        name, span = node.func.id, self.span(node)
        if any(keyword.arg is None for keyword in node.keywords):
            self.refuse(node, "`**` before an argument is not part of the language: write the arguments out")
        words = tuple(str(keyword.arg) for keyword in node.keywords)
        bare = len(node.args) == 1 and not words and isinstance(node.args[0], ast.Name)
        self.calls.append(Call(name, len(node.args), words, bare, self.column(node)))
        alone = len(node.args) == 1 and not words
        arguments = [self.argument(argument, depth, alone=alone) for argument in node.args]
        named = [(str(word.arg), self.translate(word.value, depth)) for word in node.keywords]

        def run(frame: Frame) -> Any:
            values = [argument(frame) for argument in arguments]
            keywords = {word: value(frame) for word, value in named}
            function = frame.functions.get(name, VOCABULARY.get(name))
            if function is None:
                frame.fail(span, LookupError(f"no function was given for {name!r}"))
            if function is not VOCABULARY.get(name):
                return function(*values, **keywords)  # what a subject raises is a finding, not an error of this text
            try:
                return function(*values, **keywords)
            except ExpressionError as error:
                frame.fail(span, error)

        return run

    def argument(self, node: ast.expr, depth: int, *, alone: bool) -> Run:
        """An argument; a generator may stand as the only one."""
        if alone and isinstance(node, ast.GeneratorExp):
            self.count(depth)
            return self.comprehension(node, depth + 1)
        return self.translate(node, depth)

    def comprehension(self, node: ast.ListComp | ast.GeneratorExp, depth: int) -> Run:
        """`[element for variable in list if condition]`, one level deep."""
        if self.loop is not None or len(node.generators) != 1:
            self.refuse(node, "a comprehension has one `for`, and none inside it: use `let`, `for_each` or a subject")
        generator = node.generators[0]
        self.loop = frozenset()
        iterable, where = self.translate(generator.iter, depth), self.span(generator.iter)
        variables = self.targets(generator.target)
        bind = binder(generator.target, variables)
        self.loop = frozenset(variables)
        conditions = [
            decide(self.span(condition), self.translate(condition, depth), "reduce it with all(…) or any(…)")
            for condition in generator.ifs
        ]
        element, span = self.translate(node.elt, depth), self.span(node)
        self.loop = None

        def run(frame: Frame) -> list[Any]:
            result = []
            for item in iterate(frame, where, iterable(frame)):
                bind(frame, where, item)
                if all(condition(frame) for condition in conditions):
                    result.append(counted(frame, span, element(frame)))
            return result

        return run

    def targets(self, target: ast.expr) -> list[str]:
        """The loop variables, in order."""
        targets = target.elts if isinstance(target, ast.Tuple) else [target]
        names = []
        for node in targets:
            if not isinstance(node, ast.Name):
                self.refuse(node, "a loop variable is a name, or several names with commas")
            if node.id.startswith("_") or node.id in names:
                self.refuse(node, f"the loop variable {node.id!r} is not allowed: a letter comes first, each name once")
            names.append(node.id)
            self.loops.setdefault(node.id, self.column(node))
        self.nodes += len(names)
        return names


_HANDLERS: dict[type[ast.expr], Callable[[_Translator, Any, int], Run]] = {
    ast.Constant: _Translator.constant,
    ast.Name: _Translator.name,
    ast.List: _Translator.elements,
    ast.Tuple: _Translator.elements,
    ast.Dict: _Translator.mapping,
    ast.BinOp: _Translator.binary,
    ast.UnaryOp: _Translator.unary,
    ast.BoolOp: _Translator.boolean,
    ast.Compare: _Translator.comparison,
    ast.IfExp: _Translator.conditional,
    ast.Subscript: _Translator.subscription,
    ast.Call: _Translator.call,
    ast.ListComp: _Translator.comprehension,
}
_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.MatMult: "@", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
}  # fmt: skip
_UNARY: dict[type[ast.unaryop], str] = {ast.USub: "-", ast.UAdd: "+", ast.Invert: "~", ast.Not: "not"}
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
