"""`sgate ledger`: checking the books, and restoring them from the chain."""

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
from sgate.cli.printing import JsonOption, examples, print_json
from sgate.cli.problems import OperatorError
from sgate.db.pool import Pool
from sgate.environment import Environment
from sgate.ledger import replay as books
from sgate.ledger.replay import Checked
from sgate.runtime import factories
from sgate.runtime.chain_sources import CallBooks, open_chain
from sgate.settings.modes import Source
from sgate.settings.settings import Settings
from sgate.store import merchants_export
from sgate.store.merchants_export import MerchantEntry
from sgate.telemetry.metrics import Metrics
from sgate.workers import leadership
from sgate.workers.watcher import rebuild as rebuilding
from sgate.workers.watcher.rebuild import RebuildFailed, Rebuilt
from sgate.workers.watcher.watcher import Round, Watcher

app = typer.Typer(help="The books: check them, restore them from the chain.", no_args_is_help=True)

REST_S = 2.0
MAX_FILE_BYTES = 256 * 1024 * 1024


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )


@app.command("replay", epilog=examples("sgate ledger replay --check"))
def replay(
    check: Annotated[bool, typer.Option("--check", help="Compare and report; nothing is ever changed.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Verify every intent: its state is what its facts lead to, its path is legal. Exit status 1 if one differs."""
    if not check:
        raise OperatorError("say `sgate ledger replay --check`: replaying only ever checks, it changes nothing")

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
            console.print(f"[bold red]{item.intent_id}[/]: " + "; ".join(item.differences), soft_wrap=True)
        verdict = "all agree" if not wrong else f"{len(wrong)} differ"
        console.print(f"{len(checked)} intents checked, {waiting} wait for a decision, {verdict}.")
    if wrong:
        sys.exit(1)


@app.command(
    "rebuild", epilog=examples("sgate ledger rebuild --from-height 180000 --mode live --addresses merchants.json")
)
def rebuild(
    from_height: Annotated[int, typer.Option("--from-height", min=0, help="The first block to read.")],
    addresses: Annotated[
        Path | None, typer.Option(help="Merchants and addresses, as `sgate merchants export` wrote them.")
    ] = None,
    mode: Annotated[ModeName, typer.Option(help="The mode whose chain is read.")] = ModeName.TEST,
    as_json: JsonOption = False,
) -> None:
    """Restore payments from the chain, into an old backup or an empty database. Stop all watchers first."""
    entries = [] if addresses is None else read_entries(addresses)
    livemode = mode is ModeName.LIVE
    console = Console(highlight=False, stderr=as_json)

    async def work(pool: Pool, settings: Settings, direct_url: str) -> Rebuilt:
        if settings.mode(livemode).source is Source.OFF:
            raise OperatorError(f"the {mode} mode is off: set SGATE_{mode.upper()}__SOURCE")
        async with pool.acquire() as connection, connection.transaction():
            made = [entry for entry in entries if await merchants_export.bring_in(connection, entry)]
        if entries:
            console.print(f"{len(made)} of {len(entries)} merchants were not known and are now.")
        return await _rebuild(pool, settings, direct_url, from_height, livemode=livemode)

    try:
        rebuilt = with_database(work)
    except RebuildFailed as error:
        raise OperatorError(
            f"the chain could not be read to the end: {error}. Start it again: nothing is recorded twice."
        ) from None
    if as_json:
        print_json(rebuilt)
        return
    console.print(f"{rebuilt.payments} payments restored or moved, in {rebuilt.rounds} rounds.")
    console.print(
        "What the chain does not hold cannot come back: intents that are not in the database, their metadata, and what "
        "was assigned by hand. Their payments are unmatched deposits with `recovered_intent_id`; nobody was told."
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
    books = CallBooks(pool, chain.budgets, metrics, livemode=livemode)

    async def rest(report: Round) -> None:
        await asyncio.sleep(max(REST_S, report.retry_after_s or 0.0))

    try:
        async with leadership.acquire(direct_url, livemode=livemode) as (leading, _):
            if not leading:
                raise OperatorError("a watcher runs on this database: stop it, then start the rebuild again")
            await books.save()
            await rebuilding.prepare(pool, from_height, livemode=livemode)
            with _progress(Console(stderr=True)) as progress:
                task = progress.add_task("blocks", total=None)

                def observe(at: rebuilding.Progress) -> None:
                    text = "blocks" if at.height < at.tip_height else f"addresses ({at.unread} to read)"
                    total, done = at.tip_height - at.from_height + 1, at.height - at.from_height + 1
                    progress.update(task, description=text, total=max(1, total), completed=max(0, done))

                return await rebuilding.rebuild(
                    pool, watcher, environment, from_height, livemode=livemode, rest=rest, observe=observe
                )
    finally:
        await books.save()
        await chain.source.close()
        if chain.control is not None:
            await chain.control.close()
        if chain.simulated is not None:
            chain.simulated.close()


def read_entries(path: Path) -> list[MerchantEntry]:
    """The merchants of an exported file.

    Raises:
        OperatorError: if it cannot be read.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise OperatorError(f"{path} is larger than {MAX_FILE_BYTES} bytes: is it an export?")
        return msgspec.json.decode(path.read_bytes(), type=list[MerchantEntry])
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OperatorError(f"{path} is not what `sgate merchants export` writes: {error}") from None
