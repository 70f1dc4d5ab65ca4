"""`apr mutate`: how many small faults in the code under contract would the claims notice, and which ones would they not?

The one thing a reader would get wrong: a survivor is a question and not yet a gap. Some edits make no difference that anybody
could observe. The rate counts them as survived all the same, until somebody says so in the source, with a reason.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from apr_core.commands.output import STDOUT, add_json, emit
from apr_core.commands.progress import progress
from apr_core.commands.project import contract_files, find_claim, readable
from apr_core.errors import SelectionError, TrialError, UsageError, did_you_mean
from apr_core.project import project_root

if TYPE_CHECKING:
    from apr_core.contract.load import LoadedContract
    from apr_core.contract.obligations import AnyObligation
    from apr_core.trial.mutation import Control, Mutant, Tried
    from apr_core.trial.session import Session
    from apr_core.trial.targets import Found, Place

    Claims = tuple[LoadedContract, list[str]]
    """A contract, and the ids of those of its claims that are meant."""

FINE, BELOW = 0, 1

DESCRIPTION = """\
Changes the code behind the subjects of contracts, one small fault at a time, and lets the claims judge each
mutant. Prints the kill rate and every survivor as a diff. WHAT is a contract (id, file or folder), a claim
(contract::ID), or a subject (module:function); without it, all contracts whose subjects exist.

Nothing on disk is changed: each mutant is loaded from memory, in a process of its own."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `mutate`."""
    parser = subparsers.add_parser("mutate", description=DESCRIPTION)
    add = parser.add_argument
    add("what", nargs="*", metavar="WHAT", help="contracts, claims or subjects (default: the whole project)")
    add("--operators", metavar="LIST", help="names with commas, `default` and `all` among them (default: default)")
    add("--list", action="store_true", help="print the operators and stop")
    add("--deep", action="store_true", help="change as well what a subject calls in its own module, and so on")
    add(
        "--in", dest="also", action="append", default=[], metavar="MODULE[:FUNCTION]",
        help="change this module or function as well; may be repeated",
    )  # fmt: skip
    add("--limit", type=int, metavar="N", help="try a sample of N mutants, spread over functions and operators")
    add("--seed", type=int, default=0, metavar="N", help="of the drawn cases and of the sample (default: 0)")
    add("--cases", metavar="N", help="cases per claim: quick (25), default (100), full (2000), or a number")
    add("--workers", type=int, metavar="N", help="processes side by side (default: one per processor)")
    add("--plan", action="store_true", help="count the mutants, measure the claims, estimate the time, and stop")
    add("--fail-under", type=float, metavar="PERCENT", help="exit with 1 when the kill rate is lower")
    add(
        "--yaml",
        action="store_true",
        help="print the survivors as `source` mutants for the contracts, and nothing else",
    )
    add_json(parser)


@dataclass(slots=True)
class Run:
    """One run of the command: what was asked, and what came of it. The reports are made of this."""

    found: Found
    mutants: list[Mutant]
    """All that were derived."""
    chosen: list[Mutant]
    """Those that can be judged, or a sample of them."""
    control: Control
    workers: int
    tried: list[Tried] = field(default_factory=list)


def run(args: argparse.Namespace) -> int:
    """Tries the mutants; 1 when the kill rate is below `--fail-under`.

    Raises:
        AprError: the selection is empty, or no claim holds on the real code.
    """
    if args.list:
        return _list_operators(args)
    _check(args)
    session = _session(args)
    wanted, only = wanted_claims(session, args.what)
    done = _run(args, session, wanted, only)
    _report(args, done)
    return BELOW if args.fail_under is not None and _falls_short(args.fail_under, done) else FINE


def _list_operators(args: argparse.Namespace) -> int:
    from apr_core.commands.mutate_text import operators_text
    from apr_core.trial.operators import OPERATORS

    rows = [{"name": name, "default": row.default, "does": row.sentence} for name, row in OPERATORS.items()]
    emit(args, operators_text, rows)
    return FINE


