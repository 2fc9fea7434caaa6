"""`sgate maintenance`: refuse calls that write for a while."""

from typing import Annotated

import typer

from sgate.cli.operator.processes import with_pool
from sgate.cli.printing import JsonOption, examples, print_json
from sgate.db.pool import Pool
from sgate.services import maintenance_mode
from sgate.settings.settings import Settings
from sgate.store import maintenance_mode as store
from sgate.store.audit_log import OPERATOR

app = typer.Typer(help="Refuse calls that write for a while, without a restart.", no_args_is_help=True)

MAX_RETRY_AFTER_S = 86_400


@app.command("on", epilog=examples("sgate maintenance on --retry-after 120"))
def on(
    retry_after: Annotated[
        int, typer.Option(min=1, max=MAX_RETRY_AFTER_S, help="Seconds after which callers are told to come back.")
    ] = 60,
    as_json: JsonOption = False,
) -> None:
    """Answer 503 to calls that write. Reads, checkout pages, the watcher and webhooks go on."""

    async def work(pool: Pool, _: Settings) -> None:
        await maintenance_mode.begin(pool, retry_after, OPERATOR)

    with_pool(work)
    if as_json:
        print_json({"retry_after_s": retry_after})
        return
    typer.echo("Calls that write are refused within two seconds. `sgate maintenance off` ends it.")


@app.command("off")
def off(as_json: JsonOption = False) -> None:
    """Take calls that write again."""

    async def work(pool: Pool, _: Settings) -> bool:
        return await maintenance_mode.end(pool, OPERATOR)

    ended = with_pool(work)
    if as_json:
        print_json({"ended": ended})
        return
    typer.echo("Calls that write are taken again." if ended else "There was nothing to end.")


@app.command("status")
def status(as_json: JsonOption = False) -> None:
    """Say whether calls that write are refused."""

    async def work(pool: Pool, _: Settings) -> int | None:
        async with pool.acquire() as connection:
            return await store.get(connection)

    retry_after_s = with_pool(work)
    if as_json:
        print_json({"retry_after_s": retry_after_s})
    elif retry_after_s is None:
        typer.echo("Calls that write are taken.")
    else:
        typer.echo(f"Calls that write are refused; callers are told to come back after {retry_after_s} s.")
