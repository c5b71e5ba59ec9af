"""Writes a simulated cohort to a folder: images, masks and cohort.csv, and of further examinations their truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from pydantic import Field, field_validator

from radnec.config.base import check_jobs
from radnec.errors import ConfigError
from radnec.simulate.anatomy import INTENSITIES, Head
from radnec.simulate.canvas import Canvas
from radnec.simulate.clinical import Record, ReferenceStandard
from radnec.simulate.examinations import write_examination
from radnec.simulate.lesions import Lesion, place
from radnec.simulate.physiology import Examination, examined, indices_of, true_indices
from radnec.simulate.scanner import Scanner, scanners_of
from radnec.simulate.scene import Scene
from radnec.simulate.truth import PHYSIOLOGY, SESSION, PatientTruth, Truth, site_name, stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

Sequence = Literal["T1wCE", "FLAIR", "rCBV"]
_PLACED = ("sequence", "image_path", "mask_path", "mask_label", "brain_mask_path")
_SCANNERS: dict[Examination, str] = {"PET": "PET", "dynamic PET": "PET", "FDG PET": "PET", "SPECT": "SPECT"}


class Design(Truth):
    """Everything that decides the content of a simulated cohort's folder; see :func:`simulate_cohort`."""

    sessions_per_patient: tuple[int, int] = (1, 2)
    scanner_effect: float = Field(default=1.0, ge=0, le=3)
    sequences: tuple[Sequence, ...] = ("T1wCE", "FLAIR", "rCBV")
    modalities: tuple[Examination, ...] = ("MR",)
    missing: float = Field(default=0.0, ge=0, le=1)

    @field_validator("sessions_per_patient")
    @classmethod
    def _few_sessions(cls, value: tuple[int, int]) -> tuple[int, int]:
        if not 1 <= value[0] <= value[1] <= 6:
            raise ValueError("sessions_per_patient are two rising numbers within 1 and 6")
        return value

    @field_validator("sequences")
    @classmethod
    def _each_once(cls, value: tuple[Sequence, ...]) -> tuple[Sequence, ...]:
        if not value or len(set(value)) < len(value):
            raise ValueError(f"name each sequence once, at least one of {', '.join(INTENSITIES)}")
        return value

    @field_validator("modalities")
    @classmethod
    def _with_mr(cls, value: tuple[Examination, ...]) -> tuple[Examination, ...]:
        if "MR" not in value or len(set(value)) < len(value):
            raise ValueError("modalities names each once, 'MR' among them: every lesion has conventional MRI")
        return value


