"""Makes keys, and signs and verifies model files with them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from radnec._optional import need
from radnec.bundle import bundle_of, read_bytes
from radnec.bundle.signature import check_signature, read_pem, signature_path, signed_text
from radnec.errors import SigningKeyError
from radnec.features.unfinished import appearing

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["make_keys", "sign", "verify"]

_PURPOSE = "signing a model file"


def make_keys(private_key: str | Path, *, passphrase: str | None = None) -> tuple[Path, Path]:
    """Make a pair of ed25519 keys; no file is ever overwritten.

    Parameters
    ----------
    private_key : path-like
        Private key to write (PEM, PKCS 8), readable by its owner alone (mode 0600; on Windows as the folder says).
        It stays with who signs. The public key is written beside it, with the ending ``.pub``, for everyone.
    passphrase : str, optional
        Encrypts the private key.

    Returns
    -------
    tuple of pathlib.Path
        The private and the public key.

    Raises
    ------
    radnec.errors.SigningKeyError
        If one of the files exists, the name ends in ``.pub``, or the passphrase is empty.
    radnec.errors.MissingDependencyError
        If cryptography is not installed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in make_keys(f"{folder}/department.key")]
    ['department.key', 'department.pub']
    """
    serialization = need("cryptography.hazmat.primitives.serialization", _PURPOSE, "signing")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if passphrase == "":
        raise SigningKeyError("the passphrase is empty, which locks nothing; give one, or none (unset the variable)")
    private = Path(private_key)
    public = private.with_suffix(".pub")
    if public == private:
        raise SigningKeyError(f"{private} is what the public key will be called; name the private key *.key")
    for path in (private, public):
        # A link that leads nowhere is something too.
        if path.exists() or path.is_symlink():
            raise SigningKeyError(f"{path} exists; a key is never overwritten. Name another file")
    key = Ed25519PrivateKey.generate()
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    lock = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
    _write_new(private, key.private_bytes(pem, pkcs8, lock), mode=0o600)
    told = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    _write_new(public, told, mode=0o644)
    return private, public


def sign(model: str | Path, private_key: str | Path, *, passphrase: str | None = None) -> Path:
    """Sign a model file that can be read; the signature is written beside it as text.

    Parameters
    ----------
    model : path-like
        A ``.radnec`` file.
    private_key : path-like
        Key that :func:`make_keys` wrote.
    passphrase : str, optional
        Of an encrypted key.

    Returns
    -------
    pathlib.Path
        The signature, ``model.radnec.sig``; an earlier one is replaced.

    Raises
    ------
    radnec.errors.BundleError
        If the file is no model.
    radnec.errors.SigningKeyError
        If the key cannot be used.
    radnec.errors.MissingDependencyError
        If cryptography is not installed.
    """
    key = _private_key(private_key, passphrase)
    data = read_bytes(model)
    bundle_of(data, model)
    place = signature_path(model)
    with appearing(place) as part:
        part.write_text(signed_text(data, key), encoding="ascii", newline="\n")
    return place


def verify(model: str | Path, public_key: str | Path) -> str:
    """Check the signature beside a model file; nothing of the model is read.

    Parameters
    ----------
    model : path-like
        A ``.radnec`` file, with its ``.sig``.
    public_key : path-like
        The signer's public key, from a source you trust.

    Returns
    -------
    str
        Fingerprint of the key: SHA-256 of its 32 bytes.

    Raises
    ------
    radnec.errors.BundleSignatureError
        If there is no signature, or it is damaged, by another key, or of another file.
    radnec.errors.SigningKeyError
        If the key cannot be used.
    radnec.errors.MissingDependencyError
        If cryptography is not installed.

    Examples
    --------
    >>> import tempfile, radnec
    >>> from radnec.simulate import simulate_table
    >>> config = radnec.TrainingConfig(candidates=("logistic",), draws=1, random_state=0)
    >>> model = radnec.train(simulate_table(n_patients=30, n_features=10, random_state=0), config)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     private, public = make_keys(f"{folder}/department.key")
    ...     path = model.save(f"{folder}/model.radnec")
    ...     signature = sign(path, private)
    ...     len(verify(path, public)), radnec.load(path, public_key=public).identity_ == model.identity_
    (64, True)
    """
    return check_signature(read_bytes(model), model, public_key)


def _private_key(path: str | Path, passphrase: str | None) -> Ed25519PrivateKey:
    serialization = need("cryptography.hazmat.primitives.serialization", _PURPOSE, "signing")
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    content = read_pem(path)
    locked = b"ENCRYPTED" in content
    if locked and not passphrase:
        raise SigningKeyError(f"{path} is encrypted; give its passphrase (RADNEC_KEY_PASSPHRASE on the command line)")
    try:
        key = serialization.load_pem_private_key(content, passphrase.encode() if locked and passphrase else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        why = "the passphrase does not open it, or it" if locked else "it"
        raise SigningKeyError(
            f"{path} cannot be used: {why} is no private ed25519 key in PEM; radnec keys makes a pair"
        )
    return key


def _write_new(path: Path, content: bytes, *, mode: int) -> None:
    # The mode is that of a file not yet there, so that no one else can open it before it is set.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, mode), "wb") as file:
        file.write(content)
