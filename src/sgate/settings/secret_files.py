"""Settings read from files, such as `SGATE_DATABASE_URL_FILE=/run/secrets/database_url`.

Containers receive secrets as files, because environment variables are visible to anyone who can inspect the process and
tend to end up in logs. Every setting can be read from a file: append `_FILE` to its variable. Trailing newlines are
ignored.
"""

from collections.abc import Mapping
from pathlib import Path

from pydantic_settings import BaseSettings, EnvSettingsSource

ENDING = "_file"
MAX_BYTES = 65_536
"""Size limit of a file. A larger file is probably the wrong one."""


class UnreadableSetting(Exception):
    """A setting cannot be read from its file; the message is one sentence that names the variable."""


class FileSettings(EnvSettingsSource):
    """The settings source that reads files. Environment variables contain the paths of the files."""

    def __init__(self, settings: type[BaseSettings]) -> None:
        """Read the files.

        Raises:
            UnreadableSetting: if a file cannot be used, or its setting has a value in the environment as well.
        """
        super().__init__(settings)
        self.env_vars = contents(self.env_vars, self.env_prefix.lower())


def contents(environment: Mapping[str, str | None], prefix: str) -> dict[str, str | None]:
    """Return the contents of the files. The keys are the lower-case names of the settings.

    Raises:
        UnreadableSetting: if a file cannot be read, is too large or is not UTF-8 text, or its setting has a value in
            the environment as well.
    """
    found: dict[str, str | None] = {}
    for variable, path in environment.items():
        if not (variable.startswith(prefix) and variable.endswith(ENDING) and path):
            continue
        name = variable.removesuffix(ENDING)
        if environment.get(name):
            raise UnreadableSetting(f"{variable.upper()}: {name.upper()} is set too; set only one of them")
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
