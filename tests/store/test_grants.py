"""The application's role can run every statement, and cannot rewrite the books."""

import os
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from conftest import database_url_of
from servers.application_role import application_url_of
from sgate.core.retry import MIN_RETENTION
from sgate.db import schema_check
from sgate.db.roles import APPLICATION_ROLE
from sgate.store import grants, migrate, partitions
from sgate.store.partitions import Month
from store.test_partitions import make, months
from store.test_statements import statements

BOOKS = ("audit_log", "events", "ledger_commands", "ledger_decisions", "payment_observations")
REWRITES = [
    *[f"{verb} {table}" for table in BOOKS for verb in ("UPDATE", "DELETE FROM", "TRUNCATE")],
    "TRUNCATE merchants CASCADE",
    "DELETE FROM payments",
    "DELETE FROM payment_intents",
    "DELETE FROM merchants",
    "UPDATE payments SET amount_sats = 1",
    "UPDATE payments SET recipient = 'mine'",
    "UPDATE payment_intents SET amount_sats = 1",
    "UPDATE payment_intents SET pay_address = 'mine'",
    "UPDATE schema_compatibility SET oldest_revision = '9999'",
    "UPDATE alembic_version SET version_num = '9999'",
    "DELETE FROM alembic_version",
    "CREATE TABLE mine (id integer)",
    "CREATE FUNCTION now_mine() RETURNS integer LANGUAGE sql RETURN 1",
    "ALTER TABLE events ADD COLUMN mine text",
    "ALTER TABLE events DISABLE TRIGGER ALL",
    "CREATE INDEX ON events (type)",
    "CREATE RULE unseen AS ON INSERT TO events DO INSTEAD NOTHING",
    "CREATE TRIGGER unseen BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "DROP TABLE events CASCADE",
    "DROP FUNCTION drop_delivery_months",
    "ALTER FUNCTION drop_delivery_months SET search_path = pg_temp",
    "SELECT setval('events_position', 1)",
    "SELECT * FROM events FOR UPDATE",
    "SET ROLE postgres",
    "SET session_replication_role = replica",
]


@pytest.mark.parametrize("rewrite", REWRITES)
async def test_what_would_rewrite_the_books_is_refused(pool, application_pool, rewrite):
    if rewrite.startswith("UPDATE") and " SET " not in rewrite:
        column = await pool.fetchval(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum = 2",
            rewrite.removeprefix("UPDATE "),
        )
        rewrite = f"{rewrite} SET {column} = {column}"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application_pool.execute(rewrite)


async def test_every_statement_is_permitted(application_pool):
    refused = {}
    async with application_pool.acquire() as connection:
        for name, statement in statements().items():
            try:
                await connection.execute(f"EXPLAIN (GENERIC_PLAN) {statement}")
            except asyncpg.InsufficientPrivilegeError as error:
                refused[name] = str(error)
    assert refused == {}


async def test_the_lists_name_tables_and_columns_that_exist(pool):
    async with pool.acquire() as connection:
        tables = {table.name: table for table in await grants._tables(connection)}
    named = {*grants.READ_ONLY, *grants.APPEND_ONLY, *grants.DELETED_FROM, *grants.FIXED_COLUMNS}
    assert named <= tables.keys()
    for name, fixed in grants.FIXED_COLUMNS.items():
        columns = await pool.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped", name
        )
        assert {column for (column,) in columns} - set(tables[name].columns) == set(fixed)


async def test_the_role_has_exactly_its_rights(pool, application_pool):
    async with application_pool.acquire() as connection:
        rights = await grants.of_current_role(connection)
    assert (rights.role, rights.owns, rights.creates) == (APPLICATION_ROLE, False, False)
    assert (rights.missing, rights.excess) == ([], [])
    async with pool.acquire() as connection:
        assert (await grants.of_current_role(connection)).owns


async def test_the_role_may_check_the_schema(application_url):
    await schema_check.check(application_url)


# --- granting again


async def test_a_new_table_can_be_written_after_the_next_migration_and_lost_or_foreign_rights_are_corrected(
    pool, application_pool, database_url
):
    await pool.execute("CREATE TABLE made_later (id integer)")
    await pool.execute("ALTER TABLE payments ADD COLUMN added_later integer")
    await pool.execute(f"REVOKE ALL ON payment_intents FROM {APPLICATION_ROLE}")
    await pool.execute(
        f"GRANT ALL ON events TO {APPLICATION_ROLE}; GRANT UPDATE (payload) ON events TO {APPLICATION_ROLE}"
    )
    async with application_pool.acquire() as connection:
        before = await grants.of_current_role(connection)
        assert {"SELECT on payment_intents", "INSERT on made_later", "UPDATE on payments.added_later"} <= set(
            before.missing
        )
        assert set(before.excess) == {"UPDATE on events", "DELETE on events", "TRUNCATE on events"}
        await migrate.migrate(database_url)
        after = await grants.of_current_role(connection)
    assert (after.missing, after.excess) == ([], [])
    await application_pool.execute("INSERT INTO made_later VALUES (1)")


