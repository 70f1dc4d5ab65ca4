"""Inputs as Hypothesis strategies in Python source.

The one thing a reader would get wrong: an input whose domain depends on no other becomes an argument of `@given`,
every other one is drawn inside the test, because only there the values that it depends on are known.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

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

FILL = ("apr_core.compiler.fill", "fill")
NUMPY = ("numpy", "", "np")
STRATEGIES = ("hypothesis", "strategies", "st")


class Helper(NamedTuple):
    """A function that generated code may need."""

    imports: tuple[tuple[str, ...], ...]
    """What it uses, as arguments of `Writer.use`."""
    source: str


HELPERS: dict[str, Helper] = {
    "arrays": Helper(
        (FILL, STRATEGIES),
        '''
def arrays(shape, dtype="float32", draw="normal"):
    """Arrays filled by a generator with a drawn seed."""
    return SEEDS.map(lambda seed: fill(draw, dtype, shape, seed=seed, skip=0, digits=8))
''',
    ),
    "with_nonfinite": Helper(
        (NUMPY, STRATEGIES),
        '''
@st.composite
def with_nonfinite(draw, arrays):
    """Arrays in which one to three elements are NaN or infinite."""
    values = draw(arrays)
    places = st.tuples(st.integers(0, values.size - 1), st.sampled_from((np.nan, np.inf, -np.inf)))
    for place, value in draw(st.lists(places, min_size=1, max_size=3)):
        values.reshape(-1)[place] = value
    return values
''',
    ),
    "near": Helper(
        (NUMPY, STRATEGIES),
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
    "rotated": Helper(
        (NUMPY, STRATEGIES),
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
    "token_ids": Helper(
        (NUMPY, STRATEGIES),
        '''
def token_ids(shape, vocabulary):
    """Arrays of token ids below `vocabulary`."""
    return SEEDS.map(lambda seed: np.random.default_rng(seed).integers(0, vocabulary, shape))
''',
    ),
    "damaged": Helper(
        (("tempfile",), ("pathlib", "Path"), ("apr_core.compiler.files", "DAMAGE"), STRATEGIES),
        '''
@st.composite
def damaged(draw, content, kinds, name):
    """A file with this content, damaged in one of these ways, in a folder of its own."""
    valid = content.encode() if hasattr(content, "encode") else content
    path = Path(tempfile.mkdtemp()) / name
    path.write_bytes(DAMAGE[draw(st.sampled_from(kinds))](draw, valid))
    return path
''',
    ),
    "bytes_below": Helper(
        (),
        '''
def bytes_below(folder):
    """The size of all files below a folder."""
    size = 0
    for path in folder.rglob("*"):
        size += path.stat().st_size if path.is_file() else 0
    return size
''',
    ),
}
"""Function that generated code may need → what it uses, and its source."""

SEEDED = frozenset({"arrays", "near", "rotated", "token_ids"})


@dataclass
class Writer:
    """Collects the parts of a generated test: imports, helpers, arguments of `@given`, and lines of the body.

    Every name that generated code brings along is asked for (`own`, `use`, `helper`), because a contract may use the same
    word for something of its own.
    """

    vocabulary: Collection[str]
    subjects: Mapping[str, Any]
    inputs: Mapping[str, Input]
    single: Collection[str]
    """Functions whose result is one value and not an array."""
    declared: Collection[str]
    """Every name that the contract gives to something."""
    imports: dict[str, dict[str, str]] = field(default_factory=dict)
    """Module → name in it (empty: the module itself) → local name."""
    helpers: dict[str, None] = field(default_factory=dict)
    functions: dict[str, None] = field(default_factory=dict)
    """Vocabulary and subjects that the source calls."""
    given: dict[str, str] = field(default_factory=dict)
    body: list[str] = field(default_factory=list)

    def own(self, name: str) -> str:
        """A name for something that the contract does not know, the same each time."""
        while name in self.declared:
            name += "_"
        return name

    def use(self, module: str, name: str = "", alias: str = "") -> str:
        """Imports something; gives its local name."""
        local = self.own(alias or name or module)
        self.imports.setdefault(module, {})[name] = local
        return local

    @property
    def st(self) -> str:
        """The local name of `hypothesis.strategies`."""
        return self.use(*STRATEGIES)

    def expression(self, source: Source) -> str:
        """An expression as Python source; remembers what it calls."""
        if not isinstance(source, str):
            return repr(source)
        text = source.strip()
        if "\n" in text:
            text = ast.unparse(ast.parse(text, mode="eval"))
        for node in ast.walk(ast.parse(text, mode="eval")):
            if isinstance(node, ast.Name):
                if node.id in self.vocabulary or node.id in self.subjects:
                    self.functions[node.id] = None
                elif node.id in ("pi", "e", "inf", "nan"):
                    self.imports.setdefault("math", {})[node.id] = node.id
        return text

    def helper(self, name: str) -> str:
        """The local name of a helper; remembers that it is needed."""
        self.helpers[name] = None
        for arguments in HELPERS[name].imports:
            self.use(*arguments)
        return self.own(name)

    def helper_sources(self) -> list[str]:
        """The sources of the helpers that are needed, and the seeds that they share."""
        sources = [f"SEEDS = {self.st}.integers(0, 2**32 - 1)"] if SEEDED & set(self.helpers) else []
        sources += [HELPERS[name].source.strip("\n") for name in HELPERS if name in self.helpers]
        # No expression of the contract stands in a helper, so its words can be replaced without looking.
        words = {"SEEDS", "st", "np", "fill", "Path", "tempfile", "DAMAGE", *self.helpers} & set(self.declared)
        for word in words:
            sources = [re.sub(rf"\b{word}\b", self.own(word), source) for source in sources]
        return sources

    def draw(self, name: str, model: Input) -> None:
        """Declare an input: an argument of `@given` when it depends on nothing, else a line of the body."""
        if isinstance(model, WorkdirInput):
            self.body.append(f"{name} = {self.use('pathlib', 'Path')}({self.use('tempfile')}.mkdtemp())")
            return
        strategy = self.strategy(model)
        if references(model) & set(self.inputs):
            data = self.own("data")
            self.given[data] = f"{self.st}.data()"
            self.body.append(f'{name} = {data}.draw({strategy}, label="{name}")')
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


def _text(writer: Writer, model: TextInput) -> str:
    alphabet = "" if model.alphabet is None else f"{model.alphabet!r}, "
    return f"{writer.st}.text({alphabet}{writer.sizes(model.text)})"


def _list(writer: Writer, model: ListInput) -> str:
    unique = ", unique=True" if model.unique else ""
    return f"{writer.st}.lists({writer.strategy(model.list)}, {writer.sizes(model.size)}{unique})"


def _permutation(writer: Writer, model: PermutationInput) -> str:
    values = model.permutation if isinstance(model.permutation, str) else repr(model.permutation)
    return f"{writer.st}.permutations({values})"


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
        strategy += f".map(lambda values: {writer.use(*NUMPY)}.repeat(values, 2, axis=-1)[..., ::2])"
    return strategy + _in_library(writer, model.library, model.dtype)


def _in_library(writer: Writer, library: str, dtype: str = "") -> str:
    if library == "numpy":
        return ""
    torch = writer.use("torch")
    if dtype == "bfloat16":
        return f".map(lambda values: {torch}.from_numpy(values).to({torch}.bfloat16))"
    return f".map({torch}.from_numpy)"


def _near(writer: Writer, model: NearInput) -> str:
    start, back = _start(writer, model.near)
    if not isinstance(model.relative, list):
        return f"{writer.helper('near')}({start}, {writer.expression(model.relative)}){back}"
    distances, relative = f"{writer.st}.floats({writer.between(model.relative)})", writer.own("relative")
    return f"{distances}.flatmap(lambda {relative}: {writer.helper('near')}({start}, {relative})){back}"


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
    return f"{writer.st}.lists({writer.st}.fixed_dictionaries({{{fields}}}), {writer.sizes(model.size)})"


def _tokens(writer: Writer, model: TokensInput) -> str:
    call = f"{writer.helper('token_ids')}({writer.shape(model.tokens)}, {writer.expression(model.vocabulary)})"
    return call + _in_library(writer, model.library)


def _file(writer: Writer, model: FileInput) -> str:
    return f"{writer.helper('damaged')}({writer.expression(model.file.from_)}, {model.file.corrupt!r}, {model.name!r})"


def _own(writer: Writer, model: StrategyInput) -> str:
    module, _, function = model.strategy.partition(":")
    top, *rest = function.split(".")
    made = ".".join([writer.use(module, top), *rest])
    arguments = ", ".join(f"{name}={writer.expression(source)}" for name, source in model.arguments.items())
    return f"{made}({arguments})"


_KINDS: dict[type, Callable[[Writer, Any], str]] = {
    IntegerInput: lambda writer, model: f"{writer.st}.integers({writer.between(model.integer)})",
    RealInput: lambda writer, model: f"{writer.st}.floats({writer.between(model.real)})",
    BooleanInput: lambda writer, model: f"{writer.st}.booleans()",
    ChoiceInput: lambda writer, model: f"{writer.st}.sampled_from({model.choice!r})",
    TextInput: _text,
    BytesInput: lambda writer, model: f"{writer.st}.binary({writer.sizes(model.bytes)})",
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
