"""The manifest of a model file: which parts there are, by whom written, and their hashes."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from radnec.bundle.archive import refusing
from radnec.bundle.texts import bytes_to_text
from radnec.errors import BundleFormatError, BundleHashError, BundlePathError, BundleVersionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
PARTS = (
    "pipeline.skops",
    "extraction.yaml",
    "training.yaml",
    "reference.parquet",
    "card.md",
    "canary.parquet",
)
OPTIONAL = frozenset({"extraction.yaml"})

_LIBRARIES = ("radnec", "numpy", "pandas", "pyarrow", "scikit-learn", "skops")


def manifest_to_bytes(given: Mapping[str, Any], *, digests: Mapping[str, Any], parts: Mapping[str, bytes]) -> bytes:
    """Return the manifest as JSON: what was given, with format version, library versions, digests and hashes.

    Parameters
    ----------
    given : mapping
        The caller's entries, plain JSON.
    digests : mapping of str to str or None
        Digests of the settings.
    parts : mapping of str to bytes
        The other parts of the file.

    Returns
    -------
    bytes
        JSON with sorted keys, UTF-8.

    Raises
    ------
    radnec.errors.BundleFormatError
        If `given` is not plain JSON (NaN is not).

    Examples
    --------
    >>> content = manifest_to_bytes({"features": ["volume_cc"]}, digests={}, parts={"card.md": b"# Model"})
    >>> read_manifest(content)["features"]
    ['volume_cc']
    """
    manifest = dict(given) | {
        "format_version": FORMAT_VERSION,
        "versions": {"python": platform.python_version()} | {name: version(name) for name in _LIBRARIES},
        "digests": dict(digests),
        "sha256": {name: _sha256(content) for name, content in parts.items()},
    }
    try:
        return json.dumps(manifest, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError) as error:
        raise BundleFormatError(
            f"the manifest is not plain JSON ({error}); use str, int, float, bool, None, list and dict "
            "with text keys, and None for NaN"
        ) from error


def read_manifest(content: bytes) -> dict[str, Any]:
    """Parse a manifest of a format version that this radnec reads.

    Raises
    ------
    radnec.errors.BundleVersionError
        If a newer radnec format wrote it; the message says how to upgrade.
    radnec.errors.BundleFormatError
        If it is no manifest.

    Examples
    --------
    >>> read_manifest(b'{"format_version": 99}')
    Traceback (most recent call last):
    ...
    radnec.errors.BundleVersionError: the model has format version 99, written by radnec (unknown); ...
    """
    text = bytes_to_text(content, name=MANIFEST)
    with refusing(MANIFEST):
        manifest = json.loads(text)
    found = manifest.get("format_version") if isinstance(manifest, dict) else None
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise BundleFormatError(f"{MANIFEST} says format version {found!r}; expected a whole number from 1")
    if found > FORMAT_VERSION:
        raise BundleVersionError(
            f"the model has format version {found}, written by radnec {writer_of(manifest)}; this is radnec "
            f"{version('radnec')}, which reads up to {FORMAT_VERSION}. Upgrade with:\n"
            "  pip install --upgrade radnec"
        )
    return dict(manifest)


def writer_of(manifest: Mapping[str, Any]) -> str:
    """Return the radnec version that wrote the file, or ``(unknown)``.

    Examples
    --------
    >>> writer_of({"versions": {"radnec": "0.1.0"}})
    '0.1.0'
    """
    versions = manifest.get("versions")
    return str(versions.get("radnec", "(unknown)")) if isinstance(versions, dict) else "(unknown)"


def check_names(manifest: Mapping[str, Any], names: Iterable[str]) -> None:
    """Check that the entries of the archive are exactly the parts of a model file.

    Raises
    ------
    radnec.errors.BundlePathError
        If there is one that radnec never writes.
    radnec.errors.BundleFormatError
        If one is missing, or the manifest lists others.

    Examples
    --------
    >>> check_names({}, ["card.md"])
    Traceback (most recent call last):
    ...
    radnec.errors.BundleFormatError: pipeline.skops is missing; the file is no complete radnec model
    """
    present = set(names)
    odd = sorted(present - {MANIFEST, *PARTS})
    if odd:
        raise BundlePathError(f"the model holds {odd[0]!r}; a model file holds only {MANIFEST}, {', '.join(PARTS)}")
    missing = [name for name in PARTS if name not in present | OPTIONAL]
    if missing:
        raise BundleFormatError(f"{missing[0]} is missing; the file is no complete radnec model")
    hashes = manifest.get("sha256")
    if not isinstance(hashes, dict) or set(hashes) != present - {MANIFEST}:
        raise BundleFormatError(f"the parts are not those that {MANIFEST} lists under sha256")


def check_hashes(manifest: Mapping[str, Any], parts: Mapping[str, bytes]) -> None:
    """Check every part against its SHA-256 in the manifest.

    Raises
    ------
    radnec.errors.BundleHashError
        If one differs.

    Examples
    --------
    >>> check_hashes({"sha256": {"card.md": "0"}}, {"card.md": b"# Model"})
    Traceback (most recent call last):
    ...
    radnec.errors.BundleHashError: card.md differs from its SHA-256 in the manifest; ...
    """
    for name, content in parts.items():
        if _sha256(content) != manifest["sha256"][name]:
            raise BundleHashError(
                f"{name} differs from its SHA-256 in the manifest; get the file again from its author"
            )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
