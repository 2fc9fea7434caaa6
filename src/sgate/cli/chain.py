"""`sgate chain`: how well the chain is followed."""

import sys
from datetime import UTC, datetime

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from sgate.cli.merchants import JsonOption
from sgate.cli.processes import with_pool
from sgate.settings import Settings, Source
from sgate.store import blocks, ledger
from sgate.store.pool import Pool

app = typer.Typer(help="The chain as this gateway sees it.", no_args_is_help=True)


class ChainStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How far one mode's chain is read. Ages in seconds."""

    mode: str
    network: str
    scanned_height: int
    scanned_hash: str
    block_time: str
    checked_s_ago: float | None
    waiting_decisions: int
    trouble: str | None


@app.command("status")
def status(as_json: JsonOption = False) -> None:
    """How far the chain is read, and what is in the way. Exit status 1 if something is."""

    async def work(pool: Pool, chosen: Settings) -> list[ChainStatus]:
        found: list[ChainStatus] = []
        async with pool.acquire() as connection:
            for name, livemode in (("test", False), ("live", True)):
                cursor = await blocks.get_cursor(connection, livemode=livemode)
                if cursor is None or chosen.mode(livemode).source is Source.OFF:
                    continue
                age = None if cursor.checked_at is None else (datetime.now(UTC) - cursor.checked_at).total_seconds()
                found.append(
                    ChainStatus(
                        mode=name,
                        network=cursor.network,
                        scanned_height=cursor.view.height,
                        scanned_hash=cursor.view.index_block_hash,
                        block_time=cursor.view.time.isoformat(),
                        checked_s_ago=None if age is None else round(age, 1),
                        waiting_decisions=await ledger.length(connection, livemode=livemode),
                        trouble=cursor.trouble,
                    )
                )
        return found

    found = with_pool(work)
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
    elif not found:
        typer.echo("No chain has been followed yet. Start `sgate run`.")
    else:
        _print(found)
    if any(chain.trouble for chain in found):
        sys.exit(1)


def _print(found: list[ChainStatus]) -> None:
    table = Table("mode", "network", "scanned height", "block time", "looked", "decisions waiting", "trouble")
    for chain in found:
        looked = "never" if chain.checked_s_ago is None else f"{chain.checked_s_ago:.0f} s ago"
        table.add_row(
            chain.mode,
            chain.network,
            str(chain.scanned_height),
            chain.block_time,
            looked,
            str(chain.waiting_decisions),
            chain.trouble or "none",
        )
    Console().print(table)
