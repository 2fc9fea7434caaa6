"""Background workers: following the chain, delivering webhooks, maintenance.

Each worker has a `run_once()` method that performs one iteration and reports what it did. The loops that call
`run_once()` are in separate modules.
"""
