"""Intents that cannot be decided, and payments that were dropped. The statements are in the `.sql` file next to it."""

from sgate.store.migrate import run_sql_of

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Change the schema."""
    run_sql_of(__file__)
