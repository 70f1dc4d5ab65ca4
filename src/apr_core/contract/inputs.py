"""The inputs of a contract: typed domains that a claim quantifies over.

Each kind is recognised by its own key (`{integer: [1, 8]}`, `{tensor: [n], dtype: float32}`), so a contract never
writes `kind:`. The one thing a reader would get wrong: a bound or a shape may be an expression over other inputs, so
these models hold the *source* of the expression; `contract.check` compiles it and `compiler.strategies` evaluates it
while drawing.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Discriminator, Field, JsonValue, Tag

Source = bool | int | float | str
"""A literal number, or the source of an expression."""

Bounds = Annotated[list[Source], Field(min_length=2, max_length=2)]
"""Lowest and highest value, both included."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=64)]
"""A name that expressions can use."""

DTYPES = (
    "float64", "float32", "float16", "bfloat16",
    "int64", "int32", "int16", "int8", "uint8", "bool", "complex64", "complex128",
)  # fmt: skip


class Model(BaseModel):
    """Closed and immutable: an unknown key is an error, and a string is never taken for a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


class IntegerInput(Model):
    """A whole number. Shrinks towards the bound nearest to zero."""

    integer: Bounds
    """Lowest and highest value, both included."""


class RealInput(Model):
    """A finite float64. Shrinks towards simple values."""

    real: Bounds
    """Lowest and highest value, both included."""


class BooleanInput(Model):
    """True or false."""

    boolean: Literal["any"]
    """Always `any`; a fixed truth value is a constant."""


class ChoiceInput(Model):
    """One of the listed values. Shrinks towards the first."""

    choice: Annotated[list[JsonValue], Field(min_length=1)]
    """The values, simplest first."""


class TextInput(Model):
    """A string of Unicode characters (no surrogates)."""

    text: Bounds
    """Shortest and longest length, in characters."""
    alphabet: Annotated[str, Field(min_length=1)] | None = None
    """The characters to draw from; all of Unicode when absent."""


class BytesInput(Model):
    """A byte string."""

    bytes: Bounds
    """Shortest and longest length."""


class ListInput(Model):
    """A list whose elements are drawn from one input."""

    list: Input
    """The domain of each element."""
    size: Bounds
    """Fewest and most elements."""
    unique: bool = False
    """Whether no two elements are equal."""


class PermutationInput(Model):
    """An order of the given values. Shrinks towards the order written."""

    permutation: Annotated[list[JsonValue], Field(min_length=1)] | Name
    """The values, or the name of a constant or input that holds them."""


class TensorInput(Model):
    """An array filled by a seeded generator: a million elements cost milliseconds. Shrinks by shape, seed, digits."""

    tensor: list[Source]
    """The shape; each extent a number or an expression over other inputs."""
    dtype: str = "float32"
    """A dtype, or the name of an input that holds one."""
    library: Literal["numpy", "torch"] = "numpy"
    """Which array type the subject receives."""
    draw: (
        Literal["normal", "uniform", "heavy-tailed", "constant", "zero", "extreme", "denormal", "cancelling", "mixed"]
        | Name
    ) = "normal"
    """The distribution of the elements, or the name of an input that holds one. `uniform` is on [-1, 1]."""
    nonfinite: bool = False
    """Whether NaN and infinities are planted."""
    contiguous: bool = True
    """False gives a strided view of a larger array."""


class NearInput(Model):
    """A tensor at a known distance from another: relative = ‖b − a‖ / ‖a‖."""

    near: Name
    """The tensor to start from."""
    relative: Source | Bounds
    """The distance, or its lowest and highest value."""


class RotateInput(Model):
    """A tensor of the same norm as another, at a known angle to it."""

    rotate: Name
    """The tensor to start from; at least two elements."""
    by: Source
    """The angle in radians."""


class TokensInput(Model):
    """An int64 array of token ids below `vocabulary`."""

    tokens: Annotated[list[Source], Field(min_length=1)]
    """The shape, (batch, sequence) or (sequence,)."""
    vocabulary: Source
    """The number of token ids; ids run from 0 to one less."""
    library: Literal["numpy", "torch"] = "numpy"
    """Which array type the subject receives."""


class RowsInput(Model):
    """JSON objects, one domain per field, as a list of dictionaries."""

    rows: dict[str, Input]
    """Field name to domain."""
    size: Bounds
    """Fewest and most rows."""


class FileInput(Model):
    """A damaged copy of a valid file, written to a private folder. The expression sees its path."""

    file: FileSource
    """What the valid bytes are, and which damage to do."""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] = "input.bin"
    """The file's name."""


class FileSource(Model):
    """The valid content and the kinds of damage; exactly one kind is done per case."""

    from_: Annotated[str, Field(alias="from")]
    """An expression that gives the valid content, as bytes or text."""
    corrupt: Annotated[list[Literal["truncate", "flip", "splice", "oversize_count"]], Field(min_length=1)]
    """truncate: a proper prefix. flip: one bit. splice: a part replaced by another. oversize_count: a little-endian
    integer field replaced by a huge one."""


class WorkdirInput(Model):
    """A private empty folder per case. The expression sees its path; it is removed afterwards."""

    workdir: Literal["empty"]
    """Always `empty`."""


class StrategyInput(Model):
    """A project's own Hypothesis strategy: a function that returns one."""

    strategy: str
    """Import string `package.module:function`."""
    arguments: dict[Name, Source] = {}
    """Keyword arguments; each a literal or an expression over other inputs."""


_KINDS: tuple[type[Model], ...] = (
    IntegerInput, RealInput, BooleanInput, ChoiceInput, TextInput, BytesInput, ListInput, PermutationInput, TensorInput,
    NearInput, RotateInput, TokensInput, RowsInput, FileInput, WorkdirInput, StrategyInput,
)  # fmt: skip

KIND_KEYS: tuple[str, ...] = tuple(next(iter(kind.model_fields)) for kind in _KINDS)
"""The key that names each kind, in the order of the documentation."""


def _kind(value: Any) -> str | None:
    """The tag of a union member: its key, in brackets so that no place in a file can be mistaken for it."""
    key = None
    if isinstance(value, Model):
        key = next(iter(type(value).model_fields))
    elif isinstance(value, dict):
        key = next((key for key in KIND_KEYS if key in value), None)
    return key and f"<{key}>"


Input = Annotated[
    Union[  # noqa: UP007 - built from a table, which `|` cannot do
        Annotated[IntegerInput, Tag("<integer>")],
        Annotated[RealInput, Tag("<real>")],
        Annotated[BooleanInput, Tag("<boolean>")],
        Annotated[ChoiceInput, Tag("<choice>")],
        Annotated[TextInput, Tag("<text>")],
        Annotated[BytesInput, Tag("<bytes>")],
        Annotated[ListInput, Tag("<list>")],
        Annotated[PermutationInput, Tag("<permutation>")],
        Annotated[TensorInput, Tag("<tensor>")],
        Annotated[NearInput, Tag("<near>")],
        Annotated[RotateInput, Tag("<rotate>")],
        Annotated[TokensInput, Tag("<tokens>")],
        Annotated[RowsInput, Tag("<rows>")],
        Annotated[FileInput, Tag("<file>")],
        Annotated[WorkdirInput, Tag("<workdir>")],
        Annotated[StrategyInput, Tag("<strategy>")],
    ],
    Discriminator(
        _kind,
        custom_error_type="input_kind",
        custom_error_message="an input is a mapping with one of the keys " + ", ".join(KIND_KEYS),
    ),
]
"""One domain, told apart by its key."""

for _model in _KINDS:
    _model.model_rebuild()
