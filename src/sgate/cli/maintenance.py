"""`sgate maintenance`: refuse calls that write for a while."""

from typing import Annotated

import typer

from sgate.cli.printing import JsonOption, print_json
from sgate.cli.processes import with_pool
from sgate.gateway import maintenance_mode
from sgate.settings import Settings
from sgate.store import maintenance_mode as store
from sgate.store.audit import OPERATOR
from sgate.store.pool import Pool

app = typer.Typer(help="Refuse calls that write for a while, without a restart.", no_args_is_help=True)

MAX_RETRY_AFTER_S = 86_400


@app.command("on")
def on(
    retry_after: Annotated[
        int, typer.Option(min=1, max=MAX_RETRY_AFTER_S, help="Seconds after which callers are told to come back.")
    ] = 60,
) -> None:
    """Answer 503 to calls that write. Reads, checkout pages, the watcher and webhooks go on."""

    async def work(pool: Pool, _: Settings) -> None:
        await maintenance_mode.begin(pool, retry_after, OPERATOR)

    with_pool(work)
    typer.echo("Calls that write are refused within two seconds. `sgate maintenance off` ends it.")


@app.command("off")
def off() -> None:
    """Take calls that write again."""

    async def work(pool: Pool, _: Settings) -> bool:
        return await maintenance_mode.end(pool, OPERATOR)

    typer.echo("Calls that write are taken again." if with_pool(work) else "There was nothing to end.")


@app.command("status")
def status(as_json: JsonOption = False) -> None:
    """Say whether calls that write are refused."""

    async def work(pool: Pool, _: Settings) -> int | None:
        async with pool.acquire() as connection:
            return await store.get(connection)

    retry_after_s = with_pool(work)
    if as_json:
        print_json({"on": retry_after_s is not None, "retry_after_s": retry_after_s})
    elif retry_after_s is None:
        typer.echo("Calls that write are taken.")
    else:
        typer.echo(f"Calls that write are refused; callers are told to come back after {retry_after_s} s.")
