"""Claims in prose: UNTESTED, with what somebody would have to write so that they can be tried.

The one thing a reader would get wrong: this is not a lack of evidence. Nothing that is run or recorded decides such a
claim; only a change of its contract does.
"""

from __future__ import annotations

from dataclasses import replace

from apr_core.contract.load import LoadedContract
from apr_core.contract.obligations import Unbound
from apr_core.trial.result import Result
from apr_core.verdict import Verdict


def judge_unbound(loaded: LoadedContract, obligation: Unbound, blank: Result) -> Result:
    """The result of a claim that nothing is bound to; `expected` is what its source expects, in the source's notation."""
    return replace(
        blank,
        verdict=Verdict.UNTESTED,
        reason="it is prose: nothing is bound to it",
        # The same for all claims of a file, so that a report lists the way once.
        enable=f"give it a type and an expression in {loaded.relative}",
        expected=obligation.formal,
    )
