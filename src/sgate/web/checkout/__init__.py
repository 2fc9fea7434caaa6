"""The page that a customer pays on: what it shows in each state, and in which words."""
