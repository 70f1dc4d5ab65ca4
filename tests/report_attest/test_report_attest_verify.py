"""Verifying against a project that was judged for real, after every kind of tampering."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from report_attest_project import OUTCOMES, commit, judge
from securesystemslib.signer import CryptoSigner, SSlibKey

from apr_core.errors import AprError
from apr_core.report import attest, dsse
from apr_core.report import verify as verifying
from apr_core.report.json import json_text, read_report
from apr_core.report.run import Run
from apr_core.report.verify import Place, Verification, verify

SIGNER = CryptoSigner.generate_ed25519()


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, with its report; never changed."""
    root = tmp_path_factory.mktemp("judged") / "foreign"
    root.mkdir()
    judge(root)
    return root


@dataclass
class Case:
    """A copy of the project, to be tampered with."""

    root: Path

    @property
    def out(self) -> Path:
        return self.root / "out"

    @property
    def report(self) -> Path:
        return self.out / "report.json"

    @property
    def statement(self) -> Path:
        return self.out / attest.NAME

    @property
    def bundle(self) -> Path:
        return self.out / dsse.NAME

    def sign(self, signer: CryptoSigner = SIGNER, change: Callable[[dict[str, Any]], None] | None = None) -> None:
        """Signs what a report says, or what `change` makes of it."""
        content = json.loads(attest.text_of(attest.statement(read_report(self.report), self.report.read_bytes())))
        if change is not None:
            change(content)
        self.bundle.write_text(dsse.seal(attest.text_of(content), signer), encoding="utf-8")

    def verify(self, key: SSlibKey | None = SIGNER.public_key, **place: Any) -> Verification:
        return verify(Place(self.report, self.root, **place), key)

    def failed(self, key: SSlibKey | None = SIGNER.public_key) -> dict[str, str]:
        """The checks that failed, with what they say."""
        found = self.verify(key)
        failures = {one.check: one.text for one in found.findings if one.state == "FAILED"}
        assert found.verified == (not failures)
        return failures


@pytest.fixture
def case(judged: Path, tmp_path: Path) -> Case:
    shutil.copytree(judged, tmp_path / "foreign")
    return Case(tmp_path / "foreign")


def test_the_run_attests_what_it_found_without_being_asked(case: Case) -> None:
    predicate = json.loads(case.statement.read_text(encoding="utf-8"))["predicate"]
    assert {name: predicate[name] for name in attest.LISTS} == OUTCOMES
    assert predicate["result"] == "FAILED"


def test_an_unsigned_statement_is_verified_and_called_unsigned(case: Case) -> None:
    found = case.verify(None)
    assert found.verified
    assert not found.signed
    assert found.result == "FAILED"
    assert {one.check: one.state for one in found.findings} == {
        "signature": "UNSIGNED", "report": "ok", "outcomes": "ok", "digests": "ok", "contracts": "ok", "evidence": "ok",
        "commit": "ok",
    }  # fmt: skip


def test_a_signed_statement_is_verified_with_the_key_of_its_signer(case: Case) -> None:
    case.sign()
    found = case.verify()
    assert found.verified
    assert found.signed
    assert {one.state for one in found.findings} == {"ok"}


def test_a_key_demands_a_signature(case: Case) -> None:
    assert "there is no signature to check" in case.failed()["signature"]


def test_a_signature_that_nobody_checked_is_no_verification(case: Case) -> None:
    case.sign()
    assert "it was not checked: signed by the key" in case.failed(None)["signature"]
    assert not case.verify(None).signed


def test_another_signer_is_found_out(case: Case) -> None:
    case.sign(CryptoSigner.generate_ed25519())
    assert list(case.failed()) == ["signature"]


def test_one_of_several_signers_is_enough(case: Case) -> None:
    case.sign(CryptoSigner.generate_ed25519())
    case.bundle.write_text(
        dsse.seal(case.statement.read_text(encoding="utf-8"), SIGNER, case.bundle.read_text(encoding="utf-8"))
    )
    assert case.failed() == {}


def test_a_swapped_report_is_named(case: Case) -> None:
    case.sign()
    run = read_report(case.report)
    case.report.write_text(json_text(Run(run.results[:1], run.info)), encoding="utf-8")
    text = case.failed()["report"]
    assert text.startswith("it attests another report: sha256 ")
    assert "outcomes" not in case.failed()  # of another report they say nothing


def test_a_space_in_the_report_is_enough(case: Case) -> None:
    case.sign()
    case.report.write_bytes(case.report.read_bytes() + b" ")
    assert list(case.failed()) == ["report"]


def test_an_envelope_of_another_run_is_named(case: Case) -> None:
    case.sign()
    earlier = case.bundle.read_bytes()
    text = case.report.read_text(encoding="utf-8").replace('"seed": 0', '"seed": 1')
    case.report.write_text(text, encoding="utf-8")
    case.sign()
    assert case.failed() == {}
    case.bundle.write_bytes(earlier)
    assert "it attests another report" in case.failed()["report"]


