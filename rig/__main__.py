"""`make rig`: start production on loopback, break it under load, compare the books, write build/rig/report.html."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from rig import audit, pooler, report
from rig.fault import break_it
from rig.house import House
from rig.load import Load
from rig.plan import full, short
from servers.patience import patient

SEED = 20261125
WARM_S = 5.0
BETWEEN_S = 3.0
CALM_TIMEOUT_S = patient(150.0)


async def run(plan, folder, say, *, short):
    """Everything, in order. Returns whether it passed."""
    say("Starting everything")
    async with House() as house:
        house.books.begin()
        async with Load(house, SEED) as load:
            await asyncio.sleep(WARM_S)
            results = [await _one(fault, house, say) for fault in plan]
            say("Closing the shops, and waiting until all is calm")
            await load.close_shop(CALM_TIMEOUT_S / 2)
            calm = await audit.until_calm(house, CALM_TIMEOUT_S)
            say("Comparing the books")
            findings = await audit.compare(house, calm)
        say("Measuring what PgBouncer costs")
        costs = await pooler.measure(house, short=short)
        house.save_logs(folder / "logs")
        told = report.of(house.books, results, findings, costs)
    report.write(folder, told)
    report.show(told)
    return told["passed"]


async def _one(fault, house, say):
    say(fault.name)
    result = await break_it(fault, house)
    await asyncio.sleep(BETWEEN_S)
    return result


def main():
    parser = argparse.ArgumentParser(prog="make rig", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a handful of faults, in a minute and a half")
    parser.add_argument("--only", metavar="WORD", nargs="+", help="only the faults whose names contain one of these")
    parser.add_argument("--report", type=Path, default=Path("build/rig"), help="where the report goes")
    given = parser.parse_args()
    plan = short() if given.short else full()
    if given.only:
        plan = [fault for fault in plan if any(word in fault.name for word in given.only)]
    with asyncio.Runner() as runner:
        work = runner.get_loop().create_task(
            run(plan, given.report, lambda text: print(text, flush=True), short=given.short)
        )
        runner.get_loop().add_signal_handler(signal.SIGTERM, work.cancel)
        return 0 if runner.run(_waited_for(work)) else 1


async def _waited_for(work):
    return await work


if __name__ == "__main__":
    sys.exit(main())
