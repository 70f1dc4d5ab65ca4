"""The command, for the tests of `apr data`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apr_core.cli import main

Apr = Callable[..., tuple[int, str, str]]


@pytest.fixture
def apr(capsys: pytest.CaptureFixture[str]) -> Apr:
    """Runs `apr` with some words; gives exit code, stdout and stderr."""

    def run(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        out, err = capsys.readouterr()
        return code, out, err

    return run
