"""`python -m sgate` is the same as the `sgate` command."""

from sgate.cli import main

main()
