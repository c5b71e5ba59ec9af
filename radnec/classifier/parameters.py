"""Lets scikit-learn's searches set single settings of a classifier, as ``config__draws``."""

from __future__ import annotations

from typing import Any, Self

from sklearn.base import BaseEstimator

from radnec.config import TrainingConfig
from radnec.errors import ConfigError

_PREFIX = "config__"


class SettingsAsParameters(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """An estimator whose frozen settings ``config`` are parameters too, each under ``config__`` and its name.

    scikit-learn sets nested parameters in place; settings are frozen, so new ones take their place here.
    """

    config: TrainingConfig | None

    def _settings(self) -> TrainingConfig:
        if not isinstance(self.config, TrainingConfig | None):
            raise ConfigError(f"config is a {type(self.config).__name__}; expected a radnec.TrainingConfig or None")
        return self.config or TrainingConfig()

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters; with `deep` also every setting, such as ``config__draws``."""
        params: dict[str, Any] = super().get_params(deep=False)
        if deep and isinstance(self.config, TrainingConfig | None):
            settings = self.config or TrainingConfig()
            params |= {_PREFIX + name: getattr(settings, name) for name in type(settings).model_fields}
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters and settings.

        Raises
        ------
        radnec.errors.ConfigError
            If there is no such setting, or its value is out of range.
        ValueError
            If there is no such parameter.
        """
        settings = {name: params[name] for name in params if name.startswith(_PREFIX)}
        super().set_params(**{name: value for name, value in params.items() if name not in settings})
        if settings:
            changed = {name.removeprefix(_PREFIX): value for name, value in settings.items()}
            self.config = (self.config or TrainingConfig()).model_copy(update=changed)
        return self
