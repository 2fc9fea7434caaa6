"""`sgate run`: the server."""

from typing import Annotated

import structlog
import typer

from sgate import runtime
from sgate.api.server import listen
from sgate.chain.simulator import ChainInUse, JournalBroken
from sgate.cli.printing import examples
from sgate.cli.problems import OperatorError
from sgate.cli.processes import database_trouble, load_settings, run_loop
from sgate.runtime import ALL_ROLES, Role
from sgate.telemetry import logging
from sgate.workers.service import Stop

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command("run", epilog=examples("sgate run", "sgate run --role api", "SGATE_PORT=4001 sgate run"))
def run(
    role: Annotated[
        list[Role] | None, typer.Option(help="Only this role (may be repeated). Default: all of them.")
    ] = None,
) -> None:
    """Run the gateway: the API with its pages, the watcher, the deliverer and maintenance."""
    chosen = load_settings()
    logging.configure(chosen.log_level)
    roles = tuple(role) if role else ALL_ROLES
    try:
        listening = listen(chosen.host, chosen.port) if Role.API in roles else None
    except OSError as error:
        raise OperatorError(
            f"cannot listen on {chosen.host}:{chosen.port} ({error.strerror}). "
            "Stop what uses the port, or set SGATE_PORT or SGATE_HOST."
        ) from None
    port = listening.getsockname()[1] if listening is not None else chosen.port

    async def serve(url: str) -> None:
        stop = Stop()
        runtime.stop_on_signals(stop)
        await runtime.prepare(url, chosen)
        async with runtime.open_gateway(chosen, url, port=port) as gateway:
            if listening is not None:
                structlog.get_logger("sgate").info("listening", address=f"http://{chosen.host}:{port}")
            await runtime.run(gateway, roles, stop, listening)

    try:
        with database_trouble(), runtime.database(chosen) as url:
            run_loop(serve(url))
    except (ChainInUse, JournalBroken) as error:
        raise OperatorError(str(error)) from None
