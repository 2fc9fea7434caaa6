"""`sgate whoami`: show which server and merchant the commands use."""

import os
from typing import Any

import typer

from sgate.cli.developer import profiles
from sgate.cli.developer.client import Client, ProfileOption, with_client
from sgate.cli.printing import JsonOption, escape, examples, line, print_json

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command("whoami", epilog=examples("sgate whoami", "sgate whoami --profile staging --json"))
def whoami(profile: ProfileOption = None, as_json: JsonOption = False) -> None:
    """Show which server and merchant the commands use."""

    async def work(client: Client) -> dict[str, Any]:
        merchant = await client.get("/v1/merchants/me")
        return {
            "base_url": client.target.base_url,
            "key": profiles.shown_key(client.target.api_key),
            "from": client.target.origin,
            "merchant_id": merchant["id"],
            "merchant": merchant["name"],
            "livemode": merchant["livemode"],
            "network": merchant["network"],
            "pay_address": merchant["effective_pay_address"],
        }

    found = with_client(work, profile)
    stored = () if os.environ.get("SGATE_API_KEY") else profiles.read(profiles.path_of()).profiles
    if as_json:
        print_json(found | {"profiles": list(stored)})
        return
    mode = "live" if found["livemode"] else "test"
    line(f"[bold]{escape(found['merchant'])}[/]  {found['merchant_id']}")
    line(f"Server    {escape(found['base_url'])}")
    line(f"Key       {found['key']} ({mode} mode, from {escape(found['from'])})")
    line(f"Network   {found['network']}")
    line(f"Address   {found['pay_address'] or 'none yet: set pay_address with PATCH /v1/merchants/me'}")
    if len(stored) > 1:
        line(f"Profiles  {escape(', '.join(stored))}")
