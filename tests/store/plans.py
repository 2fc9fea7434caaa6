"""What PostgreSQL plans for what a function of the store asks."""

import json

import pytest


class Asked(Exception):
    """What a function of the store asks the database."""


class Listener:
    """A connection that notes the settings of a transaction and its statement, and goes no further.

    `empty`: how many statements find no row, or plenty if they count, before the one that is asked for.
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
        """One value: in the middle of a search, that there is plenty."""
        if not self.empty:
            return await self.fetch(statement, *arguments)
        self.empty -= 1
        return 10**9

    fetchrow = execute = fetch


async def plan_of(pool, call, *, empty=0, settings=None):
    """Every node of the plan that PostgreSQL chooses for what `call` asks; nothing of it is kept."""
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
