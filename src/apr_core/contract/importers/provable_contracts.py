"""Contracts in the schema of provable-contracts: YAML with equations, proof obligations and falsification tests.

What the schema calls true of the function becomes a claim of type `unbound`: an obligation, a prediction, and what "must
hold" of an equation. A falsification test tries one case of an invariant and an obligation restates few of them, so
leaving the invariants out would leave out claims. Everything else is data: how a kernel proceeds, and how and by which
harness somebody checks the claims. The one thing a reader would get wrong: the entries that become claims stay in
`source.document` as well. Binding a claim replaces its prose, and the prose must not be lost with that.

Source: https://github.com/paiml/provable-contracts, folder contracts/, and its book, "Contract Schema".
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from apr_core.contract.importers.block import block
from apr_core.contract.importers.imported import Imported, read_back
from apr_core.contract.messages import show
from apr_core.contract.origin import pointed, pointer
from apr_core.contract.yaml import Document, Location, parse
from apr_core.errors import ContractError, Problem, SelectionError, did_you_mean

FORMAT = "provable-contracts"


class Section(NamedTuple):
    """Where the entries of a section say what. Of several keys the first that holds text counts."""

    kind: str
    """What an entry is, unless it has a `type`."""
    claim: tuple[str, ...]
    formal: tuple[str, ...]
    prefix: str
    """Of the ids of entries that have none."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Where an entry may say something."""
        return self.claim + self.formal


SECTIONS = {
    "proof_obligations": Section("proof obligation", ("property", "description"), ("formal",), "PO"),
    "falsification_tests": Section(
        "falsification test",
        ("rule", "name", "description", "obligation"),
        ("prediction", "assertion", "expected", "pass_criterion", "check", "test"),
        "FT",
    ),
}

EQUATION_PARTS = {
    "invariants": Section("equation invariant", ("text",), (), "EQ"),
    "postconditions": Section("equation postcondition", ("text",), (), "EQ"),
}
"""What must hold of an equation: lists of text. Its `preconditions` say where, and claim nothing."""

_TITLES = tuple(f"{part}/{key}" for part in ("/metadata", "/contract", "") for key in ("description", "title", "name"))
_VERSIONS = ("/metadata/version", "/contract/version", "/version")
_REFERENCES = ("/metadata/references", "/contract/references")
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,79}")
_SHORT_VERSION = re.compile(r"v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?")
_ALL_TESTS = re.compile(r"All (?:([0-9]+) )?falsification tests pass\.?")
_FIRST_SENTENCE = re.compile(r".{1,119}?[.!?](?=\s)")
_LONGEST_TITLE = 120
_LONGEST_SLUG = 56

_HOW = """\
Imported from {file}, which follows the schema of provable-contracts.
Every claim below is prose, so all are UNTESTED. To bind one, name what it is about, and give it a type and an
expression in place of `kind`, `formal` and `at`:

  subjects: {{f: package.module:function}}
  inputs: {{x: {{real: [0, 1]}}}}
  obligations:
    - {{id: …, type: holds, claim: …, check: f(x) >= 0}}

The types are in apr-core's docs/language.md; `apr contract explain ID` shows all that the source says of a claim."""

_KEPT = "All that the source says, as data. A claim's `at` points into it, and the source can be rebuilt from it."


class _Entry(NamedTuple):
    """One entry of a section that claims something."""

    at: Location
    section: Section
    id: Any
    """As the source has it; None without one."""
    item: dict[str, Any]
    words: str
    """What an id can be made of."""


