"""Payment intents remember whether their price was set in dollars. The statements are in the `.sql` file."""

from sgate.store.migrate import run_sql_of

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Change the schema."""
    run_sql_of(__file__)
