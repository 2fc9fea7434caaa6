"""`sgate logs`: follow the deliveries to webhook endpoints, and their responses."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from sgate.cli.developer import streams
from sgate.cli.developer.client import Client, ProfileOption, Refused, ServerUnreachable, with_client
from sgate.cli.printing import JsonOption, clock, escape, examples, line, plain, print_json

app = typer.Typer(
    help="Follow the deliveries to your webhook endpoints, and their responses.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

PATH = "/v1/webhook_deliveries"
POLL_S = 2.0
"""Seconds between two polls. Each poll makes two calls, so the limit of 200 calls per minute is not reached."""

LONGEST_PAUSE_S = 20.0
PAGE = 100
MAX_BODY_CHARACTERS = 160


class DeliveryStatus(StrEnum):
    """The status of a delivery."""

    PENDING = "pending"
    HELD = "held"
    DELIVERED = "delivered"
    FAILED = "failed"


@app.command(
    "tail", epilog=examples("sgate logs tail", "sgate logs tail --status failed --since 1h --no-follow --json")
)
def tail(
    status: Annotated[DeliveryStatus | None, typer.Option(help="Only deliveries with this status.")] = None,
    endpoint: Annotated[str | None, typer.Option("--endpoint", help="Only deliveries to this endpoint, we_...")] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="SPAN", help="Start with the deliveries of the last 30s, 15m, 2h or 1d, or since an ISO 8601 time."
        ),
    ] = None,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, max=PAGE, help="Start with this number of latest deliveries.")
    ] = 10,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="Continue with new attempts.")] = True,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Follow the webhook deliveries to your endpoints: each attempt with its time, its response and the next attempt.

    Events that `sgate listen` forwards are not shown, because they are not sent to an endpoint.
    """
    moment = None if since is None else streams.moment_of(since, datetime.now(UTC))

    async def work(client: Client) -> None:
        log = _Log(client, status, endpoint, as_json=as_json)
        await log.begin(PAGE if since is not None else lines, moment)
        while follow:
            await log.poll()

    with_client(work, profile)


class _Log:
    """The printed log. For each delivery, it remembers the status and the number of attempts that it has shown."""

    def __init__(self, client: Client, status: DeliveryStatus | None, endpoint: str | None, *, as_json: bool) -> None:
        self._client = client
        self._status = status
        self._endpoint = endpoint
        self._as_json = as_json
        self._shown: dict[str, tuple[int, str]] = {}
        self._pause_s = POLL_S

    async def begin(self, count: int, moment: datetime | None) -> None:
        """Show the latest deliveries, oldest first, and mark older ones as shown."""
        found = await self._newest_and_pending()
        old = [item for item in found if moment is not None and datetime.fromisoformat(item["created_at"]) < moment]
        shown = [item for item in found if item not in old][:count]
        for item in found:
            self._shown[item["id"]] = (item["attempts"], item["status"])
        await self._show(reversed(shown), after={})

    async def poll(self) -> None:
        """Wait, and then show the changes. The wait becomes longer while the server is unreachable."""
        await asyncio.sleep(self._pause_s)
        try:
            found = await self._newest_and_pending()
        except (ServerUnreachable, Refused) as error:
            if isinstance(error, Refused) and error.status not in streams.TRANSIENT_STATUSES:
                raise
            if self._pause_s == POLL_S:
                typer.echo("Lost the connection to the server. Reconnecting.", err=True)
            self._pause_s = min(LONGEST_PAUSE_S, self._pause_s * 2)
            return
        self._pause_s = POLL_S
        before = {item["id"]: self._shown.get(item["id"], (0, "")) for item in found}
        changed = [item for item in found if before[item["id"]] != (item["attempts"], item["status"])]
        for item in changed:
            self._shown[item["id"]] = (item["attempts"], item["status"])
        await self._show(reversed(changed), after={key: attempts for key, (attempts, _) in before.items()})

    async def _newest_and_pending(self) -> list[Any]:
        """Return the newest deliveries and all deliveries that will be attempted again, newest first."""
        newest = await self._client.get(PATH, limit=PAGE, endpoint=self._endpoint)
        pending = await self._client.get(PATH, limit=PAGE, endpoint=self._endpoint, status=DeliveryStatus.PENDING)
        found = {item["id"]: item for item in (*pending["data"], *newest["data"])}
        return sorted(found.values(), key=lambda item: (item["created_at"], item["id"]), reverse=True)

    async def _show(self, deliveries: Iterable[Any], after: dict[str, int]) -> None:
        for item in deliveries:
            if self._status is not None and item["status"] != self._status:
                continue
            found = await self._client.get(f"{PATH}/{item['id']}")
            attempts = [attempt for attempt in found["attempt_log"] if attempt["attempt"] > after.get(item["id"], 0)]
            if self._as_json:
                print_json({**item, "attempt_log": attempts})
            else:
                _print(item, attempts)


def _print(item: Any, attempts: list[Any]) -> None:
    head = f"[bold]{escape(item['event_type'])}[/]  {item['event']}  [dim]{item['id']} to {item['endpoint']}[/]"
    if not attempts:
        line(f"{clock(item['created_at'])}  {head}  {item['status']}")
    for attempt in attempts:
        line(f"{clock(attempt['started_at'])}  {head}")
        status, good = attempt["response_status"], attempt["error"] is None
        body = escape(plain(attempt["response_body"] or "", MAX_BODY_CHARACTERS))
        answer = f"[green]{status}[/] {body}" if good else f"[red]{escape(attempt['error'])}[/] {body}"
        where = f"attempt {attempt['attempt']} at {escape(attempt['url'])}"
        line(f"          {where}: {answer}  [dim]{attempt['duration_ms']} ms[/]")
    if item["next_attempt_at"] is not None and item["status"] == DeliveryStatus.PENDING and attempts:
        line(f"          next attempt at {clock(item['next_attempt_at'])}")
    if item["status"] == DeliveryStatus.FAILED:
        line("          [red]failed for good[/]; to send it again: sgate events resend " + item["event"])
