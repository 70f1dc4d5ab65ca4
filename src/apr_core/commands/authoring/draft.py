"""`apr contract new`: a first contract for a function, from its signature and a few calls.

The one thing a reader would get wrong: every claim that is written has been tried, so the contract passes on the day
it is made. What was tried and broke stands in it as a comment; that may be the more interesting part.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from apr_core.commands.authoring.candidates import Candidate, by_verdict, candidates
from apr_core.commands.authoring.domains import Domain
from apr_core.commands.authoring.probe import Seen
from apr_core.commands.authoring.signature import Plan, plan, settle
from apr_core.contract.load import load_file
from apr_core.contract.schema import SUFFIX
from apr_core.errors import ContractError, UsageError
from apr_core.files import write_atomic
from apr_core.project import project_root
from apr_core.trial.result import Result
from apr_core.trial.session import Session, Settings
from apr_core.trial.subjects import Policy, resolve

_PLAIN = re.compile(r"[A-Za-z_][\w./-]*( [\w./-]+)*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "nan", "inf"})


def run(args: argparse.Namespace) -> int:
    """Drafts, tries and writes a contract. Raises UsageError where no sensible one can be made."""
    reference = args.subject
    if not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*", reference):
        hint = re.sub(r"\.(\w+)$", r":\1", reference)
        raise UsageError(f"--subject {reference!r} is no import string; it is MODULE:FUNCTION, perhaps {hint!r}.")
    root = project_root(Path.cwd())
    target = _target(args, root)
    function = resolve(reference, Policy.for_root(root))
    drafted = plan(function, reference, _given(args.input))
    with contextlib.redirect_stdout(io.StringIO()):  # what the function prints is not what this command says
        seen = settle(function, drafted, reference)
        found = candidates(function, drafted, seen)
        results = _try(found, drafted, reference, function, root)
    claims, suggested = by_verdict(found, {name: result.outcome == "HELD" for name, result in results.items()})
    if not claims:
        raise _nothing(reference, seen, suggested, results)
    for one in suggested:
        if not one.suggestion:
            one.remark = _finding(results[one.name])
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(target, document(reference, function, drafted, claims, suggested))
    _say(target, claims, suggested)
    return 0


def _nothing(
    reference: str, seen: Sequence[Seen], suggested: Sequence[Candidate], results: Mapping[str, Result]
) -> UsageError:
    """Why no claim is left to write."""
    failed = next((one for one in seen if one.error is not None), None)
    if failed is not None:
        return UsageError(
            f"{reference} returns on some of the drawn inputs and raises on others; for example {failed}. Give the domain on "
            "which it works, for example --input 'n={integer: [1, 9]}'; a bound may name another input."
        )
    reasons = "; ".join(f"{one.fields['claim']} {results[one.name].reason}" for one in suggested)
    return UsageError(
        f"nothing that could be claimed about {reference} held when it was tried: {reasons}. Write the contract by hand, "
        "or for a function around it that returns numbers, text, lists or arrays."
    )


def _finding(result: Result) -> str:
    """Why a claim is not written as one."""
    if not result.counterexample:
        return f"tried, and {result.outcome}: {result.reason}"
    values = ", ".join(f"{name}={value}" for name, value in result.counterexample.items())
    return f"tried, and {result.outcome} with {values}: expected {result.expected}, observed {result.observed}"


def _target(args: argparse.Namespace, root: Path) -> Path:
    """Where the contract goes; checked before anything is run."""
    module, _, name = args.subject.partition(":")
    if args.output is not None:
        target = Path(args.output)
        if not target.name.endswith(SUFFIX):
            raise UsageError(f"--output {target}: a contract's name ends in {SUFFIX}, or pytest will not find it.")
    elif (root / "contracts").is_dir():
        target = root / "contracts" / Path(*module.split(".")) / f"{name}{SUFFIX}"
    else:
        target = root / f"{name}{SUFFIX}"
    if target.exists() and not args.force:
        raise UsageError(f"{_shown(target)} exists. Overwrite it with --force, or choose another place with --output.")
    return target


def _shown(path: Path) -> str:
    absolute = path.absolute()
    return str(absolute.relative_to(Path.cwd())) if absolute.is_relative_to(Path.cwd()) else str(path)


def _given(texts: Sequence[str]) -> dict[str, Domain]:
    """The domains of `--input NAME=DOMAIN`."""
    from apr_core.contract.yaml import parse

    found: dict[str, Domain] = {}
    for text in texts:
        name, equals, domain = text.partition("=")
        try:
            value = parse(f"{name}: {domain}", "--input").value[name] if equals and name.isidentifier() else None
        except ContractError as error:
            raise UsageError(f"--input {text!r} cannot be read: {error}") from None
        if not isinstance(value, dict):
            raise UsageError(
                f"--input {text!r} is no domain; it is NAME=DOMAIN, as in --input 'n={{integer: [1, 9]}}'."
            )
        found[name] = value
    return found


def _try(
    found: Sequence[Candidate], drafted: Plan, reference: str, function: Callable[..., Any], root: Path
) -> dict[str, Result]:
    """Candidate → what came of trying it, each in a contract of its own so that a broken one does not stop the others."""
    session = Session(root, Settings(database=False))
    results = {}
    with tempfile.TemporaryDirectory(prefix="apr-") as folder:
        for one in found:
            path = Path(folder) / f"draft{SUFFIX}"
            # An input that only the candidate replaces would be an unused one of the contract.
            alone = replace(drafted, domains=drafted.domains | one.inputs)
            path.write_text(document(reference, function, alone, [replace(one, inputs={})], []), encoding="utf-8")
            loaded = load_file(path, Path(folder))
            results[one.name] = session.judge_obligation(loaded, loaded.model.obligations[0])
    return results


def document(
    reference: str,
    function: Callable[..., Any],
    drafted: Plan,
    claims: Sequence[Candidate],
    suggested: Sequence[Candidate],
) -> str:
    """The text of the contract."""
    prefix = re.sub(r"[^A-Za-z0-9]+", "-", reference.rpartition(":")[2]).strip("-").upper() or "CLAIM"
    summary = (getattr(function, "__doc__", None) or "").strip().partition("\n")[0].rstrip(".")
    lines = [
        f"# Drafted by `apr contract new` from the signature of {reference} and a few calls. Every claim below was tried",
        "# and held. They are first claims: say what the function is for, and try to break that.",
        f"title: {flow(f'{reference}: {summary}' if summary else reference)}",
        "version: 1.0.0",
        "subjects:",
        f"  {drafted.subject}: {reference}",
        "inputs:",
        *(_input(name, domain, drafted.notes.get(name)) for name, domain in drafted.domains.items()),
    ]
    if drafted.left:
        left = ", ".join(f"{name}={value!r}" for name, value in drafted.left.items())
        lines.append(f"# Left at their defaults: {_one_line(left)}. Draw them too, where they matter.")
    lines.append("obligations:")
    for one in claims:
        lines += _obligation(one, prefix)
    if suggested:
        lines.append("  # Suggestions. Uncomment those that the function should keep:")
        lines += [f"  # {line[2:]}" for one in suggested for line in _obligation(one, prefix)]
    mutants = [one for one in claims if one.mutant]
    if mutants:
        lines.append("mutants:  # planted faults that a claim must notice")
        lines += [_mutant(one, prefix, drafted.subject) for one in mutants]
    return "\n".join(lines) + "\n"


def _one_line(text: str, longest: int = 160) -> str:
    text = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return text if len(text) <= longest else text[:longest] + "…"


def _input(name: str, domain: Domain, guess: str | None) -> str:
    return f"  {name}: {flow(domain)}" + (f"  # a guess, {_one_line(guess)}" if guess else "")


def _obligation(one: Candidate, prefix: str) -> list[str]:
    lines = [f"  - id: {prefix}-{re.sub(r'[^A-Za-z0-9_.-]', '-', one.name)}"]
    fields = dict(one.fields) | ({"inputs": one.inputs} if one.inputs else {})
    lines += [f"    {key}: {flow(value)}" for key, value in fields.items()]
    if one.remark:
        lines.append(f"    # {_one_line(one.remark)}")
    return lines


def _mutant(one: Candidate, prefix: str, subject: str) -> str:
    claim = f"{prefix}-{one.name}"
    fields = {
        "id": f"not-{one.name.lower()}",
        "kind": "result",
        "of": subject,
        "becomes": one.mutant,
        "killed_by": [claim],
    }
    return f"  - {flow(fields)}"


def flow(value: Any) -> str:
    """A value in YAML's flow style, quoted where YAML would read something else into it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
        return value if plain else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)


def _say(target: Path, claims: Sequence[Candidate], suggested: Sequence[Candidate]) -> None:
    print(f"wrote {_shown(target)}")
    for one in claims:
        print(f"  claim       {one.fields['claim']}")
    for one in suggested:
        print(f"  suggestion  {one.fields['claim']}")
    print(f"try it: pytest {_shown(target)}")
