"""Daily statistics rolled up by the hour. The statements are in the `.sql` file next to this one."""

from sgate.store.migrate import run_sql_of

revision = "0010"
# There was a 0009 for one day. A database at 0009 is refused rather than mistaken for one that rolls up by the hour.
down_revision = "0008"


def upgrade() -> None:
    """Change the schema."""
    run_sql_of(__file__)