def convert(text: str, shown: str, file: str) -> Imported:
    """The contract that says what a document of provable-contracts says; `shown` is its path in messages, `file` in the contract.

    Raises:
        ContractError: it is not YAML, or an entry that should claim something cannot be read.
        SelectionError: it claims nothing in this schema.
        AprError: the contract would be beyond the limits of the language.
    """
    document = parse(text, shown, begins="metadata: …")
    source = document.value
    entries = [*(entry for name in SECTIONS for entry in _entries(document, name)), *_equation_entries(source)]
    if not entries:
        raise _nothing(source, shown)
    ids = _ids(document, entries)
    claims = [_claim(document, entry, name) for entry, name in zip(entries, ids, strict=True)]
    gate = _gate(source, entries, ids)
    version, notes = _version(source)
    references = [one for one in _listed(_first(source, _REFERENCES)) if isinstance(one, str) and one.strip()]
    head = {
        "title": _title(source, file),
        "version": version,
        **({"references": references} if references else {}),
        "obligations": [*claims, *gate],
    }
    origin = {"source": {"format": FORMAT, "file": file, "document": source}}
    written = "".join(
        (_comment(_HOW.format(file=file)), _header(text, file), block(head), _comment(_KEPT), block(origin))
    )
    taken = {"metadata", *(entry.at[0] for entry in entries), *(["qa_gate"] if gate else [])}
    return Imported(
        text=written,
        contract=read_back(written, shown, source),
        kept=tuple(key for key in source if key not in taken),
        notes=tuple(notes),
    )


def _entries(document: Document, name: str) -> Iterator[_Entry]:
    """The entries of one section: a list, or a mapping from id to entry. An entry that is only text is its own claim."""
    section, value = SECTIONS[name], document.value.get(name)
    if value is None:
        return
    if not isinstance(value, (list, dict)):
        raise _refused(document, (name,), f"{name} is {show(value)}: a list of entries is needed")
    for key, item in enumerate(value) if isinstance(value, list) else value.items():
        if isinstance(item, str):
            item = {section.claim[0]: item}
        if not isinstance(item, dict):
            message = f"the entry is {show(item)}: a mapping with one of {', '.join(section.keys)} is needed"
            raise _refused(document, (name, key), message)
        own = item.get("id", key if isinstance(key, str) else None)
        said = next((said for name in section.keys if (said := _text(item.get(name)))), "")
        yield _Entry((name, key), section, own, item, _text(own) or said)


def _equation_entries(source: dict[str, Any]) -> Iterator[_Entry]:
    """What must hold of each equation. What is no text is kept as the data that it is."""
    equations = source.get("equations")
    rows = (
        enumerate(equations)
        if isinstance(equations, list)
        else equations.items()
        if isinstance(equations, dict)
        else ()
    )
    for name, equation in rows:
        for part, section in EQUATION_PARTS.items() if isinstance(equation, dict) else ():
            listed = equation.get(part)
            for index, text in enumerate(listed) if isinstance(listed, list) else ():
                if isinstance(text, str) and text.strip():
                    words = text if _slug(text) else str(name)  # a formula may have no letter that an id can have
                    yield _Entry(("equations", name, part, index), section, None, {"text": text}, words)


def _nothing(source: dict[str, Any], shown: str) -> SelectionError:
    near = next((hint for key in source if (hint := did_you_mean(key, SECTIONS))), "")
    keys = ", ".join(list(source)[:6]) + (", …" if len(source) > 6 else "")
    return SelectionError(
        f"{shown}: it claims nothing in the schema of {FORMAT}: it has no entry in {', '.join(SECTIONS)}, and no equation "
        f"with {' or '.join(EQUATION_PARTS)}; its keys are {keys or '(none)'}.{near} Name another file, or correct it."
    )


def _claim(document: Document, entry: _Entry, name: str) -> dict[str, Any]:
    """The obligation that an entry becomes."""
    said = [key for key in entry.section.keys if _text(entry.item.get(key))]
    if not said:
        raise _refused(document, entry.at, f"the entry claims nothing: it has none of {', '.join(entry.section.keys)}")
    formal = next((key for key in entry.section.formal if key in said and key != said[0]), None)
    found = {
        "id": name,
        "type": "unbound",
        "claim": _text(entry.item[said[0]]),
        "kind": _text(entry.item.get("type")) or entry.section.kind,
        "formal": _text(entry.item.get(formal)) if formal else "",
        "at": pointer(*entry.at),
        "if_falsified": _text(entry.item.get("if_fails")),
    }
    return {key: value for key, value in found.items() if value}


