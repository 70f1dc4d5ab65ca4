"""Signatures: in-toto statements in DSSE envelopes, one to a line of `report.json.intoto.jsonl`. Needs the extra `report`.

DSSE is specified at https://github.com/secure-systems-lab/dsse; the file name and the layout are those of in-toto's bundles.
The one thing a reader would get wrong: a key id is a hint and proves nothing. An envelope is trusted when the public key
that the reader brings along verifies a signature over the payload and its type, and for no other reason.
"""

from __future__ import annotations

import base64
import binascii
import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from apr_core.errors import AprError, UsageError
from apr_core.files import parse_json, read_text
from apr_core.report.attest import PREDICATE
from apr_core.report.json import NAME as REPORT
from apr_core.report.text import clean

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner, SSlibKey

NAME = f"{REPORT}.intoto.jsonl"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
PASSPHRASE = "APR_KEY_PASSPHRASE"
"""The environment variable that opens an encrypted private key."""
_KEY_BYTES = 64 * 2**10
_MAKE = "openssl genpkey -algorithm ed25519 -out key.pem"
_HALVE = "openssl pkey -in key.pem -pubout -out key.pub.pem"


class _Signature(BaseModel):
    model_config = ConfigDict(strict=True)
    keyid: str
    sig: str


class _Envelope(BaseModel):
    """The parts of an envelope; further ones are allowed, as DSSE says, and nothing reads them."""

    model_config = ConfigDict(strict=True)
    payload: str
    payloadType: str  # noqa: N815 - the name in the format
    signatures: list[_Signature]


@dataclass(frozen=True, slots=True)
class Sealed:
    """One envelope, taken apart. Nothing in it is to be believed before `fault` found nothing."""

    payload: bytes
    payload_type: str
    key_ids: tuple[str, ...]
    data: dict[str, Any]
    """The envelope as JSON data."""

    def fault(self, key: SSlibKey) -> str:
        """Why no signature of `key` can be relied on, in a sentence, or nothing when one can."""
        if self.payload_type != PAYLOAD_TYPE:
            return (
                f"the signed payload is of type {self.payload_type!r} and not {PAYLOAD_TYPE!r}: it was signed as "
                "something else, or the type was changed."
            )
        if not self.key_ids:
            return "the envelope has no signature."
        if _verified(self.data, key):
            return ""
        named = ", ".join(short(identity) for identity in self.key_ids)
        if key.keyid in self.key_ids:
            return (
                f"the signature under the key id {short(key.keyid)} does not fit: the payload, its type or the signature "
                "was changed after signing, or another key signed."
            )
        renamed = [{"keyid": key.keyid, "sig": one["sig"]} for one in self.data["signatures"]]
        if any(_verified(self.data | {"signatures": [one]}, key) for one in renamed):
            return f"the signature is of this key, {short(key.keyid)}, but the key id was changed: it says {named}."
        return f"it is signed by the key {named}, and the key given is {short(key.keyid)}."


def short(key_id: str) -> str:
    """As much of a key id as tells keys apart, fit to print."""
    return clean(key_id[:16]) or "(none)"


def _verified(data: dict[str, Any], key: SSlibKey) -> bool:
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import VerificationError

    try:
        Envelope.from_dict(copy.deepcopy(data)).verify([key], 1)
    except (VerificationError, ValueError):  # ValueError: two signatures under one key id
        return False
    return True


def read_envelope(line: str, path: Path) -> Sealed:
    """The envelope that one line of a bundle holds.

    Raises:
        AprError: the line is cut off, is no JSON or no DSSE envelope, or its base64 is not in the one form that it has.
    """
    data = parse_json(line, path)
    try:
        found = _Envelope.model_validate(data)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, problem["loc"])) or "the line"
        raise AprError(f"{path}: this is no DSSE envelope: {place}: {problem['msg']}.") from None
    payload = _decoded(found.payload, "payload", path)
    for signature in found.signatures:
        _decoded(signature.sig, "signature", path)
    ids = tuple(signature.keyid for signature in found.signatures)
    return Sealed(payload, found.payloadType, ids, found.model_dump())


