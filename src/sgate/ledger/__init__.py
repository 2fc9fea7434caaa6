"""The ledger: decides intents from their facts, announces events about them, and verifies stored states and events."""
