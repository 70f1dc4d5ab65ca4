"""Trying one obligation on drawn or enumerated cases.

Hypothesis draws, shrinks, stores and replays; this module counts, keeps refutations apart from breakage, and bounds the time.
The one thing a reader would get wrong: an `AprError` raised in a case stops the trial at once. It is not a counterexample, so
there is nothing to shrink, and shrinking it would report the smallest broken contract instead of the first.
"""

from __future__ import annotations

import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import types
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.errors import FlakyFailure, Unsatisfiable
from hypothesis.strategies import SearchStrategy

from apr_core.compiler.checks import Check, Discard
from apr_core.compiler.describe import describe
from apr_core.errors import AprError, Refutation, StopTrial, TrialError, Untestable

DISCARD_LIMIT = 0.9
"""A larger share of discarded cases means that the claim was hardly tried."""

DEFAULT_SECONDS = 300.0
"""Wall time for one obligation when it sets no limit of its own."""


@dataclass(frozen=True)
class Tried:
    """What trying came to."""

    cases: int
    discarded: int
    refutation: Refutation | None = None
    exhaustive: bool = False


class _Counter:
    """Runs cases and counts them; the last refutation that passes through is the smallest, because Hypothesis ends on it."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self.accepted = self.discarded = 0

    def run(self, case: dict[str, Any]) -> None:
        """One case. Raises Refutation with the case described, Discard, or StopTrial."""
        if "torch" in sys.modules:
            sys.modules["torch"].manual_seed(0)
        try:
            self.check.run(case)
        except Discard:
            self.discarded += 1
            raise
        except Refutation as refutation:
            self.accepted += 1
            shown = {name: describe(value) for name, value in case.items()}
            refutation.counterexample = dict(refutation.counterexample) | shown
            raise
        except (AprError, Untestable) as error:
            raise StopTrial(error) from error
        finally:
            for folder in getattr(case, "folders", ()):
                shutil.rmtree(folder, ignore_errors=True)
        self.accepted += 1


def sample(
    check: Check,
    strategy: SearchStrategy[dict[str, Any]],
    *,
    cases: int,
    seed: int,
    key: str,
    database: Path | None,
    seconds: float,
    shrink: bool = True,
) -> Tried:
    """Draw `cases` cases, look for one that refutes, shrink it.

    Args:
        seed: of the draws; the same seed gives the same cases.
        key: names the obligation in the database of counterexamples, which are tried first.
        seconds: wall time after which the trial is an error.
        shrink: whether a counterexample is made small. That a planted fault was noticed is seen from any.

    Raises:
        TrialError: the refutation does not reproduce, the time is up, or (nearly) everything was discarded.
    """
    counter = _Counter(check)

    def one_case(case: dict[str, Any]) -> None:
        try:
            counter.run(case)
        except Discard:
            hypothesis.reject()

    test = hypothesis.given(case=strategy)(_named(one_case, key))
    test.hypothesis.inner_test._hypothesis_internal_add_digest = key.encode()  # type: ignore[attr-defined]
    # In this order: `seed` switches the database off, and the settings switch it on again.
    test = _settings(cases, database, shrink)(hypothesis.seed(seed)(test))
    try:
        with _quiet(), _deadline(seconds):
            test()
    except Refutation as refutation:
        return Tried(counter.accepted, counter.discarded, refutation)
    except StopTrial as stop:
        raise stop.cause from None
    except FlakyFailure as error:
        raise TrialError(
            "flaky: a case refuted the claim and then, run again, did not. The subject depends on something besides its "
            "arguments (a global, a clock, unseeded randomness, memory addresses); make that an input."
        ) from error
    except Unsatisfiable as error:
        raise _too_many(counter) from error
    return _weighed(counter, exhaustive=False)


def enumerate_all(check: Check, cases: Iterator[dict[str, Any]], *, seconds: float) -> Tried:
    """Try every case of a finite domain, simplest first, and stop at the first that refutes."""
    counter = _Counter(check)
    try:
        with _quiet(), _deadline(seconds), _seeded() as reseed:
            for case in cases:
                reseed()
                try:
                    counter.run(case)
                except Discard:
                    continue
    except Refutation as refutation:
        return Tried(counter.accepted, counter.discarded, refutation, exhaustive=True)
    except StopTrial as stop:
        raise stop.cause from None
    return _weighed(counter, exhaustive=True)


def _weighed(counter: _Counter, *, exhaustive: bool) -> Tried:
    total = counter.accepted + counter.discarded
    if counter.accepted == 0 or (not exhaustive and counter.discarded > DISCARD_LIMIT * total):
        raise _too_many(counter)
    return Tried(counter.accepted, counter.discarded, exhaustive=exhaustive)


def _too_many(counter: _Counter) -> TrialError:
    total = counter.accepted + counter.discarded
    if counter.accepted == 0:
        return TrialError(
            f"VACUOUS: none of {total} cases met the preconditions, so nothing was tried. Draw inputs that satisfy `where` by "
            "construction, or correct it."
        )
    return TrialError(
        f"{counter.discarded} of {total} cases were discarded by `where`, more than {DISCARD_LIMIT:.0%}: the claim was hardly "
        "tried. Draw inputs that satisfy it by construction."
    )


def _named(function: Callable[..., None], key: str) -> Callable[..., None]:
    """The function under a name of its own, so that Hypothesis keeps the counterexamples of different claims apart."""
    twin = types.FunctionType(
        function.__code__, function.__globals__, "trial", function.__defaults__, function.__closure__
    )
    twin.__qualname__ = twin.__doc__ = key
    twin.__module__ = __name__
    return twin


def _settings(cases: int, database: Path | None, shrink: bool) -> hypothesis.settings:
    phases = (Phase.reuse, Phase.generate, Phase.shrink)
    return hypothesis.settings(
        max_examples=cases,
        database=None if database is None else DirectoryBasedExampleDatabase(database),
        deadline=None,
        derandomize=False,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=phases if shrink else phases[:-1],
        verbosity=Verbosity.quiet,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """A verdict must not depend on the warning filters of whoever runs it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _seeded() -> Iterator[Callable[[], None]]:
    """A function that makes Python's and numpy's global generators start afresh; their states come back at the end.

    Drawn cases need none of it: Hypothesis does the same for them.
    """
    states = random.getstate(), np.random.get_state()

    def reseed() -> None:
        random.seed(0)
        np.random.seed(0)

    try:
        yield reseed
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Stop the trial after `seconds` of wall time, where the platform can (main thread, POSIX)."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def out_of_time(*_: object) -> None:
        raise StopTrial(
            TrialError(
                f"out of time: the obligation ran for more than {seconds:g} s. Draw smaller inputs, ask for fewer cases, or "
                "raise `limits: {seconds: …}`."
            )
        )

    before = signal.signal(signal.SIGALRM, out_of_time)
    remaining = signal.setitimer(signal.ITIMER_REAL, seconds)[0]
    started = time.monotonic()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if remaining:
            signal.setitimer(signal.ITIMER_REAL, max(0.001, remaining - (time.monotonic() - started)))


@contextmanager
def workroot() -> Iterator[Path]:
    """A private folder for the files of one trial."""
    folder = Path(tempfile.mkdtemp(prefix="apr-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
