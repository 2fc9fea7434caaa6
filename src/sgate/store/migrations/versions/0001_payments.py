"""The first schema. The statements are in the `.sql` file next to this one."""

from sgate.store.migrate import run_sql_of

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create everything."""
    run_sql_of(__file__)
