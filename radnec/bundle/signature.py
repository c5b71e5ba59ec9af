"""The detached signature of a model file, as text, and its proof against a public key."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from radnec._optional import need
from radnec.errors import BundleSignatureError, SigningKeyError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_PURPOSE = "a signature of a model file"
_TEXT = re.compile(
    r"radnec signature 1\nalgorithm: ed25519\nkey: (?P<key>[0-9a-f]{64})\n"
    r"sha256: (?P<sha256>[0-9a-f]{64})\nsignature: (?P<signature>[A-Za-z0-9+/]{86}==)\n"
)
_MOST_BYTES = 1 << 16


def signature_path(model: str | Path) -> Path:
    """Return where the signature of a model file stands.

    Examples
    --------
    >>> signature_path("centre_a.radnec").name
    'centre_a.radnec.sig'
    """
    model = Path(model)
    return model.with_name(f"{model.name}.sig")


def signed_text(data: bytes, key: Ed25519PrivateKey) -> str:
    """Return the signature of a model file's bytes as text.

    What is signed is the text before the signature: the format, the key, and the SHA-256 of the file.

    Parameters
    ----------
    data : bytes
        The model file.
    key : Ed25519PrivateKey
        Who signs.
    """
    text = _statement(fingerprint(key.public_key()), hashlib.sha256(data).hexdigest())
    return f"{text}signature: {base64.b64encode(key.sign(text.encode())).decode()}\n"


def check_signature(data: bytes, model: str | Path, public_key: str | Path) -> str:
    """Check that the file beside a model signs its bytes, by the key asked for and no other.

    Parameters
    ----------
    data : bytes
        The model file, not yet read.
    model, public_key : path-like
        Where it came from, and the public key (PEM).

    Returns
    -------
    str
        Fingerprint of the key.

    Raises
    ------
    radnec.errors.BundleSignatureError
        If there is no signature, or it is damaged, by another key, or of other bytes.
    radnec.errors.SigningKeyError
        If the key cannot be used.
    radnec.errors.MissingDependencyError
        If cryptography is not installed.
    """
    key = read_public_key(public_key)
    place = signature_path(model)
    if not place.is_file():
        raise BundleSignatureError(
            f"{model} has no signature: there is no {place.name} beside it. Get that file from who made the model, or "
            "sign it with radnec sign"
        )
    with place.open("rb") as file:
        found = _TEXT.fullmatch(file.read(_MOST_BYTES).decode("ascii", errors="replace").replace("\r\n", "\n"))
    if found is None:
        raise BundleSignatureError(f"{place} is no signature that radnec wrote, or is damaged; get it again")
    own = fingerprint(key)
    if found["key"] != own:
        raise BundleSignatureError(
            f"{model} is signed by the key {found['key'][:16]}…, not by {own[:16]}… ({public_key}). Use that signer's "
            "public key only if you trust who gave it to you"
        )
    text = _statement(own, hashlib.sha256(data).hexdigest())
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(base64.b64decode(found["signature"]), _statement(own, found["sha256"]).encode())
    except InvalidSignature:
        raise BundleSignatureError(
            f"{place} was not made by the key {own[:16]}…: it is damaged or forged. Do not use the model"
        ) from None
    if not found[0].startswith(text):
        raise BundleSignatureError(
            f"{model} is not the file that was signed: it was changed, or the signature belongs to another model. Get "
            "both again from who made them"
        )
    return own


def read_public_key(path: str | Path) -> Ed25519PublicKey:
    """Read a public key (PEM).

    Raises
    ------
    radnec.errors.SigningKeyError
        If the file holds no public ed25519 key.
    """
    serialization = need("cryptography.hazmat.primitives.serialization", _PURPOSE, "signing")
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    content = read_pem(path)
    if b"PRIVATE KEY" in content:
        raise SigningKeyError(
            f"{path} is a private key, which only the signer should hold; expected the public key (*.pub)"
        )
    try:
        key = serialization.load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise SigningKeyError(f"{path} holds no public ed25519 key in PEM; radnec keys makes a pair")
    return key


def read_pem(path: str | Path) -> bytes:
    """Return the bytes of a key file, which is small."""
    with Path(path).open("rb") as file:
        return file.read(_MOST_BYTES)


def fingerprint(key: Ed25519PublicKey) -> str:
    """Return the SHA-256 of a public key's 32 bytes, in hexadecimal digits."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()


def _statement(key: str, sha256: str) -> str:
    return f"radnec signature 1\nalgorithm: ed25519\nkey: {key}\nsha256: {sha256}\n"
