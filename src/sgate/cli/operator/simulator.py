"""`sgate simulator`: run the simulated chain as a separate process."""

import asyncio
import secrets
from pathlib import Path
from typing import Annotated

import typer

from sgate.chain.simulator import ChainInUse, JournalBroken, SimulatedChain, mine_at_interval, serve
from sgate.cli.operator.processes import load_settings, run_loop
from sgate.cli.printing import examples
from sgate.cli.problems import OperatorError
from sgate.runtime import factories
from sgate.runtime.run import stop_on_signals
from sgate.workers.loops import Stop

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command("simulator", epilog=examples("sgate simulator --port 3999 --block-interval 1"))
def simulator(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 picks a free one.")] = 3999,
    directory: Annotated[
        Path | None, typer.Option(help="Directory of the chain. Default: `simulated-chain` in the data directory.")
    ] = None,
    block_interval: Annotated[float, typer.Option(help="Seconds between blocks; 0 mines on demand only.")] = 2.0,
) -> None:
    """Run the simulated chain. It serves the Stacks API; set SGATE_TEST__STACKS_API_URL to its URL."""
    chosen = load_settings()
    where = directory or factories.data_directory(chosen) / "simulated-chain"
    try:
        chain = SimulatedChain.open(where, asset=chosen.asset_of(False), seed=secrets.token_hex(8))
    except (ChainInUse, JournalBroken) as error:
        raise OperatorError(str(error)) from None

    async def work() -> None:
        stop = Stop()
        stop_on_signals(stop)
        try:
            running = await serve(chain, host, port)
        except OSError as error:
            raise OperatorError(f"cannot listen on {host}:{port}: {error.strerror}") from None
        typer.echo(f"The simulated chain is listening at {running.url} (height {chain.tip.height}).")
        miner = asyncio.create_task(mine_at_interval(chain, block_interval)) if block_interval else None
        await stop.wait()
        if miner is not None:
            miner.cancel()
        await running.close()
        chain.close()

    run_loop(work())
