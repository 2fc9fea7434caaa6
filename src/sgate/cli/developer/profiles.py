"""Where API keys of developers are kept: one file, readable by its owner alone.

A profile is a server, a key for it, and the secret that `sgate listen` signs with. Environment variables override what
is stored: SGATE_PROFILE chooses, SGATE_API_KEY and SGATE_API_BASE_URL replace.
"""

import base64
import contextlib
import hmac
import ipaddress
import os
import secrets
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from sgate.cli.problems import Failure
from sgate.core.signature import SECRET_BYTES, new_secret

DEFAULT_BASE_URL = "http://localhost:4000"
DEFAULT_NAME = "default"
KEY_PREFIXES = ("sk_test_", "sk_live_")
MAX_FILE_BYTES = 1024 * 1024
SHOWN_CHARACTERS = 4


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A stored login. `webhook_secret`: what `sgate listen` signs with."""

    base_url: str
    api_key: str
    webhook_secret: str
    merchant: str


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """The file. `current`: the profile that is used when nothing else is said."""

    current: str = DEFAULT_NAME
    profiles: dict[str, Profile] = {}


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the commands talk to: a server, a key, and the secret for forwarded webhooks.

    `origin`: where that comes from, for people.
    """

    base_url: str
    api_key: str
    webhook_secret: str
    origin: str

    @property
    def livemode(self) -> bool:
        """Whether the key moves real money's intents."""
        return self.api_key.startswith("sk_live_")


def path_of(environ: Mapping[str, str] = os.environ) -> Path:
    """The file: `$XDG_CONFIG_HOME/sgate/credentials.json`, else under `~/.config`."""
    base = environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base and Path(base).is_absolute() else Path.home() / ".config") / "sgate" / "credentials.json"


def read(path: Path) -> Stored:
    """What is stored; nothing if there is no file.

    Raises:
        Failure: if it cannot be read, or others may read it too.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(MAX_FILE_BYTES)
    except FileNotFoundError:
        return Stored()
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror}") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Failure(f"{path} holds API keys, and others on this machine may read it. Say: chmod 600 {path}")
    try:
        return msgspec.json.decode(content, type=Stored)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Failure(f"{path} is not what `sgate login` writes. Remove it, and log in again.") from None


def write(path: Path, stored: Stored) -> None:
    """Store, all or nothing; the file is never readable by others, not even for a moment.

    Raises:
        Failure: if it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".credentials-")  # made with mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(stored), indent=2) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}. Set XDG_CONFIG_HOME to another place.") from None


def chosen(name: str | None, environ: Mapping[str, str] = os.environ) -> Target:
    """Whom to talk to: what the environment says, else the profile of that name, else the current one.

    Raises:
        Failure: if there is no key, or it would be shown to a server that it was not stored for.
    """
    stored = read(path_of(environ))
    wanted = name or environ.get("SGATE_PROFILE")
    profile = stored.profiles.get(wanted or stored.current)
    if wanted is not None and profile is None:
        known = ", ".join(stored.profiles) or "none"
        raise Failure(f"there is no profile {wanted!r} (there are: {known}). Say: sgate login --profile {wanted}")
    given_key, given_url = environ.get("SGATE_API_KEY"), environ.get("SGATE_API_BASE_URL")
    if given_key:
        base_url = given_url or (DEFAULT_BASE_URL if profile is None else profile.base_url)
        key = checked_key(given_key, "SGATE_API_KEY")
        return Target(
            base_url=checked_url(base_url, key, "SGATE_API_BASE_URL"),
            api_key=key,
            webhook_secret=_derived_secret(key),
            origin="SGATE_API_KEY",
        )
    if profile is None:
        raise Failure(
            "no API key is known. Say `sgate login`, or set SGATE_API_KEY. `sgate merchants create` makes one."
        )
    if given_url and given_url.rstrip("/") != profile.base_url:
        raise Failure(
            f"SGATE_API_BASE_URL is {given_url}, but the stored key is for {profile.base_url}. "
            "Set SGATE_API_KEY too, or say: sgate login --profile NAME"
        )
    return Target(
        base_url=profile.base_url,
        api_key=profile.api_key,
        webhook_secret=profile.webhook_secret,
        origin=f"profile {wanted or stored.current}",
    )


def checked_key(text: str, source: str) -> str:
    """An API key by its form.

    Raises:
        Failure: if it is none. What was typed is not shown: it may be a secret of something else.
    """
    key = text.strip()
    if not key.startswith(KEY_PREFIXES) or not key.isascii() or not key.replace("_", "").isalnum():
        raise Failure(f"{source} is not an API key: those start with sk_test_ or sk_live_")
    return key


def checked_url(text: str, api_key: str, source: str) -> str:
    """The base URL of a server, without a slash at the end.

    Raises:
        Failure: if it is none, or would send a live key through a network in clear text.
    """
    try:
        parts = urlsplit(text.strip())
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        raise Failure(f"{source}: {text!r} is not a URL such as {DEFAULT_BASE_URL}") from None
    if not usable or parts.query or parts.fragment or parts.username:
        raise Failure(f"{source}: {text!r} is not a URL such as {DEFAULT_BASE_URL}")
    if parts.scheme == "http" and api_key.startswith("sk_live_") and not is_this_machine(parts.hostname or ""):
        raise Failure(f"{source}: a live key is not sent to {text} in clear text. Use https://.")
    return text.strip().rstrip("/")


def is_this_machine(host: str) -> bool:
    """Whether a host is the machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def new_profile(base_url: str, api_key: str, merchant: str, before: Profile | None) -> Profile:
    """A profile; the secret for webhooks stays what it was, so that receivers need not be told a new one."""
    secret = new_secret(secrets.token_bytes(SECRET_BYTES)) if before is None else before.webhook_secret
    return Profile(base_url=base_url, api_key=api_key, webhook_secret=secret, merchant=merchant)


def shown_key(api_key: str) -> str:
    """A key for people: enough to recognise it, too little to use it."""
    return f"{api_key[:8]}…{api_key[-SHOWN_CHARACTERS:]}"


def _derived_secret(api_key: str) -> str:
    """Without a profile, the secret follows from the key: always the same, and it tells nothing about the key."""
    digest = hmac.digest(api_key.encode(), b"sgate listen", "sha256")
    return f"whsec_{base64.b64encode(digest[:SECRET_BYTES]).decode()}"
