import shutil
import tempfile
from pathlib import Path

import pytest

from cli.terminal import Developer
from sgate.runtime.roles import ALL_ROLES
from web.site import open_site


@pytest.fixture
def place():
    """A directory that other users may enter, because the embedded server does not run as root."""
    directory = Path(tempfile.mkdtemp(prefix="sgate-test-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
async def site(application_url, tmp_path):
    """A server with all roles, whose simulated chain mines only on demand."""
    async with open_site(application_url, tmp_path / "site", roles=ALL_ROLES) as opened:
        yield opened


@pytest.fixture
async def developer(site, tmp_path):
    """A developer with an API key of that server in the environment."""
    return Developer(tmp_path, api_key=await site.merchant(), api_base_url=site.base_url)
