"""Months for the application role. The statements are in the `.sql` file next to this one."""

from sgate.store.migrate import run_sql_of

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Change the schema."""
    run_sql_of(__file__)
