"""Which training samples hold a piece of a benchmark: n-grams of words that a sample shares with a problem.

The one thing a reader would get wrong: a sample or a problem of fewer than n words has no n-gram, so nothing can be found in
it. Such samples stay, such problems go unchecked, and both are counted and named in every report.

Text is compared in a normal form: Unicode NFKC, case folded, white space without meaning. With `words` a word is a run of
letters, digits and underscores, and punctuation does not count, as is usual; with `code` every other sign is a word too, so
that `a + b` and `a - b` differ. A Chinese or Japanese character is a word by itself, since those scripts set no spaces.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import secrets
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from apr_core.errors import AprError, UsageError, did_you_mean
from apr_core.evaluation.problem import Problem

N = 10
"""Words of an n-gram, as the acceptance criterion says."""

_ALONE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
TOKENS: dict[str, re.Pattern[str]] = {
    "words": re.compile(rf"[{_ALONE}]|[^\W{_ALONE}]+"),
    "code": re.compile(rf"[{_ALONE}]|[^\W{_ALONE}]+|[^\w\s]"),
}
"""Name → what a word is."""

Text = str | Sequence[str]
"""A text, or words that were made already."""


def words_of(text: Text, tokens: str = "words") -> list[str]:
    """The words of a text in their normal form; a list of words is taken as it is."""
    if not isinstance(text, str):
        return list(text)
    return TOKENS[tokens].findall(unicodedata.normalize("NFKC", text).casefold())


class Match(NamedTuple):
    """What a sample has in common with one problem."""

    task_id: str
    ngram: str
    """The first that both have, in its normal form."""
    matched: int
    """Different n-grams that both have."""
    problem_share: float
    """Share of the problem's different n-grams that the sample has."""


class Overlap(NamedTuple):
    """What a sample has in common with a benchmark."""

    ngrams: int
    """Of the sample, one at each word but the last n - 1; 0 for a sample that is too short to compare."""
    matched: int
    """Those of them that some problem has."""
    matches: tuple[Match, ...]
    """The problems, the largest share first."""

    @property
    def sample_share(self) -> float:
        """Share of the sample's n-grams that some problem has."""
        return self.matched / self.ngrams if self.ngrams else 0.0


class Index:
    """The n-grams of a benchmark by a 64-bit fingerprint. A hit is compared word by word, so a collision finds nothing."""

    def __init__(
        self,
        problems: Mapping[str, Sequence[Text]],
        n: int = N,
        tokens: str = "words",
        fingerprint: Callable[[tuple[str, ...]], int] = hash,
    ) -> None:
        if n < 1 or tokens not in TOKENS:
            raise UsageError(f"n is {n} and tokens is {tokens!r}; allowed are n from 1 and {', '.join(TOKENS)}.")
        self.n, self.tokens = n, tokens
        self.too_short: list[str] = []
        """Problems without an n-gram: nothing can be found of them."""
        self._fingerprint = fingerprint
        self._ids = list(problems)
        self._words: list[list[str]] = []
        self._counts: list[int] = []
        self._where: dict[int, list[tuple[int, int, int]]] = {}  # fingerprint → (problem, text, first word)
        for number, texts in enumerate(problems.values()):
            self._counts.append(self._add(number, texts))
            if not self._counts[-1]:
                self.too_short.append(self._ids[number])

    def _add(self, problem: int, texts: Sequence[Text]) -> int:
        seen: set[tuple[str, ...]] = set()
        for text in texts:
            words = words_of(text, self.tokens)
            for start, gram in enumerate(ngrams(words, self.n)):
                if gram not in seen:
                    seen.add(gram)
                    self._where.setdefault(self._fingerprint(gram), []).append((problem, len(self._words), start))
            self._words.append(words)
        return len(seen)

    def find(self, sample: Text) -> Overlap:
        """What `sample` has in common with every problem."""
        words = words_of(sample, self.tokens)
        found: dict[int, dict[tuple[str, ...], None]] = {}
        matched = 0
        for gram in ngrams(words, self.n):
            problems = self._having(gram)
            matched += bool(problems)
            for problem in problems:
                found.setdefault(problem, {})[gram] = None
        matches = [
            Match(self._ids[problem], " ".join(next(iter(grams))), len(grams), len(grams) / self._counts[problem])
            for problem, grams in found.items()
        ]
        matches.sort(key=lambda match: -match.problem_share)
        return Overlap(max(0, len(words) - self.n + 1), matched, tuple(matches))

    def _having(self, gram: tuple[str, ...]) -> list[int]:
        places = self._where.get(self._fingerprint(gram), ())
        return [problem for problem, text, start in places if tuple(self._words[text][start : start + self.n]) == gram]