async def test_a_right_to_one_column_of_the_books_is_noticed(pool, application_pool):
    await pool.execute(f"GRANT UPDATE (payload) ON events TO {APPLICATION_ROLE}")
    async with application_pool.acquire() as connection:
        assert (await grants.of_current_role(connection)).excess == ["UPDATE on events"]


async def test_a_member_of_the_role_has_its_rights_and_no_more(pool, database_url):
    login = f"login_{os.urandom(4).hex()}"
    await pool.execute(f"CREATE ROLE {login} LOGIN IN ROLE {APPLICATION_ROLE}")
    try:
        connection = await asyncpg.connect(application_url_of(database_url).replace(APPLICATION_ROLE, login, 1))
        rights = await grants.of_current_role(connection)
        await connection.close()
    finally:
        await pool.execute(f"DROP ROLE {login}")
    assert (rights.role, rights.owns, rights.missing, rights.excess) == (login, False, [], [])


async def test_other_tables_of_the_schema_keep_their_owners_rights(pool, application_pool, database_url):
    other = f"other_{os.urandom(4).hex()}"
    await pool.execute(f"CREATE ROLE {other}; CREATE TABLE theirs (id integer); ALTER TABLE theirs OWNER TO {other}")
    try:
        await migrate.migrate(database_url)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await application_pool.fetch("SELECT * FROM theirs")
    finally:
        await pool.execute(f"DROP TABLE theirs; DROP ROLE {other}")


async def test_a_schema_open_to_all_roles_as_before_postgresql_15_is_closed(pool, application_pool, database_url):
    await pool.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
    async with application_pool.acquire() as connection:
        assert (await grants.of_current_role(connection)).creates
    await migrate.migrate(database_url)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application_pool.execute("CREATE TABLE mine (id integer)")


