"""Stored logins of developers, in one file that only its owner can read.

A profile contains the URL of a server, an API key for this server, and the secret with which `sgate listen` signs.
Environment variables take precedence: SGATE_PROFILE selects a profile, and SGATE_API_KEY and SGATE_API_BASE_URL replace
the values of the profile.
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
    """A stored login. `webhook_secret` is the secret with which `sgate listen` signs."""

    base_url: str
    api_key: str
    webhook_secret: str
    merchant: str


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """The content of the file. `current` is the profile that is used by default."""

    current: str = DEFAULT_NAME
    profiles: dict[str, Profile] = {}


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The server that a command calls, the API key, and the secret for forwarded webhooks.

    `origin` describes the source of the key, for people to read.
    """

    base_url: str
    api_key: str
    webhook_secret: str
    origin: str

    @property
    def livemode(self) -> bool:
        """Whether the key is a live key."""
        return self.api_key.startswith("sk_live_")


def path_of(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the path of the file: `$XDG_CONFIG_HOME/sgate/credentials.json`, by default under `~/.config`."""
    base = environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base and Path(base).is_absolute() else Path.home() / ".config") / "sgate" / "credentials.json"


def read(path: Path) -> Stored:
    """Return the stored logins. There are none if the file does not exist.

    Raises:
        Failure: if the file cannot be read or decoded, or other users may read it.
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
        raise Failure(f"{path} holds API keys, but other users of this machine may read it. Run: chmod 600 {path}")
    try:
        return msgspec.json.decode(content, type=Stored)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Failure(f"{path} was not written by `sgate login`. Remove it and log in again.") from None


def write(path: Path, stored: Stored) -> None:
    """Write the logins atomically. Other users can never read the file, not even while it is being written.

    Raises:
        Failure: if the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".credentials-")  # created with mode 0600
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
        raise Failure(
            f"{path} cannot be written: {error.strerror}. Set XDG_CONFIG_HOME to another directory."
        ) from None


def chosen(name: str | None, environ: Mapping[str, str] = os.environ) -> Target:
    """Return the target of a command, from the environment, the named profile, or the current profile.

    Raises:
        Failure: if there is no key, or if the key was stored for a different server.
    """
    stored = read(path_of(environ))
    wanted = name or environ.get("SGATE_PROFILE")
    profile = stored.profiles.get(wanted or stored.current)
    if wanted is not None and profile is None:
        known = ", ".join(stored.profiles) or "none"
        raise Failure(f"there is no profile {wanted!r} (profiles: {known}). Run: sgate login --profile {wanted}")
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
            "no API key is stored. Run `sgate login`, or set SGATE_API_KEY. `sgate merchants create` creates a key."
        )
    if given_url and given_url.rstrip("/") != profile.base_url:
        raise Failure(
            f"SGATE_API_BASE_URL is {given_url}, but the stored key is for {profile.base_url}. "
            "Set SGATE_API_KEY too, or run: sgate login --profile NAME"
        )
    return Target(
        base_url=profile.base_url,
        api_key=profile.api_key,
        webhook_secret=profile.webhook_secret,
        origin=f"profile {wanted or stored.current}",
    )


def checked_key(text: str, source: str) -> str:
    """Return an API key without surrounding space.

    Raises:
        Failure: if `text` does not look like an API key. The text is not shown, because it may be another secret.
    """
    key = text.strip()
    if not key.startswith(KEY_PREFIXES) or not key.isascii() or not key.replace("_", "").isalnum():
        raise Failure(f"{source} is not an API key; API keys start with sk_test_ or sk_live_")
    return key


def checked_url(text: str, api_key: str, source: str) -> str:
    """Return the base URL of a server, without a trailing slash.

    Raises:
        Failure: if `text` is not a URL, or a live key would be sent to it over a network in clear text.
    """
    try:
        parts = urlsplit(text.strip())
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        raise Failure(f"{source}: {text!r} is not a URL such as {DEFAULT_BASE_URL}") from None
    if not usable or parts.query or parts.fragment or parts.username:
        raise Failure(f"{source}: {text!r} is not a URL such as {DEFAULT_BASE_URL}")
    if parts.scheme == "http" and api_key.startswith("sk_live_") and not is_this_machine(parts.hostname or ""):
        raise Failure(f"{source}: a live key must not be sent to {text} in clear text. Use https://.")
    return text.strip().rstrip("/")


def is_this_machine(host: str) -> bool:
    """Return whether a host name or address belongs to this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def new_profile(base_url: str, api_key: str, merchant: str, before: Profile | None) -> Profile:
    """Return a profile that keeps the webhook secret of `before`, so that receivers do not need a new secret."""
    secret = new_secret(secrets.token_bytes(SECRET_BYTES)) if before is None else before.webhook_secret
    return Profile(base_url=base_url, api_key=api_key, webhook_secret=secret, merchant=merchant)


def shown_key(api_key: str) -> str:
    """Return an abbreviated key, which people can recognize but nobody can use."""
    return f"{api_key[:8]}…{api_key[-SHOWN_CHARACTERS:]}"


def _derived_secret(api_key: str) -> str:
    """Return the webhook secret for a key without a profile. It is stable and reveals nothing about the key."""
    digest = hmac.digest(api_key.encode(), b"sgate listen", "sha256")
    return f"whsec_{base64.b64encode(digest[:SECRET_BYTES]).decode()}"
