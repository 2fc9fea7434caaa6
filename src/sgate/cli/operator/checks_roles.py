"""Checks of `sgate doctor` on database roles: the application can do what it must, and cannot rewrite the books."""

from collections.abc import Sequence

import asyncpg

from sgate.cli.operator.checks import Check, fail, ok, warn
from sgate.db.pool import Connection, DatabaseErrors, connect
from sgate.db.roles import APPLICATION_ROLE
from sgate.runtime import factories
from sgate.runtime.factories import DatabaseUrls
from sgate.settings.settings import Settings
from sgate.store import grants
from sgate.store.grants import Rights

MAX_SHOWN = 3
"""The maximum number of rights that a check lists."""

ROLE, OWNER = "database role", "database owner"


async def role_checks(connection: Connection, settings: Settings, urls: DatabaseUrls) -> list[Check]:
    """Check the role that the application uses, and the one that owns the schema if it has its own URL."""
    owner = await _owner(urls) if urls.owner != factories.direct_url(settings, urls.application) else []
    try:
        rights = await grants.of_current_role(connection)
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedObjectError):
        return owner  # there is no schema yet, which another check reports
    return [_role(rights), *owner]


def _role(rights: Rights) -> Check:
    if rights.missing:
        return fail(
            ROLE,
            f"{rights.role} lacks rights that the application needs: {_some(rights.missing)}",
            f"{_to_create(rights)}Then run `sgate migrate` with SGATE_DATABASE_OWNER_URL, which grants them.",
        )
    if rights.owns or rights.excess or rights.creates:
        powers = "it may do what the owner of the tables may do" if rights.owns else _some(_excess(rights))
        return warn(
            ROLE,
            f"with the rights of {rights.role}, the application could rewrite the books: {powers}",
            _advice(rights),
        )
    return ok(ROLE, f"{rights.role} can do what the application needs, and cannot rewrite the books")


def _excess(rights: Rights) -> list[str]:
    return [*rights.excess, *(["CREATE in the schema"] if rights.creates else [])]


def _advice(rights: Rights) -> str:
    if not rights.owns:
        return f"Revoke these rights from {rights.role}, from its groups, and from PUBLIC."
    if rights.role == APPLICATION_ROLE:
        return (
            f"Let another role own the database and its tables (ALTER DATABASE ... OWNER TO, REASSIGN OWNED BY "
            f"{APPLICATION_ROLE} TO), set SGATE_DATABASE_OWNER_URL to that role's URL, and run `sgate migrate`."
        )
    return (
        f"{_to_create(rights)}Set SGATE_DATABASE_OWNER_URL for `sgate migrate` to the URL in use now, run it, and "
        f"change SGATE_DATABASE_URL (and SGATE_DATABASE_DIRECT_URL) to {APPLICATION_ROLE}. See docs/production.md."
    )


def _to_create(rights: Rights) -> str:
    """Return a sentence about how to give the role to the application's login, or an empty string."""
    if not rights.application_role_exists:
        return f"In psql, run CREATE ROLE {APPLICATION_ROLE} LOGIN and \\password {APPLICATION_ROLE}. "
    if rights.owns or rights.role == APPLICATION_ROLE:
        return ""
    return f"In psql, run GRANT {APPLICATION_ROLE} TO {rights.role}, unless it is a member already. "


async def _owner(urls: DatabaseUrls) -> list[Check]:
    """Check that the role that migrates owns the schema."""
    advice = "Check SGATE_DATABASE_OWNER_URL: it is the role that created the tables, and does not use the pooler."
    try:
        connection = await connect(urls.owner, application_name="sgate doctor")
    except (*DatabaseErrors, asyncpg.PostgresError, ValueError) as error:
        return [fail(OWNER, f"cannot be reached: {str(error) or type(error).__name__}", advice)]
    try:
        rights = await grants.of_current_role(connection)
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedObjectError):
        return []
    finally:
        await connection.close()
    if not rights.owns:
        return [fail(OWNER, f"{rights.role} does not own the tables, so it cannot migrate them", advice)]
    return [ok(OWNER, f"{rights.role} owns the tables")]


def _some(rights: Sequence[str]) -> str:
    more = len(rights) - MAX_SHOWN
    return ", ".join(rights[:MAX_SHOWN]) + (f" and {more} more" if more > 0 else "")
