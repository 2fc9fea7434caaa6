"""`sgate events`: list events, and resend them."""

from datetime import UTC, datetime
from typing import Annotated, Any

import aiohttp
import typer

from sgate.cli.developer import streams
from sgate.cli.developer.client import Client, ProfileOption, with_client
from sgate.cli.developer.forwarding import Answer, Forwarder, checked_destination
from sgate.cli.printing import JsonOption, day_and_time, escape, examples, line, print_json, print_object, print_table
from sgate.cli.problems import Failure
from sgate.core.event import EventType

app = typer.Typer(help="List events, and resend them.", no_args_is_help=True, rich_markup_mode="rich")

MAX_LISTED = 1_000
MAX_DELIVERIES = 100
EventArgument = Annotated[str, typer.Argument(metavar="EVENT", help="The event's id, evt_...")]


def complete_type(incomplete: str) -> list[str]:
    """Return the event types for shell completion."""
    return [kind for kind in EventType if kind.startswith(incomplete)]


@app.command(
    "list",
    epilog=examples("sgate events list", "sgate events list --type payment_intent.succeeded --since 1d --limit 50"),
)
def list_events(
    kind: Annotated[
        str | None, typer.Option("--type", help="Only events of this type.", autocompletion=complete_type)
    ] = None,
    intent: Annotated[
        str | None, typer.Option("--intent", help="Only events about this payment intent, pi_...")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="SPAN", help="Only events from the last 30s, 15m, 2h or 1d, or since an ISO 8601 time."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=MAX_LISTED, help="Maximum number of events.")] = 20,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """List events, newest first."""
    from_date = None if since is None else streams.moment_of(since, datetime.now(UTC)).astimezone(UTC).isoformat()

    async def work(client: Client) -> list[Any]:
        return await client.all_of(streams.PATH, limit, type=kind, payment_intent=intent, from_date=from_date)

    found = with_client(work, profile)
    if as_json:
        print_json(found)
    elif not found:
        typer.echo("No events.")
    else:
        rows = [
            (item["id"], item["type"], item["data"]["object"].get("id", ""), day_and_time(item["created"]))
            for item in found
        ]
        print_table(("id", "type", "object", "created"), rows)


@app.command("get", epilog=examples("sgate events get evt_3f2b8c1d4e5f60718293a4b5"))
def get(event: EventArgument, profile: ProfileOption = None, as_json: JsonOption = False) -> None:
    """Show an event."""

    async def work(client: Client) -> Any:
        return await client.get(f"{streams.PATH}/{event}")

    found = with_client(work, profile)
    (print_json if as_json else print_object)(found)


@app.command(
    "resend",
    epilog=examples(
        "sgate events resend evt_3f2b8c1d4e5f60718293a4b5",
        "sgate events resend evt_3f2b8c1d4e5f60718293a4b5 --endpoint we_0123456789abcdef01234567",
        "sgate events resend evt_3f2b8c1d4e5f60718293a4b5 --forward-to http://localhost:3000/webhooks",
    ),
)
def resend(
    event: EventArgument,
    endpoint: Annotated[str | None, typer.Option("--endpoint", help="Send only to this endpoint, we_...")] = None,
    forward_to: Annotated[
        str | None, typer.Option("--forward-to", metavar="URL", help="Post the event from here to this URL instead.")
    ] = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send an event again to its webhook endpoints, or post it from here to a URL, signed as by `sgate listen`.

    The webhook-id stays the same, so a receiver that handles duplicates ignores an event that it has processed before.
    """
    if forward_to is not None:
        _forward(event, checked_destination(forward_to), profile, as_json=as_json)
        return

    async def work(client: Client) -> list[Any]:
        await client.get(f"{streams.PATH}/{event}")  # raises an error if there is no such event
        deliveries = await client.all_of("/v1/webhook_deliveries", MAX_DELIVERIES, event=event, endpoint=endpoint)
        return [await client.post(f"/v1/webhook_deliveries/{item['id']}/redeliver") for item in deliveries]

    sent = with_client(work, profile)
    if not sent:
        raise Failure(
            "this event has no deliveries that could be sent again. `sgate events resend EVENT --forward-to URL` posts "
            "it from here; POST /v1/webhook_endpoints/{id}/recover sends the events of a time span to a new endpoint"
        )
    if as_json:
        print_json(sent)
        return
    for item in sent:
        line(f"{item['id']}  is being sent again to {item['endpoint']}")
    line("[dim]See the result with: sgate logs tail[/]")


def _forward(event_id: str, url: str, profile: str | None, *, as_json: bool) -> None:
    async def work(client: Client) -> Answer:
        event = streams.event_of(await client.get(f"{streams.PATH}/{event_id}"))
        async with aiohttp.ClientSession() as session:
            return await Forwarder(session, url, client.target.webhook_secret).forward(event)

    answer = with_client(work, profile)
    if as_json:
        print_json(answer)
    else:
        result = f"{answer.status or 'not delivered'} {escape(answer.error or answer.body)}"
        line(f"{escape(url)}: {result}  [dim]{answer.ms} ms[/]")
    if not answer.accepted:
        raise typer.Exit(1)