def _check(args: argparse.Namespace) -> None:
    """Refuse what can be refused before anything runs."""
    for flag, value, least in (("--limit", args.limit, 1), ("--workers", args.workers, 1), ("--seed", args.seed, 0)):
        if value is not None and value < least:
            raise UsageError(f"{flag} is {value}; it must be a whole number from {least}.")
    if args.fail_under is not None and not 0 <= args.fail_under <= 100:
        raise UsageError(f"--fail-under is {args.fail_under:g}; it must be a percentage from 0 to 100.")
    if args.fail_under is not None and args.plan:
        raise UsageError("--plan tries no mutant, so there is no kill rate for --fail-under. Leave one of them out.")
    if args.yaml and (args.plan or args.json == STDOUT):
        raise UsageError("--yaml prints the survivors alone: leave out --plan, and give --json a FILE.")


def _operators(text: str | None) -> list[str] | None:
    """The names of `--operators`."""
    from apr_core.trial.operators import OPERATORS, chosen_operators

    if text is None:
        return None
    names: list[str] = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        known = {"default": [name for name, row in OPERATORS.items() if row.default], "all": list(OPERATORS)}
        names += known.get(word, [word])
    if not names:
        raise UsageError("--operators is empty: name some, or leave it out. `apr mutate --list` shows them.")
    chosen = chosen_operators(names)
    return [name for name in OPERATORS if name in chosen]


def _session(args: argparse.Namespace) -> Session:
    from apr_core.trial.session import CASES, Session, Settings

    words = args.cases
    if words is None or words in CASES:
        cases = CASES[words or "default"]
    elif words.isascii() and words.isdigit() and int(words) >= 1:
        cases = int(words)
    else:
        raise UsageError(f"--cases is {words!r}; it must be {', '.join(CASES)} or a whole number from 1.")
    # Without a store of counterexamples: thousands of mutants would fill it, and each is tried once.
    return Session(project_root(Path.cwd()), Settings(cases=cases, seed=args.seed, database=False))


def wanted_claims(session: Session, words: Sequence[str]) -> tuple[list[Claims], set[Place]]:
    """Contracts with the ids of the claims that are to judge, and the definitions that alone are meant, if any.

    Raises:
        AprError: a word names nothing, more than one thing, or a contract that cannot be used.
    """
    chosen: dict[str, tuple[LoadedContract, list[str]]] = {}
    only: set[Place] = set()
    for word in words:
        claims = _contracts(session, word)
        if claims is None and ":" in word.replace("::", ""):
            only.add(place := _subject(session, word))
            claims = _contracts_with(session, place, word)
        elif claims is None:
            loaded, obligation = _claim(session, word)
            claims = [(loaded, [obligation.id])]
        for loaded, ids in claims:
            known = chosen.setdefault(loaded.id, (loaded, []))[1]
            known += [one for one in ids if one not in known]
    if not words:
        return [_whole(loaded) for loaded in readable(session.catalog)], only
    return list(chosen.values()), only


def _whole(loaded: LoadedContract) -> Claims:
    return loaded, [one.id for one in loaded.model.obligations]


def _contracts(session: Session, word: str) -> list[Claims] | None:
    """The contracts that an id, its last part, a file or a folder names; None when it names none.

    Raises:
        ContractError: the contract cannot be used.
    """
    catalog = session.catalog
    if word in catalog.files:
        return [_whole(catalog.load(word))]
    if Path(word).exists():
        return [_whole(catalog.load_path(path)) for path in contract_files(catalog, [word])]
    near = [name for name in catalog.files if name.rpartition("/")[2] == word]
    if len(near) > 1:
        raise SelectionError(f"{word!r} is the name of {len(near)} contracts: {', '.join(near)}. Name one in full.")
    return [_whole(catalog.load(near[0]))] if near else None


