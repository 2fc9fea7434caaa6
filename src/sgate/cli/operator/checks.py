"""Checks of `sgate doctor` that use only this process: settings, secret keys, the data directory and clocks."""

import tempfile
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from sgate.runtime import factories
from sgate.settings.modes import Source
from sgate.settings.settings import DEVELOPMENT_SECRET_KEY, METRICS_ADVICE, METRICS_ARE_PUBLIC, Settings


class Level(StrEnum):
    """The level of a check. `warn` means that the installation works, but should be improved."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check: what was `found`, and the `advice` on what to do about it."""

    name: str
    level: Level
    found: str
    advice: str | None = None


def ok(name: str, found: str) -> Check:
    """Return a check that passed."""
    return Check(name=name, level=Level.OK, found=found)


def warn(name: str, found: str, advice: str) -> Check:
    """Return a check that passed with a warning."""
    return Check(name=name, level=Level.WARN, found=found, advice=advice)


def fail(name: str, found: str, advice: str) -> Check:
    """Return a check that failed."""
    return Check(name=name, level=Level.FAIL, found=found, advice=advice)


def settings_check(settings: Settings) -> Check:
    """Check that at least one mode is on, and that the metrics are not public in production."""
    modes = ", ".join(
        f"{'live' if livemode else 'test'} mode "
        + ("off" if settings.mode(livemode).source is Source.OFF else f"on {settings.network_of(livemode)}")
        for livemode in (False, True)
    )
    if all(settings.mode(livemode).source is Source.OFF for livemode in (False, True)):
        return fail("settings", "both modes are off", "Set SGATE_TEST__SOURCE=simulator or SGATE_LIVE__SOURCE=hiro.")
    if settings.in_production and settings.metrics_on_public_port:
        return fail("settings", METRICS_ARE_PUBLIC, METRICS_ADVICE)
    return ok("settings", f"{settings.env}, {modes}")


def secret_keys_check(settings: Settings) -> Check:
    """Check that secrets are not encrypted with the development key."""
    keys = settings.secret_key_texts()
    if DEVELOPMENT_SECRET_KEY in keys:
        return warn(
            "secret keys",
            "webhook secrets are encrypted with the development key, which is public",
            "Before you serve real merchants, set SGATE_SECRET_KEYS to a key from `sgate keys secret`.",
        )
    older = f", {len(keys) - 1} older" if len(keys) > 1 else ""
    return ok("secret keys", f"1 encrypts{older}")


def data_directory_check(settings: Settings) -> Check:
    """Check that the embedded database and the simulated chain can store their data."""
    needed = [name for name, needs in _USERS.items() if needs(settings)]
    directory = factories.data_directory(settings)
    if not needed:
        return ok("data directory", "not needed: the database and the chain are elsewhere")
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    reason = _why_not_writable(existing)
    if reason is not None:
        return fail(
            "data directory",
            f"{existing} is not writable ({reason}), but is needed for {' and '.join(needed)}",
            "Make it writable for this user, or set SGATE_DATA_DIR to another directory.",
        )
    return ok("data directory", f"{directory} holds {' and '.join(needed)}")


_USERS: dict[str, Callable[[Settings], bool]] = {
    "the embedded database": lambda settings: settings.database_url is None,
    "the simulated chain": lambda settings: (
        settings.test.source is Source.SIMULATOR and not settings.test.stacks_api_url
    ),
}


def _why_not_writable(directory: Path) -> str | None:
    try:
        with tempfile.NamedTemporaryFile(dir=directory, prefix=".sgate-doctor-"):
            return None
    except OSError as error:
        return error.strerror or type(error).__name__


SKEW_WARN_S = 5.0
SKEW_FAIL_S = 120.0
"""The largest acceptable difference. At five minutes, receivers refuse signatures; deadlines are wrong sooner."""


def skew_check(name: str, theirs: float, asked_at: float, answered_at: float, *, exact_s: float = 0.0) -> Check:
    """Check the difference between a remote clock and ours. All times are Unix times.

    Args:
        theirs: the time of the remote clock.
        asked_at: our time at the request.
        answered_at: our time at the answer. Half of the time in between is allowed for the transfer.
        exact_s: precision of the remote clock.
    """
    slack_s = (answered_at - asked_at) / 2 + exact_s
    skew_s = max(0.0, abs(theirs - (asked_at + answered_at) / 2) - slack_s)
    found = f"{skew_s:.1f} s from this machine's clock"
    advice = "Synchronize the clocks of both machines by NTP (timedatectl set-ntp true)."
    if skew_s > SKEW_FAIL_S:
        return fail(name, found, advice)
    return warn(name, found, advice) if skew_s > SKEW_WARN_S else ok(name, found)


def worst(checks: Sequence[Check]) -> Level:
    """Return the worst level of the checks."""
    levels = {check.level for check in checks}
    return next((level for level in (Level.FAIL, Level.WARN) if level in levels), Level.OK)


def now_s() -> float:
    """Return the Unix time."""
    return time.time()
