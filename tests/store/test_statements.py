"""Every SQL statement of the store is one that PostgreSQL understands, on the schema that the migrations build."""

import importlib
import pkgutil

import asyncpg

import sgate.store

SQL_WORDS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


def statements() -> dict[str, str]:
    found = {}
    for module in pkgutil.iter_modules(sgate.store.__path__, "sgate.store."):
        if module.ispkg:
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, str) and value.strip().startswith(SQL_WORDS):
                found[f"{module.name}.{name}"] = value
    return found


async def test_every_statement_prepares(pool):
    refused = {}
    async with pool.acquire() as connection:
        for name, statement in statements().items():
            try:
                await connection.prepare(statement)
            except asyncpg.PostgresError as error:
                refused[name] = str(error)
    assert refused == {}
    assert len(statements()) > 50
