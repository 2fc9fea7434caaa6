"""`sgate migrate`: bring the database schema up to date."""

import typer

from sgate.cli.operator.processes import database_errors, load_settings, run_loop
from sgate.cli.printing import JsonOption, print_json
from sgate.runtime import factories

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command("migrate")
def migrate(as_json: JsonOption = False) -> None:
    """Bring the database schema up to date. Safe to run at any time, and by several processes at once.

    It connects with SGATE_DATABASE_OWNER_URL. If the server has the role `sgate_app`, it also grants this role the
    rights that the application needs.
    """
    from sgate.store import migrate as migrations  # imports SQLAlchemy, which only migrations need

    chosen = load_settings()
    with database_errors(), factories.database(chosen) as urls:
        revision = run_loop(migrations.migrate(urls.owner))
    if as_json:
        print_json({"schema": revision})
        return
    typer.echo(f"The schema is at {revision}.")
