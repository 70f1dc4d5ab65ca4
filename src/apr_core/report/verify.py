"""Does an attestation hold: is it signed by whom it should be, and are report, contracts and evidence those it is about?

The one thing a reader would get wrong: a verified attestation says that this run had these outcomes on these files. It may
have been a run in which every claim fell. And without a key it says only that the files agree with each other, which
whoever wrote all of them can arrange.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from apr_core.errors import AprError
from apr_core.files import MAX_JSON_BYTES, digest_bytes, parse_json
from apr_core.report import attest, dsse
from apr_core.report.json import NAME as REPORT
from apr_core.report.json import read_report
from apr_core.report.revision import revision
from apr_core.report.text import clean, plural

if TYPE_CHECKING:
    from securesystemslib.signer import SSlibKey

State = Literal["ok", "FAILED", "UNSIGNED", "note"]
_MOST = 8
"""Names of one kind that a finding spells out."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check came to."""

    check: str
    """What was looked at: `signature`, `statement`, `report`, `outcomes`, `contracts`, `evidence`, `commit`."""
    state: State
    text: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What the checks of one attestation came to."""

    file: Path
    findings: tuple[Finding, ...]
    result: str = ""
    """`PASSED`, `WARNED` or `FAILED`: what the attestation says of the run; empty when it cannot be read."""

    @property
    def verified(self) -> bool:
        """Whether nothing failed. An attestation that nobody signed can be verified; `signed` says which it is."""
        return not any(finding.state == "FAILED" for finding in self.findings)

    @property
    def signed(self) -> bool:
        """Whether the key that was given signed it."""
        return any(finding.check == "signature" and finding.state == "ok" for finding in self.findings)


class _Parsed(BaseModel):
    """A part of a statement. What it does not know it ignores, as in-toto's parsing rules demand."""

    model_config = ConfigDict(strict=True, hide_input_in_errors=True)


class _Descriptor(_Parsed):
    name: str = ""
    digest: dict[str, str] = {}
    annotations: dict[str, Any] = {}


class _Predicate(_Parsed):
    result: str
    configuration: list[_Descriptor]
    passedTests: list[str] = []  # noqa: N815 - the names in the format
    warnedTests: list[str] = []  # noqa: N815
    failedTests: list[str] = []  # noqa: N815


class _Statement(_Parsed):
    type_: str = Field(alias="_type")
    predicate_type: str = Field(alias="predicateType")
    subject: list[_Descriptor]
    predicate: _Predicate


@dataclass(frozen=True, slots=True)
class Place:
    """Where the files are that an attestation speaks of."""

    report: Path
    """The report.json; the attestation lies beside it."""
    root: Path
    """The project with the contracts and the evidence."""
    evidence: tuple[Path, ...] = field(default=())
    """Folders of records outside of the project."""


def verify(place: Place, key: SSlibKey | None = None) -> Verification:
    """Checks the attestation beside a report: the signed one if there is one or `key` asks for it, else the unsigned one.

    Raises:
        AprError: there is no attestation, or no report.
    """
    signed, plain = place.report.with_name(dsse.NAME), place.report.with_name(attest.NAME)
    report = _content(place.report)
    if not signed.exists() and not plain.exists():
        raise AprError(
            f"there is no attestation beside {place.report}: neither {dsse.NAME} nor {attest.NAME}. "
            f"`apr report attest {place.report.parent}` makes one."
        )
    if not signed.exists():
        return _conclude(plain, [_unsigned(key)], _content(plain), place, report)
    lines = [line for line in _content(signed).split(b"\n") if line.strip()] or [b""]
    found = [_of_line(line, signed, key, place, report) for line in lines]
    # One good line is enough: the others of a bundle may attest other things, or an earlier report.
    return next((one for one in found if one.verified), found[0])


def _unsigned(key: SSlibKey | None) -> Finding:
    if key is not None:
        return Finding(
            "signature", "FAILED", f"there is no signature to check: no {dsse.NAME}, only a statement without one."
        )
    return Finding(
        "signature", "UNSIGNED", "nobody vouches for this: anybody can have written the statement and the report."
    )


def _of_line(line: bytes, file: Path, key: SSlibKey | None, place: Place, report: bytes) -> Verification:
    """The verification of one envelope."""
    try:
        sealed = dsse.read_envelope(_text(line, file), file)
    except AprError as error:
        return Verification(file, (Finding("signature", "FAILED", str(error)),))
    return _conclude(file, [_signature(sealed, key)], sealed.payload, place, report)


