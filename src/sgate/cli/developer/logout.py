"""`sgate logout`: remove a stored API key."""

import os
from typing import Annotated

import msgspec
import typer

from sgate.cli.developer import profiles
from sgate.cli.developer.profiles import Stored
from sgate.cli.printing import JsonOption, escape, examples, line, print_json
from sgate.cli.problems import Failure

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command("logout", epilog=examples("sgate logout", "sgate logout --profile staging", "sgate logout --all"))
def logout(
    profile: Annotated[
        str | None, typer.Option("--profile", help="The login to remove. Default: the current one.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Remove all logins.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Remove a stored API key.

    The key itself stays valid. If it may have leaked, revoke it with `sgate keys revoke` on the server.
    """
    path = profiles.path_of()
    stored = profiles.read(path)
    wanted = profile or os.environ.get("SGATE_PROFILE") or stored.current
    if not every and wanted not in stored.profiles:
        raise Failure(f"there is no profile {wanted!r} to remove (profiles: {', '.join(stored.profiles) or 'none'})")
    gone = list(stored.profiles) if every else [wanted]
    kept = {name: found for name, found in stored.profiles.items() if name not in gone}
    current = stored.current if stored.current in kept else next(iter(kept), profiles.DEFAULT_NAME)
    profiles.write(path, msgspec.structs.replace(stored, current=current, profiles=kept) if kept else Stored())
    if as_json:
        print_json({"forgotten": gone, "current": current if kept else None})
        return
    line(f"Removed: {escape(', '.join(gone)) or 'nothing'}. The keys themselves stay valid until they are revoked.")
    if kept:
        line(f"The current profile is {escape(current)}.")
