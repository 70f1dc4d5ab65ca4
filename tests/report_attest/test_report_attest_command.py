"""`apr report attest` and `apr report verify` as they are typed, on a project that was judged for real."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from report_attest_project import judge

from apr_core.cli import main


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("judged") / "foreign"
    root.mkdir()
    judge(root)
    return root


@pytest.fixture
def here(judged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project with keys in it, as the working folder."""
    root = tmp_path / "foreign"
    shutil.copytree(judged, root)
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key = Ed25519PrivateKey.generate()
    (root / "key.pem").write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    (root / "locked.pem").write_bytes(
        key.private_bytes(pem, pkcs8, serialization.BestAvailableEncryption(b"open sesame"))
    )
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    (root / "key.pub.pem").write_bytes(key.public_key().public_bytes(pem, spki))
    monkeypatch.chdir(root)
    monkeypatch.delenv("APR_KEY_PASSPHRASE", raising=False)
    return root


def test_sign_and_verify(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "attest", "out", "--key", "key.pem"]) == 0
    assert capsys.readouterr().out.startswith("out/report.json.intoto.jsonl: signed by the key ")
    assert main(["report", "verify", "out", "--key", "key.pub.pem"]) == 0
    text = capsys.readouterr().out
    assert "  signature  ok" in text
    assert text.endswith("\n\nverified; the run that it attests came out FAILED.\n")
    assert all(len(line) <= 100 for line in text.splitlines())


def test_a_change_afterwards_is_1_and_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "attest", "out/report.json", "--key", "key.pem"]) == 0
    with (here / "contracts" / "numbers.apr.yaml").open("a", encoding="utf-8") as file:
        file.write("# a harmless word\n")
    capsys.readouterr()
    assert main(["report", "verify", "out", "--key", "key.pub.pem"]) == 1
    text = capsys.readouterr().out
    assert "contracts  FAILED    contracts/numbers.apr.yaml was changed" in text
    assert text.endswith("NOT VERIFIED: 1 of 7 checks failed.\n")


def test_without_a_key_it_is_called_unsigned_loudly(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "attest", "out"]) == 0
    assert "not signed, so anybody could have written it" in capsys.readouterr().out
    assert main(["report", "verify", "out"]) == 0
    text = capsys.readouterr().out
    assert "  signature  UNSIGNED" in text
    assert "\nUNSIGNED, but the files agree with each other" in text


def test_the_answer_as_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "verify", "out", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["verified"], found["signed"], found["result"]) == (True, False, "FAILED")
    assert found["findings"][0]["state"] == "UNSIGNED"
    assert found["file"] == "out/report.intoto.json"


def test_the_statement_beside_the_report_is_what_is_signed(here: Path) -> None:
    import base64

    (here / "out" / "report.intoto.json").unlink()
    assert main(["report", "attest", "out", "--key", "key.pem"]) == 0
    envelope = json.loads((here / "out" / "report.json.intoto.jsonl").read_text(encoding="utf-8"))
    assert base64.b64decode(envelope["payload"]) == (here / "out" / "report.intoto.json").read_bytes()


def test_an_encrypted_key_is_opened_from_the_environment(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APR_KEY_PASSPHRASE", "open sesame")
    assert main(["report", "attest", "out", "--key", "locked.pem"]) == 0
    assert main(["report", "verify", "out", "--key", "key.pub.pem"]) == 0
    monkeypatch.setenv("APR_KEY_PASSPHRASE", "open barley")
    assert main(["report", "attest", "out", "--key", "locked.pem"]) == 2
    assert "is it pem, and the passphrase right?" in capsys.readouterr().err.lower()


def test_an_encrypted_key_is_opened_by_who_sits_there(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    asked: list[str] = []
    monkeypatch.setattr("getpass.getpass", lambda prompt: asked.append(prompt) or "open sesame")
    assert main(["report", "attest", "out", "--key", "locked.pem"]) == 0
    assert asked == ["Passphrase of the key: "]


def test_an_encrypted_key_with_nobody_to_ask_is_2(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert main(["report", "attest", "out", "--key", "locked.pem"]) == 2
    assert "put its passphrase into APR_KEY_PASSPHRASE" in capsys.readouterr().err
    assert not (here / "out" / "report.json.intoto.jsonl").exists()


def test_a_project_elsewhere_is_named_with_root(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["report", "verify", str(here / "out"), "--root", str(here)]) == 0
    assert main(["report", "verify", str(here / "out"), "--root", str(here / "out")]) == 1
    assert "contracts/numbers.apr.yaml is missing" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["attest"], "the following arguments are required: FILE|DIR"),
        (["attest", "nowhere"], "cannot read nowhere"),
        (["attest", "out", "--key", "nowhere.pem"], "cannot read nowhere.pem"),
        (["attest", "out", "--key", "key.pub.pem"], "holds a public key"),
        (["verify", "contracts"], "cannot read contracts/report.json"),
        (["verify", "out", "--key", "key.pem"], "holds a private key"),
        (["verify", "out", "--root", "nowhere"], "--root nowhere: there is no such folder"),
        (["verify", "out", "--evidence", "nowhere"], "--evidence nowhere: there is no such folder"),
    ],
)
def test_wrong_use_is_one_paragraph_and_2(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["report", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_what_no_statement_can_cover_is_said_when_it_is_made(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = here / "out" / "report.json"
    data = json.loads(report.read_text(encoding="utf-8"))
    data["records"] = []
    report.write_text(json.dumps(data), encoding="utf-8")
    assert main(["report", "attest", "out"]) == 0
    assert "not covered, because the report has no digest of them: bench-toy-undated-" in capsys.readouterr().err
