"""What merchants decided about their intents: commands, never changed and never deleted."""

from sgate.core.lifecycle import Command
from sgate.db.pool import Connection
from sgate.store.rows import command_text

_ADD = "INSERT INTO ledger_commands (payment_intent_id, command) VALUES ($1, $2::text::json)"


async def add(connection: Connection, intent_id: str, command: Command) -> None:
    """Record what a merchant decided."""
    await connection.execute(_ADD, intent_id, command_text(command))
