"""`sgate intents`: create payment intents, and watch them being paid."""

import asyncio
import contextlib
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from sgate.cli.developer import streams
from sgate.cli.developer.client import Client, ProfileOption, with_client
from sgate.cli.printing import (
    JsonOption,
    clock,
    day_and_time,
    escape,
    examples,
    line,
    print_json,
    print_object,
    print_table,
    sats,
)
from sgate.cli.problems import Failure
from sgate.core.text import shown_lines

app = typer.Typer(
    help="Create payment intents, and watch them being paid.", no_args_is_help=True, rich_markup_mode="rich"
)

PATH = "/v1/payment_intents"
MAX_LISTED = 1_000
CONFIRMATIONS_S = 2.0
"""Seconds between two polls of `watch` for confirmations, which no event announces."""

IntentArgument = Annotated[str, typer.Argument(metavar="INTENT", help="The payment intent's id, pi_...")]


class StatusName(StrEnum):
    """The status of an intent."""

    REQUIRES_PAYMENT = "requires_payment"
    PROCESSING = "processing"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    FAILED = "failed"
    CANCELED = "canceled"


OPEN = (StatusName.REQUIRES_PAYMENT, StatusName.PROCESSING)


@app.command(
    "create",
    epilog=examples(
        "sgate intents create 25000",
        'sgate intents create --usd 19.99 --description "Order 17" --metadata order=17',
        "sgate intents create 25000 --watch",
        "sgate intents create 25000 --json | jq -r .checkout_url",
    ),
)
def create(
    amount_sats: Annotated[int | None, typer.Argument(metavar="[SATS]", min=1, help="The amount in sats.")] = None,
    usd: Annotated[str | None, typer.Option("--usd", help="The amount in dollars instead, such as 19.99.")] = None,
    description: Annotated[str | None, typer.Option(help="A description that customers see.")] = None,
    metadata: Annotated[
        list[str] | None,
        typer.Option("--metadata", metavar="KEY=VALUE", help="Metadata for your own use; may be repeated."),
    ] = None,
    expires_in: Annotated[
        int | None, typer.Option("--expires-in", help="Seconds until the payment intent expires.")
    ] = None,
    success_url: Annotated[
        str | None, typer.Option("--success-url", help="URL that the customer returns to after paying.")
    ] = None,
    cancel_url: Annotated[
        str | None, typer.Option("--cancel-url", help="URL that the customer returns to without paying.")
    ] = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option("--idempotency-key", help="A repeated call with the same key does not create a second one."),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Watch the payment intent after creating it.")] = False,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a payment intent, and print where to pay it."""
    if (amount_sats is None) == (usd is None):
        raise Failure("give one amount: `sgate intents create SATS` or `sgate intents create --usd DOLLARS`")
    given = {
        "amount_sats": amount_sats,
        "amount_usd": usd,
        "description": description,
        "metadata": _pairs(metadata or []) or None,
        "expires_in": expires_in,
        "success_url": success_url,
        "cancel_url": cancel_url,
    }
    body = {name: value for name, value in given.items() if value is not None}

    async def work(client: Client) -> None:
        created = await client.post(PATH, body, key=idempotency_key)
        if as_json:
            print_json(created)
        else:
            line(
                f"[bold]{created['id']}[/] is payable with [bold]{sats(created['amount_sats'])}[/] "
                f"until {clock(created['expires_at'])}"
            )
            line(f"Pay here      {escape(created['checkout_url'])}")
            line(f"Or send it to {created['pay_address']} with the memo {created['memo']}")
        if watch:
            await _watch(client, created["id"], as_json=as_json)

    with_client(work, profile)


@app.command("get", epilog=examples("sgate intents get pi_3f2b8c1d4e5f60718293a4b5 --json | jq .status"))
def get(intent: IntentArgument, profile: ProfileOption = None, as_json: JsonOption = False) -> None:
    """Show a payment intent with its payments."""

    async def work(client: Client) -> Any:
        return await client.get(f"{PATH}/{intent}")

    found = with_client(work, profile)
    (print_json if as_json else print_object)(found)


@app.command(
    "list",
    epilog=examples("sgate intents list", "sgate intents list --status confirmed --since 1d --metadata order=17"),
)
def list_intents(
    status: Annotated[StatusName | None, typer.Option(help="Only payment intents with this status.")] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="SPAN", help="Only those created in the last 30s, 15m, 2h or 1d, or since an ISO 8601 time."
        ),
    ] = None,
    metadata: Annotated[
        list[str] | None,
        typer.Option("--metadata", metavar="KEY=VALUE", help="Only those with this metadata; may be repeated."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=MAX_LISTED, help="Maximum number of payment intents.")] = 20,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """List payment intents, newest first."""
    from_date = None if since is None else streams.moment_of(since, datetime.now(UTC)).astimezone(UTC).isoformat()
    pairs = {f"metadata[{key}]": value for key, value in _pairs(metadata or []).items()}

    async def work(client: Client) -> list[Any]:
        return await client.all_of(PATH, limit, status=status, from_date=from_date, **pairs)

    found = with_client(work, profile)
    if as_json:
        print_json(found)
    elif not found:
        typer.echo("No payment intents. Create one: sgate intents create 25000")
    else:
        rows = [
            (
                item["id"],
                item["status"] + "".join(f", {exception}" for exception in item["exceptions"]),
                f"{item['amount_received_sats']:,} of {item['amount_sats']:,}",
                item["description"] or "",
                day_and_time(item["created_at"]),
            )
            for item in found
        ]
        print_table(("id", "status", "sats", "description", "created"), rows)


