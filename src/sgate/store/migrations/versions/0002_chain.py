"""The tables for following the chain. The statements are in the `.sql` file next to this one."""

from sgate.store.migrate import run_sql_of

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Change the schema."""
    run_sql_of(__file__)