def simulate_cohort(
    folder: str | Path,
    *,
    n_patients: int = 60,
    n_sites: int = 3,
    effect: float = 1.0,
    random_state: int = 0,
    prevalence: float = 0.3,
    patient_correlation: float = 0.5,
    lesions_per_patient: tuple[int, int] = (1, 3),
    sessions_per_patient: tuple[int, int] = (1, 2),
    sequences: tuple[str, ...] = ("T1wCE", "FLAIR", "rCBV"),
    modalities: tuple[str, ...] = ("MR",),
    missing: float = 0.0,
    scanner_effect: float = 1.0,
    site_label_shift: float = 0.0,
    n_jobs: int = 1,
) -> Path:
    """Write a cohort of brain-like MR volumes whose P(RN) is known.

    Every lesion has latent traits (heterogeneity, dead core, perfusion, oedema) that are independent of its
    volume and of the site. They decide how it looks on each sequence and, multiplied by `effect`, its P(RN),
    which stands in the column ``p_necrosis_true``. The label is drawn from it.

    Parameters
    ----------
    folder : path-like
        Where to write; it must be empty or not exist.
    n_patients, n_sites : int
        Patients are dealt to the sites in turn; every other site has two scanners.
    effect : float, default 1.0
        Strength of the relation between traits and outcome. 0: none; 1: P(RN) has an AUC of about 0.90.
    random_state : int, default 0
        Seed. Equal arguments give equal files, byte for byte; more patients leave the earlier ones alone.
    prevalence : float, default 0.3
        Expected share of necrosis.
    patient_correlation : float, default 0.5
        Correlation of the traits of two lesions of one patient.
    lesions_per_patient, sessions_per_patient : tuple of two int
        Fewest and most; each further one is half as likely as the one before.
    sequences : tuple of str
        Which of ``T1wCE``, ``FLAIR`` and ``rCBV`` to write.
    modalities : tuple of str
        What is examined: ``MR`` (the sequences above), ``perfusion`` (DSC, DCE and ASL), ``diffusion`` (DWI), ``MRS``,
        ``PET`` (FET, still), ``SPECT`` (thallium, early and delayed), ``dynamic PET`` (FET, 50 min of frames, in place
        of the still image of a session) and ``FDG PET`` (early and delayed). What they find follows the same traits,
        so that P(RN) stays ``p_necrosis_true``; see :data:`radnec.simulate.physiology.QUANTITIES`.
    missing : float, default 0.0
        Share of sessions that lack an examination beyond conventional MRI, drawn for each by itself.
    scanner_effect : float, default 1.0
        Strength of the differences between scanners (gain, shading, noise, voxel size, blur); 0: all alike.
    site_label_shift : float, default 0.0
        Log-odds by which necrosis is likelier at the last site than on average, and less likely at the first.
    n_jobs : int, default 1
        Patients written in parallel; never changes the files.

    Returns
    -------
    pathlib.Path
        Path of ``cohort.csv``, which is written last. With further modalities ``truth.csv`` beside it holds the indices
        that :func:`radnec.measure` should find, by lesion and session, empty where there is no examination.

    Raises
    ------
    radnec.errors.ConfigError
        If a value is out of range, or the folder holds something already.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = simulate_cohort(folder, n_patients=1, sequences=("T1wCE",), lesions_per_patient=(1, 1))
    ...     pd.read_csv(path)[["patient_id", "session_id", "lesion_id", "sequence", "mask_label"]]
      patient_id session_id lesion_id sequence  mask_label
    0       P001         S1        L1    T1wCE           1
    """
    design = Design(
        n_patients=n_patients,
        n_sites=n_sites,
        effect=effect,
        random_state=random_state,
        prevalence=prevalence,
        patient_correlation=patient_correlation,
        lesions_per_patient=lesions_per_patient,
        sessions_per_patient=sessions_per_patient,
        sequences=sequences,
        modalities=modalities,
        missing=missing,
        scanner_effect=scanner_effect,
        site_label_shift=site_label_shift,
    )
    check_jobs(n_jobs)
    root = _empty_folder(Path(folder))
    # Threads: the work is array arithmetic and compression, which leave the interpreter free.
    parallel = Parallel(n_jobs=n_jobs, prefer="threads")
    written = parallel(delayed(_write_patient)(root, design, number) for number in range(n_patients))
    if len(design.modalities) > 1:
        _write_table([row for _, truths in written for row in truths], root / "truth.csv")
    return _write_table([row for rows, _ in written for row in rows], root / "cohort.csv")


def _write_table(rows: list[dict[str, Any]], path: Path) -> Path:
    pd.DataFrame(rows).to_csv(path, index=False, lineterminator="\n")
    return path


def _empty_folder(folder: Path) -> Path:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(
            f"{folder} exists and is not an empty folder; a simulated cohort overwrites nothing. "
            f"Name a new folder, such as simulate_cohort({str(folder.with_name(folder.name + '_new'))!r})"
        )
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass(frozen=True, eq=False)
class _Session:
    """One visit of one patient: what is scanned, where, and its place in the files."""

    truth: PatientTruth
    number: int
    head: Head
    lesions: list[Lesion]
    volume_ml: NDArray[np.float64]
    scanner: Scanner

    @property
    def session_id(self) -> str:
        return f"S{self.number + 1}"

    def write(self, root: Path, design: Design) -> dict[str, str]:
        """Write the files; return their paths relative to `root`, by content."""
        folder = Path("images") / self.truth.patient_id / self.session_id
        (root / folder).mkdir(parents=True)
        grid = self.scanner.grid
        scene = Scene(grid, self.head.tissues(grid), self.lesions, self.volume_ml)
        volumes: dict[str, NDArray[Any]] = {"lesions": scene.labels(), "brain": self.head.brain(grid)}
        for sequence in design.sequences:
            key = (SESSION, self.truth.number, self.number, list(INTENSITIES).index(sequence))
            rng = stream(design.random_state, *key)
            volumes[sequence] = self.scanner.record(scene.ideal(sequence, rng), sequence, rng)
        paths = {name: folder / f"{name}.nii.gz" for name in volumes}
        for name, volume in volumes.items():
            grid.write(volume, root / paths[name])
        return {name: path.as_posix() for name, path in paths.items()}

    def examine(
        self, root: Path, design: Design, indices: list[dict[str, float]]
    ) -> tuple[list[list[dict[str, Any]]], tuple[Examination, ...]]:
        """Write the examinations beyond conventional MRI; return the cells of each lesion's rows, and what was made."""
        rng = stream(design.random_state, PHYSIOLOGY, self.truth.number, len(indices), self.number)
        made = examined(design.modalities, design.missing, rng)
        folder = Path("images") / self.truth.patient_id / self.session_id
        field_t = self.scanner.field_strength_t
        canvas = Canvas(root, folder, self.head, self.lesions, self.volume_ml, field_t, rng)
        rows: list[list[dict[str, Any]]] = [[] for _ in indices]
        for one in made:
            if one == "MR":
                continue
            found = write_examination(one, canvas, indices)
            own = {"scanner_id": f"{site_name(self.truth.site)}-{_SCANNERS[one]}"} if one in _SCANNERS else {}
            for lesion, cells in enumerate(found):
                rows[lesion] += [each | own for each in cells]
        return rows, made