def _claim(session: Session, word: str) -> tuple[LoadedContract, AnyObligation]:
    try:
        return find_claim(session.catalog, word)
    except SelectionError as error:
        if "::" in word:
            raise
        names = [*session.catalog.files, *(name.rpartition("/")[2] for name in session.catalog.files)]
        raise SelectionError(f"no contract is called {word!r}.{did_you_mean(word, names)} {error}") from None


def _subject(session: Session, word: str) -> Place:
    from apr_core.trial.subjects import resolve
    from apr_core.trial.targets import place_of

    return place_of(resolve(word, session.policy))


def _contracts_with(session: Session, place: Place, word: str) -> list[Claims]:
    """The claims of the project that call a function."""
    from apr_core.trial.targets import calling, subject_places

    found = []
    for loaded in readable(session.catalog):
        names = {name for name, its in subject_places(session, loaded).items() if its == place}
        ids = [one.id for one in loaded.model.obligations if names & calling(loaded, one.id)]
        if ids:
            found.append((loaded, ids))
    if not found:
        raise SelectionError(
            f"no claim calls {word}, so nothing could notice a mutant of it. Name a contract, and this with --in {word}."
        )
    return found


def _run(args: argparse.Namespace, session: Session, wanted: list[Claims], only: set[Place]) -> Run:
    from apr_core.trial.mutation import mutants_of, pairs, positive_control, sample, try_mutants
    from apr_core.trial.targets import find_targets
    from apr_core.trial.workers import Workers

    operators = _operators(args.operators)
    found = find_targets(session, wanted, only=only, also=args.also, deep=args.deep, operators=operators)
    broken = 0 if args.what else sum(map(len, session.catalog.files.values())) - len(wanted)
    if broken:
        found.skipped[f"{broken} of the contracts"] = "they cannot be used; `apr contract lint` says why"
    mutants = mutants_of(found.targets)
    if not mutants:
        raise SelectionError(_nothing(found))
    with Workers(session, args.workers) as crew:
        with progress("the claims on the real code", len(pairs(found.targets))) as bar:
            control = positive_control(crew, found.targets, bar.step)
        able = [mutant for mutant in mutants if control.judges(mutant.target)]
        if not able:
            raise TrialError(_no_judge(control))
        done = Run(found, mutants, sample(able, args.limit, args.seed), control, crew.count)
        if not args.plan:
            with progress("mutants", len(done.chosen)) as bar:
                for tried in try_mutants(crew, done.chosen, control):
                    done.tried.append(tried)
                    bar.step()
    place = {mutant.id: index for index, mutant in enumerate(mutants)}
    done.tried.sort(key=lambda one: place[one.mutant.id])
    return done


def _nothing(found: Found) -> str:
    reasons = "".join(f" {name}: {why}" for name, why in (found.skipped | found.planned).items())
    functions = ", ".join(target.name for target in found.targets)
    if functions:
        return f"no operator finds anything to change in {functions}. `apr mutate --list` shows what there is.{reasons}"
    return f"no contract here has a claim about a Python function that exists, so there is nothing to change.{reasons}"


def _no_judge(control: Control) -> str:
    reasons = "".join(f"\n{claim}: {why}" for claim, why in control.unfit.items())
    return f"no claim holds on the real code, so none could notice a fault. Repair these first:{reasons}"


def _falls_short(least: float, done: Run) -> bool:
    """Whether the kill rate is lower than asked; a run in which nothing could be judged is."""
    from apr_core.trial.mutation import tally

    rate = tally(done.tried).rate
    return rate is None or 100 * rate < least


def _report(args: argparse.Namespace, done: Run) -> None:
    from apr_core.commands import mutate_text

    show = mutate_text.survivors_yaml if args.yaml else mutate_text.plan_text if args.plan else mutate_text.text
    emit(args, lambda: show(done), mutate_text.data(done))
