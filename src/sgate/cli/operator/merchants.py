"""`sgate merchants`: create, list, export and suspend merchants."""

from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from sgate.cli.operator.processes import with_pool
from sgate.cli.options import ModeName, checked_name
from sgate.cli.printing import JsonOption, escape, examples, print_json, print_object, print_table
from sgate.cli.problems import OperatorError
from sgate.db.pool import Pool
from sgate.environment import Environment
from sgate.services import merchants
from sgate.services.api_keys import NewKey
from sgate.settings.settings import Settings
from sgate.store import merchants as store
from sgate.store import merchants_export
from sgate.store.audit_log import OPERATOR
from sgate.store.merchants_export import FIRST_ID, MerchantEntry

app = typer.Typer(help="Create, list, export and suspend merchants.", no_args_is_help=True)

MAX_LISTED = 1_000

MerchantArgument = Annotated[UUID, typer.Argument(help="The merchant's id.")]


@app.command("create", epilog=examples("sgate merchants create --name 'Corner Coffee'"))
def create(
    name: Annotated[str, typer.Option(help="The name that customers see.")],
    mode: Annotated[ModeName, typer.Option(help="The mode of the first key.")] = ModeName.TEST,
    as_json: JsonOption = False,
) -> None:
    """Create a merchant and its first API key. The key is shown once and never again."""
    name = checked_name(name.strip())

    async def work(pool: Pool, _: Settings) -> tuple[str, NewKey]:
        return await merchants.create(pool, Environment(), name, livemode=mode is ModeName.LIVE, actor=OPERATOR)

    merchant_id, created = with_pool(work)
    if as_json:
        answer = {"merchant_id": merchant_id, "api_key_id": created.key.id, "api_key": created.secret, "mode": mode}
        print_json(answer)
        return
    console = Console(highlight=False)
    console.print(f"Merchant [bold]{escape(name)}[/]: {merchant_id}", soft_wrap=True)
    console.print(f"API key, shown only once: [bold]{created.secret}[/]", soft_wrap=True)


@app.command("list")
def list_merchants(as_json: JsonOption = False) -> None:
    """List merchants, oldest first."""

    async def work(pool: Pool, _: Settings) -> list[dict[str, str]]:
        async with pool.acquire() as connection:
            rows = await store.list_all(connection, MAX_LISTED)
        return [{"id": row["id"], "name": row["name"], "created_at": row["created_at"].isoformat()} for row in rows]

    found = with_pool(work)
    if as_json:
        print_json(found)
        return
    print_table(
        ("id", "name", "created"), [(merchant["id"], merchant["name"], merchant["created_at"]) for merchant in found]
    )


@app.command("export", epilog=examples("sgate merchants export > merchants.json"))
def export(as_json: JsonOption = False) -> None:
    """Print all merchants and all of their pay addresses as JSON.

    Keep the output with your backups: a rebuild needs it. It contains no keys or secrets. With --json it is one line.
    """

    async def work(pool: Pool, _: Settings) -> list[MerchantEntry]:
        found: list[MerchantEntry] = []
        async with pool.acquire() as connection:
            while page := await merchants_export.export_after(
                connection, found[-1].id if found else FIRST_ID, MAX_LISTED
            ):
                found += page
        return found

    exported = with_pool(work)
    if as_json:
        print_json(exported)
    else:
        print_object(exported)


@app.command("suspend", epilog=examples("sgate merchants suspend 4f0c2a9e-7b1d-4c55-9e6a-0d3f8b2a1c77"))
def suspend(merchant: MerchantArgument, as_json: JsonOption = False) -> None:
    """Refuse all API keys of a merchant within a second. Its payments are still recorded and webhooks still sent."""
    _set_suspended(merchant, as_json=as_json, suspended=True)


@app.command("resume", epilog=examples("sgate merchants resume 4f0c2a9e-7b1d-4c55-9e6a-0d3f8b2a1c77"))
def resume(merchant: MerchantArgument, as_json: JsonOption = False) -> None:
    """Accept the API keys of a suspended merchant again."""
    _set_suspended(merchant, as_json=as_json, suspended=False)


def _set_suspended(merchant: UUID, *, as_json: bool, suspended: bool) -> None:
    async def work(pool: Pool, _: Settings) -> bool:
        return await merchants.suspend(pool, str(merchant), OPERATOR, suspended=suspended)

    state = "suspended" if suspended else "active"
    if not with_pool(work):
        raise OperatorError(f"there is no merchant {merchant}, or it is already {state}; see `sgate merchants list`")
    if as_json:
        print_json({"merchant_id": str(merchant), "state": state})
        return
    typer.echo(f"{merchant} is now {state}.")
