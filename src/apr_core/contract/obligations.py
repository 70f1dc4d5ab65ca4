"""The obligation types: what a claim says, as data.

A discriminated union on `type` (or on `template`, for the shorthands that expand to `equivalence`). The one thing a
reader would get wrong: fields that hold an expression hold its *source*; `contract.check` compiles all of them and
reports every mistake with its place.
"""

# ruff: noqa: RUF012 - pydantic copies the default of a field for every instance
from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import Discriminator, Field, Tag, model_validator

from apr_core.contract.inputs import Bounds, Input, Model, Name, Source
from apr_core.contract.origin import Pointer

ClaimId = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$", max_length=80)]
"""The id of an obligation, unique in its file."""

ClaimReference = Annotated[str, Field(pattern=r"^([A-Za-z0-9_./-]+::)?[A-Za-z][A-Za-z0-9_.-]*$")]
"""`ID` in the same file, or `folder/file::ID`."""

Expression = Annotated[str, Field(min_length=1, max_length=4000)]
"""The source of an expression."""


class Obligation(Model):
    """What every obligation has."""

    id: ClaimId
    """Unique in the file; the last part of the pytest id."""
    claim: Annotated[str, Field(min_length=1)]
    """The statement in a sentence, as a reader of the report sees it."""
    criteria: list[str] = []
    """Acceptance criteria that this claim serves, besides those of the contract."""
    expect: Literal["held", "falsified"] = "held"
    """`falsified` for a claim that is meant to be false: it must yield a reproducible counterexample."""
    if_falsified: str | None = None
    """What a reader should suspect first when it falls."""


class Limits(Model):
    """Bounds on one attempt. Beyond them the attempt is an error, not a verdict."""

    seconds: Annotated[float, Field(gt=0)] | None = None
    """Wall time for all cases of the obligation; for `rejection`, for one case, where exceeding it is a refutation."""
    bytes: Annotated[int, Field(gt=0)] | None = None
    """Peak of traced allocation; read by `rejection`, where exceeding it is a refutation."""


class PropertyObligation(Obligation):
    """An obligation that is tried on drawn inputs."""

    inputs: dict[Name, Input] = {}
    """Domains that replace the contract's inputs of the same name, or add to them."""
    where: Expression | list[Expression] = []
    """Preconditions. The share of discarded cases is printed; above 90 % is an error."""
    let: dict[str, Expression] = {}
    """Names for expressions, in order. `"codes, absmax": "encode(w)"` unpacks."""
    for_each: dict[Name, Expression] = {}
    """Repeats the check for each element of a list: `{d: deltas}`."""
    cases: Literal["sampled", "exhaustive"] = "sampled"
    """`exhaustive` enumerates a finite domain; 100,000 cases at most."""
    nonfinite: Literal["refuted", "allowed"] = "refuted"
    """What a NaN or an infinity in the decision means."""
    limits: Limits = Limits()
    """Bounds on the attempt."""


class Tolerance(Model):
    """How far apart two values may be. `absolute` and `relative` add up as |l − r| ≤ absolute + relative·|r|; every
    other bound given must hold as well."""

    absolute: Annotated[float, Field(ge=0)] | Expression | None = None
    """In the unit of the values."""
    relative: Annotated[float, Field(ge=0)] | Expression | None = None
    """A fraction of |right|."""
    ulp: Annotated[int, Field(ge=0)] | None = None
    """Units in the last place of the coarser of the two dtypes."""
    cosine: Annotated[float, Field(ge=0, le=2)] | None = None
    """The most that 1 − cosine similarity may be."""
    exact: Literal[True] | None = None
    """Same shape, dtype and bits; NaN equals NaN."""

    @model_validator(mode="after")
    def _something(self) -> Tolerance:
        if not self.model_dump(exclude_none=True):
            raise ValueError("a tolerance needs at least one of absolute, relative, ulp, cosine, exact")
        return self


class Holds(PropertyObligation):
    """An expression is true for every input."""

    type: Literal["holds"]
    check: Expression
    """A truth value, or an array of them, all of which must be true."""


class Bound(PropertyObligation):
    """A value lies inside an interval, ends included."""

    type: Literal["bound"]
    value: Expression
    """A number, or an array of numbers that must all lie inside."""
    within: Bounds
    """Lowest and highest value; `-inf` and `inf` are allowed."""


class Equivalence(PropertyObligation):
    """Two expressions agree."""

    type: Literal["equivalence"]
    left: Source
    """The value under trial."""
    right: Source
    """The value to agree with; relative tolerances refer to it."""
    tolerance: Tolerance
    """How far apart they may be."""


class Monotone(PropertyObligation):
    """A value keeps its order as one input grows and all others stay."""

    type: Literal["monotone"]
    value: Expression
    """The number that is compared."""
    in_: Annotated[Name, Field(alias="in")]
    """The input that grows: an integer or a real."""
    direction: Literal["increasing", "decreasing"]
    """Where the value must go."""
    strict: bool = False
    """Whether equal values refute the claim."""


