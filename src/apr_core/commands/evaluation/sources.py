"""The files that a result was made from, checked before their lines are joined to its verdicts.

The one thing a reader would get wrong: a sample is known by its number in the file. In another file, or with another version of
the extraction, that number is another program, and its verdict somebody else's; so both are compared by digest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apr_core.errors import AprError, UsageError

if TYPE_CHECKING:
    from apr_core.evaluation.completions import Completion
    from apr_core.evaluation.problem import Problem
    from apr_core.evaluation.result import Evaluation, SampleResult


def demand(what: str, stated: str, there: str) -> None:
    """Refuses a file with another digest than the result states.

    Raises:
        UsageError: it is another file.
    """
    if stated != there:
        raise UsageError(
            f"these are not the {what} of the result: it was made from those with the digest {stated[:12]}, and these have "
            f"{there[:12]}. Give the file that was evaluated, or evaluate this one."
        )


def program_of(result: Evaluation, sample: SampleResult, problem: Problem, completion: Completion) -> str:
    """The program that a completion makes, which is the one that was judged.

    Raises:
        AprError: it is another one, since another version takes code out of a text in another way.
    """
    from apr_core.evaluation.assemble import assemble
    from apr_core.files import digest_bytes

    # `apr eval completions` takes a text that begins with the prompt as it stands, `apr eval model` takes none so.
    for as_written in (completion.whole, True):
        program = assemble(problem, completion.text, as_written=as_written).program
        if digest_bytes(program.encode("utf-8", "surrogatepass")) == sample.program:
            return program
    raise AprError(
        f"sample {sample.sample} of {problem.task_id!r} gives another program than the one that was judged: the result was "
        f"made with extraction {result.extraction}. Evaluate the completions again."
    )
