"""`sgate maintenance`: refuse write calls to the API."""

from typing import Annotated

import typer

from sgate.cli.operator.processes import with_pool
from sgate.cli.printing import JsonOption, examples, print_json
from sgate.db.pool import Pool
from sgate.services import maintenance_mode
from sgate.settings.settings import Settings
from sgate.store import maintenance_mode as store
from sgate.store.audit_log import OPERATOR

app = typer.Typer(help="Refuse write calls to the API, without a restart.", no_args_is_help=True)

MAX_RETRY_AFTER_S = 86_400


@app.command("on", epilog=examples("sgate maintenance on --retry-after 120"))
def on(
    retry_after: Annotated[
        int, typer.Option(min=1, max=MAX_RETRY_AFTER_S, help="Seconds in the Retry-After header of refused calls.")
    ] = 60,
    as_json: JsonOption = False,
) -> None:
    """Refuse write calls to the API with a 503. Reads, checkout pages, the watcher and webhooks continue to work."""

    async def work(pool: Pool, _: Settings) -> None:
        await maintenance_mode.begin(pool, retry_after, OPERATOR)

    with_pool(work)
    if as_json:
        print_json({"retry_after_s": retry_after})
        return
    typer.echo("Write calls to the API are refused within two seconds. `sgate maintenance off` accepts them again.")


@app.command("off")
def off(as_json: JsonOption = False) -> None:
    """Accept write calls to the API again."""

    async def work(pool: Pool, _: Settings) -> bool:
        return await maintenance_mode.end(pool, OPERATOR)

    ended = with_pool(work)
    if as_json:
        print_json({"ended": ended})
        return
    typer.echo("Write calls to the API are accepted again." if ended else "Maintenance mode was not on.")


@app.command("status")
def status(as_json: JsonOption = False) -> None:
    """Show whether write calls to the API are refused."""

    async def work(pool: Pool, _: Settings) -> int | None:
        async with pool.acquire() as connection:
            return await store.get(connection)

    retry_after_s = with_pool(work)
    if as_json:
        print_json({"retry_after_s": retry_after_s})
    elif retry_after_s is None:
        typer.echo("Write calls to the API are accepted.")
    else:
        typer.echo(f"Write calls to the API are refused with Retry-After: {retry_after_s} s.")
