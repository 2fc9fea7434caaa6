"""The plans that PostgreSQL chooses for the statements of the store's functions."""

import json

import pytest


class Asked(Exception):
    """Carries the statement that a function of the store sends, and its arguments."""


class Listener:
    """A connection that records a transaction's settings and raises its statement instead of running it.

    `empty`: how many statements return no rows (or a large count) before the one to be examined.
    """

    def __init__(self, empty):
        self.settings = []
        self.empty = empty

    async def fetch(self, statement, *arguments):
        if "set_config" in statement:
            self.settings.append(statement)
        elif self.empty:
            self.empty -= 1
            return []
        else:
            raise Asked(statement, arguments)
        return None

    async def fetchval(self, statement, *arguments):
        """Return a large count while statements are still skipped."""
        if not self.empty:
            return await self.fetch(statement, *arguments)
        self.empty -= 1
        return 10**9

    fetchrow = execute = fetch


async def plan_of(pool, call, *, empty=0, settings=None):
    """Return every node of the plan that PostgreSQL chooses for the statement of `call`. Its effects are rolled back."""
    listener = Listener(empty)
    with pytest.raises(Asked) as asked:
        await call(listener)
    statement, arguments = asked.value.args
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        for setting in listener.settings:
            await connection.execute(setting)
        for name, value in (settings or {}).items():
            await connection.execute("SELECT set_config($1, $2, TRUE)", name, value)
        text = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", *arguments)
        await transaction.rollback()
    return list(nodes(json.loads(text)[0]["Plan"]))


def nodes(plan):
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def used(plan):
    return {node["Index Name"] for node in plan if "Index Name" in node}
