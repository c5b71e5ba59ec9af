"""A small model file and the means to forge it."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from radnec.bundle import Bundle, write_bundle
from radnec.config import ExtractionConfig, TrainingConfig
from radnec.model.select import CorrelationFilter, TopFeatures, VarianceFilter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Parts = dict[str, bytes]


@pytest.fixture(scope="session", name="X")
def feature_rows() -> pd.DataFrame:
    values = np.random.default_rng(7).normal(size=(80, 8))
    values[3, 2] = np.nan
    return pd.DataFrame(values, columns=[f"T1wCE_{name}" for name in "abcdefgh"])


@pytest.fixture(scope="session")
def fitted(X: pd.DataFrame) -> Callable[[object], Pipeline]:
    """Fit an estimator behind the steps that prepare features."""
    y = np.where(X.iloc[:, 0] + np.random.default_rng(8).normal(size=len(X)) > 0, "necrosis", "progression")

    def fit(estimator: object) -> Pipeline:
        steps = [
            ("impute", SimpleImputer(add_indicator=False).set_output(transform="pandas")),
            ("vary", VarianceFilter()),
            ("correlate", CorrelationFilter()),
            ("scale", StandardScaler()),
            ("select", TopFeatures(k=5)),
            ("classify", estimator),
        ]
        with threadpool_limits(1):  # spinning threads make tiny fits slow on a busy machine
            return Pipeline(steps).fit(X, y)

    return fit


@pytest.fixture(scope="session")
def bundle(fitted: Callable[[object], Pipeline], X: pd.DataFrame) -> Bundle:
    canary = X.head(4).fillna(0.0).assign(p_necrosis=[0.1, 0.2, 0.3, 0.4], scanner_id=["A", "B", "A", ""])
    return Bundle(
        pipeline=fitted(LogisticRegression()),
        manifest={"features": list(X.columns), "summary": {"n_patients": 80, "auc": 0.71}},
        extraction=ExtractionConfig(bin_width=5.0),
        training=TrainingConfig(random_state=3),
        reference=X.quantile([0.0, 0.5, 1.0]),
        card="# Model\n\nFür Forschung, × 1\n",
        canary=canary,
    )


@pytest.fixture(scope="session")
def data(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_bundle(tmp_path_factory.mktemp("model") / "model.radnec", bundle).read_bytes()


@pytest.fixture(scope="session")
def unzip() -> Callable[[bytes], Parts]:
    def run(data: bytes) -> Parts:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    return run


@pytest.fixture(scope="session")
def zipped() -> Callable[[Parts], bytes]:
    def run(parts: Parts) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, part in parts.items():
                archive.writestr(name, part)
        return buffer.getvalue()

    return run


@pytest.fixture(scope="session")
def forge(zipped: Callable[[Parts], bytes]) -> Callable[..., bytes]:
    """Zip parts with hashes that fit, as whoever makes a file can."""

    def run(parts: Parts, **manifest_changes: object) -> bytes:
        rest = {name: part for name, part in parts.items() if name != "manifest.json"}
        manifest = json.loads(parts["manifest.json"]) if "manifest.json" in parts else None
        if manifest is None:
            return zipped(rest)
        manifest["sha256"] = {name: hashlib.sha256(part).hexdigest() for name, part in rest.items()}
        return zipped({"manifest.json": json.dumps(manifest | manifest_changes).encode()} | rest)

    return run


@pytest.fixture
def save(tmp_path: Path) -> Callable[[bytes], Path]:
    def run(data: bytes) -> Path:
        path = tmp_path / "model.radnec"
        path.write_bytes(data)
        return path

    return run