class Frame(PropertyObligation):
    """What a call may change and what it may not, by digest. `before(x)` is the value before the call."""

    type: Literal["frame"]
    run: Expression
    """The call. Unlike everywhere else the subject receives the values themselves, not copies."""
    unchanged: list[Name] = []
    """Inputs and names of `let` that must be as before."""
    changed: list[Name] = []
    """Inputs and names of `let` that must not be as before."""
    check: Expression | None = None
    """An expression over the values afterwards, with `before(x)` and `result` in scope."""

    @model_validator(mode="after")
    def _something(self) -> Frame:
        if not (self.unchanged or self.changed or self.check):
            raise ValueError("a frame needs at least one of unchanged, changed, check")
        return self


class Rejection(PropertyObligation):
    """Bad input is refused with a named error, and nothing is left behind."""

    type: Literal["rejection"]
    run: Expression
    """The call that must not succeed."""
    raises: str
    """The name of the exception class, or of one of its bases: `ValueError`, `apr_core.errors.EvidenceError`."""
    message: str | None = None
    """A regular expression that the error's text must contain."""
    leaves_nothing_in: Name | None = None
    """A `workdir` input in which no file may remain that was not there before."""


class Cost(PropertyObligation):
    """Counts and bytes against an expression; never wall time."""

    type: Literal["cost"]
    run: Expression
    """The work to measure."""
    measure: Literal["peak_bytes", "bytes_written", "calls"]
    """peak_bytes: the largest allocation traced during the run (Python, numpy and torch CPU tensors). bytes_written:
    growth of the files below every `workdir`. calls: how often the subject `of` was called."""
    of: Name | None = None
    """The subject whose calls are counted; read by `calls` alone."""
    at_most: Source
    """The most that is allowed."""

    @model_validator(mode="after")
    def _of_goes_with_calls(self) -> Cost:
        if (self.measure == "calls") != (self.of is not None):
            raise ValueError("`of` names the subject whose calls are counted: it goes with `measure: calls` alone")
        return self


class Template(PropertyObligation):
    """A shorthand that expands to an equivalence; `apr contract explain` shows it expanded.

    In a function-valued field, `_` stands for the argument; a bare subject name `f` means `f(_)`.
    """

    tolerance: Tolerance
    """How far apart the two sides may be."""


class Roundtrip(Template):
    """backward(forward(x)) = x."""

    template: Literal["roundtrip"]
    forward: Expression
    backward: Expression
    of: Expression
    """The value x."""


class Idempotence(Template):
    """f(f(x)) = f(x)."""

    template: Literal["idempotence"]
    function: Expression
    of: Expression
    """The value x."""


class Linearity(Template):
    """f(a·x + b·y) = a·f(x) + b·f(y)."""

    template: Literal["linearity"]
    function: Expression
    of: Annotated[list[Expression], Field(min_length=2, max_length=2)]
    """The values x and y."""
    scalars: Annotated[list[Source], Field(min_length=2, max_length=2)]
    """The factors a and b."""


class Symmetry(Template):
    """f(x, y) = f(y, x)."""

    template: Literal["symmetry"]
    function: Name
    """A subject of two arguments."""
    of: Annotated[list[Expression], Field(min_length=2, max_length=2)]
    """The values x and y."""


class Invariance(Template):
    """f(under(x)) = f(x)."""

    template: Literal["invariance"]
    function: Expression
    under: Expression
    """The transformation that must not matter."""
    of: Expression
    """The value x."""


class Decide(Model):
    """Infer: HELD if the (1 − alpha) bound excludes the negation, FALSIFIED if the claim, UNDERPOWERED if neither."""

    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    """One-sided error rate."""
    power: Annotated[float, Field(gt=0.5, lt=1)] = 0.8
    """Used for the advice how many more problems, samples or runs would decide; it never changes a verdict."""


Decision = Literal["score"] | Decide
"""`score` compares the mean of all registered runs with the line and shows the spread; `{alpha: …}` infers."""


class EvidenceObligation(Obligation):
    """An obligation that is decided on evidence records."""

    decide: Decision
    """How evidence becomes a verdict."""
    family: str | None = None
    """Obligations of one file with the same family share its alpha (Holm)."""
    unit: Literal["problem", "run"] = "problem"
    """`run` for a claim about a training technique: at least three training seeds per arm, problems nested in runs."""


class Threshold(EvidenceObligation):
    """Evidence against a line."""

    type: Literal["threshold"]
    metric: str
    """A row of the metric table: `pass@1`, `oracle`, `never_solved`, `spread`, `perplexity`, …"""
    of: Name
    """The name of an evidence selector."""
    at_least: Source | None = None
    """The line from below; `158 / 164` is allowed."""
    at_most: Source | None = None
    """The line from above. Both lines together claim an interval."""

    @model_validator(mode="after")
    def _a_line(self) -> Threshold:
        if self.at_least is None and self.at_most is None:
            raise ValueError("a threshold needs at_least or at_most, or both")
        return self


