"""Settings whose value stands in a file: `SGATE_DATABASE_URL_FILE=/run/secrets/database_url`.

Containers get their secrets as files: an environment is seen by all that may look at the process, and ends up in logs.
Every setting can be given so; its variable has `_FILE` at its end. A newline at the end of the file does not count.
"""

from collections.abc import Mapping
from pathlib import Path

from pydantic_settings import BaseSettings, EnvSettingsSource

ENDING = "_file"
MAX_BYTES = 65_536
"""Of one file. Whoever names something larger named the wrong file."""


class UnreadableSetting(Exception):
    """A file cannot be read; the message is one sentence that names the variable."""


class FileSettings(EnvSettingsSource):
    """Reads the files that the environment names."""

    def __init__(self, settings: type[BaseSettings]) -> None:
        """Raises UnreadableSetting."""
        super().__init__(settings)
        self.env_vars = contents(self.env_vars, self.env_prefix.lower())


def contents(environment: Mapping[str, str | None], prefix: str) -> dict[str, str | None]:
    """The values that files hold, by the names of their settings. Names are in lower case.

    Raises:
        UnreadableSetting: see there.
    """
    found: dict[str, str | None] = {}
    for variable, path in environment.items():
        if not (variable.startswith(prefix) and variable.endswith(ENDING) and path):
            continue
        name = variable.removesuffix(ENDING)
        if environment.get(name):
            raise UnreadableSetting(f"{variable.upper()}: {name.upper()} is set too; set one of them")
        found[name] = _read(variable.upper(), Path(path))
    return found


def _read(variable: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UnreadableSetting(f"{variable}: {path} cannot be read: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise UnreadableSetting(f"{variable}: {path} has more than {MAX_BYTES} bytes; is it the right file?")
    try:
        return content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise UnreadableSetting(f"{variable}: {path} is not text") from None
