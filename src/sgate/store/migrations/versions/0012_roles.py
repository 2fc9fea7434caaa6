"""Functions with which the application's role creates and drops months. The statements are in the `.sql` file."""

from sgate.store.migrate import run_sql_of

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Change the schema."""
    run_sql_of(__file__)