class Difference(EvidenceObligation):
    """The candidate exceeds the reference by at least the margin. Paired where items match."""

    type: Literal["difference"]
    metric: str
    """A row of the metric table."""
    candidate: Name
    """The evidence on trial."""
    reference: Name
    """The evidence that it is measured against."""
    margin: Source = 0.0
    """How much better, in the unit of the metric. 0 claims superiority."""


class NonInferiority(EvidenceObligation):
    """The candidate loses less than the margin against the reference. Paired where items match."""

    type: Literal["non_inferiority"]
    metric: str
    """A row of the metric table."""
    candidate: Name
    """The evidence on trial."""
    reference: Name
    """The evidence that it is measured against."""
    margin: Source
    """The loss that must be excluded, above 0, in the unit of the metric."""


class Trend(EvidenceObligation):
    """A series goes one way: paired over held-out examples, first against last, and no step is shown to turn back."""

    type: Literal["trend"]
    series: Name
    """The name of an evidence selector; its records are the steps, or carry a series."""
    of: str
    """A row of the metric table, or the name of a recorded series."""
    direction: Literal["decreasing", "increasing"]
    """Where the series must go."""


class Compound(Obligation):
    """Other claims, combined. all_of: ERROR > FALSIFIED > UNTESTED > UNDERPOWERED > HELD; any_of: ERROR > HELD >
    UNDERPOWERED > UNTESTED > FALSIFIED."""

    type: Literal["compound"]
    all_of: Annotated[list[ClaimReference], Field(min_length=1)] | None = None
    """Claims of which every one must hold."""
    any_of: Annotated[list[ClaimReference], Field(min_length=1)] | None = None
    """Claims of which one must hold."""

    @model_validator(mode="after")
    def _one(self) -> Compound:
        if (self.all_of is None) == (self.any_of is None):
            raise ValueError("a compound needs exactly one of all_of, any_of")
        return self


class Gate(Obligation):
    """A release decision: open when every required claim is HELD, or has a verdict that `allow` names."""

    type: Literal["gate"]
    require: Annotated[list[ClaimReference], Field(min_length=1)]
    """Claim ids."""
    allow: dict[ClaimReference, Literal["UNDERPOWERED", "UNTESTED"]] = {}
    """Exceptions, each a claim id of `require` with the verdict that is let through. FALSIFIED and ERROR never are."""


class Unbound(Obligation):
    """A claim in prose. Nothing is bound to it, so nothing can try it: its verdict is always UNTESTED."""

    type: Literal["unbound"]
    kind: Annotated[str, Field(min_length=1)] | None = None
    """What the source calls it, in the source's words: `invariant`, `falsification test`."""
    formal: Annotated[str, Field(min_length=1)] | None = None
    """The claim in the source's notation; shown to readers, never computed."""
    at: Pointer | None = None
    """Where the source says it, as a JSON pointer into `source.document`."""


def is_bound(obligation: Obligation) -> bool:
    """Whether a claim says by what it could be tried; prose does not."""
    return not isinstance(obligation, Unbound)


def _tag(value: Any) -> str | None:
    """The tag of a union member, in brackets so that no place in a file can be mistaken for it."""
    if isinstance(value, dict):
        kind = value.get("type") or value.get("template")
    else:
        kind = getattr(value, "type", None) or getattr(value, "template", None)
    return f"<{kind}>" if isinstance(kind, str) else None


_TYPES: dict[str, type[Obligation]] = {
    "holds": Holds, "bound": Bound, "equivalence": Equivalence, "monotone": Monotone, "frame": Frame,
    "rejection": Rejection, "cost": Cost, "threshold": Threshold, "difference": Difference,
    "non_inferiority": NonInferiority, "trend": Trend, "compound": Compound, "gate": Gate, "unbound": Unbound,
    "roundtrip": Roundtrip, "idempotence": Idempotence, "linearity": Linearity, "symmetry": Symmetry,
    "invariance": Invariance,
}  # fmt: skip

TEMPLATES: tuple[str, ...] = tuple(name for name, kind in _TYPES.items() if issubclass(kind, Template))
TYPES: tuple[str, ...] = tuple(name for name in _TYPES if name not in TEMPLATES)

if TYPE_CHECKING:
    AnyObligation = (
        Holds | Bound | Equivalence | Monotone | Frame | Rejection | Cost | Threshold | Difference | NonInferiority
        | Trend | Compound | Gate | Unbound | Roundtrip | Idempotence | Linearity | Symmetry | Invariance
    )  # fmt: skip
else:  # what pydantic sees is built from the table
    AnyObligation = Annotated[
        Union[tuple(Annotated[kind, Tag(f"<{name}>")] for name, kind in _TYPES.items())],  # noqa: UP007
        Discriminator(
            _tag,
            custom_error_type="obligation_type",
            custom_error_message="an obligation has a type or a template",
        ),
    ]
"""One obligation, told apart by `type` or `template`."""
