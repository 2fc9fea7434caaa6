"""`sgate login`: store an API key for the other commands."""

import os
import sys
from typing import Annotated, Any

import typer

from sgate.cli.developer import profiles
from sgate.cli.developer.client import open_client, run_until_interrupted
from sgate.cli.developer.profiles import Stored, Target
from sgate.cli.printing import JsonOption, escape, examples, line, print_json
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
        str, typer.Option("--profile", help="A name for this login if you have several.")
    ] = profiles.DEFAULT_NAME,
    base_url: Annotated[
        str | None,
        typer.Option("--base-url", metavar="URL", help=f"URL of the server. Default: {profiles.DEFAULT_BASE_URL}."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Store an API key for the other commands.

    The key is prompted for or read from standard input, and never shown. It is verified with the server and stored in a
    file that only you can read, in $XDG_CONFIG_HOME/sgate (default: ~/.config/sgate). `sgate merchants create` on the
    server creates a key.
    """
    path = profiles.path_of()
    stored = profiles.read(path)
    before = stored.profiles.get(profile)
    known = profiles.DEFAULT_BASE_URL if before is None else before.base_url
    key = profiles.checked_key(_ask_for_key(), "the input")
    url = profiles.checked_url(base_url or os.environ.get("SGATE_API_BASE_URL") or known, key, "--base-url")
    merchant = _merchant_of(Target(base_url=url, api_key=key, webhook_secret="", origin="this login"))
    new = profiles.new_profile(url, key, merchant["name"], before)
    profiles.write(path, Stored(current=profile, profiles={**stored.profiles, profile: new}))
    if as_json:
        answer = {"profile": profile, "base_url": url, "merchant_id": merchant["id"], "livemode": merchant["livemode"]}
        print_json(answer)
        return
    mode = "live" if merchant["livemode"] else "test"
    line(f"Logged in to {escape(url)} as [bold]{escape(merchant['name'])}[/] ({mode} mode, profile {escape(profile)}).")
    line(f"The key {profiles.shown_key(key)} is stored in {escape(str(path))}, which only you can read.")
    if os.environ.get("SGATE_API_KEY"):
        line("[yellow]SGATE_API_KEY is set and overrides this login.[/]")


def _ask_for_key() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("API key (sk_test_... or sk_live_...; not shown)", hide_input=True))
    given = sys.stdin.readline(MAX_KEY_CHARACTERS)
    if not given.strip():
        raise Failure("no key was given. Type it at the prompt or pass it on standard input: sgate login < key.txt")
    return given


def _merchant_of(target: Target) -> dict[str, Any]:
    async def ask() -> dict[str, Any]:
        async with open_client(target) as client:
            return await client.get("/v1/merchants/me")

    return run_until_interrupted(ask())
