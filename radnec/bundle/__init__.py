"""One ``.radnec`` model file and its parts, written whole and read without trusting it."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radnec.bundle.archive import Archive, Limits, pack, refusing
from radnec.bundle.manifest import (
    FORMAT_VERSION,
    MANIFEST,
    PARTS,
    check_hashes,
    check_names,
    manifest_to_bytes,
    read_manifest,
    writer_of,
)
from radnec.bundle.pipeline import bytes_to_pipeline, pipeline_to_bytes
from radnec.bundle.signature import check_signature
from radnec.bundle.tables import bytes_to_table, table_to_bytes
from radnec.bundle.texts import bytes_to_settings, bytes_to_text
from radnec.config import ExtractionConfig, TrainingConfig
from radnec.errors import BundleError, BundleFormatError, BundleSizeError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FORMAT_VERSION", "Bundle", "bundle_of", "read_bundle", "read_bytes", "write_bundle"]

LIMITS = Limits(archive=128 << 20, entries=16, entry=128 << 20, total=256 << 20)


@dataclass(frozen=True, eq=False, kw_only=True)
class Bundle:
    """What a model file holds.

    Parameters
    ----------
    pipeline : object
        Everything fitted, made of the types in :mod:`radnec.bundle.trust`.
    manifest : dict
        Plain JSON: feature list, training summary. Writing sets ``format_version``, ``versions`` (libraries),
        ``digests`` (settings) and ``sha256`` (parts) and adds nothing else; no patient data belongs here.
    extraction : ExtractionConfig or None
        How the features were measured; None for a model trained on a foreign table.
    training : TrainingConfig
        How the model was trained.
    reference : pandas.DataFrame
        Quantiles of the features, for novelty and drift; no patient rows.
    card : str
        The model card, Markdown.
    canary : pandas.DataFrame
        Synthetic rows with their expected ``p_necrosis``.
    """

    pipeline: object
    manifest: dict[str, Any]
    extraction: ExtractionConfig | None
    training: TrainingConfig
    reference: pd.DataFrame
    card: str
    canary: pd.DataFrame


def write_bundle(path: str | Path, bundle: Bundle) -> Path:
    """Write a model file whole or not at all.

    The bytes are read back before the file appears, so what is written can be loaded. An existing file is
    replaced in one step. Equal bundles give equal bytes under equal library versions.

    Parameters
    ----------
    path : path-like
        The file, ``*.radnec``; its folder must exist.
    bundle : Bundle
        What to write. ``attrs`` of the tables are not written.

    Returns
    -------
    pathlib.Path
        `path`.

    Raises
    ------
    radnec.errors.BundleError
        If the name ends otherwise, or the folder does not exist.
    radnec.errors.BundleTypeError
        If the pipeline holds a type that a model file may not hold.
    radnec.errors.BundleFormatError
        If the manifest is not plain JSON.
    radnec.errors.BundleSizeError
        If the model is larger than a model file may be.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile, pandas as pd
    >>> table = pd.DataFrame({"volume_cc": [0.5, 1.5]})
    >>> bundle = Bundle(pipeline=[1.0, 2.0], manifest={"features": ["volume_cc"]}, extraction=None,
    ...                 training=TrainingConfig(), reference=table, card="# Model", canary=table)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_bundle(write_bundle(f"{folder}/model.radnec", bundle)).pipeline
    [1.0, 2.0]
    """
    path = Path(path)
    _check_place(path)
    data = _to_bytes(bundle)
    _from_bytes(data)
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with unfinished.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        if error.errno is None:
            raise
        # The file that the caller knows, not the unfinished one.
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def _check_place(path: Path) -> None:
    if path.suffix.lower() != ".radnec":
        raise BundleError(f"{path}: a model file ends in .radnec; write it to {path.with_suffix('.radnec').name}")
    if path.is_dir():
        raise BundleError(f"{path} is a folder; expected the name of a model file")
    if not path.parent.is_dir():
        raise BundleError(f"there is no folder {path.parent} to write {path.name} to; make it first")


def read_bundle(path: str | Path, *, public_key: str | Path | None = None) -> Bundle:
    """Read a model file in memory: nothing of it is run, nothing is written to disk.

    In this order: sizes and names from the zip directory, format version, hashes, and only then the parts;
    the pipeline through the fixed list of :mod:`radnec.bundle.trust`. The hashes find damage, not forgery:
    whoever makes a file makes its hashes. With `public_key` the signature is checked before all of this.

    Parameters
    ----------
    path : path-like
        File written by :func:`write_bundle`.
    public_key : path-like, optional
        Key (PEM) that must have signed the file, see :mod:`radnec.service.signing`.

    Returns
    -------
    Bundle
        Its parts; the manifest as stored.

    Raises
    ------
    radnec.errors.BundleError
        If the file is not what radnec writes: :class:`~radnec.errors.BundleFormatError`,
        :class:`~radnec.errors.BundlePathError`, :class:`~radnec.errors.BundleSizeError`,
        :class:`~radnec.errors.BundleHashError`, :class:`~radnec.errors.BundleTypeError`,
        :class:`~radnec.errors.BundleVersionError` or :class:`~radnec.errors.BundleSignatureError`.
    radnec.errors.SigningKeyError
        If `public_key` is none.
    OSError
        If the file cannot be opened.
    """
    data = read_bytes(path)
    if public_key is not None:
        check_signature(data, path, public_key)
    return bundle_of(data, path)


def read_bytes(path: str | Path) -> bytes:
    """Return the bytes of a model file, none of them looked at; errors as :func:`read_bundle`."""
    if Path(path).is_dir():
        raise BundleFormatError(f"{path} is a folder; expected a file that ends in .radnec")
    with Path(path).open("rb") as file:
        data = file.read(LIMITS.archive + 1)
    if len(data) > LIMITS.archive:
        raise BundleSizeError(f"{path}: the archive is larger than {LIMITS.archive:,} bytes")
    return data


def bundle_of(data: bytes, path: str | Path) -> Bundle:
    """Return the parts of a model file's bytes; `path` is told in errors, which are those of :func:`read_bundle`."""
    try:
        return _from_bytes(data)
    except BundleError as error:
        raise type(error)(f"{path}: {error}") from error


