"""Commands about intents, such as a merchant's cancellation. Append-only."""

from sgate.core.lifecycle import Command
from sgate.db.pool import Connection
from sgate.store.rows import command_text

_ADD = "INSERT INTO ledger_commands (payment_intent_id, command) VALUES ($1, $2::text::json)"


async def add(connection: Connection, intent_id: str, command: Command) -> None:
    """Append a command about an intent."""
    await connection.execute(_ADD, intent_id, command_text(command))
