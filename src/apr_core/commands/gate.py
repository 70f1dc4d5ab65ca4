"""`apr gate`: is a release decision open, and if not, what would open it?

The one thing a reader would get wrong: a gate that nothing has falsified can still be shut. UNTESTED and UNDERPOWERED
claims shut it as FALSIFIED ones do, unless the gate allows them by name; the exit code says shut, and the text says
which it was.
"""

from __future__ import annotations

import argparse
import textwrap
from typing import TYPE_CHECKING, Any

from apr_core.commands.output import add_json, emit
from apr_core.commands.project import add_session, open_session, readable
from apr_core.errors import SelectionError

if TYPE_CHECKING:
    from apr_core.trial.catalog import Catalog
    from apr_core.trial.result import Result
    from apr_core.trial.session import Session

OPEN, SHUT = 0, 1
WIDTH = 100


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `gate`."""
    gate = subparsers.add_parser(
        "gate",
        description="Judges every claim that a gate requires. Exits with 0 when the gate is open and with 1 when it is shut.",
    )
    gate.add_argument("name", metavar="NAME", help="the gate: contracts/gates/NAME.apr.yaml, or the id of a gate claim")
    add_session(gate)
    add_json(gate)


def run(args: argparse.Namespace) -> int:
    """Judges the gates that go by a name; 0 when all of them are open."""
    session = open_session(args)
    gates = [session.judge(claim) for claim in find_gates(session.catalog, args.name)]
    emit(args, lambda: "\n\n".join(_text(session, gate) for gate in gates), [_data(session, gate) for gate in gates])
    return OPEN if all(map(is_open, gates)) else SHUT


def is_open(gate: Result) -> bool:
    """Whether the gate lets the release through."""
    return gate.outcome == "HELD"


def find_gates(catalog: Catalog, name: str) -> list[str]:
    """The gate claims that go by a name: a claim id, the id of a contract with gates, or the last part of either.

    Raises:
        SelectionError: no gate goes by that name; names the nearest, or says that there are none.
        ContractError: a contract of that name exists and cannot be used.
    """
    gates = [
        f"{loaded.id}::{obligation.id}"
        for loaded in readable(catalog)
        for obligation in loaded.model.obligations
        if getattr(obligation, "type", "") == "gate"
    ]
    word = name.removesuffix(".apr.yaml").removeprefix("contracts/")
    for exact in (True, False):
        found = [gate for gate in gates if word in _names(gate, exact)]
        if found:
            return _one_file(name, found)
    for contract in catalog.files:
        if word in (contract, contract.rpartition("/")[2]):
            catalog.load(contract)
    raise SelectionError(f"there is no gate {name!r}.{_known(name, gates)}")


def _names(gate: str, exact: bool) -> tuple[str, ...]:
    contract, _, claim = gate.partition("::")
    return (gate, contract) if exact else (claim, contract.rpartition("/")[2])


def _one_file(name: str, gates: list[str]) -> list[str]:
    files = {gate.partition("::")[0] for gate in gates}
    if len(files) > 1:
        raise SelectionError(
            f"{name!r} is the name of gates in {len(files)} contracts: {', '.join(gates)}. Name one in full."
        )
    return gates


def _known(name: str, gates: list[str]) -> str:
    import difflib

    if not gates:
        return " No contract here has an obligation of type `gate`; put one into contracts/gates/."
    words = {word: gate for gate in gates for word in (*_names(gate, True), *_names(gate, False))}
    near = {words[word]: None for word in difflib.get_close_matches(name, words, n=3, cutoff=0.5)}
    return f" Nearest: {', '.join(near)}." if near else f" There are: {', '.join(gates)}."


def _parts(session: Session, gate: Result) -> list[Result]:
    return [session.judge(claim) for claim, _ in gate.parts]


def _opening(gate: Result, part: Result) -> str | None:
    """What would let this claim pass, or None when it passes."""
    from apr_core.trial.combine import what_would_open

    shut = any(note.startswith(f"would open it: {part.id}:") for note in gate.notes)
    return what_would_open(part) if shut else None


def _text(session: Session, gate: Result) -> str:
    lines = [
        f"{'OPEN' if is_open(gate) else 'SHUT'}  {gate.id}  ({gate.where})",
        *_wrapped(gate.claim, "      ", "      "),
    ]
    parts = _parts(session, gate)
    if not parts:
        return "\n".join([*lines, "", *_wrapped(gate.reason, "  ERROR  ", "  ")])
    openings = [(part, _opening(gate, part)) for part in parts]
    passing = sum(opening is None for _, opening in openings)
    lines += ["", f"{passing} of {len(parts)} required claims pass:"]
    for part, opening in openings:
        allowed = "" if opening is not None or part.outcome.startswith("HELD") else " (allowed)"
        lines.append(f"  {part.outcome:<13} {part.id}{allowed}")
        lines += _wrapped(part.reason, " " * 16, " " * 16)
    if passing < len(parts):
        lines += ["", "what would open it:"]
        lines += [
            line for part, opening in openings if opening for line in _wrapped(f"{part.id}: {opening}", "  - ", "    ")
        ]
    return "\n".join(lines)


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    ) or [first.rstrip()]


def _data(session: Session, gate: Result) -> dict[str, Any]:
    parts = [
        part.to_json() | {"passes": (opening := _opening(gate, part)) is None, "opening": opening}
        for part in _parts(session, gate)
    ]
    return {"gate": gate.id, "open": is_open(gate), "result": gate.to_json(), "claims": parts}
