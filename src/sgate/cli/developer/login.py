"""`sgate login`: keep an API key for the other commands."""

import os
import sys
from typing import Annotated, Any

import typer
from rich.markup import escape

from sgate.cli.developer import profiles
from sgate.cli.developer.client import open_client, run_until_interrupted
from sgate.cli.developer.profiles import Stored, Target
from sgate.cli.printing import JsonOption, examples, line, print_json
from sgate.cli.problems import Failure

app = typer.Typer(add_completion=False, rich_markup_mode="rich")
MAX_KEY_CHARACTERS = 512


@app.command(
    "login",
    epilog=examples(
        "sgate login",
        "sgate login --profile staging --base-url https://pay.example.com",
        "sgate merchants create --name Shop --json | jq -r .api_key | sgate login",
    ),
)
def login(
    profile: Annotated[
        str, typer.Option("--profile", help="A name for this login, if you have several.")
    ] = profiles.DEFAULT_NAME,
    base_url: Annotated[
        str | None,
        typer.Option("--base-url", metavar="URL", help=f"The server; default: {profiles.DEFAULT_BASE_URL}."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Keep an API key for the other commands.

    The key is asked for, or read from standard input; it is never shown. It is tried out, and kept in a file that only
    you can read, in $XDG_CONFIG_HOME/sgate (else ~/.config/sgate). The server makes keys: sgate merchants create.
    """
    path = profiles.path_of()
    stored = profiles.read(path)
    before = stored.profiles.get(profile)
    known = profiles.DEFAULT_BASE_URL if before is None else before.base_url
    key = profiles.checked_key(_ask_for_key(), "what was given")
    url = profiles.checked_url(base_url or os.environ.get("SGATE_API_BASE_URL") or known, key, "--base-url")
    merchant = _merchant_of(Target(base_url=url, api_key=key, webhook_secret="", origin="this login"))
    made = profiles.new_profile(url, key, merchant["name"], before)
    profiles.write(path, Stored(current=profile, profiles={**stored.profiles, profile: made}))
    if as_json:
        answer = {"profile": profile, "base_url": url, "merchant_id": merchant["id"], "livemode": merchant["livemode"]}
        print_json(answer)
        return
    mode = "live" if merchant["livemode"] else "test"
    line(f"Logged in to {escape(url)} as [bold]{escape(merchant['name'])}[/] ({mode} mode, profile {escape(profile)}).")
    line(f"The key {profiles.shown_key(key)} is kept in {escape(str(path))}, which only you can read.")
    if os.environ.get("SGATE_API_KEY"):
        line("[yellow]SGATE_API_KEY is set, and overrides what was stored now.[/]")


def _ask_for_key() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("API key (sk_test_... or sk_live_...; it is not shown)", hide_input=True))
    given = sys.stdin.readline(MAX_KEY_CHARACTERS)
    if not given.strip():
        raise Failure("no key was given. Type it when asked, or hand it to standard input: sgate login < key.txt")
    return given


def _merchant_of(target: Target) -> dict[str, Any]:
    async def ask() -> dict[str, Any]:
        async with open_client(target) as client:
            return await client.get("/v1/merchants/me")

    return run_until_interrupted(ask())