def _signature(sealed: dsse.Sealed, key: SSlibKey | None) -> Finding:
    if key is None:
        named = ", ".join(map(dsse.short, sealed.key_ids)) or "nobody"
        text = f"it was not checked: signed by the key {named}. Give the signer's public key with --key."
        return Finding("signature", "FAILED", text)
    fault = sealed.fault(key)
    if fault:
        return Finding("signature", "FAILED", fault)
    return Finding("signature", "ok", f"by the key {dsse.short(key.keyid)} ({key.scheme})")


def _conclude(file: Path, findings: list[Finding], content: bytes, place: Place, report: bytes) -> Verification:
    """All findings about the statement that `content` is, after those about its signature."""
    try:
        statement = _parsed(_text(content, file), file)
    except AprError as error:
        return Verification(file, (*findings, Finding("statement", "FAILED", str(error))))
    findings += _about_report(statement, place, report)
    findings += _about_files(statement, place)
    findings += _about_commit(statement, place)
    return Verification(file, tuple(findings), clean(statement.predicate.result))


def _parsed(text: str, file: Path) -> _Statement:
    """The statement in `text`.

    Raises:
        AprError: it is no JSON, no statement, or one about something else than test results.
    """
    data = parse_json(text, file)
    try:
        found = _Statement.model_validate(data)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        place = clean(".".join(map(str, problem["loc"]))) or "the whole"
        raise AprError(f"this is no in-toto statement with a test result: {place}: {problem['msg']}.") from None
    for name, is_, wanted in (
        ("_type", found.type_, attest.STATEMENT),
        ("predicateType", found.predicate_type, attest.PREDICATE),
    ):
        if is_ != wanted:
            raise AprError(f"its {name} is {clean(is_)!r}, and {wanted!r} is what can be verified here.")
    return found


def _about_report(statement: _Statement, place: Place, report: bytes) -> Iterator[Finding]:
    """Is it this report, and does the statement say what the report says?"""
    attested = [one.digest.get("sha256", "") for one in statement.subject if one.name == REPORT]
    digest = digest_bytes(report)
    if digest not in attested:
        other = f"sha256 {_brief(attested[0])}" if attested else f"there is no {REPORT} among its subjects"
        text = f"it attests another report: {other}, and {place.report} has {_brief(digest)}."
        yield Finding("report", "FAILED", text)
        return
    yield Finding("report", "ok", f"{place.report} is the one that is attested (sha256 {_brief(digest)})")
    try:
        run = read_report(place.report)
    except AprError as error:
        yield Finding("outcomes", "FAILED", f"the report cannot be read: {error}")
        return
    wanted = _Statement.model_validate(attest.statement(run, report))
    problems = [*_about_outcomes(statement.predicate, wanted.predicate)]
    counts = ", ".join(
        f"{len(names)} {name.removesuffix('Tests')}" for name, names in _listed(wanted.predicate).items()
    )
    yield _either("outcomes", problems, f"those of the report: {counts}; result {wanted.predicate.result}")
    problems = _unequal("subject", statement.subject, wanted.subject)
    problems += _unequal("configuration", statement.predicate.configuration, wanted.predicate.configuration)
    yield _either("digests", problems, "those that the report recorded when the claims were judged")
    if missing := attest.undigested(run):
        yield Finding("digests", "note", f"not covered, because the report has no digest of them: {_some(missing)}")


def _about_outcomes(found: _Predicate, wanted: _Predicate) -> Iterator[str]:
    """Where the lists of a predicate are not those of the report."""
    if found.result != wanted.result:
        yield f"the result is {clean(found.result)} and by the report it is {wanted.result}"
    belongs = {name: key for key, names in _listed(wanted).items() for name in names}
    stands = {name: key for key, names in _listed(found).items() for name in names}
    for name in sorted(belongs.keys() | stands.keys()):
        if belongs.get(name) != stands.get(name):
            yield f"{clean(name)} is under {stands.get(name, 'no list')} and belongs under {belongs.get(name, 'none')}"
    for key, names in _listed(found).items():
        if stands == belongs and names != _listed(wanted)[key]:
            yield f"{key} names a claim twice, or in another order than the report"


def _listed(predicate: _Predicate) -> dict[str, list[str]]:
    return {key: getattr(predicate, key) for key in attest.LISTS}


