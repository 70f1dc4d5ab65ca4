"""`apr contract new`: what it drafts runs and passes at once, notices what it should, and refuses what it cannot draft."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from apr_core.trial.audit import audit
from apr_core.trial.session import Session, Settings
from foreign import run_pytest

pytest_plugins = ["cli_workplace"]

Workplace = Callable[[dict[str, str]], Path]
Apr = Callable[..., tuple[int, str, str]]

MATHS = '''
"""Functions to write contracts for."""
import enum
import random
from typing import Literal

import numpy as np


def half(x: float) -> float:
    """Half of it."""
    return x / 2


def root(x: float) -> float:
    if x < 0:
        raise ValueError(f"x must not be negative, not {x}")
    return x ** 0.5


def choose(n: int, k: int) -> float:
    """The share of k in n."""
    if n < 1:
        raise ValueError("n must be at least 1")
    if not 0 <= k <= n:
        raise ValueError("k must lie between 0 and n")
    return k / n


def scale(a: np.ndarray, by: float = 2.0) -> np.ndarray:
    return a * by


def add(a, b):
    return a + b


def fill(a: np.ndarray, value: float) -> None:
    np.negative(a, out=a)  # changes every a, also 0.0, whatever it holds


def roll(sides: int) -> int:
    return random.randint(0, abs(sides))


def label(kind: Literal["plain", "bold"], text: str, *, loud: bool) -> str:
    return f"{kind}:{text.upper() if loud else text}"


def tidy(text: str) -> str:
    return " ".join(text.split())


def total(values: list[int]) -> int:
    return sum(values)


def nothing() -> int:
    return 3


def never(x: float) -> float:
    raise RuntimeError("not today")


def needs_model(model: enum.Enum) -> int:
    return 1


def remove(path: str) -> bool:
    import pathlib
    return pathlib.Path(path).is_dir()


def crowded(a: int, b: int, room: int) -> int:
    print("noise")
    if a + b > room:
        raise ValueError("too many")
    return room - a - b


class Opaque:
    def __init__(self, x: float) -> None:
        self.token = object()


def inverse(x: float) -> float:
    return 1 / x if x else float("inf")
'''


def draft(workplace: Workplace, apr: Apr, name: str, *words: str) -> tuple[Path, str, str]:
    """The project, the drafted text, and what was printed."""
    root = workplace({"maths.py": MATHS, "contracts/README": ""})
    code, out, err = apr("contract", "new", "--subject", f"maths:{name}", *words)
    assert code == 0, err
    return root, (root / "contracts" / "maths" / f"{name}.apr.yaml").read_text(), out


def outcomes(root: Path, contract: str) -> dict[str, str]:
    """Obligation → outcome, judged as pytest would judge it."""
    session = Session(root, Settings(cases=50, database=False))
    loaded = session.catalog.load(contract)
    return {one.id: session.judge(f"{contract}::{one.id}").outcome for one in loaded.model.obligations}


@pytest.mark.parametrize("name", ["half", "root", "choose", "scale", "add", "fill", "label", "tidy", "total", "remove"])
def test_every_claim_that_is_written_holds(workplace: Workplace, apr: Apr, name: str) -> None:
    root, _, _ = draft(workplace, apr, name)
    found = outcomes(root, f"maths/{name}")
    assert found
    assert set(found.values()) == {"HELD"}


def test_a_draft_runs_under_plain_pytest_and_can_fail(workplace: Workplace, apr: Apr) -> None:
    root, text, out = draft(workplace, apr, "half")
    assert f"pytest {Path('contracts/maths/half.apr.yaml')}" in out
    done = run_pytest(root, "contracts/maths/half.apr.yaml")
    assert done.returncode == 0, done.stdout
    broken = MATHS.replace("return x / 2", "return x / 2 if x < 100 else math.nan").replace(
        "import enum", "import enum, math"
    )
    (root / "maths.py").write_text(broken)
    done = run_pytest(root, "contracts/maths/half.apr.yaml")
    assert done.returncode == 1, done.stdout
    assert "HALF-FINITE" in done.stdout
    assert "maths:half: Half of it" in text


def test_the_domain_is_narrowed_to_what_works_and_the_refusal_is_claimed(workplace: Workplace, apr: Apr) -> None:
    root, text, _ = draft(workplace, apr, "root")
    assert "x: {real: [0.0, 1000.0]}" in text
    assert "raises: ValueError" in text
    assert "Any x below 0 is refused." in text
    (root / "maths.py").write_text(MATHS.replace("if x < 0:", "if False:"))
    assert outcomes_after_reload(root, "maths/root")["ROOT-REFUSES-X"] == "FALSIFIED"


def outcomes_after_reload(root: Path, contract: str) -> dict[str, str]:
    import importlib
    import sys

    importlib.invalidate_caches()
    del sys.modules["maths"]
    return outcomes(root, contract)


def test_an_order_between_numbers_becomes_a_bound(workplace: Workplace, apr: Apr) -> None:
    _, text, _ = draft(workplace, apr, "choose")
    assert "k: {integer: [0, n]}" in text
    assert "CHOOSE-RANGE" in text


def test_a_planted_fault_is_noticed(workplace: Workplace, apr: Apr) -> None:
    root, text, _ = draft(workplace, apr, "half")
    assert '{id: not-finite, kind: result, of: half, becomes: "result * nan", killed_by: [HALF-FINITE]}' in text
    session = Session(root, Settings(cases=20, database=False))
    found = audit(session, [session.catalog.load("maths/half")])
    assert {control.outcome for control in found.controls} == {"KILLED"}
    assert {row.label for row in found.audited} == {"CONTROLLED"}


def test_defaults_are_left_alone_and_said(workplace: Workplace, apr: Apr) -> None:
    _, text, _ = draft(workplace, apr, "scale")
    assert "# Left at their defaults: by=2.0." in text
    assert "tensor: [columns]" in text
    assert "SCALE-SHAPE" in text


def test_a_guess_is_said_to_be_one(workplace: Workplace, apr: Apr) -> None:
    _, text, _ = draft(workplace, apr, "add")
    assert "# a guess, from its name: it has no annotation" in text


def test_work_in_place_becomes_a_frame(workplace: Workplace, apr: Apr) -> None:
    _, text, _ = draft(workplace, apr, "fill")
    assert "type: frame" in text
    assert "changed: [a]" in text
    assert "unchanged: [value]" in text


def test_what_does_not_repeat_is_a_comment_and_not_a_claim(workplace: Workplace, apr: Apr) -> None:
    root, text, out = draft(workplace, apr, "roll")
    assert "# - id: ROLL-REPEATABLE" in text
    assert "tried, and" in text
    assert "suggestion  Two calls with the same arguments" in out
    assert set(outcomes(root, "maths/roll").values()) == {"HELD"}


def test_suggestions_hold_once_they_are_uncommented(workplace: Workplace, apr: Apr) -> None:
    root, text, _ = draft(workplace, apr, "tidy")
    assert "# - id: TIDY-IDEMPOTENCE" in text
    (root / "contracts/maths/tidy.apr.yaml").write_text(re.sub(r"(?m)^  # (?!Suggestions)", "  ", text))
    assert outcomes(root, "maths/tidy")["TIDY-IDEMPOTENCE"] == "HELD"


def test_a_path_is_never_drawn_as_text(workplace: Workplace, apr: Apr) -> None:
    _, text, _ = draft(workplace, apr, "remove")
    assert "path: {workdir: empty}" in text


def test_literals_keywords_and_text(workplace: Workplace, apr: Apr) -> None:
    _, text, _ = draft(workplace, apr, "label")
    assert "kind: {choice: [plain, bold]}" in text
    assert "label(kind, text, loud=loud)" in text


def test_a_chosen_domain_is_used(workplace: Workplace, apr: Apr) -> None:
    _, text, _ = draft(workplace, apr, "inverse", "--input", "x={real: [1, 2]}")
    assert "x: {real: [1, 2]}" in text


def test_a_chosen_bound_may_name_another_input(workplace: Workplace, apr: Apr) -> None:
    words = ["room={integer: [0, 20]}", "a={integer: [0, room]}", "b={integer: [0, room - a]}"]
    root, text, out = draft(workplace, apr, "crowded", *(part for word in words for part in ("--input", word)))
    assert "b: {integer: [0, room - a]}" in text
    assert "noise" not in out
    assert outcomes(root, "maths/crowded")["CROWDED-RANGE"] == "HELD"


def test_a_finding_is_not_hidden(workplace: Workplace, apr: Apr) -> None:
    _, text, _ = draft(workplace, apr, "inverse")
    assert "# - id: INVERSE-FINITE" in text
    assert "tried, and FALSIFIED" in text


def test_without_a_contracts_folder_the_draft_lies_beside_the_project(workplace: Workplace, apr: Apr) -> None:
    root = workplace({"maths.py": MATHS})
    assert apr("contract", "new", "--subject", "maths:half")[0] == 0
    assert (root / "half.apr.yaml").is_file()


def test_nothing_is_overwritten_without_force(workplace: Workplace, apr: Apr) -> None:
    root = workplace({"maths.py": MATHS, "half.apr.yaml": "mine"})
    code, _, err = apr("contract", "new", "--subject", "maths:half")
    assert code == 2
    assert "half.apr.yaml exists. Overwrite it with --force" in err
    assert (root / "half.apr.yaml").read_text() == "mine"
    assert apr("contract", "new", "--subject", "maths:half", "--force")[0] == 0
    assert (root / "half.apr.yaml").read_text() != "mine"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--subject", "maths.half"], "perhaps 'maths:half'"),
        (["--subject", "maths:hlaf"], "Did you mean 'half'?"),
        (["--subject", "nowhere:half"], "'nowhere'"),
        (["--subject", "os:system"], "may not call"),
        (["--subject", "maths:nothing"], "takes no argument"),
        (["--subject", "maths:never"], "raised RuntimeError: not today"),
        (["--subject", "maths:crowded"], "raises on others; for example"),
        (["--subject", "maths:Opaque"], "nothing that could be claimed about maths:Opaque held"),
        (["--subject", "maths:needs_model"], "no input kind draws a enum.Enum"),
        (["--subject", "maths:half", "--input", "y={real: [0, 1]}"], "has no parameter 'y'"),
        (["--subject", "maths:half", "--input", "x"], "is no domain"),
        (["--subject", "maths:half", "--input", "x={rael: [0, 1]}"], "none that a contract can have"),
        (["--subject", "maths:half", "--output", "half.yaml"], "ends in .apr.yaml"),
    ],
)
def test_what_cannot_be_drafted_is_refused(workplace: Workplace, apr: Apr, words: list[str], text: str) -> None:
    root = workplace({"maths.py": MATHS, "contracts/README": ""})
    code, out, err = apr("contract", "new", *words)
    assert code == 2
    assert text in err
    assert not out
    assert "Traceback" not in err
    assert not list(root.rglob("*.apr.yaml"))
