"""Daily numbers by the hour. The statements stand in the .sql file beside it."""

from sgate.store.migrate import run_sql_of

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Change the schema."""
    run_sql_of(__file__)
