"""`apr report attest` and `apr report verify`: an in-toto statement about a run, its signature, and whether both hold.

The one thing a reader would get wrong: `attest` takes every digest from the report, as they were when the claims were
judged. It signs that report as it is, and looks at no contract; that the files are still the same is for `verify` to say.
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from apr_core.commands.output import emit
from apr_core.commands.report import report_file
from apr_core.errors import UsageError
from apr_core.project import project_root

if TYPE_CHECKING:
    from apr_core.report.verify import Verification

VERIFIED, REFUSED = 0, 1
WIDTH = 100


def run(args: argparse.Namespace) -> int:
    """Attests a report or verifies its attestation; 1 when that does not hold.

    Raises:
        AprError: the report, the attestation or a key cannot be read, or a file cannot be written.
    """
    return _attest(args) if args.action == "attest" else _verify(args)


def _attest(args: argparse.Namespace) -> int:
    from apr_core.files import read_text, write_atomic
    from apr_core.report import attest, dsse
    from apr_core.report.json import read_report

    report = report_file(args.path)
    found = read_report(report)
    text = attest.text_of(attest.statement(found, report.read_bytes()))
    if args.key is None:
        path = report.with_name(attest.NAME)
        write_atomic(path, text)
        print(f"{path}: not signed, so anybody could have written it. Sign it with --key.")
    else:
        signer = dsse.private_key(Path(args.key), _passphrase)
        path = report.with_name(dsse.NAME)
        write_atomic(report.with_name(attest.NAME), text)
        write_atomic(path, dsse.seal(text, signer, read_text(path) if path.exists() else ""))
        print(f"{path}: signed by the key {dsse.short(signer.public_key.keyid)}")
    missing = attest.undigested(found)
    if missing:
        print(f"apr: not covered, because the report has no digest of them: {', '.join(missing)}", file=sys.stderr)
    return VERIFIED


def _passphrase() -> bytes:
    """What opens an encrypted private key.

    Raises:
        UsageError: it is neither in the environment nor is there anybody to ask.
    """
    from apr_core.report.dsse import PASSPHRASE

    if PASSPHRASE in os.environ:
        return os.fsencode(os.environ[PASSPHRASE])
    if not sys.stdin.isatty():
        raise UsageError(f"the key is encrypted and nobody can be asked here: put its passphrase into {PASSPHRASE}.")
    return getpass.getpass("Passphrase of the key: ").encode()


def _verify(args: argparse.Namespace) -> int:
    from apr_core.report.verify import Place, verify

    root = project_root(Path.cwd()) if args.root is None else Path(args.root)
    folders = tuple(Path(folder) for folder in args.evidence or ())
    for flag, folder in (("--root", root), *(("--evidence", folder) for folder in folders)):
        if not folder.is_dir():
            raise UsageError(f"{flag} {folder}: there is no such folder.")
    key = None
    if args.key is not None:
        from apr_core.report.dsse import public_key

        key = public_key(Path(args.key))
    found = verify(Place(report_file(args.path), root, folders), key)
    emit(args, lambda: _text(found), _data(found))
    return VERIFIED if found.verified else REFUSED


def _text(found: Verification) -> str:
    lines = [str(found.file)]
    for finding in found.findings:
        label = f"  {finding.check:<10} {finding.state:<9} "
        lines += textwrap.wrap(
            finding.text, WIDTH, initial_indent=label, subsequent_indent=" " * len(label), break_on_hyphens=False
        )
    return "\n".join([*lines, "", *textwrap.wrap(_conclusion(found), WIDTH)])


def _conclusion(found: Verification) -> str:
    failed = sum(finding.state == "FAILED" for finding in found.findings)
    if failed:
        return f"NOT VERIFIED: {failed} of {len(found.findings)} checks failed."
    said = "verified" if found.signed else "UNSIGNED, but the files agree with each other"
    return f"{said}; the run that it attests came out {found.result or 'unknown'}."


def _data(found: Verification) -> dict[str, object]:
    return {
        "file": str(found.file),
        "verified": found.verified,
        "signed": found.signed,
        "result": found.result,
        "findings": [{"check": one.check, "state": one.state, "text": one.text} for one in found.findings],
    }
