"""Totals, denominators and groups."""

from __future__ import annotations

from dataclasses import replace

from report_samples import ERROR, FALSIFIED, HELD, INFO, REFUTED, SAMPLES, UNDERPOWERED, UNKNOWN, UNTESTED

from apr_core.report.summary import by_contract, by_criterion, circumstances, openings, sentence, tally, totals
from apr_core.trial.result import OUTCOMES

WHOLE = replace(INFO, selected=11, collected=11)


def test_every_outcome_is_a_column_also_when_it_did_not_occur() -> None:
    found = totals([HELD, HELD, UNTESTED])
    assert list(found.outcomes) == list(OUTCOMES)
    assert found.outcomes["HELD"] == 2
    assert found.outcomes["FALSIFIED"] == 0
    assert (found.total, found.decided) == (3, 2)


def test_decided_counts_what_was_held_or_falsified_expected_or_not() -> None:
    # 5 FALSIFIED and 3 HELD verdicts; 1 UNDERPOWERED, 2 UNTESTED and 1 ERROR decide nothing.
    assert totals(SAMPLES).decided == 7
    assert totals([REFUTED, ERROR, UNDERPOWERED]).decided == 1


def test_the_sentence_has_its_denominator_twice() -> None:
    assert sentence(SAMPLES, WHOLE) == (
        "11 claims: 1 HELD, 1 HELD-AS-FALSE (meant to be false, and shown to be), 3 FALSIFIED, 1 REFUTED (known to be "
        "false, and still is), 1 RECOVERED (listed as refuted, and no longer false), 1 UNDERPOWERED, 2 UNTESTED, "
        "1 ERROR; 7 of 11 decided."
    )


def test_the_sentence_says_what_is_missing_from_the_denominator() -> None:
    assert sentence([HELD], replace(INFO, selected=3, collected=40)) == (
        "1 claim: 1 HELD; 1 of 1 decided. Selected: 3 of 40 collected claims. Without a result: 2 selected claims."
    )


def test_a_run_that_decided_nothing_does_not_read_like_a_good_one() -> None:
    nothing = replace(INFO, selected=1, collected=1)
    assert sentence([UNTESTED], nothing) == (
        "1 claim: 1 UNTESTED; 0 of 1 decided, so this run shows nothing about any claim."
    )
    assert sentence([], replace(INFO, selected=0, collected=0)) == (
        "0 claims: nothing was tried; 0 of 0 decided, so this run shows nothing about any claim."
    )


def test_a_claim_that_serves_two_criteria_counts_for_both_and_once_for_each() -> None:
    twice = replace(FALSIFIED, criteria=("AC-024", "AC-006", "AC-024"))
    found = by_criterion([twice, HELD, UNKNOWN])
    assert list(found) == ["AC-006", "AC-024"]
    assert tally(totals(found["AC-006"]).outcomes) == "1 HELD, 1 FALSIFIED"
    assert found["AC-024"] == [twice]


def test_claims_of_one_contract_are_together_also_when_they_come_apart() -> None:
    assert by_contract([HELD, UNTESTED, FALSIFIED]) == {HELD.contract: [HELD, FALSIFIED], UNTESTED.contract: [UNTESTED]}


def test_untested_claims_are_grouped_by_what_would_help_most() -> None:
    other = replace(UNTESTED, id="a::B", reason="No record of the fp16 model.")
    alone = replace(UNTESTED, id="a::C", enable="pip install apr-core[kernels]")
    found = openings([UNKNOWN, HELD, alone, UNTESTED, other, UNDERPOWERED])
    assert [(opening.enable, opening.claims) for opening in found] == [
        ("apr run int4-check --scale qwen2.5-coder-32b", 2),
        ("pip install apr-core[kernels]", 1),
        ("", 1),
    ]
    assert found[0].reasons == {UNTESTED.reason: (UNTESTED.id,), other.reason: ("a::B",)}


def test_the_circumstances_name_the_seed_and_no_scale_that_there_was_not() -> None:
    assert circumstances(replace(INFO, scale=None, cases=1, versions={"python": "3.12.1"})) == (
        "seed 7 · 1 case per claim · python 3.12.1 · 12.3 s"
    )
