"""Benchmarks of sGate, as ratios to the limits of this machine. `make bench`, or with ARGS=--quick.

Exit status: 0 if every required target is reached, 1 if one is missed or a benchmark failed, 2 if the machine was too
noisy for a verdict.
"""

import argparse
import os
import signal
import sys
import time

from rich.console import Console

import api
import chain
import delays
import extras
import growth
import hostile
import lists
import memos
import pgbench
import report
import scaling
import streams
import webhooks
from servers import Bench, CannotMeasure

GROUPS = {
    "api": api,
    "extras": extras,
    "webhooks": webhooks,
    "delays": delays,
    "hostile": hostile,
    "streams": streams,
    "memos": memos,
    "chain": chain,
    "lists": lists,
    "scaling": scaling,
    "growth": growth,
}
ROUNDS, ROUNDS_QUICK = 12, 4
MAX_ROUNDS = 60
PLAIN_WIDTH = 140  # of output that does not go to a terminal


def main():
    options = _options()
    console = Console()
    if not console.is_terminal:
        console = Console(width=PLAIN_WIDTH)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that all processes are stopped
    began, verdicts = time.monotonic(), set()
    try:
        pgbench.executable()
        with Bench() as bench:
            versions = {"postgresql": bench.postgres_version}
            for name in options.only or GROUPS:
                ratios, measured = GROUPS[name].run(bench, console, options)
                bench.stop()
                report.show(console, name, ratios, measured)
                report.write(name, ratios, measured, versions)
                verdicts |= {row.verdict for row in ratios}
    except CannotMeasure as error:
        console.print(f"[bold red]Not measured:[/] {error}", highlight=False)
        return 1
    console.print(report.NOTE.format(cores=os.cpu_count()))
    console.print(f"{options.rounds} rounds, {time.monotonic() - began:.0f} s; details in {report.RESULTS}/.")
    if "missed" in verdicts:
        return 1
    return 2 if "too noisy" in verdicts else 0


def _options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and rows: a first impression, not a verdict")
    parser.add_argument("--rounds", type=int, help=f"rounds of slots (default {ROUNDS}, quick {ROUNDS_QUICK})")
    parser.add_argument("--only", action="append", choices=GROUPS, help="only this group (may be repeated)")
    options = parser.parse_args()
    if options.rounds is None:
        options.rounds = ROUNDS_QUICK if options.quick else ROUNDS
    if not 2 <= options.rounds <= MAX_ROUNDS:
        parser.error(f"--rounds must be a number from 2 to {MAX_ROUNDS}")
    return options


if __name__ == "__main__":
    sys.exit(main())
