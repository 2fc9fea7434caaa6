"""`sgate ledger`: verify the ledger, or rebuild it from the chain."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sgate.cli.operator.processes import with_database, with_pool
from sgate.cli.options import ModeName
from sgate.cli.printing import JsonOption, escape, examples, print_json
from sgate.cli.problems import OperatorError
from sgate.db.pool import Pool
from sgate.environment import Environment
from sgate.ledger import replay as books
from sgate.ledger.replay import Checked
from sgate.runtime import factories
from sgate.runtime.chain_sources import CallCounts, open_chain
from sgate.services.gateway_addresses import GatewayAddressTaken
from sgate.settings.modes import Source
from sgate.settings.settings import Settings
from sgate.store import merchants_export
from sgate.store.merchants_export import MerchantEntry
from sgate.telemetry.metrics import Metrics
from sgate.workers import leadership
from sgate.workers.watcher import rebuild as rebuilding
from sgate.workers.watcher.rebuild import RebuildFailed, Rebuilt
from sgate.workers.watcher.watcher import PollReport, Watcher

app = typer.Typer(help="Verify the ledger, or rebuild it from the chain.", no_args_is_help=True)

PAUSE_S = 2.0
"""Minimum pause between two polls of a rebuild."""

MAX_FILE_BYTES = 256 * 1024 * 1024


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )


@app.command("replay", epilog=examples("sgate ledger replay --check"))
def replay(
    check: Annotated[bool, typer.Option("--check", help="Compare and report without changing anything.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Verify that the state of every intent follows from its facts by legal transitions.

    The exit status is 1 if an intent differs.
    """
    if not check:
        raise OperatorError("run `sgate ledger replay --check`: a replay only checks and never changes anything")

    async def work(pool: Pool, _: Settings) -> list[Checked]:
        checked: list[Checked] = []
        with _progress(Console(stderr=True)) as progress:
            task = progress.add_task("intents", total=await books.count(pool))
            async for item in books.check(pool):
                checked.append(item)
                progress.advance(task)
        return checked

    checked = with_pool(work)
    wrong, waiting = [item for item in checked if item.differences], sum(item.waiting for item in checked)
    if as_json:
        answer = {"checked": len(checked), "waiting": waiting, "different": wrong}
        print_json(answer)
    else:
        console = Console(highlight=False)
        for item in wrong:
            console.print(f"[bold red]{item.intent_id}[/]: " + escape("; ".join(item.differences)), soft_wrap=True)
        verdict = "all agree" if not wrong else f"{len(wrong)} differ"
        console.print(f"Intents checked: {len(checked)}; waiting for a decision: {waiting}; {verdict}.")
    if wrong:
        sys.exit(1)


@app.command(
    "rebuild", epilog=examples("sgate ledger rebuild --from-height 180000 --mode live --addresses merchants.json")
)
def rebuild(
    from_height: Annotated[int, typer.Option("--from-height", min=0, help="The first block to read.")],
    addresses: Annotated[
        Path | None, typer.Option(help="File with merchants and addresses, written by `sgate merchants export`.")
    ] = None,
    mode: Annotated[ModeName, typer.Option(help="The mode whose chain is read.")] = ModeName.TEST,
    as_json: JsonOption = False,
) -> None:
    """Restore payments from the chain into a database from an old backup, or an empty one. Stop all watchers first."""
    entries = [] if addresses is None else read_entries(addresses)
    livemode = mode is ModeName.LIVE
    console = Console(highlight=False, stderr=as_json)

    async def work(pool: Pool, settings: Settings, direct_url: str) -> Rebuilt:
        if settings.mode(livemode).source is Source.OFF:
            raise OperatorError(f"{mode} mode is off: set SGATE_{mode.upper()}__SOURCE")
        async with pool.acquire() as connection, connection.transaction():
            added = [entry for entry in entries if await merchants_export.import_merchant(connection, entry)]
        if entries:
            console.print(f"Imported {len(added)} of {len(entries)} merchants; the others were already known.")
        return await _rebuild(pool, settings, direct_url, from_height, livemode=livemode)

    try:
        rebuilt = with_database(work)
    except GatewayAddressTaken as error:
        raise OperatorError(str(error)) from None
    except RebuildFailed as error:
        raise OperatorError(
            f"the chain could not be read to the end: {error}. Run the rebuild again: nothing is recorded twice."
        ) from None
    if as_json:
        print_json(rebuilt)
        return
    console.print(f"{rebuilt.payments} payments restored or moved, in {rebuilt.polls} polls.")
    console.print(
        "Data that is not on the chain cannot be restored: payment intents that are missing in the database, their "
        "metadata, and assignments of deposits. Payments of missing intents are now unmatched deposits with "
        "`recovered_intent_id`. No events were sent about them."
    )


async def _rebuild(pool: Pool, settings: Settings, direct_url: str, from_height: int, *, livemode: bool) -> Rebuilt:
    environment, metrics = Environment(), Metrics()
    chain = open_chain(settings, livemode, factories.data_directory(settings) / "simulated-chain", metrics)
    watcher = Watcher(
        pool=pool,
        source=chain.source,
        mode=factories.modes_of(settings)[livemode],
        environment=environment,
        start_height=from_height,
        announces_unmatched=False,
    )
    books = CallCounts(pool, chain.budgets, metrics, livemode=livemode)

    async def pause(report: PollReport) -> None:
        await asyncio.sleep(max(PAUSE_S, report.retry_after_s or 0.0))

    try:
        async with leadership.acquire(direct_url, livemode=livemode) as (leading, _):
            if not leading:
                raise OperatorError("a watcher is running on this database: stop it, then run the rebuild again")
            await books.save()
            await rebuilding.prepare(pool, from_height, livemode=livemode)
            with _progress(Console(stderr=True)) as progress:
                task = progress.add_task("blocks", total=None)

                def observe(at: rebuilding.Progress) -> None:
                    text = "blocks" if at.height < at.tip_height else f"addresses ({at.unread} to read)"
                    total, done = at.tip_height - at.from_height + 1, at.height - at.from_height + 1
                    progress.update(task, description=text, total=max(1, total), completed=max(0, done))

                return await rebuilding.rebuild(
                    pool, watcher, environment, from_height, livemode=livemode, wait=pause, observe=observe
                )
    finally:
        await books.save()
        await chain.source.close()
        if chain.control is not None:
            await chain.control.close()
        if chain.simulated is not None:
            chain.simulated.close()


def read_entries(path: Path) -> list[MerchantEntry]:
    """Return the merchants of an exported file.

    Raises:
        OperatorError: if the file cannot be read, is too large, or is not an export.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise OperatorError(f"{path} is larger than {MAX_FILE_BYTES} bytes; check that it is an export")
        return msgspec.json.decode(path.read_bytes(), type=list[MerchantEntry])
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OperatorError(f"{path} was not written by `sgate merchants export`: {error}") from None
