import logging

import pytest
import structlog

from api.serving import Logged, serving
from sgate.telemetry import logging as sgate_logging


@pytest.fixture(autouse=True)
def logged():
    """The log of this test, from before the application is made."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    captured = Logged()
    sgate_logging.configure("info", captured.stream)
    yield captured
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
async def app(logged, database_url, tmp_path):
    """One instance of the application on a fresh database."""
    async with serving(database_url, tmp_path / "one") as running:
        yield running


@pytest.fixture
async def shop(app):
    """A merchant in test mode whose key has all scopes."""
    return await app.merchant()