def _unequal(where: str, found: Sequence[_Descriptor], wanted: Sequence[_Descriptor]) -> list[str]:
    """How two lists of descriptors differ."""
    if list(found) == list(wanted):
        return []
    extra = [one for one in found if one not in wanted]
    missing = [one for one in wanted if one not in found]
    said = [f"the {where} has {_named(one)}" for one in extra] + [f"the {where} lacks {_named(one)}" for one in missing]
    for one, other in ((one, other) for one in extra for other in missing if one.name == other.name):
        keys = one.annotations.keys() | other.annotations.keys()
        differ = [clean(key) for key in sorted(keys) if one.annotations.get(key) != other.annotations.get(key)]
        said += [f"{clean(one.name)} differs in {', '.join(differ)}"] if differ else []
    return said or [f"the {where} is in another order than the report, or names something twice"]


def _named(descriptor: _Descriptor) -> str:
    digests = ", ".join(f"{clean(name)} {_brief(value)}" for name, value in descriptor.digest.items())
    return f"{clean(descriptor.name)} ({digests or 'without a digest'})"


def _about_files(statement: _Statement, place: Place) -> Iterator[Finding]:
    """Are the contracts and records that lie in the project now those that are attested?"""
    files = [one for one in statement.subject if one.name != REPORT and "gitCommit" not in one.digest]
    contracts = [one for one in files if one.name.endswith(".apr.yaml")]
    records = [one for one in files if one not in contracts]
    for check, group in (("contracts", contracts), ("evidence", records)):
        problems = [text for one in group if (text := _difference(one, place))]
        if group:
            yield _either(check, problems, f"{plural(len(group), 'files')} as judged, in {place.root}")


def _difference(descriptor: _Descriptor, place: Place) -> str:
    """How the file that a descriptor names differs from the digest, or nothing."""
    folders = (place.root / descriptor.name, *(folder / Path(descriptor.name).name for folder in place.evidence))
    try:
        path = next((path for path in folders if path.is_file()), None)
        if path is None:
            return f"{clean(descriptor.name)} is missing"
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        return f"{clean(descriptor.name)} cannot be read ({error})"
    attested = descriptor.digest.get("sha256", "")
    if digest == attested:
        return ""
    return f"{clean(descriptor.name)} was changed (sha256 {_brief(attested)} was judged, {_brief(digest)} is here)"


def _about_commit(statement: _Statement, place: Place) -> Iterator[Finding]:
    """What is known of the code that was judged. A later commit does not undo what was found about an earlier one."""
    commits = [one.digest["gitCommit"] for one in statement.subject if "gitCommit" in one.digest]
    here = revision(place.root).commit
    for commit in commits:
        same = commit == here
        text = f"{_brief(commit)} was judged, and " + (
            "is checked out" if same else f"{_brief(here or 'none')} is checked out now"
        )
        yield Finding("commit", "ok" if same else "note", text)
    if not commits:
        text = "none is attested: at judging there was none, or files differed from it; the code that was called is not covered"
        yield Finding("commit", "note", text)


def _either(check: str, problems: Iterable[str], good: str) -> Finding:
    """A failure that names the problems, or `good`."""
    found = list(problems)
    return Finding(check, "FAILED", f"{_some(found, '; ')}.") if found else Finding(check, "ok", good)


def _some(words: Sequence[str], between: str = ", ") -> str:
    more = len(words) - _MOST
    return between.join(words[:_MOST]) + (f"{between}and {more:,} more" if more > 0 else "")


def _brief(digest: str) -> str:
    """The beginning of a digest, enough to tell two apart."""
    return clean(digest[:12]) or "none"


def _content(path: Path) -> bytes:
    """The bytes of a regular file.

    Raises:
        AprError: it cannot be read, or is too large to be what is looked for.
    """
    try:
        if not path.is_file() or path.stat().st_size > MAX_JSON_BYTES:
            raise AprError(f"cannot read {path}: there is no such file, or one of more than {MAX_JSON_BYTES:,} bytes.")
        return path.read_bytes()
    except OSError as error:
        raise AprError(f"cannot read {path}: {error.strerror or error}. Check the path and its permissions.") from error


def _text(content: bytes, file: Path) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise AprError(f"{file}: byte {error.start} of {len(content)} is not UTF-8 text: it was changed.") from None