def _ids(document: Document, entries: Sequence[_Entry]) -> list[str]:
    """One id per entry: its own where that is an id of ours, else one made of it or of what the entry says.

    Not of its place in the list, so that a claim keeps its id when another is put before it.
    """
    own: dict[str, Location] = {}
    for entry in entries:
        if _is_id(entry.id):
            if entry.id in own:
                first = pointer(*own[entry.id])
                raise _refused(document, entry.at, f"the id {entry.id!r} is that of {first} too: rename one")
            own[entry.id] = entry.at
    taken, found = set(own), []
    for entry in entries:
        name = entry.id
        if not _is_id(name):
            name = _free(f"{entry.section.prefix}-{_slug(entry.words)}".rstrip("-"), taken)
        taken.add(name)
        found.append(name)
    return found


def _gate(source: dict[str, Any], entries: Sequence[_Entry], ids: Sequence[str]) -> list[dict[str, Any]]:
    """The source's gate, where it says in full words that it opens when all falsification tests pass; else it stays data."""
    gate = source.get("qa_gate")
    criteria = _text(gate.get("pass_criteria")) if isinstance(gate, dict) else ""
    tests = [name for entry, name in zip(entries, ids, strict=True) if entry.at[0] == "falsification_tests"]
    said = _ALL_TESTS.fullmatch(criteria)
    if not isinstance(gate, dict) or said is None or not tests or int(said[1] or len(tests)) != len(tests):
        return []
    name: str = gate["id"] if _is_id(gate.get("id")) else "QA-GATE"
    return [{"id": _free(name, set(ids)), "type": "gate", "claim": criteria, "require": tests}]


def _title(source: dict[str, Any], file: str) -> str:
    """The description in one line, of a long one the first sentence; the file's name where there is none."""
    title = _text(_first(source, _TITLES)) or PurePosixPath(file).stem
    sentence = _FIRST_SENTENCE.match(title) if len(title) > _LONGEST_TITLE else None
    return sentence[0] if sentence else title


def _version(source: dict[str, Any]) -> tuple[str, list[str]]:
    """The version in three numbers, and what had to be done for that."""
    given = _first(source, _VERSIONS)
    if given is None:
        return "1.0.0", ["It gives no version: 1.0.0 was written."]
    said = _text(given)
    found = _SHORT_VERSION.fullmatch(said)
    version = ".".join(part or "0" for part in found.groups()) if found else "1.0.0"
    return version, [] if version == said else [f"Its version {said!r} is not three numbers: {version} was written."]


def _first(source: dict[str, Any], places: Sequence[str]) -> Any:
    """What stands at the first of some places that holds something."""
    for place in places:
        try:
            found = pointed(source, place)
        except LookupError:
            continue
        if found not in (None, "", []):
            return found
    return None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _text(value: Any) -> str:
    """Text and numbers in one line; nothing for anything else."""
    if isinstance(value, str):
        return " ".join(value.split())
    return json.dumps(value) if isinstance(value, (int, float)) else ""


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _slug(text: str) -> str:
    """`Output sums to 1` as `OUTPUT-SUMS-TO-1`."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    slug = "-".join(re.findall(r"[A-Za-z0-9]+", plain)).upper()
    return slug if len(slug) <= _LONGEST_SLUG else slug[: _LONGEST_SLUG + 1].rpartition("-")[0] or slug[:_LONGEST_SLUG]


def _free(name: str, taken: set[str]) -> str:
    """The name, or the name with the first number that makes it new."""
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found


def _header(text: str, file: str) -> str:
    """The comments above everything in the source."""
    lines: list[str] = []
    for line in text.removeprefix("\ufeff").splitlines():
        line = line.strip()
        if not line.startswith("#") and line not in ("", "---"):
            break
        lines.append(line.replace("---", "", 1) if line == "---" else line)
    head = "\n".join(lines).strip("\n")
    return f"{_comment(f'The head of {file}:')}{head}\n" if head else ""


def _comment(text: str) -> str:
    return "".join(f"# {line}".rstrip() + "\n" for line in text.split("\n"))


def _refused(document: Document, at: Location, message: str) -> ContractError:
    return ContractError([Problem(document.path, *document.mark(at), f"{message}.")])
