"""What `sgate doctor` finds: a check, how it went, and what to do about it. Here are those that ask nobody else."""

import tempfile
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from sgate.runtime import factories
from sgate.settings.modes import Source
from sgate.settings.settings import DEVELOPMENT_SECRET_KEY, Settings


class Level(StrEnum):
    """How a check went. `warn`: it works, but not as it should in the end."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check. `found`: what is so; `advice`: what to do, if something is to be done."""

    name: str
    level: Level
    found: str
    advice: str | None = None


def ok(name: str, found: str) -> Check:
    """All is well."""
    return Check(name=name, level=Level.OK, found=found)


def warn(name: str, found: str, advice: str) -> Check:
    """It works, but."""
    return Check(name=name, level=Level.WARN, found=found, advice=advice)


def fail(name: str, found: str, advice: str) -> Check:
    """It does not work."""
    return Check(name=name, level=Level.FAIL, found=found, advice=advice)


def settings_check(settings: Settings) -> Check:
    """What the settings come to."""
    modes = ", ".join(
        f"{'live' if livemode else 'test'} mode "
        + ("off" if settings.mode(livemode).source is Source.OFF else f"on {settings.network_of(livemode)}")
        for livemode in (False, True)
    )
    if all(settings.mode(livemode).source is Source.OFF for livemode in (False, True)):
        return fail("settings", "both modes are off", "Set SGATE_TEST__SOURCE=simulator or SGATE_LIVE__SOURCE=hiro.")
    return ok("settings", f"{settings.env}, {modes}")


def secret_keys_check(settings: Settings) -> Check:
    """Under what secrets are stored."""
    keys = settings.secret_key_texts()
    if DEVELOPMENT_SECRET_KEY in keys:
        return warn(
            "secret keys",
            "webhook secrets are stored under the development key, which everybody knows",
            "Before real merchants come: put what `sgate keys secret` prints into SGATE_SECRET_KEYS.",
        )
    older = f", and {len(keys) - 1} older" if len(keys) > 1 else ""
    return ok("secret keys", f"1 that encrypts{older}")


def data_directory_check(settings: Settings) -> Check:
    """Whether the embedded database and the simulated chain can keep their data."""
    needed = [name for name, needs in _INHABITANTS.items() if needs(settings)]
    directory = factories.data_directory(settings)
    if not needed:
        return ok("data directory", "not needed: the database and the chain are elsewhere")
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    reason = _why_not_writable(existing)
    if reason is not None:
        return fail(
            "data directory",
            f"{existing} cannot be written ({reason}); {' and '.join(needed)} would be there",
            "Give this user the right to write there, or set SGATE_DATA_DIR to another place.",
        )
    return ok("data directory", f"{directory} holds {' and '.join(needed)}")


_INHABITANTS: dict[str, Callable[[Settings], bool]] = {
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
"""Webhook signatures are refused when clocks are five minutes apart, and deadlines begin to be wrong before."""


def skew_check(name: str, theirs: float, asked_at: float, answered_at: float, *, exact_s: float = 0.0) -> Check:
    """How far a clock is from ours, less what the way and its own precision may account for. Unix times."""
    slack_s = (answered_at - asked_at) / 2 + exact_s
    skew_s = max(0.0, abs(theirs - (asked_at + answered_at) / 2) - slack_s)
    found = f"{skew_s:.1f} s from this machine's clock"
    advice = "Let the clocks be set by NTP (timedatectl set-ntp true), on this machine and on that one."
    if skew_s > SKEW_FAIL_S:
        return fail(name, found, advice)
    return warn(name, found, advice) if skew_s > SKEW_WARN_S else ok(name, found)


def worst(checks: Sequence[Check]) -> Level:
    """The worst of them."""
    levels = {check.level for check in checks}
    return next((level for level in (Level.FAIL, Level.WARN) if level in levels), Level.OK)


def now_s() -> float:
    """Unix time."""
    return time.time()
