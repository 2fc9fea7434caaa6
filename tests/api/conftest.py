import pytest

from api.serving import serving


@pytest.fixture
async def app(database_url, tmp_path):
    """One instance of the application on a fresh database."""
    async with serving(database_url, tmp_path / "one") as running:
        yield running


@pytest.fixture
async def shop(app):
    """A merchant in test mode whose key has all scopes."""
    return await app.merchant()
