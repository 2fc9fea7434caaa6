"""`sgate chain`: show how far the chain is read, and read it again."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.table import Table

from sgate.chain.quota import month_of
from sgate.cli.operator.processes import with_pool
from sgate.cli.options import ModeName
from sgate.cli.printing import JsonOption, escape, examples, print_json
from sgate.cli.problems import OperatorError
from sgate.db.pool import Connection, Pool
from sgate.environment import Environment
from sgate.runtime.chain_sources import limits_of, urls_of
from sgate.services import chain_rescan, chain_reset
from sgate.settings.modes import Source
from sgate.settings.settings import Settings
from sgate.store import api_usage, chain_cursors, ledger_queue, pay_addresses
from sgate.store.audit_log import OPERATOR
from sgate.store.chain_cursors import Rescan

LONGEST_AGE_S = 10 * 365 * 86_400.0
"""An age greater than this means that the event has never happened."""

app = typer.Typer(help="Show how far the chain is read, and read it again.", no_args_is_help=True)


class ChainStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The progress of reading one mode's chain. Ages are in seconds.

    Attributes:
        tip_height: height of the chain when it was last read.
        rescan: blocks that are still to be read again.
        addresses_read_s_ago: time since the least recently read address was read; None without addresses.
        calls_this_month: calls made, by API name.
        calls_per_month: call limit of each API; None without a limit.
        disagreement: how the configured API servers disagree, as of the last hourly comparison; None if they agree.
        trouble: the last error, or None if the chain is read without errors.
    """

    mode: str
    network: str
    scanned_height: int
    tip_height: int
    rescan: Rescan | None
    addresses_read_s_ago: float | None
    calls_this_month: dict[str, int]
    calls_per_month: int | None
    scanned_hash: str
    block_time: str
    checked_s_ago: float | None
    waiting_decisions: int
    trouble: str | None
    disagreement: str | None = None


@app.command("status")
def status(as_json: JsonOption = False) -> None:
    """Show how far each chain is read and whether reading fails. The exit status is 1 if it does."""

    async def work(pool: Pool, chosen: Settings) -> list[ChainStatus]:
        async with pool.acquire() as connection:
            watched = [livemode for livemode in (False, True) if chosen.mode(livemode).source is not Source.OFF]
            return [found for livemode in watched if (found := await _status(connection, chosen, livemode)) is not None]

    found = with_pool(work)
    if as_json:
        print_json(found)
    elif not found:
        typer.echo("No chain has been read yet. Start `sgate run`.")
    else:
        _print(found)
    if any(chain.trouble for chain in found):
        sys.exit(1)


@app.command("rescan", epilog=examples("sgate chain rescan --from-height 180000 --mode live"))
def rescan(
    from_height: Annotated[int, typer.Option("--from-height", min=1, help="The first block to read again.")],
    mode: Annotated[ModeName, typer.Option(help="The mode whose chain is read again.")] = ModeName.TEST,
    as_json: JsonOption = False,
) -> None:
    """Have the running watcher read blocks and addresses again, up to its current height.

    The scanned height does not go back in the meantime. Stored block times that cannot be right, because they are hours
    ahead of this machine's clock, are corrected.
    """
    livemode = mode is ModeName.LIVE

    async def work(pool: Pool, _: Settings) -> bool:
        return await chain_rescan.start(pool, Environment(), from_height, livemode=livemode)

    if not with_pool(work):
        raise OperatorError(
            f"the {mode} chain has not been scanned up to height {from_height}; see `sgate chain status`"
        )
    if as_json:
        print_json({"mode": mode, "from_height": from_height})
        return
    typer.echo(f"The watcher reads blocks from {from_height} again; `sgate chain status` shows its progress.")


@app.command("accept-reset")
def accept_reset(
    mode: Annotated[ModeName, typer.Option(help="The mode whose chain was reset.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Accept that a chain was reset, as test networks sometimes are, and follow the new chain.

    Payments of confirmed intents stay as they are. All other payments are orphaned with the old chain.
    """
    livemode = mode is ModeName.LIVE
    if not yes:
        typer.confirm(f"Forget the old {mode} chain and orphan all payments of unconfirmed intents?", abort=True)

    async def work(pool: Pool, _: Settings) -> int | None:
        return await chain_reset.accept(pool, OPERATOR, livemode=livemode)

    lost = with_pool(work)
    if lost is None:
        raise OperatorError(f"the {mode} chain has never been read: there is nothing to reset")
    if as_json:
        print_json({"mode": mode, "payments_gone": lost})
        return
    typer.echo(f"The watcher follows the new {mode} chain from its next poll on. Orphaned payments: {lost}.")


async def _status(connection: Connection, chosen: Settings, livemode: bool) -> ChainStatus | None:
    cursor = await chain_cursors.get(connection, livemode=livemode)
    if cursor is None:
        return None
    now = datetime.now(UTC)
    oldest = await pay_addresses.oldest_read(connection, livemode=livemode)
    return ChainStatus(
        mode="live" if livemode else "test",
        network=cursor.network,
        scanned_height=cursor.view.height,
        tip_height=max(cursor.tip_height, cursor.view.height),
        rescan=cursor.rescan,
        addresses_read_s_ago=None if oldest is None else round((now - oldest).total_seconds(), 1),
        calls_this_month=await api_usage.of_month(connection, month_of(now).date(), livemode=livemode),
        calls_per_month=_calls_per_month(chosen, livemode),
        scanned_hash=cursor.view.index_block_hash,
        block_time=cursor.view.time.isoformat(),
        checked_s_ago=None if cursor.checked_at is None else round((now - cursor.checked_at).total_seconds(), 1),
        waiting_decisions=await ledger_queue.length(connection, livemode=livemode),
        trouble=cursor.trouble,
        disagreement=cursor.disagreement,
    )


def _calls_per_month(chosen: Settings, livemode: bool) -> int | None:
    limits = [limits_of(chosen.mode(livemode), url).per_month for url in urls_of(chosen, livemode)]
    return limits[0] if limits else None


def _print(found: list[ChainStatus]) -> None:
    console = Console()
    table = Table(
        "mode",
        "network",
        "scanned",
        "block time",
        "last polled",
        "addresses read",
        "calls this month",
        "waiting",
        "last error",
    )
    for chain in found:
        limit = "" if chain.calls_per_month is None else f" of {chain.calls_per_month:,}"
        calls = ", ".join(f"{api}: {number:,}{limit}" for api, number in chain.calls_this_month.items())
        table.add_row(
            chain.mode,
            chain.network,
            str(chain.scanned_height),
            chain.block_time,
            _ago(chain.checked_s_ago),
            _ago(chain.addresses_read_s_ago),
            calls or "not counted",
            str(chain.waiting_decisions),
            escape(chain.trouble or "none"),
        )
    console.print(table)
    for chain in found:
        if chain.tip_height > chain.scanned_height:
            console.print(
                f"{chain.mode}: catching up",
                ProgressBar(chain.tip_height, chain.scanned_height, width=40),
                f"{chain.scanned_height:,} of {chain.tip_height:,} blocks",
            )
        if chain.disagreement is not None:
            console.print(f"{chain.mode}: the API servers disagree: {chain.disagreement}", soft_wrap=True)
        if chain.rescan is not None:
            console.print(f"{chain.mode}: reading blocks {chain.rescan.lowest:,} to {chain.rescan.highest:,} again.")


def _ago(seconds: float | None) -> str:
    if seconds is None or seconds > LONGEST_AGE_S:
        return "never"
    return f"{seconds:.0f} s ago"
