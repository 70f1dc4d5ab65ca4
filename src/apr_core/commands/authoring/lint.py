"""`apr contract lint`: every problem of every contract, each with its place.

Beyond what loading a file finds, this imports the subjects and looks at the whole project: calls that do not fit a
signature, claims of other files that do not exist, plans that have come true. The one thing a reader would get wrong:
no subject is called, so a contract without problems says nothing yet about its claims.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from apr_core.commands.authoring.calls import misused_calls
from apr_core.commands.output import emit
from apr_core.commands.project import contract_files
from apr_core.contract.load import LoadedContract, load_scale
from apr_core.contract.obligations import Compound, EvidenceObligation, Gate
from apr_core.contract.schema import PlannedSubject
from apr_core.contract.yaml import Document, parse
from apr_core.errors import AprError, ContractError, Problem, SubjectError, Untestable, did_you_mean
from apr_core.project import project_root
from apr_core.trial.catalog import Catalog
from apr_core.trial.subjects import Policy, resolve

CLEAN, FOUND = 0, 1


def run(args: argparse.Namespace) -> int:
    """Prints the problems; 1 when there are any."""
    catalog = Catalog(project_root(Path.cwd()))
    files = contract_files(catalog, args.paths)
    problems = sorted(set(_all_problems(catalog, files, scales=not args.paths)), key=_place)
    data = [{"path": one.path, "line": one.line, "column": one.column, "message": one.message} for one in problems]
    emit(args, lambda: _text(problems, len(files)), {"files": len(files), "problems": data})
    return FOUND if problems else CLEAN


def _place(problem: Problem) -> tuple[str, int, int, str]:
    return problem.path, problem.line, problem.column, problem.message


def _text(problems: Sequence[Problem], files: int) -> str:
    checked = f"{files:,} contract{'' if files == 1 else 's'} checked"
    if not problems:
        return f"{checked}: no problems"
    broken = len(Counter(problem.path for problem in problems))
    count = f"{len(problems):,} problem{'' if len(problems) == 1 else 's'}"
    return "\n".join([*map(str, problems), f"{checked}: {count} in {broken:,} file{'' if broken == 1 else 's'}"])


def _all_problems(catalog: Catalog, files: Sequence[Path], *, scales: bool) -> Iterator[Problem]:
    policy = Policy.for_root(catalog.root)
    claims = set(catalog.claim_ids())
    for path in files:
        try:
            loaded = catalog.load_path(path)
        except ContractError as error:
            yield from error.problems
            continue
        except AprError as error:
            yield Problem(_relative(path, catalog.root), 1, 1, str(error))
            continue
        yield from Linter(loaded, catalog, policy, claims).problems()
    if scales:
        for path in sorted((catalog.root / "contracts" / "scales").glob("*.yaml")):
            try:
                load_scale(path)
            except ContractError as error:
                yield from error.problems


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


class Linter:
    """The problems of one contract that loading it alone does not show."""

    def __init__(self, loaded: LoadedContract, catalog: Catalog, policy: Policy, claims: set[str]) -> None:
        self.loaded = loaded
        self.catalog = catalog
        self.policy = policy
        self.claims = claims
        self.document: Document = parse(loaded.path.read_text(encoding="utf-8"), loaded.relative)

    def problems(self) -> Iterator[Problem]:
        """All of them, in no particular order."""
        yield from self._identity()
        yield from self._subjects()
        yield from self._references()
        yield from self._metrics()

    def _at(self, message: str, *loc: str | int, column: int = 0, key: bool = False) -> Problem:
        place = self.document.locate(loc, column) if column else self.document.mark(loc, key=key)
        return Problem(self.loaded.relative, *place, message)

    def _identity(self) -> Iterator[Problem]:
        others = [path for path in self.catalog.files.get(self.loaded.id, []) if path != self.loaded.path]
        for other in others:
            name = _relative(other, self.catalog.root)
            yield Problem(
                self.loaded.relative,
                1,
                1,
                f"the id {self.loaded.id!r} is also that of {name}: claims of both would be one. Rename one.",
            )

    def _subjects(self) -> Iterator[Problem]:
        """Subjects that cannot be resolved, plans that came true, and calls that do not fit."""
        found = {}
        for name, reference in self.loaded.model.subjects.items():
            try:
                found[name] = resolve(reference, self.policy)
            except Untestable:  # planned, or an extra is not installed: the claims say so when they are tried
                continue
            except SubjectError as error:
                yield self._at(str(error), "subjects", name)
                continue
            if isinstance(reference, PlannedSubject):
                message = f"{reference.import_} exists now: remove `planned`, and write {name}: {reference.import_}"
                yield self._at(message, "subjects", name)
        for misuse in misused_calls(self.loaded.model, found):
            yield self._at(misuse.message, *misuse.loc, column=misuse.column)

    def _references(self) -> Iterator[Problem]:
        """Claims of other files that a compound or a gate names."""
        for index, obligation in enumerate(self.loaded.model.obligations):
            if isinstance(obligation, Gate):
                field, names = "require", obligation.require
            elif isinstance(obligation, Compound):
                field, names = (
                    ("all_of", obligation.all_of) if obligation.all_of else ("any_of", obligation.any_of or [])
                )
            else:
                continue
            for position, name in enumerate(names):
                if "::" in name and name not in self.claims:
                    yield self._at(self._missing(name), "obligations", index, field, position)

    def _missing(self, name: str) -> str:
        contract = name.rpartition("::")[0]
        if contract in self.catalog.files:
            try:
                self.catalog.load(contract)
            except AprError:
                return f"{name!r} is in a contract that cannot be used; its problems are listed under its own name."
        return (
            f"there is no claim {name!r}.{did_you_mean(name, self.claims)} Other files' claims are `folder/file::ID`."
        )

    def _metrics(self) -> Iterator[Problem]:
        """Metrics that the table does not have. A trend may follow any recorded series, so its word is left alone."""
        from apr_core.evidence.metrics import find

        for index, obligation in enumerate(self.loaded.model.obligations):
            metric = getattr(obligation, "metric", None)
            if isinstance(obligation, EvidenceObligation) and metric is not None:
                try:
                    find(metric)
                except AprError as error:
                    yield self._at(str(error), "obligations", index, "metric")
