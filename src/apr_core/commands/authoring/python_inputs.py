"""Inputs as Hypothesis strategies in Python source.

The one thing a reader would get wrong: an input whose domain depends on no other becomes an argument of `@given`,
every other one is drawn inside the test, because only there the values that it depends on are known.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from apr_core.compiler.domain import references
from apr_core.compiler.fill import DRAWS
from apr_core.contract.inputs import (
    DTYPES,
    BooleanInput,
    BytesInput,
    ChoiceInput,
    FileInput,
    Input,
    IntegerInput,
    ListInput,
    NearInput,
    PermutationInput,
    RealInput,
    RotateInput,
    RowsInput,
    Source,
    StrategyInput,
    TensorInput,
    TextInput,
    TokensInput,
    WorkdirInput,
)

HELPERS: dict[str, tuple[tuple[str, ...], str]] = {
    "arrays": (
        ("from apr_core.compiler.fill import fill",),
        '''
def arrays(shape, dtype="float32", draw="normal"):
    """Arrays filled by a generator with a drawn seed, rounded to a drawn number of digits."""
    return st.builds(fill, *map(st.just, (draw, dtype, shape)), SEEDS, st.integers(1, 8))
''',
    ),
    "with_nonfinite": (
        (),
        '''
@st.composite
def with_nonfinite(draw, arrays):
    """Arrays in which one to three elements are NaN or infinite."""
    values = draw(arrays)
    for _ in range(draw(st.integers(1, 3))):
        values.reshape(-1)[draw(st.integers(0, values.size - 1))] = draw(st.sampled_from((np.nan, np.inf, -np.inf)))
    return values
''',
    ),
    "near": (
        (),
        '''
def near(start, relative):
    """Arrays at the distance `relative` * norm(start) from `start`, in a drawn direction."""
    values = np.asarray(start, dtype=np.float64)

    def step(seed):
        direction = np.random.default_rng(seed).standard_normal(values.shape)
        return (values + relative * np.linalg.norm(values) * direction / np.linalg.norm(direction)).astype(start.dtype)

    return SEEDS.map(step)
''',
    ),
    "rotated": (
        (),
        '''
def rotated(start, angle):
    """Arrays of the norm of `start`, at `angle` radians to it, in a drawn plane."""
    values = np.asarray(start, dtype=np.float64)
    length = np.linalg.norm(values)

    def turn(seed):
        other = np.random.default_rng(seed).standard_normal(values.shape)
        other -= np.vdot(other, values) / length**2 * values
        return (np.cos(angle) * values + np.sin(angle) * length * other / np.linalg.norm(other)).astype(start.dtype)

    return SEEDS.map(turn)
''',
    ),
    "token_ids": (
        (),
        '''
def token_ids(shape, vocabulary):
    """Arrays of token ids below `vocabulary`."""
    return SEEDS.map(lambda seed: np.random.default_rng(seed).integers(0, vocabulary, shape))
''',
    ),
    "damaged": (
        ("import tempfile", "from pathlib import Path", "from apr_core.compiler.files import DAMAGE"),
        '''
@st.composite
def damaged(draw, content, kinds, name):
    """A file with this content, damaged in one of these ways, in a folder of its own."""
    valid = content.encode() if isinstance(content, str) else content
    path = Path(tempfile.mkdtemp()) / name
    path.write_bytes(DAMAGE[draw(st.sampled_from(kinds))](draw, valid))
    return path
''',
    ),
}
"""Function that generated code may need → its own imports, and its source."""

_SEEDED = frozenset({"arrays", "near", "rotated", "token_ids"})


@dataclass
class Writer:
    """Collects the parts of a generated test: imports, helpers, arguments of `@given`, and lines of the body."""

    vocabulary: Collection[str]
    subjects: Mapping[str, Any]
    inputs: Mapping[str, Input]
    single: Collection[str]
    """Functions whose result is one value and not an array."""
    imports: set[str] = field(default_factory=set)
    helpers: dict[str, None] = field(default_factory=dict)
    functions: dict[str, None] = field(default_factory=dict)
    """Vocabulary and subjects that the source calls."""
    given: dict[str, str] = field(default_factory=dict)
    body: list[str] = field(default_factory=list)
    data: str = "data"
    """The name under which the test draws what depends on other inputs."""

    def expression(self, source: Source) -> str:
        """An expression as Python source; remembers what it calls."""
        if not isinstance(source, str):
            return repr(source)
        text = " ".join(source.split()) if "\n" in source.strip() and "'''" not in source else source.strip()
        for node in ast.walk(ast.parse(text, mode="eval")):
            if isinstance(node, ast.Name):
                if node.id in self.vocabulary or node.id in self.subjects:
                    self.functions[node.id] = None
                elif node.id in ("pi", "e", "inf", "nan"):
                    self.imports.add(f"from math import {node.id}")
        return text

    def helper(self, name: str) -> str:
        """The name of a helper; remembers that it is needed."""
        self.helpers[name] = None
        self.imports |= {"import numpy as np", *HELPERS[name][0]}
        return name

    def draw(self, name: str, model: Input, declared: Collection[str]) -> None:
        """Declare an input: an argument of `@given` when it depends on nothing, else a line of the body."""
        if isinstance(model, WorkdirInput):
            self.imports |= {"import tempfile", "from pathlib import Path"}
            self.body.append(f"{name} = Path(tempfile.mkdtemp())")
            return
        strategy = self.strategy(model)
        if references(model) & set(declared):
            self.given[self.data] = "st.data()"
            self.body.append(f'{name} = {self.data}.draw({strategy}, label="{name}")')
        else:
            self.given[name] = strategy

    def strategy(self, model: Input) -> str:
        """The strategy of one input as Python source."""
        return _KINDS[type(model)](self, model)

    def between(self, bounds: list[Source]) -> str:
        """Two bounds as positional arguments."""
        return ", ".join(map(self.expression, bounds))

    def sizes(self, bounds: list[Source]) -> str:
        """Two bounds as `min_size` and `max_size`."""
        low, high = map(self.expression, bounds)
        return f"min_size={low}, max_size={high}"

    def shape(self, extents: list[Source]) -> str:
        """A shape as a tuple."""
        inner = ", ".join(map(self.expression, extents))
        return f"({inner},)" if len(extents) == 1 else f"({inner})"

    def used_helpers(self) -> list[str]:
        """The sources of the helpers, and the seeds that they share."""
        seeds = ["SEEDS = st.integers(0, 2**32 - 1)"] if _SEEDED & set(self.helpers) else []
        return seeds + [HELPERS[name][1].strip("\n") for name in HELPERS if name in self.helpers]


def _real(writer: Writer, model: RealInput) -> str:
    low, high = ("None" if bound in ("inf", "-inf") else writer.expression(bound) for bound in model.real)
    finite = ", allow_nan=False, allow_infinity=False" if "None" in (low, high) else ""
    return f"st.floats({low}, {high}{finite})"


def _text(writer: Writer, model: TextInput) -> str:
    alphabet = "" if model.alphabet is None else f"{model.alphabet!r}, "
    return f"st.text({alphabet}{writer.sizes(model.text)})"


def _list(writer: Writer, model: ListInput) -> str:
    unique = ", unique=True" if model.unique else ""
    return f"st.lists({writer.strategy(model.list)}, {writer.sizes(model.size)}{unique})"


def _permutation(writer: Writer, model: PermutationInput) -> str:
    values = model.permutation if isinstance(model.permutation, str) else repr(model.permutation)
    return f"st.permutations({values})"


def _word(word: str, allowed: Collection[str]) -> str:
    """A word of a closed set in quotes, or the name of the input that holds one."""
    return f'"{word}"' if word in allowed else word


def _tensor(writer: Writer, model: TensorInput) -> str:
    arguments = [writer.shape(model.tensor), _word(model.dtype, DTYPES)]
    if model.draw != "normal":
        arguments.append(_word(model.draw, DRAWS))
    strategy = f"{writer.helper('arrays')}({', '.join(arguments)})"
    if model.nonfinite:
        strategy = f"{writer.helper('with_nonfinite')}({strategy})"
    if not model.contiguous:
        strategy += ".map(lambda values: np.repeat(values, 2, axis=-1)[..., ::2])"
    return strategy + _in_library(writer, model.library, model.dtype)


def _in_library(writer: Writer, library: str, dtype: str = "") -> str:
    if library == "numpy":
        return ""
    writer.imports.add("import torch")
    if dtype == "bfloat16":
        return ".map(lambda values: torch.from_numpy(values).to(torch.bfloat16))"
    return ".map(torch.from_numpy)"


def _near(writer: Writer, model: NearInput) -> str:
    start, back = _start(writer, model.near)
    if not isinstance(model.relative, list):
        return f"{writer.helper('near')}({start}, {writer.expression(model.relative)}){back}"
    distances = f"st.floats({writer.between(model.relative)})"
    return f"{distances}.flatmap(lambda relative: {writer.helper('near')}({start}, relative)){back}"


def _rotate(writer: Writer, model: RotateInput) -> str:
    start, back = _start(writer, model.rotate)
    return f"{writer.helper('rotated')}({start}, {writer.expression(model.by)}){back}"


def _start(writer: Writer, name: str) -> tuple[str, str]:
    """The tensor to start from as a numpy array, and what brings the result back into its library."""
    model = writer.inputs.get(name)
    while isinstance(model, (NearInput, RotateInput)):
        model = writer.inputs.get(model.near if isinstance(model, NearInput) else model.rotate)
    if not isinstance(model, TensorInput) or model.library == "numpy":
        return name, ""
    wide = f"{name}.float()" if model.dtype == "bfloat16" else name
    return f"{wide}.numpy()", _in_library(writer, "torch", model.dtype)


def _rows(writer: Writer, model: RowsInput) -> str:
    fields = ", ".join(f"{name!r}: {writer.strategy(part)}" for name, part in model.rows.items())
    return f"st.lists(st.fixed_dictionaries({{{fields}}}), {writer.sizes(model.size)})"


def _tokens(writer: Writer, model: TokensInput) -> str:
    call = f"{writer.helper('token_ids')}({writer.shape(model.tokens)}, {writer.expression(model.vocabulary)})"
    return call + _in_library(writer, model.library)


def _file(writer: Writer, model: FileInput) -> str:
    return f"{writer.helper('damaged')}({writer.expression(model.file.from_)}, {model.file.corrupt!r}, {model.name!r})"


def _own(writer: Writer, model: StrategyInput) -> str:
    module, _, function = model.strategy.partition(":")
    writer.imports.add(f"from {module} import {function.partition('.')[0]}")
    arguments = ", ".join(f"{name}={writer.expression(source)}" for name, source in model.arguments.items())
    return f"{function}({arguments})"


_KINDS: dict[type, Callable[[Writer, Any], str]] = {
    IntegerInput: lambda writer, model: f"st.integers({writer.between(model.integer)})",
    RealInput: _real,
    BooleanInput: lambda writer, model: "st.booleans()",
    ChoiceInput: lambda writer, model: f"st.sampled_from({model.choice!r})",
    TextInput: _text,
    BytesInput: lambda writer, model: f"st.binary({writer.sizes(model.bytes)})",
    ListInput: _list,
    PermutationInput: _permutation,
    TensorInput: _tensor,
    NearInput: _near,
    RotateInput: _rotate,
    TokensInput: _tokens,
    RowsInput: _rows,
    FileInput: _file,
    StrategyInput: _own,
}
"""Kind of input → its strategy in Python."""
