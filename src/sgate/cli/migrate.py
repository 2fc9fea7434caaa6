"""`sgate migrate`: bring the schema up to date."""

import typer

from sgate import runtime, settings
from sgate.cli.processes import database_trouble, run_loop


def migrate() -> None:
    """Bring the database's schema up to date. Safe to run at any time, by any number of processes."""
    from sgate.store import migrate as migrations  # SQLAlchemy is needed here and nowhere else

    chosen = settings.load()
    with database_trouble(), runtime.database(chosen) as url:
        revision = run_loop(migrations.migrate(runtime.direct_url(chosen, url)))
    typer.echo(f"The schema is at {revision}.")
