"""The rights of the application's role: it reads and writes rows, but cannot rewrite history.

The owner of the schema grants the rights after each migration. `sgate doctor` compares the rights of the role that the
application actually uses with this list.
"""

from typing import NamedTuple

import msgspec

from sgate.db.pool import Connection
from sgate.db.roles import APPLICATION_ROLE

READ_ONLY = ("alembic_version", "schema_compatibility")

APPEND_ONLY = ("audit_log", "events", "ledger_commands", "ledger_decisions", "payment_observations")
"""The books: rows are inserted and never changed."""

DELETED_FROM = (
    "blocks",
    "exchange_rates",
    "idempotency_keys",
    "ledger_queue",
    "logos",
    "maintenance_mode",
    "mempool_sightings",
    "touched_days",
    "webhook_attempts",
    "webhook_deliveries_default",
)
"""The tables from which statements delete rows."""

FIXED_COLUMNS = {
    "payment_intents": (
        "id",
        "merchant_id",
        "livemode",
        "amount_sats",
        "currency",
        "client_secret",
        "expires_at",
        "grace_s",
        "seen_hold_s",
        "tolerance_sats",
        "tolerance_bp",
        "confirmation_policy",
        "late_payments",
        "pay_address",
        "amount_usd",
        "rate_usd_per_btc",
        "rate_source",
        "quoted_at",
        "created_at",
    ),
    "payments": ("id", "livemode", "tx_id", "event_index", "amount_sats", "recipient", "created_at"),
}
"""Columns that never change after the insert: the terms of an intent, and the identity of a payment."""

SEQUENCES = ("events_position",)
"""Sequences that statements and triggers read. An identity column needs no right to its sequence."""

FUNCTIONS = ("make_delivery_month", "drop_delivery_months")
"""Functions that only the owner and the application may call."""

ANY = "*"


class Table(msgspec.Struct, frozen=True):
    """A table of the schema, and its columns that may change."""

    name: str
    columns: list[str]

    @property
    def granted(self) -> list[str]:
        """The privileges of the application's role, as GRANT names them."""
        if self.name in READ_ONLY:
            return ["SELECT"]
        granted = ["SELECT", "INSERT"]
        if self.name in FIXED_COLUMNS:
            granted.append(f"UPDATE ({', '.join(self.columns)})")
        elif self.name not in APPEND_ONLY:
            granted.append("UPDATE")
        return [*granted, "DELETE"] if self.name in DELETED_FROM else granted


class Right(NamedTuple):
    """A privilege on a table, on one of its columns, or on at least one of its columns (ANY)."""

    table: str
    privilege: str
    column: str = ""

    @property
    def text(self) -> str:
        """The right in words, such as `UPDATE on events`."""
        return f"{self.privilege} on {self.table}{f'.{self.column}' if self.column not in {'', ANY} else ''}"


class Rights(msgspec.Struct, frozen=True, kw_only=True):
    """The rights of the role that is logged in, compared with those that the application needs.

    Attributes:
        role: the name of the role.
        owns: whether the role may do whatever the owner of the tables may do.
        creates: whether the role may create objects in the schema.
        missing: rights that the application needs and the role does not have, such as `INSERT on events`.
        excess: rights with which the role could rewrite history, such as `UPDATE on events`.
        application_role_exists: whether the server has the role APPLICATION_ROLE.
    """

    role: str
    owns: bool
    creates: bool
    missing: list[str]
    excess: list[str]
    application_role_exists: bool


# The tables that the migrations created: those with the same owner as `alembic_version`, and those that the migrating
# role has added. Deliveries are only accessed through the partitioned tables and the default partitions.
_TABLES = """
SELECT quote_ident(c.relname) AS name, array_agg(quote_ident(a.attname) ORDER BY a.attnum) AS columns
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_class AS v ON v.oid = 'alembic_version'::regclass AND v.relnamespace = c.relnamespace
JOIN pg_roles AS r ON r.rolname = current_user
WHERE c.relkind IN ('r', 'p') AND c.relowner IN (v.relowner, r.oid)
    AND (NOT c.relispartition OR c.relname LIKE '%\\_default')
GROUP BY c.relname
ORDER BY c.relname
"""

# Nothing is granted if the application's role does not exist, if it could do everything anyway, or if the current role
# cannot grant rights.
_CAN_GRANT = """
SELECT NOT app.rolsuper AND NOT pg_has_role(app.oid, v.relowner, 'MEMBER') AND pg_has_role(v.relowner, 'USAGE')
FROM pg_class AS v, pg_roles AS app
WHERE v.oid = 'alembic_version'::regclass AND app.rolname = $1
"""

# PostgreSQL before 15 let every role create objects in the schema `public`. An upgraded database still does.
_OPEN_SCHEMA = """
SELECT quote_ident(n.nspname) FROM pg_class AS v JOIN pg_namespace AS n ON n.oid = v.relnamespace
WHERE v.oid = 'alembic_version'::regclass AND pg_has_role(n.nspowner, 'USAGE')
    AND EXISTS (SELECT 1 FROM aclexplode(n.nspacl) AS acl WHERE acl.grantee = 0 AND acl.privilege_type = 'CREATE')
"""

