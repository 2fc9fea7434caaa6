import shutil
import tempfile
from pathlib import Path

import pytest


@pytest.fixture
def place():
    """A directory of its own that other users may enter: the embedded server does not run as root."""
    directory = Path(tempfile.mkdtemp(prefix="sgate-test-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)
