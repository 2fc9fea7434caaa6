"""Deliveries by the month. The statements stand in the .sql file beside this one."""

from sgate.store.migrate import run_sql_of

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Change the schema."""
    run_sql_of(__file__)