@app.command("watch", epilog=examples("sgate intents watch pi_3f2b8c1d4e5f60718293a4b5"))
def watch(intent: IntentArgument, profile: ProfileOption = None, as_json: JsonOption = False) -> None:
    """Watch a payment intent until it is confirmed, expired, failed or canceled."""

    async def work(client: Client) -> None:
        await _watch(client, intent, as_json=as_json)

    with_client(work, profile)


async def _watch(client: Client, intent_id: str, *, as_json: bool) -> None:
    """Print each change of an intent. Events report changes at once; confirmations are polled."""
    shown: Any = None
    changed = asyncio.Event()
    position = await streams.newest_id(client)
    listening = asyncio.create_task(_wake(client, position, intent_id, changed))
    try:
        while True:
            changed.clear()
            found = await client.get(f"{PATH}/{intent_id}")
            mark = (found["sequence"], found["status"], found["amount_received_sats"], found["confirmations"])
            if mark != shown:
                _show(found, as_json=as_json)
                shown = mark
            if found["status"] not in OPEN:
                return
            if listening.done():
                listening.result()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), CONFIRMATIONS_S)
    finally:
        listening.cancel()


async def _wake(client: Client, position: str | None, intent_id: str, changed: asyncio.Event) -> None:
    async with contextlib.aclosing(streams.follow(client, position, _notice, payment_intent=intent_id)) as following:
        async for _ in following:
            changed.set()


def _show(found: Any, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    exceptions = "".join(f", {exception}" for exception in found["exceptions"])
    settled = f", {found['confirmations']} confirmations ({found['finality']})" if found["finality"] else ""
    line(
        f"{datetime.now(UTC).astimezone():%H:%M:%S}  [bold]{found['status']}[/]{exceptions}  "
        f"{found['amount_received_sats']:,} of {sats(found['amount_sats'])}{settled}"
    )


def _pairs(given: list[str]) -> dict[str, str]:
    """Parse texts of the form `KEY=VALUE` into a mapping.

    Raises:
        Failure: if a text has no key or no `=`.
    """
    wrong = [text for text in given if not text.partition("=")[0] or "=" not in text]
    if wrong:
        raise Failure(f"--metadata: {wrong[0]!r} is not KEY=VALUE, such as order=17")
    return {key: value for key, _, value in (text.partition("=") for text in given)}


def _notice(sentence: str) -> None:
    typer.echo(shown_lines(sentence), err=True)
