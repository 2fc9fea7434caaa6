"""Run seeds of the simulation: `make simulate SEEDS=200`, or one seed with a log of every step.

Each worker process has its own database and runs one seed after another. For a seed that fails, the end of its story and
the command that repeats it are printed.
"""

import argparse
import asyncio
import contextlib
import logging
import os
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from sgate.db.embedded import EmbeddedPostgres, temporary_directory
from simulation.database import disable_durability, fresh_database
from simulation.mutants import MUTANTS
from simulation.story import Story
from simulation.world import World

STEPS = 80
SEEDS_PER_MUTANT = 40
MAX_SHOWN_CHARACTERS = 160
SEEDS_PER_CHUNK = 10
"""Seeds that a process runs on one database before it creates another."""

COMMAND = 'make simulate ARGS="--seed {seed} --steps {steps} --verbose"'


async def live(database, seed, steps, story):
    """Run a world from start to end. Returns what went wrong, or None."""
    try:
        world = await World.open(database, seed, story)
        await world.run(steps)
    except Exception:  # noqa: BLE001 - every failure in a world is reported
        await database.terminate()
        return traceback.format_exc()
    return None


def run_seeds(server_url, seeds, steps, mutant=None, *, loud=False):
    """Run seeds in this process until one fails. Returns (seeds run, failed seed, end of its story, what went wrong)."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    return asyncio.run(_run_seeds(server_url, seeds, steps, mutant, loud=loud))


async def _run_seeds(server_url, seeds, steps, mutant, *, loud):
    async with fresh_database(server_url) as database:
        with MUTANTS[mutant].patch() if mutant else contextlib.nullcontext():
            for count, seed in enumerate(seeds, start=1):
                story = Story(loud=loud)
                wrong = await live(database, seed, steps, story)
                if wrong is not None:
                    return count, seed, story.ending, wrong
    return len(seeds), None, "", ""


def simulate(console, server_url, seeds, steps, jobs):
    """Run all seeds in `jobs` processes. Returns how many failed."""
    began, failed = time.monotonic(), 0
    chunks = [seeds[at : at + SEEDS_PER_CHUNK] for at in range(0, len(seeds), SEEDS_PER_CHUNK)]
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool, Progress(*columns, console=console) as bar:
        task = bar.add_task("seeds", total=len(seeds))
        running = {pool.submit(run_seeds, server_url, chunk, steps): chunk for chunk in chunks}
        while running:
            done = next(as_completed(running))
            chunk = running.pop(done)
            ran, seed, ending, wrong = done.result()
            bar.advance(task, ran)
            if seed is not None:
                failed += 1
                bar.console.print(f"{ending}\n{wrong}", markup=False, highlight=False)
                bar.console.print(
                    f"[bold red]Seed {seed} fails.[/] Repeat it with: {COMMAND.format(seed=seed, steps=steps)}"
                )
                if chunk[ran:]:
                    running[pool.submit(run_seeds, server_url, chunk[ran:], steps)] = chunk[ran:]
    console.print(f"{len(seeds)} seeds of {steps} steps in {time.monotonic() - began:.0f} s: {failed} failed")
    return failed


def hunt(console, server_url, names, steps, jobs):
    """Break the product in known ways, each of which must be detected. Returns how many were not."""
    missed = 0
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        seeds = range(SEEDS_PER_MUTANT)
        running = {pool.submit(run_seeds, server_url, seeds, steps, name): name for name in names}
        for done in as_completed(running):
            _, seed, _, wrong = done.result()
            missed += seed is None
            detected = "NOT DETECTED" if seed is None else f"seed {seed}: {last_line(wrong)}"
            console.print(f"{running[done]:44} {detected}", markup=False, highlight=False, soft_wrap=True)
    return missed


def last_line(wrong):
    """Return the last line of a traceback."""
    return wrong.strip().splitlines()[-1][:MAX_SHOWN_CHARACTERS]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=50, help="number of seeds")
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--seed", type=int, help="run only this seed")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--jobs", type=int, default=min(4, os.cpu_count() or 1), help="number of processes")
    parser.add_argument("--verbose", action="store_true", help="print every step")
    parser.add_argument(
        "--mutants", nargs="?", const="", metavar="WORD", help="break the product in known ways, which must be detected"
    )
    given = parser.parse_args()
    console = Console()
    server = (
        None
        if "SGATE_TEST_DATABASE_URL" in os.environ
        else EmbeddedPostgres(temporary_directory("simulate"), keep=False)
    )
    try:
        url = os.environ["SGATE_TEST_DATABASE_URL"] if server is None else server.url
        if server is not None:
            asyncio.run(disable_durability(url))
        if given.mutants is not None:
            names = [name for name in MUTANTS if given.mutants in name]
            return min(1, hunt(console, url, names, given.steps, given.jobs))
        if given.seed is not None:
            _, failed, ending, wrong = run_seeds(url, [given.seed], given.steps, loud=given.verbose)
            if failed is not None:
                print(wrong if given.verbose else f"{ending}\n{wrong}")
            return int(failed is not None)
        seeds = list(range(given.first, given.first + given.seeds))
        return min(1, simulate(console, url, seeds, given.steps, given.jobs))
    finally:
        if server is not None:
            server.close()


if __name__ == "__main__":
    sys.exit(main())
