"""The Stacks API as Hiro serves it: HTTP, decoding, and a source of what the chain shows."""
