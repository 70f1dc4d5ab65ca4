"""`apr power`: published sample sizes, the words around them, and questions that no number answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from apr_core.cli import main


def ask(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["power", *words]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(("discordance", "needed"), [("0.03", 464), ("0.05", 773), ("0.1", 1546)])
def test_paired(discordance: str, needed: int, capsys: pytest.CaptureFixture[str]) -> None:
    text = ask(capsys, "paired", "--margin", "0.02", "--discordance", discordance)
    assert text.startswith(f"{needed:,} problems show that the candidate loses less than 2 points")
    assert f"{needed:,} <- assumed" in text


def test_unpaired_takes_more(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(capsys, "unpaired", "--p", "0.87", "--margin", "0.02").startswith("3,497 problems per arm")


@pytest.mark.parametrize("share", ["0.02", "2%", "2/100"])
def test_shares_are_written_in_three_ways(share: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(capsys, "paired", "--margin", share, "--discordance", "5%").startswith("773 ")


def test_line_says_on_which_side(capsys: pytest.CaptureFixture[str]) -> None:
    assert "lies above the line of 85 %" in ask(capsys, "line", "--p", "0.87", "--line", "0.85")
    assert "lies below the line of 85 %" in ask(capsys, "line", "--p", "0.8", "--line", "0.85")


def test_runs_need_at_least_three(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(capsys, "runs", "--sd", "0.001", "--difference", "0.02").startswith("3 training runs per arm")
    assert ask(capsys, "runs", "--sd", "0.01", "--difference", "0.02").startswith("4 training runs per arm")


def test_margin_is_the_inverse_of_paired(capsys: pytest.CaptureFixture[str]) -> None:
    answer = json.loads(ask(capsys, "margin", "--n", "773", "--discordance", "0.05", "--json"))
    assert answer["needed"] == pytest.approx(0.02, abs=2e-5)


def test_superiority_and_a_true_gain_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(ask(capsys, "paired", "--margin", "0", "--discordance", "0.05", "--difference", "0.02").split())
    assert "the candidate is better, with 80 % power" in text
    assert "it is truly 2 points better" in text


def test_the_table_leaves_out_what_is_impossible(capsys: pytest.CaptureFixture[str]) -> None:
    answer = json.loads(
        ask(capsys, "paired", "--margin", "0.06", "--discordance", "0.1", "--difference", "-0.04", "--json")
    )
    assert [row["discordance"] for row in answer["table"]] == [0.05, 0.1, 0.2]


def test_json_alone_on_stdout_and_beside_the_text_in_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["paired", "--margin", "0.02", "--discordance", "0.05"]
    printed = json.loads(ask(capsys, *words, "--json"))
    text = ask(capsys, *words, "--json", str(tmp_path / "power.json"))
    assert text.startswith("773 problems")
    assert json.loads((tmp_path / "power.json").read_text()) == printed
    assert printed["needed"] == 773
    assert printed["assumptions"] == {
        "margin": 0.02,
        "discordance": 0.05,
        "difference": 0.0,
        "alpha": 0.05,
        "power": 0.8,
    }


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            ["paired", "--margin", "0.02", "--discordance", "0.05", "--difference", "-0.03"],
            "no number of problems shows it",
        ),
        (["paired", "--margin", "2", "--discordance", "0.05"], "margin is 2.0"),
        (["line", "--p", "0.85", "--line", "0.85"], "tells them apart"),
        (["line", "--p", "0.85"], "--line"),
        (["runs", "--sd", "0.01"], "--difference"),
        (["margin", "--n", "0", "--discordance", "0.05"], "'0' is no count"),
        (["margin", "--n", "164", "--discordance", "five"], "'five' is no number"),
        (["paired", "--margin", "0.02", "--discordance", "0.05", "--json", "/"], "this is a folder"),
        (["paired", "--margin", "0.02", "--discordance", "0.05", "--json", "no/such/x.json"], "does not exist"),
    ],
)
def test_questions_without_an_answer(words: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["power", *words]) == 2
    assert text in capsys.readouterr().err
