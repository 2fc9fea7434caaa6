"""The Stacks API of Hiro: an HTTP client, decoding, and a `ChainSource`."""
