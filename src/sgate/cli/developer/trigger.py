"""`sgate trigger`: cause an event on the simulated chain."""

from typing import Annotated

import typer

from sgate.cli.developer import scenarios
from sgate.cli.developer.client import Client, ProfileOption, with_client
from sgate.cli.developer.scenarios import SCENARIOS, Stage
from sgate.cli.developer.streams import Event
from sgate.cli.printing import JsonOption, escape, examples, line, print_json, print_table
from sgate.cli.problems import Failure
from sgate.core.event import EventType
from sgate.core.money import MAX_AMOUNT_SATS

app = typer.Typer(add_completion=False, rich_markup_mode="rich")
AMOUNT_SATS = 25_000
LEAST_SATS = 2
"""Some scenarios pay half of the amount."""

TIMEOUT_S = 60.0


def complete_event(incomplete: str) -> list[tuple[str, str]]:
    """Return the event types and their meanings for shell completion."""
    return [(kind.value, kind.meaning) for kind in EventType if kind.startswith(incomplete)]


@app.command(
    "trigger",
    epilog=examples(
        "sgate trigger",
        "sgate trigger payment_intent.succeeded",
        "sgate trigger payment_intent.reorged --amount-sats 2000000",
    ),
)
def trigger(
    event: Annotated[
        str | None,
        typer.Argument(
            metavar="[EVENT]", help="The event type; without it, list all types.", autocompletion=complete_event
        ),
    ] = None,
    amount_sats: Annotated[
        int,
        typer.Option(
            "--amount-sats", min=LEAST_SATS, max=MAX_AMOUNT_SATS // 2, help="The amount of the payment intent."
        ),
    ] = AMOUNT_SATS,
    timeout_s: Annotated[float, typer.Option("--timeout", min=1, help="Seconds to wait for each step.")] = TIMEOUT_S,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Cause an event on the simulated chain.

    Nothing is faked: the command creates a payment intent, pays it as a customer (or half of it, too much, too late,
    twice, ...), and mines blocks. The server sends the resulting events to your endpoints and to `sgate listen`.

    It needs a test key, and a server whose test mode runs on the simulated chain, as it does by default with
    `sgate demo` and `sgate run`.
    """
    if event is None:
        if as_json:
            print_json([{"type": kind, "meaning": kind.meaning} for kind in EventType])
        else:
            print_table(("event", "meaning"), [(kind, kind.meaning) for kind in EventType])
        return
    scenario = SCENARIOS[_known(event)]

    def say(sentence: str) -> None:
        if not as_json:
            line(f"  {escape(sentence)}")

    async def work(client: Client) -> tuple[Event, list[Event]]:
        await client.get(scenarios.SIMULATOR)  # raises an error if the server does not use the simulated chain
        stage = Stage(client, amount_sats, timeout_s, say)
        async with stage.watched():
            return await scenario(stage), stage.events

    target_event, events = with_client(work, profile)
    if as_json:
        print_json({"event": target_event.json, "all": [{"id": item.id, "type": item.type} for item in events]})
        return
    for item in events:
        subject = item.subject.get("id", "")
        line(f"[green]✓[/] [bold]{escape(item.type)}[/]  {escape(subject)}  [dim]{item.id}[/]")
        if item.id == target_event.id:
            break


def _known(name: str) -> EventType:
    """Return the event type with this name, which may omit `payment_intent.`.

    Raises:
        Failure: if there is no such event type.
    """
    for candidate in (name, f"payment_intent.{name}"):
        if candidate in set(EventType):
            return EventType(candidate)
    raise Failure(f"there is no event type {name!r}. Choose from: {', '.join(EventType)}")