@pytest.fixture
async def ordinary_owner(postgres_server):
    """The URL of an empty database whose owner is not a superuser."""
    name = f"owner_{os.urandom(4).hex()}"
    server = await asyncpg.connect(postgres_server)
    password = "'for the tests'"
    await server.execute(f"CREATE ROLE {name} LOGIN PASSWORD {password}")
    await server.execute(f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0")
    url = application_url_of(database_url_of(postgres_server, name)).replace(APPLICATION_ROLE, name, 1)
    yield url
    await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await server.execute(f"DROP ROLE {name}")
    await server.close()


async def test_an_owner_without_further_rights_migrates_and_the_application_works(ordinary_owner, postgres_server):
    await migrate.migrate(ordinary_owner)
    name = ordinary_owner.partition("//")[2].partition(":")[0]
    connection = await asyncpg.connect(application_url_of(database_url_of(postgres_server, name)))
    rights = await grants.of_current_role(connection)
    assert (rights.owns, rights.missing, rights.excess) == (False, [], [])
    assert await partitions.maintain(connection, timedelta(days=90), 100) == partitions.MaintenanceResult()
    await connection.close()


async def test_an_application_role_that_owns_the_tables_keeps_them(ordinary_owner, monkeypatch):
    """An installation may already use a role with this name for everything."""
    name = ordinary_owner.partition("//")[2].partition(":")[0]
    monkeypatch.setattr(grants, "APPLICATION_ROLE", name)
    await migrate.migrate(ordinary_owner)
    connection = await asyncpg.connect(ordinary_owner)
    rights = await grants.of_current_role(connection)
    await connection.execute("UPDATE events SET payload = payload")
    await connection.close()
    assert (rights.owns, rights.missing) == (True, [])


async def test_without_the_role_nothing_is_granted(ordinary_owner, monkeypatch):
    monkeypatch.setattr(grants, "APPLICATION_ROLE", "no_such_role")
    await migrate.migrate(ordinary_owner)
    connection = await asyncpg.connect(ordinary_owner)
    assert not await grants.apply(connection)
    assert not (await grants.of_current_role(connection)).application_role_exists
    granted = (
        "SELECT count(*) FROM pg_class, aclexplode(relacl) AS a WHERE a.grantee = $1::regrole AND relname = 'events'"
    )
    assert await connection.fetchval(granted, APPLICATION_ROLE) == 0
    await connection.close()


async def test_an_application_that_migrates_a_current_schema_changes_nothing(application_url):
    assert await migrate.migrate(application_url) == migrate.head()


async def test_an_application_that_migrates_an_old_schema_is_refused_with_the_setting_that_helps(pool, application_url):
    await pool.execute("UPDATE alembic_version SET version_num = '0010'")
    with pytest.raises(
        schema_check.MigrationFailed, match=r"(permission denied|must be owner).*SGATE_DATABASE_OWNER_URL"
    ):
        await migrate.migrate(application_url)


# --- the functions


async def test_the_application_drops_an_ended_month_and_creates_the_missing_ones(pool, application_pool):
    await make(pool, Month(2020, 2))
    following = Month.of(await pool.fetchval("SELECT now()")).following
    await pool.execute(f"DROP TABLE webhook_attempts_{following.suffix}, webhook_deliveries_{following.suffix}")
    async with application_pool.acquire() as connection:
        done = await partitions.maintain(connection, timedelta(days=90), 100)
    assert (done.made, done.dropped) == ((following.suffix,), ("2020_02",))
    owners = await pool.fetch(
        "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relname LIKE 'webhook_%' AND relkind IN ('r', 'p')"
    )
    assert APPLICATION_ROLE not in {owner for (owner,) in owners}


@pytest.mark.parametrize(
    "retention",
    ["0", "30 days 23:59", "-1 day", "-infinity", "1 mon -1 day", "2 mons -40 days", None],
)
async def test_a_retention_below_the_floor_is_refused(pool, application_pool, retention):
    await make(pool, Month(2020, 2))
    with pytest.raises(asyncpg.InvalidParameterValueError, match="at least 31 days"):
        await application_pool.fetch("SELECT * FROM drop_delivery_months($1::text::interval)", retention)
    assert "2020_02" in await months(pool)


async def test_the_floor_is_that_of_the_setting(pool, application_pool):
    assert await application_pool.fetch("SELECT * FROM drop_delivery_months($1)", MIN_RETENTION) == []


async def test_whatever_the_time_zone_a_month_that_has_not_ended_long_enough_ago_is_kept(pool, application_pool):
    await make(pool, Month(2020, 2))
    kept = Month.of(await pool.fetchval("SELECT now() - interval '31 days'"))
    if kept.suffix not in await months(pool):
        await make(pool, kept)
    async with application_pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL timezone = 'Pacific/Kiritimati'")
        dropped = await connection.fetch("SELECT suffix FROM drop_delivery_months('31 days')")
    assert [suffix for (suffix,) in dropped] == ["2020_02"]
    assert kept.suffix in await months(pool)


async def test_only_months_are_dropped_whatever_else_hangs_on_the_table(pool, application_pool):
    await pool.execute(
        "CREATE TABLE webhook_deliveries_archive PARTITION OF webhook_deliveries FOR VALUES FROM ('a') TO ('b')"
    )
    await pool.execute("CREATE TABLE webhook_deliveries_1999_01 (id text)")  # not a partition
    assert await application_pool.fetch("SELECT * FROM drop_delivery_months('90 days')") == []
    assert await pool.fetchval("SELECT count(*) FROM webhook_deliveries_1999_01") == 0


@pytest.mark.parametrize("months_ahead", [-1, 13, 1200])
async def test_only_months_of_the_next_year_can_be_created(application_pool, months_ahead):
    month = Month.of(datetime.now(UTC))
    first = month.start.date().replace(
        year=month.year + (month.month - 1 + months_ahead) // 12, month=(month.month - 1 + months_ahead) % 12 + 1
    )
    with pytest.raises(asyncpg.InvalidParameterValueError, match="first day"):
        await application_pool.fetchval("SELECT make_delivery_month($1)", first)


async def test_a_month_is_created_once_and_from_its_first_day(application_pool):
    first = Month.of(datetime.now(UTC)).start.date()
    assert await application_pool.fetchval("SELECT make_delivery_month($1)", first) is False
    with pytest.raises(asyncpg.InvalidParameterValueError, match="first day"):
        await application_pool.fetchval("SELECT make_delivery_month($1)", first.replace(day=2))
    with pytest.raises(asyncpg.InvalidParameterValueError, match="first day"):
        await application_pool.fetchval("SELECT make_delivery_month(NULL)")


async def test_a_callers_own_tables_and_search_path_do_not_deceive_the_functions(pool, application_pool):
    """A temporary table shadows others of its name, unless a function names the schemas that it reads."""
    await make(pool, Month(2020, 2))
    await pool.execute(f"GRANT TEMPORARY ON DATABASE {await pool.fetchval('SELECT current_database()')} TO PUBLIC")
    async with application_pool.acquire() as connection:
        await connection.execute(
            "CREATE TEMP TABLE pg_inherits AS SELECT 'events'::regclass::oid AS inhrelid, "
            "'webhook_deliveries'::regclass::oid AS inhparent"
        )
        await connection.execute("CREATE TEMP TABLE webhook_deliveries_2020_02 (status text)")
        await connection.execute("SET search_path = pg_temp, public")
        dropped = await connection.fetch("SELECT suffix, still_open FROM drop_delivery_months('90 days')")
        await connection.execute("RESET search_path")
    assert [tuple(row) for row in dropped] == [("2020_02", 0)]
    assert await pool.fetchval("SELECT count(*) FROM events") == 0


async def test_other_roles_cannot_call_the_functions(pool, database_url):
    other = f"other_{os.urandom(4).hex()}"
    await pool.execute(f"CREATE ROLE {other}")
    try:
        for function in ("make_delivery_month(date)", "drop_delivery_months(interval)"):
            assert not await pool.fetchval("SELECT has_function_privilege($1, $2, 'EXECUTE')", other, function)
    finally:
        await pool.execute(f"DROP ROLE {other}")