def test_a_report_and_statement_that_were_both_forged_fail_for_want_of_a_signature(case: Case) -> None:
    case.sign()
    text = case.report.read_text(encoding="utf-8").replace("It is below 50.", "It is below 5000.")
    case.report.write_text(text, encoding="utf-8")
    forged = attest.text_of(attest.statement(read_report(case.report), case.report.read_bytes()))
    case.statement.write_text(forged, encoding="utf-8")
    assert "report" in case.failed()  # the envelope is what counts where there is one
    case.bundle.unlink()
    assert case.failed(None) == {}  # without a key nothing but agreement can be shown
    assert "signature" in case.failed()


def test_a_changed_contract_is_named_with_both_digests(case: Case) -> None:
    case.sign()
    path = case.root / "contracts" / "scores.apr.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("at_least: 0.5", "at_least: 0.4"), encoding="utf-8")
    text = case.failed()["contracts"]
    assert text.startswith("contracts/scores.apr.yaml was changed (sha256 ")
    assert "numbers" not in text


def test_a_contract_that_was_changed_before_attesting_is_not_attested(case: Case) -> None:
    path = case.root / "contracts" / "scores.apr.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("at_least: 0.9", "at_least: 0.7"), encoding="utf-8")
    case.sign()
    assert list(case.failed()) == ["contracts"]


def test_a_missing_contract_is_named(case: Case) -> None:
    case.sign()
    (case.root / "contracts" / "numbers.apr.yaml").unlink()
    assert case.failed() == {"contracts": "contracts/numbers.apr.yaml is missing."}


def test_a_changed_record_is_named_and_a_missing_one_too(case: Case) -> None:
    case.sign()
    path = next((case.root / "falsify" / "evidence").iterdir())
    path.write_text(path.read_text(encoding="utf-8").replace('"passes": 0', '"passes": 1', 1), encoding="utf-8")
    assert case.failed()["evidence"].startswith(f"falsify/evidence/{path.name} was changed (sha256 ")
    path.unlink()
    assert case.failed()["evidence"] == f"falsify/evidence/{path.name} is missing."


def test_records_outside_of_the_project_are_looked_for_where_they_are_said_to_be(case: Case, tmp_path: Path) -> None:
    case.sign()
    (tmp_path / "elsewhere").mkdir()
    path = next((case.root / "falsify" / "evidence").iterdir())
    path.rename(tmp_path / "elsewhere" / path.name)
    assert list(case.failed()) == ["evidence"]
    assert case.verify(evidence=(tmp_path / "elsewhere",)).verified


def test_another_commit_is_said_and_is_no_failure(case: Case) -> None:
    case.sign()
    (case.root / "more.py").write_text("", encoding="utf-8")
    commit(case.root)
    found = case.verify()
    assert found.verified
    assert [(one.state, "is checked out now" in one.text) for one in found.findings if one.check == "commit"] == [
        ("note", True)
    ]


def move(content: dict[str, Any]) -> None:
    content["predicate"]["failedTests"].remove("numbers::SMALL")
    content["predicate"]["passedTests"].append("numbers::SMALL")


def drop(content: dict[str, Any]) -> None:
    content["predicate"]["failedTests"].remove("scores::BEST")


def invent(content: dict[str, Any]) -> None:
    content["predicate"]["passedTests"].append("scores::PERFECT")


def repeat(content: dict[str, Any]) -> None:
    content["predicate"]["passedTests"].append("numbers::EVEN")


def pass_it(content: dict[str, Any]) -> None:
    content["predicate"]["result"] = "PASSED"


def drop_contract(content: dict[str, Any]) -> None:
    del content["subject"][1]


def other_contract(content: dict[str, Any]) -> None:
    content["predicate"]["configuration"][0]["digest"]["sha256"] = "0" * 64


def other_seed(content: dict[str, Any]) -> None:
    content["predicate"]["configuration"][-1]["annotations"]["seed"] = 7


def extra_subject(content: dict[str, Any]) -> None:
    content["subject"].append({"name": "release.bin", "digest": {"gitCommit": "f" * 40}})


@pytest.mark.parametrize(
    ("change", "check", "message"),
    [
        (move, "outcomes", "numbers::SMALL is under passedTests and belongs under failedTests"),
        (drop, "outcomes", "scores::BEST is under no list and belongs under failedTests"),
        (invent, "outcomes", "scores::PERFECT is under passedTests and belongs under none"),
        (repeat, "outcomes", "passedTests names a claim twice"),
        (pass_it, "outcomes", "the result is PASSED and by the report it is FAILED"),
        (drop_contract, "digests", "the subject lacks contracts/numbers.apr.yaml (sha256 "),
        (other_contract, "digests", "the configuration has contracts/numbers.apr.yaml (sha256 000000000000)"),
        (other_seed, "digests", "apr settings differs in seed"),
        (extra_subject, "digests", "the subject has release.bin (gitCommit ffffffffffff)"),
    ],
)
def test_a_signer_who_says_what_the_report_does_not_say_is_contradicted(
    case: Case, change: Callable[[dict[str, Any]], None], check: str, message: str
) -> None:
    case.sign(change=change)
    failed = case.failed()
    assert list(failed) == [check]
    assert message in failed[check]


