"""The first schema. The statements stand in the .sql file beside this one."""

from sgate.store.migrate import run_sql_of

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create everything."""
    run_sql_of(__file__)
