"""`apr contract audit`: can every claim fall, and is every planted fault noticed?

The one thing a reader would get wrong: this does not ask whether the claims are true. A FALSIFIED claim passes the audit, and a
claim that has held for years may be VACUOUS.
"""

from __future__ import annotations

import argparse
import shutil
from typing import Any

from apr_core.commands.output import emit
from apr_core.commands.progress import progress
from apr_core.commands.project import contract_files, open_session
from apr_core.errors import UsageError


def run(args: argparse.Namespace) -> int:
    """Prints the audit; 1 when a claim is VACUOUS or broken, or a mutant survives or has drifted."""
    from apr_core.report.controls import audit_text
    from apr_core.trial.audit import audit

    if args.workers is not None and args.workers < 1:
        raise UsageError(f"--workers is {args.workers}; it must be a whole number from 1.")
    session = open_session(args)
    contracts = [session.catalog.load_path(path) for path in contract_files(session.catalog, args.paths)]
    for loaded in contracts:
        if len(session.catalog.files.get(loaded.id, ())) > 1:
            session.catalog.load(loaded.id)  # raises: a label would not say which of the two files it is of
    if args.plan:
        return _plan(args, contracts)
    steps = sum(len(loaded.model.mutants) + len(loaded.model.obligations) for loaded in contracts)
    with progress("audit", steps) as bar:
        found = audit(session, contracts, workers=args.workers, fresh=args.fresh, on_step=lambda _: bar.step())
    data = {
        "schema": "apr.audit/1",
        "claims": [_plain(one) for one in found.audited],
        "mutants": [control.to_json() for control in found.controls],
        "counts": found.counts,
        "defects": len(found.defects),
    }
    width = max(60, shutil.get_terminal_size((100, 24)).columns)
    emit(args, lambda: audit_text(found.audited, found.controls, width), data)
    return 1 if found.defects else 0


def _plain(one: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(one)


def _plan(args: argparse.Namespace, contracts: list[Any]) -> int:
    """What would be tried, without trying it."""
    from collections import Counter

    kinds = Counter(mutant.kind for loaded in contracts for mutant in loaded.model.mutants)
    claims = sum(len(loaded.model.obligations) for loaded in contracts)
    data = {"contracts": len(contracts), "claims": claims, "mutants": dict(kinds)}
    shown = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "none"
    emit(
        args,
        lambda: f"{len(contracts)} contracts, {claims} claims to judge and probe; mutants: {shown}. Nothing was tried.",
        data,
    )
    return 0
