"""`sgate listen`: watch events as they happen, and forward them to the developer's machine."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Annotated, Any

import aiohttp
import typer

from sgate.cli.developer import streams
from sgate.cli.developer.client import Client, ProfileOption, with_client
from sgate.cli.developer.forwarding import Answer, Forwarder, checked_destination
from sgate.cli.developer.streams import Event
from sgate.cli.printing import clock, escape, examples, line, print_json
from sgate.cli.problems import Failure
from sgate.core.event import EventType
from sgate.core.text import shown_lines

app = typer.Typer(add_completion=False, rich_markup_mode="rich")
ALL = "all"


def complete_types(incomplete: str) -> list[str]:
    """Return the event types for shell completion after the last comma."""
    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{kind}" for kind in EventType if kind.startswith(last)]


@app.command(
    "listen",
    epilog=examples(
        "sgate listen",
        "sgate listen --forward-to http://localhost:3000/webhooks",
        "sgate listen --forward-to 3000/webhooks --events payment_intent.succeeded,payment_intent.failed",
        "sgate listen --since 2h --print-json | jq .type",
    ),
)
def listen(
    forward_to: Annotated[
        str | None,
        typer.Option("--forward-to", metavar="URL", help="Post each event to this URL, signed like a webhook."),
    ] = None,
    events: Annotated[
        str,
        typer.Option(
            "--events",
            metavar="TYPES",
            help="Only events of these types, separated by commas.",
            autocompletion=complete_types,
        ),
    ] = ALL,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="SPAN", help="Start with the events of the last 30s, 15m, 2h or 1d, or since an ISO 8601 time."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--print-json", "--json", help="Print each event as one line of JSON and nothing else.")
    ] = False,
    most: Annotated[int | None, typer.Option("--max", min=1, help="Exit after this number of events.")] = None,
    profile: ProfileOption = None,
) -> None:
    """Watch events as they happen, and forward them to your machine.

    Each event is posted once, with the bytes and both signatures of a real delivery. It is signed with a webhook secret
    that is printed at the start and stays the same for this login: configure your receiver with it.

    After a lost connection the command reconnects and continues where it stopped. It needs no webhook endpoint, and
    existing endpoints get their deliveries as usual. Press Ctrl+C to stop.
    """
    wanted = _types(events)
    moment = None if since is None else streams.moment_of(since, datetime.now(UTC))
    destination = None if forward_to is None else checked_destination(forward_to)

    async def work(client: Client) -> None:
        async with aiohttp.ClientSession() as session:
            forwarder = None if destination is None else Forwarder(session, destination, client.target.webhook_secret)
            position = await streams.newest_id(client)
            if not as_json:
                _greet(client, destination)
            shown = 0
            async with aclosing(_arriving(client, wanted, position, moment)) as arriving:
                async for event in arriving:
                    answer = None if forwarder is None else await forwarder.forward(event)
                    _show(event, answer, as_json=as_json)
                    shown += 1
                    if shown == most:
                        return

    with_client(work, profile)


async def _arriving(
    client: Client, wanted: frozenset[str], position: str | None, moment: datetime | None
) -> AsyncGenerator[Event]:
    """Yield the events since `moment`, if given, and then the events after `position` that were not yet yielded."""
    query = {"type": next(iter(wanted))} if len(wanted) == 1 else {}
    before = [] if moment is None else await streams.since(client, moment, **query)
    for event in before:
        if not wanted or event.type in wanted:
            yield event
    shown = {event.id for event in before}  # the newest of these events may also be after the position
    async with aclosing(streams.follow(client, position, _notice, **query)) as following:
        async for event in following:
            if event.id not in shown and (not wanted or event.type in wanted):
                yield event


def _types(text: str) -> frozenset[str]:
    """Return the event types to show; an empty set means all.

    Raises:
        Failure: if an event type does not exist.
    """
    given = frozenset(part.strip() for part in text.split(",") if part.strip())
    if ALL in given:
        return frozenset()
    unknown = sorted(given - set(EventType))
    if unknown:
        raise Failure(f"--events: there is no event type {unknown[0]!r}. Choose from: {', '.join(EventType)}")
    return given


def _greet(client: Client, destination: str | None) -> None:
    mode = "live" if client.target.livemode else "test"
    line(f"Listening to [bold]{escape(client.target.base_url)}[/] ({mode} mode, {escape(client.target.origin)}).")
    if destination is not None:
        line(f"Forwarding to [bold]{escape(destination)}[/]")
        line(f"Webhook secret for your receiver: [bold]{client.target.webhook_secret}[/]")
    line("[dim]Press Ctrl+C to stop.[/]\n")


def _show(event: Event, answer: Answer | None, *, as_json: bool) -> None:
    if as_json:
        print_json(event.json if answer is None else {"event": event.json, "forwarded": answer})
        return
    content: dict[str, Any] = event.json
    subject = content["data"]["object"]
    line(
        f"{clock(content['created'])}  [bold]{escape(event.type)}[/]  {escape(str(subject.get('id', '')))}  "
        f"[dim]{event.id}[/]"
    )
    if answer is None:
        return
    if answer.error is not None:
        line(f"          [red]not delivered:[/] {escape(answer.error)}  [dim]{answer.ms} ms[/]")
    else:
        color = "green" if answer.accepted else "red"
        line(f"          [{color}]{answer.status}[/] {escape(answer.body)}  [dim]{answer.ms} ms[/]")


def _notice(sentence: str) -> None:
    typer.echo(shown_lines(sentence), err=True)
