"""Estimates, intervals, tests and sample sizes: pure functions of counts and numbers, with contracts of their own.

The one thing a reader would get wrong: nothing here falls back to a number. No data, one cluster without a spread, or
a resample that shows none is an `EvidenceError`; an alpha of 0 or a margin of 2 is a `UsageError`; never 0, never a
NaN.

Differences are always candidate less reference. `margin` is a loss that is still acceptable, so tests compare with
-margin.
"""

from apr_core.statistics.bootstrap import bootstrap_interval, bootstrap_test, paired_differences
from apr_core.statistics.estimators import clustered_standard_error, mean_pass_at_k, pass_at_k
from apr_core.statistics.intervals import Interval, binomial_test, clopper_pearson, wilson
from apr_core.statistics.multiplicity import holm
from apr_core.statistics.paired import (
    PairedTable,
    mcnemar_exact,
    paired_table,
    tango_interval,
    tango_power,
    tango_test,
)
from apr_core.statistics.power import (
    detectable_margin_paired,
    detectable_margin_unpaired,
    power_line,
    power_paired,
    power_runs,
    power_unpaired,
    problems_needed_line,
    problems_needed_paired,
    problems_needed_unpaired,
    runs_needed,
)
from apr_core.statistics.runs import runs_interval, runs_test
from apr_core.statistics.trend import slope, slope_interval, slope_test
from apr_core.statistics.unpaired import miettinen_nurminen_interval, miettinen_nurminen_test

__all__ = [
    "Interval",
    "PairedTable",
    "binomial_test",
    "bootstrap_interval",
    "bootstrap_test",
    "clopper_pearson",
    "clustered_standard_error",
    "detectable_margin_paired",
    "detectable_margin_unpaired",
    "holm",
    "mcnemar_exact",
    "mean_pass_at_k",
    "miettinen_nurminen_interval",
    "miettinen_nurminen_test",
    "paired_differences",
    "paired_table",
    "pass_at_k",
    "power_line",
    "power_paired",
    "power_runs",
    "power_unpaired",
    "problems_needed_line",
    "problems_needed_paired",
    "problems_needed_unpaired",
    "runs_interval",
    "runs_needed",
    "runs_test",
    "slope",
    "slope_interval",
    "slope_test",
    "tango_interval",
    "tango_power",
    "tango_test",
    "wilson",
]
