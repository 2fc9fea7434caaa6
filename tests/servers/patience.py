"""How long a test waits for a process on this machine: bounds that grow with how busy it is.

A bound is there so that a test that waits in vain ends; it says nothing about speed. So it is measured, once at the
start of a run: how long a Python process takes to import the command line, against a quiet machine with two cores.
"""

import os
import subprocess
import sys
import time

VARIABLE = "SGATE_TEST_PATIENCE"
"""The measured factor, for the processes that a test starts."""

QUIET_S = 0.5
"""What the measured process takes on a quiet machine, generously."""

MOST = 12.0


def factor() -> float:
    """How many times as long as on a quiet machine things may take: 1 to MOST."""
    known = os.environ.get(VARIABLE)
    if known is None:
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", "import sgate.cli.lazy, asyncpg, msgspec"], check=True, timeout=300)
        load = os.getloadavg()[0] / (os.cpu_count() or 1)
        known = str(min(MOST, max(1.0, (time.monotonic() - began) / QUIET_S, load / 2)))
        os.environ[VARIABLE] = known
    return float(known)


def patient(seconds: float) -> float:
    """A bound for waiting that is `seconds` on a quiet machine."""
    return seconds * factor()
