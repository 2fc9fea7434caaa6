"""Every SQL statement in the code prepares on the schema that the migrations build."""

import importlib
import itertools
import pkgutil

import asyncpg

import sgate.db
import sgate.store
from sgate.store.payment_intents_lists import Way, after_statement, before_statement, count_statement, page_statement

SQL_WORDS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


def statements() -> dict[str, str]:
    found = {}
    modules = [
        *pkgutil.iter_modules(sgate.db.__path__, "sgate.db."),
        *pkgutil.iter_modules(sgate.store.__path__, "sgate.store."),
    ]
    for module in modules:
        if module.ispkg:
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, str) and value.strip().startswith(SQL_WORDS):
                found[f"{module.name}.{name}"] = value
    for make, way, status in itertools.product((after_statement, before_statement, page_statement), Way, (False, True)):
        found[f"{make.__name__} {way} {status}"] = make(way, status=status)
    for way, status in itertools.product((Way.LISTED, Way.SCANNED, Way.MATCHED), (False, True)):
        found[f"count_statement {way} {status}"] = count_statement(way, status=status)
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