def _decoded(text: str, what: str, path: Path) -> bytes:
    """The bytes of `text`. Base64 can spell one content in several ways, and a decoder takes them all: here only the first."""
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if base64.b64encode(content).decode() != text:
        raise AprError(f"{path}: the {what} of the envelope is not standard base64: it was cut off or changed.")
    return content


def seal(payload: str, signer: CryptoSigner, bundle: str = "") -> str:
    """A bundle with `payload` signed. Of the lines of `bundle` other attestations stay, and so do other signatures on this one.

    An earlier test result makes way: it is of a report that is no longer there.
    """
    from securesystemslib.dsse import Envelope

    envelope = Envelope(payload.encode(), PAYLOAD_TYPE, {})
    kept = []
    for line in filter(str.strip, bundle.split("\n")):
        found = _test_result(line)
        if found is None:
            kept.append(line)
        elif found.payload == envelope.payload:
            envelope = Envelope.from_dict(copy.deepcopy(found.data))
    envelope.sign(signer)
    return "\n".join([*kept, json.dumps(envelope.to_dict())]) + "\n"


def _test_result(line: str) -> Sealed | None:
    """The envelope in a line, if it holds a test result."""
    try:
        found = read_envelope(line, Path(NAME))
        content = parse_json(found.payload.decode(), Path(NAME))
    except (AprError, UnicodeDecodeError):
        return None
    return found if isinstance(content, dict) and content.get("predicateType") == PREDICATE else None


def private_key(path: Path, passphrase: Callable[[], bytes]) -> CryptoSigner:
    """The signer for a private key in PEM: Ed25519 or ECDSA over P-256, P-384 or P-521. `passphrase` is asked if need be.

    Raises:
        AprError: the file cannot be read or the extra is not installed.
        UsageError: there is no such private key in it, or the passphrase does not open it.
    """
    _demand_library()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.signer import CryptoSigner

    content = read_text(path, _KEY_BYTES).encode()
    if b"PUBLIC KEY-----" in content:
        raise UsageError(f"{path} holds a public key, and a signature is made with the private one.")
    try:
        try:
            key = load_pem_private_key(content, None)
        except TypeError:  # it is encrypted
            key = load_pem_private_key(content, passphrase())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # TypeError: the passphrase is empty
        raise UsageError(
            f"{path} holds no private key that can be read here: {_first(error)}. Is it PEM, and the passphrase right? "
            f"`{_MAKE}` makes a key."
        ) from None
    _demand_signing(key, path)
    return CryptoSigner(key)


def public_key(path: Path) -> SSlibKey:
    """The public key in a PEM file, of one of the kinds that `private_key` takes.

    Raises:
        AprError: the file cannot be read or the extra is not installed.
        UsageError: there is no such public key in it.
    """
    _demand_library()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from securesystemslib.signer import SSlibKey

    content = read_text(path, _KEY_BYTES).encode()
    if b"PRIVATE KEY-----" in content:
        raise UsageError(f"{path} holds a private key, and a signature is verified with its public half: `{_HALVE}`.")
    try:
        key = load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UsageError(
            f"{path} holds no public key that can be read here: {_first(error)}. It must be PEM, as from `{_HALVE}`."
        ) from None
    _demand_signing(key, path)
    return SSlibKey.from_crypto(key)


def _demand_signing(key: object, path: Path) -> None:
    """Refuse the keys that are not for signing, and those for which DSSE readers know no scheme."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    if isinstance(key, ed25519.Ed25519PrivateKey | ed25519.Ed25519PublicKey):
        return
    if isinstance(key, ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey):
        if isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1 | ec.SECP521R1):
            return
        raise UsageError(f"{path} holds a key on the curve {key.curve.name}; P-256, P-384 and P-521 can be used.")
    kind = type(key).__name__.removesuffix("PrivateKey").removesuffix("PublicKey")
    raise UsageError(f"{path} holds a key of the kind {kind}; Ed25519 and ECDSA can be used. `{_MAKE}` makes one.")


def _first(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")[:200]


def _demand_library() -> None:
    try:
        import cryptography  # noqa: F401
        import securesystemslib.signer  # noqa: F401
    except ImportError as error:
        raise AprError(
            f"signing and verifying need {error.name}, which is not installed: pip install 'apr-core[report]'"
        ) from None