def _write_patient(root: Path, design: Design, number: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    truth = design.patient(number)
    rng = stream(design.random_state, SESSION, number)
    fewest, most = design.sessions_per_patient
    odds = 0.5 ** np.arange(most - fewest + 1)
    n_sessions = int(fewest + rng.choice(len(odds), p=odds / odds.sum()))
    record = Record.draw(truth, n_sessions, rng)
    standards = [ReferenceStandard.draw(truth.outcome(k), rng) for k in range(len(truth.traits))]
    head = Head.draw(rng)
    lesions = place(head, truth.traits, truth.volume_ml, rng)
    scanners = scanners_of(design.random_state, truth.site, design.scanner_effect)
    indices = true_indices(truth.traits, design.random_state, number)
    rows: list[dict[str, Any]] = []
    truths: list[dict[str, Any]] = []
    for k in range(n_sessions):
        # Lesions grow towards the last session, at a pace that says nothing about the outcome.
        growth = rng.uniform(0.75, 0.95, size=len(lesions)) ** (n_sessions - 1 - k)
        scanner = scanners[rng.integers(len(scanners))]
        session = _Session(truth, k, head, lesions, truth.volume_ml * growth, scanner)
        paths = session.write(root, design)
        further, made = session.examine(root, design, indices)
        for lesion, standard in enumerate(standards):
            mr = [
                {
                    "sequence": sequence,
                    "image_path": paths[sequence],
                    "mask_path": paths["lesions"],
                    "mask_label": lesion + 1,
                    "brain_mask_path": paths["brain"],
                }
                for sequence in design.sequences
            ]
            rows += [_row(session, record, standard, lesion, cells) for cells in [*mr, *further[lesion]]]
            truths.append(_truth(session, lesion, indices[lesion], made))
    return rows, truths


def _keys(session: _Session, lesion: int) -> dict[str, str]:
    return {
        "patient_id": session.truth.patient_id,
        "session_id": session.session_id,
        "lesion_id": f"L{lesion + 1}",
    }


def _truth(session: _Session, lesion: int, indices: dict[str, float], made: tuple[Examination, ...]) -> dict[str, Any]:
    found = indices_of(made)
    columns = {f"index_{name}": value if name in found else None for name, value in indices.items()}
    return _keys(session, lesion) | columns


def _row(
    session: _Session, record: Record, standard: ReferenceStandard, lesion: int, cells: dict[str, Any]
) -> dict[str, Any]:
    """Return a row of the cohort table; `cells` say what its image is and how it was made."""
    scanner = {
        "scanner_id": session.scanner.scanner_id,
        "manufacturer": session.scanner.manufacturer,
        "field_strength_t": session.scanner.field_strength_t,
    }
    if "scanner_id" in cells:  # no MR scanner
        scanner = dict.fromkeys(scanner)
    return {
        **_keys(session, lesion),
        **{name: cells.get(name) for name in _PLACED},
        **record.session(session.number),
        "site_id": site_name(session.truth.site),
        **scanner,
        **record.columns,
        **standard.columns(record, session.number),
        "p_necrosis_true": float(session.truth.p_necrosis[lesion]),
        **{name: value for name, value in cells.items() if name not in _PLACED},
    }
