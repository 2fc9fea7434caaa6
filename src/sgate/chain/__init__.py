"""How we look at Stacks: one protocol, the Hiro API behind it, and a simulated chain that is shipped, not mocked."""
