"""Rows about an intent, an endpoint or an event must have its merchant and its mode. The statements are in the `.sql`
file next to this one.
"""

from sgate.store.migrate import run_online

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Change the schema while processes of the previous version are running."""
    run_online(__file__)
