"""A few dozen short worlds, the exact replay of a seed, and the detection of mutants."""

import pytest
from structlog.testing import capture_logs

from simulation.database import Database
from simulation.mutants import MUTANTS
from simulation.simulate import COMMAND, live
from simulation.story import Story

STEPS = 50
SEEDS = 24
SEEDS_PER_TEST = 4

EASY_MUTANTS = ("queues nothing", "accepts memos in any case", "forgets the deliveries of one endpoint")
SEEDS_FOR_EASY_MUTANTS = 6


@pytest.fixture
async def database(database_url):
    """A database for simulations."""
    opened = await Database.install(database_url)
    yield opened
    await opened.close()


async def play(database, seed):
    """Run a seed. Returns its story, and what went wrong or None."""
    story = Story()
    with capture_logs():
        wrong = await live(database, seed, STEPS, story)
    return story, wrong


@pytest.mark.parametrize("first", range(0, SEEDS, SEEDS_PER_TEST))
async def test_every_world_keeps_the_invariants(database, first):
    for seed in range(first, first + SEEDS_PER_TEST):
        story, wrong = await play(database, seed)
        if wrong is not None:
            pytest.fail(f"{story.ending}\n{wrong}\n{COMMAND.format(seed=seed, steps=STEPS)}", pytrace=False)


async def test_a_seed_replays_exactly(database):
    first, _ = await play(database, 1001)
    await play(database, 1002)
    again, _ = await play(database, 1001)
    assert len(first.lines) > STEPS
    assert first.lines == again.lines


@pytest.mark.parametrize("name", EASY_MUTANTS)
async def test_a_mutant_is_detected(database, name):
    with MUTANTS[name].patch():
        found = [wrong async for wrong in _until_wrong(database)]
    assert any(found)


async def _until_wrong(database):
    for seed in range(SEEDS_FOR_EASY_MUTANTS):
        _, wrong = await play(database, seed)
        yield wrong
        if wrong is not None:
            return
