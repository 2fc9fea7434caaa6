"""The use cases: what merchants, payers, operators and the chain can make happen.

One public function is one transaction. State, events and deliveries commit together or not at all, and nothing is
enqueued after a commit.
"""
