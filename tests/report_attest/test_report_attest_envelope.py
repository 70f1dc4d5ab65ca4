"""Signing: what an envelope proves, and to whom; and every way in which it proves nothing says which."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from securesystemslib.signer import CryptoSigner, SSlibKey

from apr_core.errors import AprError, UsageError
from apr_core.report import attest, dsse

STATEMENT = attest.text_of({"predicateType": attest.PREDICATE, "subject": [], "name": "Ω"})
HERE = Path("report.json.intoto.jsonl")

KINDS: dict[str, Callable[[], object]] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
}


def never() -> bytes:
    raise AssertionError("no passphrase is needed")


def written(folder: Path, key: object, passphrase: bytes | None = None, name: str = "key") -> tuple[Path, Path]:
    """The files of a private key and of its public half."""
    lock = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    private, public = folder / f"{name}.pem", folder / f"{name}.pub.pem"
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(pem, pkcs8, lock))  # type: ignore[attr-defined]
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    public.write_bytes(key.public_key().public_bytes(pem, spki))  # type: ignore[attr-defined]
    return private, public


@pytest.fixture(scope="module")
def signer() -> CryptoSigner:
    return CryptoSigner.generate_ed25519()


@pytest.fixture(scope="module")
def line(signer: CryptoSigner) -> str:
    return dsse.seal(STATEMENT, signer).rstrip("\n")


def fault(text: str, key: SSlibKey) -> str:
    """Why an envelope proves nothing, however it is found out."""
    try:
        sealed = dsse.read_envelope(text, HERE)
    except AprError as error:
        return str(error)
    return sealed.fault(key)


def edited(line: str, **fields: object) -> str:
    return json.dumps(json.loads(line) | fields)


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_of_each_kind_signs_and_its_public_half_verifies(kind: str, tmp_path: Path) -> None:
    private, public = written(tmp_path, KINDS[kind]())
    bundle = dsse.seal(STATEMENT, dsse.private_key(private, never))
    assert bundle.endswith("\n")
    assert bundle.count("\n") == 1
    sealed = dsse.read_envelope(bundle, HERE)
    assert sealed.payload.decode() == STATEMENT
    assert sealed.fault(dsse.public_key(public)) == ""
    assert sealed.fault(CryptoSigner.generate_ed25519().public_key) != ""


def test_the_signature_is_over_the_encoding_that_dsse_prescribes(tmp_path: Path) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    data = json.loads(dsse.seal(STATEMENT, dsse.private_key(written(tmp_path, key)[0], never)))
    body, kind = STATEMENT.encode(), b"application/vnd.in-toto+json"
    encoded = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)
    key.public_key().verify(base64.b64decode(data["signatures"][0]["sig"]), encoded)  # would raise
    assert data["payloadType"].encode() == kind
    assert base64.b64decode(data["payload"]) == body


def test_the_signature_of_an_ecdsa_key_verifies_outside_of_the_library(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    data = json.loads(dsse.seal(STATEMENT, dsse.private_key(written(tmp_path, key)[0], never)))
    body, kind = STATEMENT.encode(), b"application/vnd.in-toto+json"
    encoded = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)
    key.public_key().verify(base64.b64decode(data["signatures"][0]["sig"]), encoded, ec.ECDSA(hashes.SHA256()))


def test_an_encrypted_key_opens_with_its_passphrase_alone(tmp_path: Path) -> None:
    private, public = written(tmp_path, ed25519.Ed25519PrivateKey.generate(), "gehölz".encode())
    opened = dsse.private_key(private, "gehölz".encode)
    assert opened.public_key.keyid == dsse.public_key(public).keyid
    for wrong in (b"geholz", b""):
        with pytest.raises(UsageError, match=r"holds no private key that can be read here.*the passphrase right"):
            dsse.private_key(private, lambda wrong=wrong: wrong)  # type: ignore[misc]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl to make keys with")
@pytest.mark.parametrize("algorithm", ["ed25519", "EC -pkeyopt ec_paramgen_curve:P-256"])
def test_keys_of_openssl_are_read(algorithm: str, tmp_path: Path) -> None:
    make = ["openssl", "genpkey", "-algorithm", *algorithm.split(), "-out", "key.pem"]
    subprocess.run(make, cwd=tmp_path, check=True, capture_output=True)
    halve = ["openssl", "pkey", "-in", "key.pem", "-pubout", "-out", "key.pub.pem"]
    subprocess.run(halve, cwd=tmp_path, check=True, capture_output=True)
    sealed = dsse.read_envelope(dsse.seal(STATEMENT, dsse.private_key(tmp_path / "key.pem", never)), HERE)
    assert sealed.fault(dsse.public_key(tmp_path / "key.pub.pem")) == ""


UNFIT: dict[str, Callable[[], object]] = {
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
    "DSA": lambda: dsa.generate_private_key(1024),
    "X25519": x25519.X25519PrivateKey.generate,
    "Ed448": ed448.Ed448PrivateKey.generate,
    "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
}


@pytest.mark.parametrize("kind", UNFIT)
def test_a_key_of_another_kind_is_refused_by_name(kind: str, tmp_path: Path) -> None:
    private, public = written(tmp_path, UNFIT[kind]())
    with pytest.raises(UsageError, match=f"(of the kind|on the curve) .*{kind}.* can be used"):
        dsse.private_key(private, never)
    with pytest.raises(UsageError, match=f"(of the kind|on the curve) .*{kind}.* can be used"):
        dsse.public_key(public)


def test_the_wrong_half_of_a_key_is_refused(tmp_path: Path) -> None:
    private, public = written(tmp_path, ed25519.Ed25519PrivateKey.generate())
    with pytest.raises(UsageError, match="holds a public key, and a signature is made with the private one"):
        dsse.private_key(public, never)
    with pytest.raises(UsageError, match=r"holds a private key, .*openssl pkey -in key.pem -pubout"):
        dsse.public_key(private)


@pytest.mark.parametrize(
    "content", [b"", b"not a key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_file_without_a_key_is_wrong_use(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(content)
    with pytest.raises(UsageError, match="holds no private key that can be read here"):
        dsse.private_key(tmp_path / "key.pem", never)
    (tmp_path / "key.pem").write_bytes(content.replace(b"PRIVATE", b"PUBLIC"))
    with pytest.raises(UsageError, match="holds no public key that can be read here"):
        dsse.public_key(tmp_path / "key.pem")


@pytest.mark.parametrize("package", ["cryptography", "securesystemslib.signer"])
def test_without_the_extra_the_way_to_it_is_said(package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    for load in (lambda: dsse.private_key(tmp_path / "key.pem", never), lambda: dsse.public_key(tmp_path / "key.pem")):
        with pytest.raises(AprError, match=r"which is not installed: pip install 'apr-core\[report\]'"):
            load()


def test_no_byte_of_an_envelope_can_be_flipped_unnoticed(line: str, signer: CryptoSigner) -> None:
    whole = line.encode()
    assert fault(line, signer.public_key) == ""
    for index, bit in itertools.product(range(len(whole)), range(7)):  # seven: the text stays ASCII
        changed = bytearray(whole)
        changed[index] ^= 1 << bit
        assert fault(changed.decode("ascii"), signer.public_key), (index, bytes(changed[max(index - 5, 0) : index + 5]))


def test_no_envelope_is_good_that_was_cut_off(line: str, signer: CryptoSigner) -> None:
    for length in range(len(line)):
        assert fault(line[:length], signer.public_key)
    assert "is it truncated?" in fault(line[: len(line) // 2], signer.public_key)


def test_base64_that_only_decodes_to_the_same_is_refused(line: str, signer: CryptoSigner) -> None:
    payload = json.loads(line)["payload"]
    for other in (
        payload + "\n",
        payload.rstrip("=") + "====",
        f" {payload}",
        payload.replace("+", "-").replace("/", "_") + "!",
    ):
        assert "the payload of the envelope is not standard base64" in fault(
            edited(line, payload=other), signer.public_key
        )


def test_another_key_is_named_with_both_ids(line: str, signer: CryptoSigner) -> None:
    other = CryptoSigner.generate_ed25519().public_key
    own = signer.public_key.keyid[:16]
    assert fault(line, other) == f"it is signed by the key {own}, and the key given is {other.keyid[:16]}."


def test_another_key_under_the_same_id_is_found_out(line: str, signer: CryptoSigner) -> None:
    other = CryptoSigner.generate_ed25519().public_key
    posing = SSlibKey(signer.public_key.keyid, other.keytype, other.scheme, other.keyval)
    assert "does not fit" in fault(line, posing)


def test_a_changed_key_id_is_told_from_another_key(line: str, signer: CryptoSigner) -> None:
    signature = json.loads(line)["signatures"][0]
    text = fault(edited(line, signatures=[signature | {"keyid": "0" * 64}]), signer.public_key)
    assert text == (
        f"the signature is of this key, {signer.public_key.keyid[:16]}, but the key id was changed: it says {'0' * 16}."
    )


def test_a_changed_payload_does_not_fit(line: str, signer: CryptoSigner) -> None:
    other = base64.b64encode(STATEMENT.replace("subject", "subjekt").encode()).decode()
    assert "the payload, its type or the signature was changed" in fault(edited(line, payload=other), signer.public_key)


def test_a_signature_over_the_same_bytes_as_something_else_proves_nothing(signer: CryptoSigner) -> None:
    from securesystemslib.dsse import Envelope

    envelope = Envelope(STATEMENT.encode(), "text/plain", {})
    envelope.sign(signer)
    said = json.dumps(envelope.to_dict())
    assert "the signed payload is of type 'text/plain'" in fault(said, signer.public_key)
    relabelled = edited(said, payloadType=dsse.PAYLOAD_TYPE)
    assert "does not fit" in fault(relabelled, signer.public_key)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "this is no DSSE envelope: the line:"),
        ("{}", "payload: Field required"),
        ('{"payload": "", "payload": "", "payloadType": "", "signatures": []}', "the key 'payload' is given twice"),
        ('{"payload": 1, "payloadType": "", "signatures": []}', "payload: Input should be a valid string"),
        ('{"payload": "", "payloadType": "", "signatures": [{"sig": ""}]}', "signatures.0.keyid: Field required"),
        ("NaN", "NaN is not a number that JSON has"),
    ],
)
def test_what_is_no_envelope_says_why(content: str, message: str) -> None:
    with pytest.raises(AprError) as caught:
        dsse.read_envelope(content, HERE)
    assert message in str(caught.value)


def test_an_envelope_without_signatures_says_so(line: str, signer: CryptoSigner) -> None:
    assert fault(edited(line, signatures=[]), signer.public_key) == "the envelope has no signature."


def test_a_second_signer_joins_the_first(line: str, signer: CryptoSigner) -> None:
    second = CryptoSigner.generate_ecdsa()
    both = dsse.seal(STATEMENT, second, line)
    assert len(both.splitlines()) == 1
    for key in (signer.public_key, second.public_key):
        assert fault(both, key) == ""
    again = dsse.seal(STATEMENT, second, both)
    assert len(json.loads(again)["signatures"]) == 2


def test_other_attestations_stay_and_that_of_an_earlier_report_goes(signer: CryptoSigner) -> None:
    provenance = dsse.seal(attest.text_of({"predicateType": "https://slsa.dev/provenance/v1"}), signer).rstrip("\n")
    earlier = dsse.seal(attest.text_of({"predicateType": attest.PREDICATE, "subject": ["earlier"]}), signer).rstrip(
        "\n"
    )
    kept = dsse.seal(STATEMENT, signer, f"{provenance}\nno envelope\n{earlier}\n").splitlines()
    assert kept[:2] == [provenance, "no envelope"]
    assert [dsse.read_envelope(kept[2], HERE).payload.decode()] == [STATEMENT]
    assert len(kept) == 3
