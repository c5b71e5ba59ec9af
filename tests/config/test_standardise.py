"""Settings that set the scale of intensities agree with each other, and leave older digests as they were."""

from __future__ import annotations

import pytest

from radnec.config import ExtractionConfig
from radnec.config.standardise import Landmarks, landmarks_of, standardise_problem
from radnec.errors import ConfigError


def _landmarks(**changes: object) -> Landmarks:
    given = {"scales": {"T1wCE": (0, 40, 100)}, "percentiles": (1, 50, 99), "foreground": "brain"}
    return Landmarks(**{**given, **Landmarks.marks_of(["P1", "P2"]), **changes})


def test_the_digest_of_older_settings_stays() -> None:
    # As radnec gave them before these settings came.
    assert ExtractionConfig().digest() == "f01005d71ec6752fe027d519c7c4295f05e782b216abd78a37984f7f565cc483"
    config = ExtractionConfig(n4=True, by_sequence={"rCBV": {"bin_width": 0.1}})
    assert config.digest() == "92917f1ae74167c74ebb1d2efda7ac0cd323e845fb81247b58fe2e95d8d829ad"


def test_every_new_setting_changes_the_digest() -> None:
    changed = [
        ExtractionConfig(),
        ExtractionConfig(standardise="white_stripe"),
        ExtractionConfig(standardise="reference_ratio"),
        ExtractionConfig(standardise="nyul", landmarks=_landmarks()),
        ExtractionConfig(standardise="nyul", landmarks=_landmarks(scales={"T1wCE": (0, 41, 100)})),
        ExtractionConfig(registration="rigid"),
        ExtractionConfig(registration="rigid", registration_interpolator="bspline"),
        ExtractionConfig(registration="rigid", registration_max_shift_mm=10),
    ]
    assert len({one.digest() for one in changed}) == len(changed)


def test_settings_with_landmarks_survive_yaml() -> None:
    config = ExtractionConfig(standardise="nyul", landmarks=_landmarks(), by_sequence={"rCBV": {"standardise": None}})
    again = ExtractionConfig.from_text(config.to_yaml())
    assert again == config
    assert again.digest() == config.digest()
    assert again.for_sequence("T1wCE").landmarks == _landmarks()
    assert [one.digest() for one in landmarks_of(again)] == [_landmarks().digest()]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"standardise": "nyul"}, "needs landmarks"),
        ({"standardise": "nyul", "landmarks": _landmarks(), "n4": True}, "found with n4=False"),
        ({"standardise": "white_stripe", "zscore": "brain"}, "give one of them"),
        ({"standardise": "whitestripe"}, "standardise"),
        ({"by_sequence": {"FLAIR": {"standardise": "nyul"}}}, "needs landmarks"),
    ],
)
def test_contradictions_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ExtractionConfig(**settings)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scales": {"T1wCE": (0, 100)}}, "expected 3 rising numbers"),
        ({"scales": {"T1wCE": (0, 100, 40)}}, "expected 3 rising numbers"),
        ({"percentiles": (1, 99, 50)}, "expected rising numbers within 0 and 100"),
        ({"foreground": "head"}, "foreground"),
    ],
)
def test_landmarks_that_are_no_scale_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        _landmarks(**changes)


def test_maps_are_not_put_on_a_scale() -> None:
    stripe, nyul = (
        ExtractionConfig(standardise="white_stripe"),
        ExtractionConfig(standardise="nyul", landmarks=_landmarks()),
    )
    assert standardise_problem(stripe, "FLAIR") is None
    assert "A map keeps its own unit" in str(standardise_problem(stripe, "rCBV"))
    assert standardise_problem(nyul, "T1wCE") is None
    assert "the landmarks hold T1wCE" in str(standardise_problem(nyul, "FLAIR"))
