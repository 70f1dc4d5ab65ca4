"""What rests on what: criteria, contracts, claims, and the subjects and evidence that decide them.

The one thing a reader would get wrong: an edge says "is decided by", not "is true because of". A criterion with many
claims below it is well covered only if these are tried; that is for a report to say.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from apr_core.contract.obligations import Compound, EvidenceObligation, Gate, PropertyObligation, Unbound
from apr_core.contract.schema import CommandSubject, PlannedSubject, Selector

if TYPE_CHECKING:
    from apr_core.contract.load import LoadedContract
    from apr_core.contract.obligations import AnyObligation

NO_CRITERION = "(no criterion)"

SHAPES = {
    "criterion": ("([", "])", "box, style=rounded"),
    "contract": ("[", "]", "box"),
    "claim": ("(", ")", "ellipse"),
    "subject": ("[[", "]]", "component"),
    "evidence": ("[(", ")]", "cylinder"),
}
"""Kind of node → brackets in Mermaid, shape in DOT."""


@dataclass(frozen=True, slots=True)
class Node:
    """One thing in the graph. `id` is unique over all kinds."""

    id: str
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Edge:
    """From what is to be shown to what it is decided by."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes and edges, each once, in the order of the contracts."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def build(contracts: Iterable[LoadedContract]) -> Graph:
    """The graph of some contracts. A claim that a compound or a gate names is a node even if it is missing."""
    nodes: dict[str, Node] = {}
    edges: dict[Edge, None] = {}

    def link(source: Node | None, target: Node) -> Node:
        nodes.setdefault(target.id, target)
        if source is not None:
            edges[Edge(source.id, target.id)] = None
        return target

    for loaded in contracts:
        contract = Node(loaded.id, "contract", loaded.model.title)
        criteria = loaded.model.criteria or [NO_CRITERION]
        for name in criteria:
            link(link(None, Node(name, "criterion", name)), contract)
        for obligation in loaded.model.obligations:
            claim = Node(f"{loaded.id}::{obligation.id}", "claim", obligation.claim)
            nodes[claim.id] = claim  # a compound may have named it before, without its text
            link(contract, claim)
            for name in obligation.criteria:
                link(link(None, Node(name, "criterion", name)), claim)
            for target in _decided_by(loaded, obligation):
                link(claim, target)
    return Graph(tuple(nodes.values()), tuple(edges))


def _decided_by(loaded: LoadedContract, obligation: AnyObligation) -> list[Node]:
    """The subjects that a claim calls, the evidence that it reads, or the claims that it combines."""
    if isinstance(obligation, (Compound, Gate)):
        references = (
            obligation.require if isinstance(obligation, Gate) else obligation.all_of or obligation.any_of or []
        )
        full = [name if "::" in name else f"{loaded.id}::{name}" for name in references]
        return [Node(name, "claim", name) for name in full]
    if isinstance(obligation, EvidenceObligation):
        names = [getattr(obligation, field, None) for field in ("of", "series", "candidate", "reference")]
        selectors = loaded.model.evidence
        return [
            Node(f"{loaded.id}#{name}", "evidence", _selected(selectors[name]))
            for name in dict.fromkeys(names)
            if name in selectors
        ]
    if isinstance(obligation, Unbound):
        return []
    assert isinstance(obligation, PropertyObligation)
    called = loaded.calls_of(obligation.id)
    found = []
    for name, subject in loaded.model.subjects.items():
        if name in called:
            found.append(_subject(subject))
    return found


def _subject(subject: str | PlannedSubject | CommandSubject) -> Node:
    if isinstance(subject, CommandSubject):
        line = " ".join(subject.command)
        return Node(f"$ {line}", "subject", line)
    if isinstance(subject, PlannedSubject):
        return Node(subject.import_, "subject", "(planned)")
    return Node(subject, "subject", subject)


def _selected(selector: Selector) -> str:
    return ", ".join(f"{key} {value}" for key, value in selector.model_dump(exclude_defaults=True).items())


def as_text(graph: Graph) -> str:
    """A tree per criterion."""
    labels = {node.id: node for node in graph.nodes}
    below: dict[str, list[str]] = {}
    for edge in graph.edges:
        below.setdefault(edge.source, []).append(edge.target)
    lines: list[str] = []

    def show(node: Node, depth: int, inside: str = "") -> None:
        label = "" if node.label == node.id else f"  {node.label}"
        lines.append(f"{'  ' * depth}{_name(node).removeprefix(f'{inside}::')}{label}")
        if node.kind == "claim" and depth > 2:  # a claim inside a compound has its own place in the tree
            return
        for one in below.get(node.id, []):
            show(labels[one], depth + 1, node.id)

    for node in graph.nodes:
        if node.kind == "criterion":
            show(node, 0)
    return "\n".join(lines)


def as_mermaid(graph: Graph) -> str:
    """A Mermaid flowchart."""
    numbers = {node.id: f"n{index}" for index, node in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    for node in graph.nodes:
        left, right, _ = SHAPES[node.kind]
        text = _caption(node).replace("&", "#amp;").replace('"', "#quot;").replace("\n", "<br/>")
        lines.append(f'  {numbers[node.id]}{left}"{text}"{right}')
    lines += [f"  {numbers[edge.source]} --> {numbers[edge.target]}" for edge in graph.edges]
    return "\n".join(lines)


def as_dot(graph: Graph) -> str:
    """A Graphviz digraph."""
    lines = ["digraph contracts {", "  rankdir=LR;"]
    for node in graph.nodes:
        lines.append(f"  {_quoted(node.id)} [label={_quoted(_caption(node))}, shape={SHAPES[node.kind][2]}];")
    lines += [f"  {_quoted(edge.source)} -> {_quoted(edge.target)};" for edge in graph.edges]
    return "\n".join([*lines, "}"])


def as_json(graph: Graph) -> str:
    """The nodes and the edges."""
    return json.dumps(asdict(graph), indent=2, ensure_ascii=False)


def _caption(node: Node) -> str:
    return _name(node) if node.label == node.id else f"{_name(node)}\n{node.label}"


def _name(node: Node) -> str:
    return node.id.rpartition("#")[2] if node.kind == "evidence" else node.id


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


FORMATS: dict[str, Callable[[Graph], str]] = {"text": as_text, "mermaid": as_mermaid, "dot": as_dot, "json": as_json}
"""Name → how the graph is written."""
