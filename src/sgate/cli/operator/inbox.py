"""`sgate inbox`: list and assign deposits to the gateway address that name no intent and belong to no merchant."""

from typing import Annotated

import typer

from sgate.cli.operator.processes import with_pool
from sgate.cli.options import ModeName
from sgate.cli.printing import JsonOption, examples, print_json, print_table
from sgate.cli.problems import OperatorError
from sgate.core.errors import GatewayError
from sgate.db.encryption import Cipher
from sgate.db.pool import Pool
from sgate.environment import Environment
from sgate.objects.payment import DepositObject
from sgate.runtime import factories
from sgate.services.payments import Payments
from sgate.settings.modes import Source
from sgate.settings.settings import Settings
from sgate.store.audit_log import OPERATOR

app = typer.Typer(help="List and assign deposits that belong to no merchant.", no_args_is_help=True)

MAX_LISTED = 1_000

ModeOption = Annotated[ModeName, typer.Option(help="The mode of the deposits.")]


def _payments(pool: Pool, settings: Settings) -> Payments:
    return Payments(pool, factories.modes_of(settings), Cipher(settings.secret_key_texts()), Environment())


@app.command("list")
def list_deposits(mode: ModeOption = ModeName.TEST, as_json: JsonOption = False) -> None:
    """List unmatched deposits at the gateway address, newest first."""

    async def work(pool: Pool, settings: Settings) -> tuple[DepositObject, ...]:
        payments = _payments(pool, settings)
        page = await payments.list_page(None, livemode=mode is ModeName.LIVE, unmatched=True, limit=MAX_LISTED)
        return page.items

    found = with_pool(work)
    if as_json:
        print_json(found)
        return
    if not found:
        typer.echo("No deposits: each one names a payment intent or belongs to a merchant.")
        return
    rows = [
        (item.id, f"{item.amount_sats:,}", item.sender, item.tx_id, item.memo_hex or "none", item.block_time)
        for item in found
    ]
    print_table(("id", "sats", "from", "transaction", "memo", "block time"), rows)


@app.command("assign", epilog=examples("sgate inbox assign pay_3f2b8c1d4e5f60718293a4b5 pi_0a1b2c3d4e5f60718293a4b5"))
def assign(
    payment: Annotated[str, typer.Argument(help="The deposit's id, pay_...")],
    intent: Annotated[str, typer.Argument(help="The id of the payment intent it pays for, pi_...")],
    mode: ModeOption = ModeName.TEST,
    as_json: JsonOption = False,
) -> None:
    """Assign a deposit to a payment intent whose pay address is the gateway address."""

    async def work(pool: Pool, settings: Settings) -> None:
        livemode = mode is ModeName.LIVE
        if settings.mode(livemode).source is Source.OFF:
            raise OperatorError(f"{mode} mode is off: set SGATE_{mode.upper()}__SOURCE")
        await _payments(pool, settings).assign_by_operator(payment, intent, OPERATOR, livemode=livemode)

    try:
        with_pool(work)
    except GatewayError as error:
        raise OperatorError(error.message) from None
    if as_json:
        print_json({"payment": payment, "payment_intent": intent, "mode": mode})
        return
    typer.echo(f"{payment} now pays for {intent}.")