def ngrams(words: Sequence[str], n: int) -> Iterator[tuple[str, ...]]:
    """Every run of n words, from the first; none when there are fewer."""
    return zip(*(words[start:] for start in range(n)), strict=False)


def overlaps(sample: Text, benchmark: Text, n: int = N, tokens: str = "words") -> bool:
    """Whether a sample shares an n-gram of words with a benchmark text."""
    return bool(Index({"": [benchmark]}, n, tokens).find(sample).matches)


class Rule(NamedTuple):
    """A row of the table of rules."""

    measure: Callable[[Overlap], float]
    """What is compared with the threshold."""
    threshold: float | None
    """The default; None for a rule that has no threshold."""
    doc: str


RULES: dict[str, Rule] = {
    "any": Rule(
        lambda overlap: float(bool(overlap.matches)),
        None,
        "one n-gram in common is enough (Brown et al. 2020, appendix C)",
    ),
    "sample-share": Rule(
        lambda overlap: overlap.sample_share, 0.5, "that share of the sample's n-grams is in the benchmark"
    ),
    "problem-share": Rule(
        lambda overlap: max((match.problem_share for match in overlap.matches), default=0.0),
        0.5,
        "that share of one problem's n-grams is in the sample, however long the sample is",
    ),
}
"""Name → when a sample counts as overlapping: its measure is above 0 and reaches the threshold."""


def limit(rule: str, threshold: float | None) -> float:
    """The threshold that is in force.

    Raises:
        UsageError: there is no such rule, it has no threshold, or the threshold is no share.
    """
    if rule not in RULES:
        raise UsageError(f"there is no rule {rule!r}; there are {', '.join(RULES)}.{did_you_mean(rule, RULES)}")
    if threshold is None:
        return RULES[rule].threshold or 0.0
    if RULES[rule].threshold is None:
        shares = " or ".join(name for name, row in RULES.items() if row.threshold is not None)
        raise UsageError(
            f"the rule {rule!r} has no threshold: one n-gram is enough, whatever its share. Leave the threshold "
            f"{threshold:g} out, or choose the rule {shares}."
        )
    if not 0 < threshold <= 1:
        raise UsageError(f"the threshold is {threshold:g}; allowed is a share above 0 and up to 1.")
    return threshold


# --- a benchmark and a training set ---


def benchmark_texts(problems: Iterable[Problem]) -> dict[str, tuple[str, ...]]:
    """What must not be in a training set, by task id: prompt and reference solution, each a text of its own."""
    return {one.task_id: tuple(text for text in (one.prompt, one.reference) if text) for one in problems}


def in_window(problems: Iterable[Problem], since: date | None, until: date | None) -> list[Problem]:
    """The problems released from `since` to `until`, both included; without either all of them.

    Raises:
        UsageError: a problem has no date of release, so that nobody can say; or no problem lies in the window.
    """
    every = list(problems)
    if since is None and until is None:
        return every
    undated = [one.task_id for one in every if one.released is None]
    if undated:
        raise UsageError(
            f"{len(undated)} of {len(every)} problems have no date of release ({undated[0]!r} first), so a time window cannot "
            "choose among them. Leave --since and --until out, or use a benchmark with dates."
        )
    chosen = [
        one for one in every if one.released is not None and (since or date.min) <= one.released <= (until or date.max)
    ]
    if not chosen:
        dates = sorted(one.released for one in every if one.released is not None)
        raise UsageError(
            f"no problem was released from {since or 'the beginning'} to {until or 'today'}; the dates go from {dates[0]} "
            f"to {dates[-1]}. Correct --since or --until."
        )
    return chosen


@dataclass(frozen=True, slots=True)
class Hit:
    """An overlapping sample."""

    line: int
    """Of the file, from 1."""
    sample_share: float
    matches: tuple[Match, ...]


