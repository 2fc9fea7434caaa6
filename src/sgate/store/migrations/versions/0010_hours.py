"""Daily statistics, updated every hour. The statements are in the `.sql` file next to this one."""

from sgate.store.migrate import run_sql_of

revision = "0010"
# A migration 0009 existed for one day. A database at 0009 is refused: its statistics are not updated every hour.
down_revision = "0008"


def upgrade() -> None:
    """Change the schema."""
    run_sql_of(__file__)
