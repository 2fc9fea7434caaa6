"""Access to the Stacks chain: one protocol, with the Hiro API and a built-in simulated chain behind it."""
