"""Suspended merchants, maintenance mode, who may use the schema. The statements stand in the .sql file beside it."""

from sgate.store.migrate import run_sql_of

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Change the schema."""
    run_sql_of(__file__)
