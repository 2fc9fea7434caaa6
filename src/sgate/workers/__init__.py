"""Background workers: following the chain, delivering webhooks, maintenance.

Each worker has a `run_once()` that does one iteration and reports on it; the loop around it is in a separate module.
"""