def _to_bytes(bundle: Bundle) -> bytes:
    parts = {
        "pipeline.skops": pipeline_to_bytes(bundle.pipeline),
        "training.yaml": bundle.training.to_yaml().encode(),
        "reference.parquet": table_to_bytes(bundle.reference),
        "card.md": bundle.card.encode(),
        "canary.parquet": table_to_bytes(bundle.canary),
    }
    digests = {"extraction": None, "training": bundle.training.digest()}
    if bundle.extraction is not None:
        parts["extraction.yaml"] = bundle.extraction.to_yaml().encode()
        digests["extraction"] = bundle.extraction.digest()
    manifest = manifest_to_bytes(bundle.manifest, digests=digests, parts=parts)
    ordered = {MANIFEST: manifest} | {name: parts[name] for name in PARTS if name in parts}
    return pack(ordered, stored=frozenset({"pipeline.skops"}))


def _from_bytes(data: bytes) -> Bundle:
    archive = Archive(data, LIMITS)
    manifest = read_manifest(archive.read(MANIFEST))
    check_names(manifest, archive.names)
    parts = {name: archive.read(name) for name in PARTS if name in archive.names}
    check_hashes(manifest, parts)
    writer = writer_of(manifest)
    extraction = None
    if "extraction.yaml" in parts:
        extraction = bytes_to_settings(
            ExtractionConfig, parts["extraction.yaml"], name="extraction.yaml", writer=writer
        )
    training = bytes_to_settings(TrainingConfig, parts["training.yaml"], name="training.yaml", writer=writer)
    return Bundle(
        manifest=manifest,
        extraction=extraction,
        training=training,
        reference=_table(parts["reference.parquet"], "reference.parquet"),
        card=bytes_to_text(parts["card.md"], name="card.md"),
        canary=_table(parts["canary.parquet"], "canary.parquet"),
        pipeline=bytes_to_pipeline(parts["pipeline.skops"]),
    )


def _table(content: bytes, name: str) -> pd.DataFrame:
    with refusing(name):
        return bytes_to_table(content)
