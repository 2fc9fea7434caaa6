"""The clock of a process jumps."""

import asyncio
import time
from pathlib import Path

from rig.fault import Fault, Recovery, Skipped, served_again
from rig.faults_processes import replace

HOUR_S = 3600
BEHIND_S = 60
"""Not an hour: the certificates of the rig are younger than that, and would not be valid yet."""

HOLD_S = 6.0


async def jump(house):
    """The clocks of one api process and of the leading watcher go an hour ahead, then a minute behind, then right."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        raise Skipped("there is no libfaketime here; `make system-packages` installs it")
    victims = [house.of_role("api")[0], await house.leader()]
    clock = house.folder / "clock"
    clock.write_text("+0\n")
    for victim in victims:
        victim.extra = _faked(library, clock)
        await replace(victim)
    for offset_s in (HOUR_S, -BEHIND_S, 0):
        clock.write_text(f"{offset_s:+d}\n")
        await asyncio.sleep(HOLD_S)
    seconds = await served_again(house, time.monotonic())
    for victim in victims:
        victim.extra = {}
        await replace(victim)
    return Recovery(seconds, "from the right time until nothing failed", "an hour ahead, then a minute behind")


def _faked(library, clock):
    """Real time plus what the file says, looked at again and again; intervals are left alone, as a jump leaves them."""
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_RESET": "1",
    }


FAULT = Fault("the clocks of an api process and a watcher jump", jump, no_failures=True)
