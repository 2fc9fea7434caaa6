"""The work behind the API: following the chain, delivering webhooks, keeping house.

Each worker has a `run_once()` that does one round and reports it; the loop around it is in a module of its own.
"""
