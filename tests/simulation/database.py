"""The database of a simulation: a real PostgreSQL whose clock and random ids are simulated.

The product's statements use now() and gen_random_uuid(). Functions with the same names precede PostgreSQL's own in the
search path, and column defaults are changed to use them, so nothing stored depends on the real time and a seed replays
exactly.
"""

import contextlib
import os
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from servers.application_role import application_url_of
from sgate.db.pool import open_pool
from sgate.store import migrate

ACQUIRE_TIMEOUT_S = 10.0
"""There is one connection for one thread: acquiring a second one while holding it times out."""

_INSTALL = """
CREATE SCHEMA simulated;
CREATE TABLE simulated.clock (now TIMESTAMPTZ NOT NULL) WITH (fillfactor = 10);
INSERT INTO simulated.clock VALUES ('epoch');
CREATE SEQUENCE simulated.numbers;
CREATE FUNCTION simulated.now() RETURNS TIMESTAMPTZ LANGUAGE sql STABLE AS 'SELECT now FROM simulated.clock';
CREATE FUNCTION simulated.gen_random_uuid() RETURNS UUID LANGUAGE sql VOLATILE
    AS $$ SELECT md5(nextval('simulated.numbers')::text)::uuid $$;
GRANT USAGE ON SCHEMA simulated TO sgate_app;
GRANT SELECT ON simulated.clock TO sgate_app;
GRANT USAGE ON SEQUENCE simulated.numbers TO sgate_app;
ALTER FUNCTION make_delivery_month SET search_path = simulated, pg_catalog, public;
ALTER FUNCTION drop_delivery_months SET search_path = simulated, pg_catalog, public;
"""

_DEFAULTS = """
SELECT format(
    'ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', d.adrelid::regclass, a.attname,
    regexp_replace(pg_get_expr(d.adbin, d.adrelid), '\\m(now|gen_random_uuid)\\(\\)', 'simulated.\\1()', 'g')
)
FROM pg_attrdef AS d JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE pg_get_expr(d.adbin, d.adrelid) ~ '\\m(now|gen_random_uuid)\\(\\)' AND a.attgenerated = ''
"""

_TABLES = """
SELECT c.oid::regclass::text FROM pg_class AS c
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
    AND c.relname <> 'alembic_version'
ORDER BY 1
"""

_VACUUMED = """
SELECT c.oid::regclass::text FROM pg_class AS c
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'alembic_version'
"""

DATABASE_SETTINGS = (
    "search_path = simulated, pg_catalog, public",
    "plan_cache_mode = force_generic_plan",  # a plan must not depend on how often a statement ran in earlier seeds
    "synchronous_commit = off",
)

SEEDED_BY_MIGRATIONS = ("exchange_rate_turns",)


class Database:
    """A database for any number of simulations, one after another."""

    def __init__(self, url, control):
        self.url = url
        self.control = control
        self._now = None
        self._pool = None

    @classmethod
    async def install(cls, url):
        """Prepare the migrated database at `url` for simulations."""
        connection = await asyncpg.connect(url)
        await connection.execute(_INSTALL)
        for [statement] in await connection.fetch(_DEFAULTS):
            await connection.execute(statement)
        for [table] in await connection.fetch(_VACUUMED):  # autovacuum would move rows at unpredictable times
            await connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = FALSE)")
        name = await connection.fetchval("SELECT current_database()")
        for setting in DATABASE_SETTINGS:
            await connection.execute(f'ALTER DATABASE "{name}" SET {setting}')
        await connection.close()
        return cls(url, await asyncpg.connect(url, server_settings={"timezone": "UTC", "jit": "off"}))

    async def begin(self):
        """Delete everything. Returns the pool, with one connection as the application's role, that all processes of a
        simulation share.
        """
        tables = [table for [table] in await self.control.fetch(_TABLES) if table not in SEEDED_BY_MIGRATIONS]
        await self.control.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY")
        await self.control.execute("ALTER SEQUENCE simulated.numbers RESTART")
        self._now = None
        if self._pool is None:
            self._pool = await open_pool(
                application_url_of(self.url), min_connections=1, max_connections=1, acquire_timeout_s=ACQUIRE_TIMEOUT_S
            )
        return self._pool

    async def set_clock(self, unix_s):
        """Set the database's clock, from the next transaction on."""
        if unix_s != self._now:
            await self.control.execute("UPDATE simulated.clock SET now = $1", datetime.fromtimestamp(unix_s, UTC))
            self._now = unix_s

    async def terminate(self):
        """Terminate the pool after a failure, even if its connection is in use."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None

    async def close(self):
        """Close everything."""
        await self.terminate()
        await self.control.close()


@contextlib.asynccontextmanager
async def fresh_database(server_url):
    """Create a database for simulations on a server, and drop it afterwards."""
    name = f"sgate_simulation_{os.urandom(6).hex()}"
    server = await asyncpg.connect(server_url)
    await server.execute(f'CREATE DATABASE "{name}"')
    try:
        url = urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
        await migrate.migrate(url)
        database = await Database.install(url)
        yield database
        await database.close()
    finally:
        await server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await server.close()


async def disable_durability(server_url):
    """Turn off durability, which a throwaway server does not need."""
    connection = await asyncpg.connect(server_url)
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        await connection.execute(f"ALTER SYSTEM SET {setting} = off")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()
