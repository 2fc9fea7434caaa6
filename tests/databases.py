"""Databases for tests. Emptying one takes a tenth of the time of making one, so they are used again while they can be.

A database is dropped instead if a test changed its schema or left much in it.
"""

import os
from urllib.parse import urlsplit, urlunsplit

import asyncpg

MAX_TABLE_BYTES = 128 * 1024
"""Larger tables would slow down later tests, or change their plans."""

_WATCH_SCHEMA = """
CREATE SCHEMA tests;

-- The rows that the migrations wrote.
DO $$
DECLARE
    part regclass;
    filled boolean;
BEGIN
    FOR part IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %s)', part) INTO filled;
        IF filled THEN
            EXECUTE format('CREATE TABLE tests.%s AS TABLE %s', part, part);
        END IF;
    END LOOP;
END $$;

-- Where the migrations left the sequences.
CREATE SCHEMA test_sequences;
CREATE TABLE test_sequences.found (name text, value bigint, called boolean);
DO $$
DECLARE
    part regclass;
BEGIN
    FOR part IN SELECT oid FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace LOOP
        EXECUTE format('INSERT INTO test_sequences.found SELECT %L, last_value, is_called FROM %s', part, part);
    END LOOP;
END $$;

CREATE SEQUENCE tests.schema_changes;
CREATE FUNCTION tests.note_change() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM nextval('tests.schema_changes');
END $$;
CREATE EVENT TRIGGER note_change ON ddl_command_end EXECUTE FUNCTION tests.note_change();
CREATE EVENT TRIGGER note_drop ON sql_drop EXECUTE FUNCTION tests.note_change();
"""

_END_SESSIONS = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1"

# A sequence does not roll back, so a change of the schema that was rolled back counts too; it does no harm.
_EMPTY = f"""
SET session_replication_role = replica;
DO $$
DECLARE
    part record;
    filled boolean;
BEGIN
    IF (SELECT is_called FROM tests.schema_changes) THEN
        RAISE EXCEPTION 'the schema was changed';
    END IF;
    FOR part IN
        SELECT c.oid::regclass AS name, pg_relation_size(c.oid) AS bytes FROM pg_class AS c
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
    LOOP
        IF part.bytes > {MAX_TABLE_BYTES} THEN
            RAISE EXCEPTION 'the table is large';
        END IF;
        CONTINUE WHEN part.bytes = 0;
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %s)', part.name) INTO filled;
        CONTINUE WHEN NOT filled;
        EXECUTE format('DELETE FROM %s', part.name);
    END LOOP;
    FOR part IN SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'tests'::regnamespace LOOP
        EXECUTE format('INSERT INTO public.%I OVERRIDING SYSTEM VALUE SELECT * FROM tests.%I', part.name, part.name);
    END LOOP;
    PERFORM setval(name, value, called) FROM test_sequences.found;
END $$;
"""


async def watch_schema(url: str) -> None:
    """Make a database notice changes of its schema; so do its copies."""
    connection = await asyncpg.connect(url)
    await connection.execute(_WATCH_SCHEMA)
    await connection.close()


class Stock:
    """The databases that tests of one worker have given back."""

    def __init__(self, server_url: str, template: str) -> None:
        self._server_url = server_url
        self._template = template
        self._empty: list[str] = []

    async def take(self) -> str:
        """Return the name of a database with the newest schema and no rows."""
        if self._empty:
            return self._empty.pop()
        name = f"sgate_test_{os.urandom(6).hex()}"
        connection = await asyncpg.connect(self._server_url)
        try:
            await connection.execute("SELECT pg_advisory_lock(5347415446)")  # a template can be copied by one at a time
            await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{self._template}"')
            await connection.execute("SELECT pg_advisory_unlock(5347415446)")
        finally:
            await connection.close()
        return name

    async def give_back(self, name: str) -> None:
        """Empty a database for the next test, or drop it."""
        connection = await asyncpg.connect(self._server_url)
        try:
            await connection.execute(_END_SESSIONS.replace("$1", f"'{name}'"))
            if await self._emptied(name):
                self._empty.append(name)
            else:
                await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        finally:
            await connection.close()

    async def drop(self) -> None:
        """Drop all databases."""
        connection = await asyncpg.connect(self._server_url)
        for name in self._empty:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.close()

    async def _emptied(self, name: str) -> bool:
        try:
            connection = await asyncpg.connect(self._url(name))
        except asyncpg.PostgresError:  # the test dropped it
            return False
        try:
            await connection.execute(_EMPTY)
        except asyncpg.PostgresError:
            return False
        else:
            return True
        finally:
            await connection.close()

    def _url(self, name: str) -> str:
        return urlunsplit(urlsplit(self._server_url)._replace(path=f"/{name}"))
