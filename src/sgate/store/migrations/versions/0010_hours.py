"""Daily numbers by the hour. The statements stand in the .sql file beside it."""

from sgate.store.migrate import run_sql_of

revision = "0010"
# There was a 0009 for a day. A database that has it is refused here rather than taken for one that counts by the hour.
down_revision = "0008"


def upgrade() -> None:
    """Change the schema."""
    run_sql_of(__file__)
