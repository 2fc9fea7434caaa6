"""Defaults of the modes, which depend on the environment."""

import pytest

from sgate.settings.modes import Source
from sgate.settings.settings import SettingsError, load

PRODUCTION = {
    "SGATE_ENV": "production",
    "SGATE_DATABASE_URL": "postgresql://db/sgate",
    "SGATE_SECRET_KEYS": "0123456789abcdef" * 3,
    "SGATE_PUBLIC_URL": "https://pay.example.com",
}


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    """Return a function that loads settings from variables alone."""
    monkeypatch.chdir(tmp_path)  # without a developer's .env file

    def load_with(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return load()

    return load_with


@pytest.mark.parametrize(
    ("variables", "source"),
    [
        ({}, Source.SIMULATOR),
        ({"SGATE_TEST__BLOCK_INTERVAL_S": "1"}, Source.SIMULATOR),
        ({"SGATE_TEST__SOURCE": ""}, Source.SIMULATOR),
        ({"SGATE_TEST__SOURCE": "off"}, Source.OFF),
        (PRODUCTION, Source.OFF),
        (PRODUCTION | {"SGATE_TEST__SOURCE": ""}, Source.OFF),
        (PRODUCTION | {"SGATE_TEST__BLOCK_INTERVAL_S": "1"}, Source.OFF),
        (PRODUCTION | {"SGATE_TEST__SOURCE": "simulator"}, Source.SIMULATOR),
        (PRODUCTION | {"SGATE_TEST__SOURCE": "hiro"}, Source.HIRO),
    ],
)
def test_test_mode_is_simulated_in_development_and_off_in_production_unless_set(loaded, variables, source):
    settings = loaded(**variables)
    assert settings.test.source is source
    assert settings.live.source is Source.OFF


def test_production_in_a_file_of_settings_counts_too(loaded, tmp_path):
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in PRODUCTION.items()))
    assert loaded().test.source is Source.OFF


def test_an_unknown_source_is_refused(loaded):
    with pytest.raises(SettingsError, match="SGATE_TEST__SOURCE"):
        loaded(SGATE_TEST__SOURCE="mainnet")
