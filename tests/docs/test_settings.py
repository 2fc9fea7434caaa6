"""Every setting says what it is for."""

import pytest
from pydantic import BaseModel

from sgate.settings.modes import ModeSettings
from sgate.settings.settings import Settings

FIELDS = [
    pytest.param(field, id=f"{model.__name__}.{name}")
    for model in (Settings, ModeSettings)
    for name, field in model.model_fields.items()
]


@pytest.mark.parametrize("field", FIELDS)
def test_the_setting_is_described_in_one_line(field):
    if not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)):
        assert field.description
        assert "\n" not in field.description
        assert field.description.endswith(".")
