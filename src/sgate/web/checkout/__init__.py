"""The checkout page: its states, and the sentences for each state."""