def test_what_a_later_version_adds_is_ignored(case: Case) -> None:
    """in-toto's parsing rules: unrecognised fields are ignored."""

    def add(content: dict[str, Any]) -> None:
        content["predicate"]["url"] = "https://example.org/run/1"
        content["predicate"]["later"] = content["later"] = {"a": [1]}
        content["subject"][0]["mediaType"] = "application/json"

    case.sign(change=add)
    assert case.failed() == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"_type": "https://in-toto.io/Statement/v0.1"}, "its _type is 'https://in-toto.io/Statement/v0.1'"),
        ({"predicateType": "https://slsa.dev/provenance/v1"}, "its predicateType is 'https://slsa.dev/provenance/v1'"),
        ({"predicate": {}}, "predicate.result: Field required"),
        ({"subject": "all"}, "subject: Input should be a valid list"),
        (
            {"subject": [{"name": "report.json", "digest": {"sha256": 1}}]},
            "subject.0.digest.sha256: Input should be a valid",
        ),
    ],
)
def test_a_payload_of_another_shape_is_named(case: Case, change: dict[str, Any], message: str) -> None:
    case.sign(change=lambda content: content.update(change))
    assert message in case.failed()["statement"]


def test_a_signed_payload_that_is_no_json_is_named(case: Case) -> None:
    from securesystemslib.dsse import Envelope

    for payload, message in ((b"{", "this is not JSON"), (b"\xff", "is not UTF-8 text")):
        envelope = Envelope(payload, dsse.PAYLOAD_TYPE, {})
        envelope.sign(SIGNER)
        case.bundle.write_text(json.dumps(envelope.to_dict()), encoding="utf-8")
        assert message in case.failed()["statement"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "/dev/zero", "a\x00b", "contracts", "x" * 5_000, "\x1b[31m"])
def test_a_name_that_leads_nowhere_fails_without_harm(case: Case, name: str) -> None:
    case.sign(change=lambda content: content["subject"].append({"name": name, "digest": {"sha256": "0" * 64}}))
    failed = case.failed()
    assert set(failed) == {"digests", "evidence"}
    assert "\x1b" not in "".join(failed.values())


def test_a_cut_off_or_empty_file_is_named(case: Case) -> None:
    case.sign()
    whole = case.bundle.read_bytes()
    for content in (b"", b"\n", whole[:-20], whole[:1], b"\xff\xfe" + whole):
        case.bundle.write_bytes(content)
        assert "signature" in case.failed()


def test_one_good_line_of_a_bundle_is_enough_and_bad_ones_are_not(case: Case) -> None:
    case.sign()
    good = case.bundle.read_text(encoding="utf-8")
    other = dsse.seal(attest.text_of({"predicateType": "https://slsa.dev/provenance/v1"}), SIGNER)
    case.bundle.write_text(f"garbage\n{other}{good}", encoding="utf-8")
    assert case.failed() == {}
    case.bundle.write_text(f"garbage\n{other}", encoding="utf-8")
    assert "signature" in case.failed()


def test_no_byte_of_an_unsigned_statement_can_be_flipped_unnoticed(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    revision = verifying.revision(case.root)
    monkeypatch.setattr(verifying, "revision", lambda root: revision)  # git has no part in this, and takes its time
    whole = case.statement.read_bytes()
    rng = random.Random(0)
    for index in range(0, len(whole), 3):
        changed = bytearray(whole)
        changed[index] ^= 1 << rng.randrange(8)
        case.statement.write_bytes(changed)
        found = case.verify(None)
        assert not found.verified or json.loads(changed) == json.loads(whole), (
            index,
            bytes(changed[index - 9 : index + 9]),
        )


def test_without_an_attestation_the_way_to_one_is_said(case: Case) -> None:
    case.statement.unlink()
    with pytest.raises(AprError, match=r"there is no attestation beside .*`apr report attest "):
        case.verify()


def test_without_a_report_nothing_can_be_said(case: Case) -> None:
    case.report.unlink()
    with pytest.raises(AprError, match=r"cannot read .*report\.json"):
        case.verify()


def test_a_report_that_is_none_is_named_though_it_is_the_one_that_is_attested(case: Case) -> None:
    def attest_garbage(content: dict[str, Any]) -> None:
        content["subject"][0]["digest"]["sha256"] = verifying.digest_bytes(b"garbage")

    case.sign(change=attest_garbage)
    case.report.write_bytes(b"garbage")
    assert "the report cannot be read" in case.failed()["outcomes"]


def test_what_has_no_digest_is_said_to_be_left_out(case: Case) -> None:
    data = json.loads(case.report.read_text(encoding="utf-8"))
    data["records"] = []
    case.report.write_text(json.dumps(data), encoding="utf-8")
    case.sign()
    notes = [one.text for one in case.verify().findings if one.state == "note"]
    assert len(notes) == 1
    assert notes[0].startswith("not covered, because the report has no digest of them: bench-toy-undated-")
