"""The watcher, which follows the chain, matches transfers and records payments. It makes no decisions about money."""