@dataclass(slots=True)
class Report:
    """What was found in a training set."""

    samples: int = 0
    too_short: int = 0
    """Samples of fewer than n words, which cannot be compared and count as not overlapping."""
    hits: list[Hit] = field(default_factory=list)
    digest: str = ""
    """SHA-256 of the training file as it lies there."""

    @property
    def share(self) -> float:
        """Overlapping samples in all samples."""
        return len(self.hits) / self.samples


def check_file(
    path: Path,
    index: Index,
    rule: str = "any",
    threshold: float | None = None,
    fields: Sequence[str] = (),
    step: Callable[[], None] = lambda: None,
) -> Report:
    """The overlapping samples of a JSONL file, plain or gzipped, read line by line; a blank line is no sample.

    The text of a sample is every text in its row, in order, or those of the keys `fields`.

    Raises:
        UsageError: as `limit` does.
        AprError: the file cannot be read, has no sample, or a line is no JSON object or lacks a field (with file:line).
    """
    least, measure = limit(rule, threshold), RULES[rule].measure
    report, digest = Report(), hashlib.sha256()
    for number, line in _lines(path, digest):
        found = index.find(_text(line, fields, f"{path}:{number}"))
        report.samples += 1
        report.too_short += not found.ngrams
        if (value := measure(found)) > 0 and value >= least:
            report.hits.append(Hit(number, found.sample_share, found.matches))
        step()
    if not report.samples:
        raise AprError(f"{path}: there is no sample in this file. It needs one JSON object per line.")
    report.digest = digest.hexdigest()
    return report


def count_samples(path: Path) -> int:
    """Lines of a file that are not blank. Raises AprError when it cannot be read."""
    return sum(1 for _ in _lines(path, hashlib.sha256()))


def write_clean(path: Path, report: Report, out: Path) -> int:
    """Write the lines of `path` that do not overlap to `out`, byte for byte, whole or not at all; gives how many.

    Raises:
        UsageError: `out` is the training file itself.
        AprError: a file cannot be read or written, or the training file is no longer the one of the report.
    """
    if out.exists() and out.samefile(path):
        raise UsageError(f"{out} is the training file itself, which stays as it is. Choose another name.")
    dropped = {hit.line for hit in report.hits}
    sibling = out.with_name(f".{out.name}.{secrets.token_hex(6)}.tmp")
    kept, digest = 0, hashlib.sha256()
    try:
        with sibling.open("xb") as file:
            for number, line in _lines(path, digest):
                if number not in dropped:
                    kept += file.write(line.rstrip(b"\r\n") + b"\n") > 0
            file.flush()
            os.fsync(file.fileno())
        if digest.hexdigest() != report.digest:
            raise AprError(f"{path} was changed while it was read. Nothing was written; run it again.")
        sibling.replace(out)
    except OSError as error:
        reason = error.strerror or error
        raise AprError(f"cannot write {out}: {reason}. Check the folder and the space. Nothing was written.") from error
    finally:
        sibling.unlink(missing_ok=True)
    return kept


class _Tee:
    """A file that is read through a digest, so that a gzipped one is hashed as it lies on the disk."""

    def __init__(self, file: IO[bytes], digest: hashlib._Hash) -> None:
        self._file, self._digest = file, digest

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._digest.update(data)
        return data


def _lines(path: Path, digest: hashlib._Hash) -> Iterator[tuple[int, bytes]]:
    """Number and content of every line that is not blank."""
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if zipped:
                with gzip.GzipFile(fileobj=cast(Any, _Tee(raw, digest)), mode="rb") as file:
                    yield from ((number, line) for number, line in enumerate(file, 1) if line.strip())
                return
            for number, line in enumerate(raw, 1):
                digest.update(line)
                if line.strip():
                    yield number, line
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise AprError(f"cannot read {path}: {reason}. Check the path, or restore the file.") from error


def _text(line: bytes, fields: Sequence[str], where: str) -> str:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise AprError(f"{where}: this is not JSON: {error}. Every line is one JSON object.") from error
    if not isinstance(row, dict):
        raise AprError(f"{where}: this is {type(row).__name__}, and every line must be a JSON object.")
    if missing := [name for name in fields if name not in row]:
        raise AprError(
            f"{where}: there is no {missing[0]!r} here, only {', '.join(map(repr, row)) or 'nothing'}."
            f"{did_you_mean(missing[0], row)}"
        )
    return "\n".join(_strings([row[name] for name in fields] if fields else row))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)
