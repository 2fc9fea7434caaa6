"""Use cases: the actions of merchants, customers, operators and the chain.

Each public function runs one transaction. State, events and deliveries are committed together, and nothing is enqueued
after a commit.
"""