_SCHEMA = "SELECT quote_ident(nspname) FROM pg_namespace WHERE nspname = current_schema()"

_ROLE = """
SELECT current_user AS role, r.rolsuper OR pg_has_role(v.relowner, 'MEMBER') AS owns,
    has_schema_privilege(v.relnamespace, 'CREATE') AS creates,
    EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1) AS application_role_exists
FROM pg_class AS v, pg_roles AS r
WHERE v.oid = 'alembic_version'::regclass AND r.rolname = current_user
"""

_HAS = """
SELECT CASE w.col WHEN '' THEN has_table_privilege(w.tab, w.privilege)
        WHEN '*' THEN has_any_column_privilege(w.tab, w.privilege)
        ELSE has_column_privilege(w.tab, w.col, w.privilege) END AS has
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS w (tab, privilege, col, place)
ORDER BY w.place
"""

_MISSING_ELSEWHERE = """
SELECT 'USAGE on sequence ' || name FROM unnest($1::text[]) AS name
WHERE NOT has_sequence_privilege(name, 'USAGE') OR NOT has_sequence_privilege(name, 'SELECT')
UNION ALL
SELECT 'EXECUTE on function ' || proname FROM pg_proc
WHERE proname = ANY ($2::text[]) AND pronamespace = current_schema()::regnamespace
    AND NOT has_function_privilege(oid, 'EXECUTE')
"""


async def apply(connection: Connection) -> bool:
    """Give the application's role exactly its rights, and return True. Return False if there is nothing to grant.

    The connection must have the rights of the schema's owner. Running processes are never without the rights, not even
    for a moment.
    """
    if not await connection.fetchval(_CAN_GRANT, APPLICATION_ROLE):
        return False
    statements: list[str] = []
    for (schema,) in await connection.fetch(_OPEN_SCHEMA):
        statements.append(f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC")
    statements.append(f"GRANT USAGE ON SCHEMA {await connection.fetchval(_SCHEMA)} TO {APPLICATION_ROLE}")
    for table in await _tables(connection):
        statements.append(f"REVOKE ALL ON {table.name} FROM {APPLICATION_ROLE}")
        statements.append(f"GRANT {', '.join(table.granted)} ON {table.name} TO {APPLICATION_ROLE}")
    statements += [f"GRANT USAGE, SELECT ON SEQUENCE {name} TO {APPLICATION_ROLE}" for name in SEQUENCES]
    statements += [f"GRANT EXECUTE ON FUNCTION {name} TO {APPLICATION_ROLE}" for name in FUNCTIONS]
    async with connection.transaction():
        await connection.execute(";\n".join(statements))
    return True


async def of_current_role(connection: Connection) -> Rights:
    """Compare the rights of the role that is logged in with those that the application needs."""
    [role] = await connection.fetch(_ROLE, APPLICATION_ROLE)
    needed: list[Right] = []
    dangerous: list[Right] = []
    for table in await _tables(connection):
        _sort(table, needed, dangerous)
    return Rights(
        role=role["role"],
        owns=role["owns"],
        creates=role["creates"],
        missing=[
            *await _held(connection, needed, held=False),
            *[text for (text,) in await connection.fetch(_MISSING_ELSEWHERE, SEQUENCES, FUNCTIONS)],
        ],
        excess=await _held(connection, dangerous, held=True),
        application_role_exists=role["application_role_exists"],
    )


async def _tables(connection: Connection) -> list[Table]:
    rows = await connection.fetch(_TABLES)
    return [
        Table(name=row["name"], columns=[c for c in row["columns"] if c not in FIXED_COLUMNS.get(row["name"], ())])
        for row in rows
    ]


def _sort(table: Table, needed: list[Right], dangerous: list[Right]) -> None:
    """Add the rights to a table to those that the application needs, or to those that it must not have."""
    granted = table.granted
    for privilege in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"):
        if privilege == "UPDATE" and table.name in FIXED_COLUMNS:
            needed += [Right(table.name, privilege, column) for column in table.columns]
            dangerous += [Right(table.name, privilege, column) for column in FIXED_COLUMNS[table.name]]
        elif privilege in granted:
            needed.append(Right(table.name, privilege))
        else:
            dangerous.append(Right(table.name, privilege, ANY if privilege in {"INSERT", "UPDATE"} else ""))


async def _held(connection: Connection, rights: list[Right], *, held: bool) -> list[str]:
    """Return the names of the rights that the role has, or of those that it does not have."""
    rows = await connection.fetch(
        _HAS,
        [right.table for right in rights],
        [right.privilege for right in rights],
        [right.column for right in rights],
    )
    return [right.text for right, row in zip(rights, rows, strict=True) if row["has"] is held]
