"""Names patients and studies by keyed hashes, which stay the same as an archive grows."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from radnec.errors import ConfigError

_KEY_BYTES = 32
#: 48 bits: two of ten thousand patients share a name once in five million archives.
_DIGITS = 12


class Pseudonyms:
    """Names that stand for PatientIDs and StudyInstanceUIDs, the same wherever one key is used.

    Parameters
    ----------
    key : path-like
        File that :func:`new_key` made. Whoever has it can find out whether a PatientID they know is among the names, so
        it stays with those who may see the archive, and never goes out with a table.

    Raises
    ------
    radnec.errors.ConfigError
        If there is no such file, or it holds no key.

    Notes
    -----
    HMAC-SHA256 (RFC 2104). A table of names beside the identifiers would have done the same, but it holds every
    identifier in plain text, has to be carried along with each new draft, and two of them cannot be brought together.

    Examples
    --------
    >>> import tempfile
    >>> names = Pseudonyms(new_key(Path(tempfile.mkdtemp()) / "hospital.key"))
    >>> names.patient("0012345") == names.patient(" 0012345 "), names.patient("0012345") == names.patient("12345")
    (True, False)
    """

    def __init__(self, key: str | os.PathLike[str]) -> None:
        path = Path(key).expanduser()
        if not path.is_file():
            raise ConfigError(
                f"there is no key file {path}. Where the archive was drafted with a key before, give that file, or all "
                "patients get other names. Otherwise make one: radnec.imaging.layouts.new_key(path), or --new-key"
            )
        text = path.read_bytes()[: 4 * _KEY_BYTES].decode("ascii", errors="replace").strip()
        if not re.fullmatch(rf"[0-9a-f]{{{2 * _KEY_BYTES}}}", text):
            raise ConfigError(f"{path} holds no key: expected {2 * _KEY_BYTES} hexadecimal digits, as new_key writes")
        self._key = bytes.fromhex(text)

    def patient(self, patient_id: str) -> str:
        """Return the ``patient_id`` that stands for a PatientID.

        Parameters
        ----------
        patient_id : str
            PatientID of the DICOM header.
        """
        return f"P{self._digits('patient', patient_id)}"

    def session(self, study_uid: str) -> str:
        """Return the ``session_id`` that stands for a StudyInstanceUID.

        Parameters
        ----------
        study_uid : str
            StudyInstanceUID of the DICOM header.
        """
        return f"S{self._digits('study', study_uid)}"

    def _digits(self, what: str, identifier: str) -> str:
        return hmac.new(self._key, f"{what}\0{identifier.strip()}".encode(), hashlib.sha256).hexdigest()[:_DIGITS]


def new_key(path: str | os.PathLike[str]) -> Path:
    """Write a new key, which only its owner can read, and return its path.

    Parameters
    ----------
    path : path-like
        File that does not exist yet.

    Returns
    -------
    Path
        Of the key.

    Raises
    ------
    radnec.errors.ConfigError
        If the file exists, or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> new_key(Path(tempfile.mkdtemp()) / "hospital.key").stat().st_size
    65
    """
    path = Path(path).expanduser()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError(
            f"{path} exists, and a new key would give all patients other names; use it as it is"
        ) from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be written ({error.strerror}); name another place for the key") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(_KEY_BYTES) + "\n")
    return path
