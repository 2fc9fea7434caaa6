"""`sgate run`: run the gateway."""

import contextlib
import resource
import socket
from typing import Annotated

import structlog
import typer

from sgate.chain.simulator import ChainInUse, JournalBroken
from sgate.cli.operator.processes import database_errors, load_settings, run_loop
from sgate.cli.printing import examples
from sgate.cli.problems import OperatorError
from sgate.http.server import listen
from sgate.runtime import build, factories
from sgate.runtime.factories import DatabaseUrls
from sgate.runtime.roles import ALL_ROLES, Role
from sgate.runtime.run import run_roles, stop_on_signals
from sgate.services import gateway_addresses
from sgate.services.gateway_addresses import GatewayAddressTaken
from sgate.settings.settings import METRICS_ADVICE, METRICS_ARE_PUBLIC
from sgate.telemetry import logging
from sgate.workers.loops import Stop

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command("run", epilog=examples("sgate run", "sgate run --role api", "SGATE_PORT=4001 sgate run"))
def run(
    role: Annotated[
        list[Role] | None, typer.Option(help="Run only this role; may be repeated. Default: all roles.")
    ] = None,
) -> None:
    """Run the gateway: the API with its pages, the watcher, the deliverer and maintenance."""
    chosen = load_settings()
    logging.configure(chosen.log_level, sample=chosen.log_sample)
    _allow_many_connections()
    roles = tuple(role) if role else ALL_ROLES
    if Role.API in roles and chosen.in_production and chosen.metrics_on_public_port:
        raise OperatorError(f"{METRICS_ARE_PUBLIC}. {METRICS_ADVICE}")
    listening = _listen(chosen.host, chosen.port, "SGATE") if Role.API in roles else None
    operations, metrics_host = None, chosen.metrics_host or chosen.host
    if chosen.metrics_port is not None:
        operations = _listen(metrics_host, chosen.metrics_port, "SGATE_METRICS")
    port = listening.getsockname()[1] if listening is not None else chosen.port

    async def serve(urls: DatabaseUrls) -> None:
        stop = Stop()
        stop_on_signals(stop)
        await factories.prepare(urls, chosen)
        async with build.open_gateway(chosen, urls.application, port=port) as gateway:
            await gateway_addresses.claim(gateway.pool, gateway.modes.values())
            if listening is not None:
                structlog.get_logger("sgate").info("listening", address=f"http://{chosen.host}:{port}")
            if operations is not None:
                address = f"http://{metrics_host}:{operations.getsockname()[1]}"
                structlog.get_logger("sgate").info("listening_for_operators", address=address)
            await run_roles(gateway, roles, stop, listening, operations)

    try:
        with database_errors(), factories.database(chosen) as urls:
            run_loop(serve(urls))
    except (ChainInUse, GatewayAddressTaken, JournalBroken) as error:
        raise OperatorError(str(error)) from None


def _allow_many_connections() -> None:
    """Raise the soft limit of open files to the hard limit; many systems start processes with 1,024."""
    with contextlib.suppress(ValueError, OSError):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _listen(host: str, port: int, variables: str) -> socket.socket:
    try:
        return listen(host, port)
    except OSError as error:
        raise OperatorError(
            f"cannot listen on {host}:{port} ({error.strerror}). "
            f"Stop the process that uses the port, or set {variables}_PORT or {variables}_HOST."
        ) from None
