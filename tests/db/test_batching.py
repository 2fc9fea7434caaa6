"""Concurrent calls share statements, and no call returns before its statement is done."""

import asyncio

import pytest

from sgate.db.batching import Coalescer, Overloaded


class Statement:
    """Runs batches under the test's control: each one blocks until it is released."""

    def __init__(self):
        self.batches = []
        self.running = 0
        self.most_running = 0
        self._doors = []

    async def __call__(self, items):
        self.batches.append(list(items))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        door = asyncio.get_running_loop().create_future()
        self._doors.append(door)
        try:
            problem = await door
        finally:
            self.running -= 1
        if problem:
            raise problem
        return [ValueError(item) if item == "bad" else f"answer {item}" for item in items]

    def let_go(self, batch, problem=None):
        self._doors[batch].set_result(problem)


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


def submit(coalescer, *items):
    return [asyncio.create_task(coalescer.submit(item)) for item in items]


async def test_calls_of_one_moment_share_a_statement():
    statement = Statement()
    calls = submit(Coalescer(statement), 1, 2, 3)
    await settle()
    assert statement.batches == [[1, 2, 3]]
    statement.let_go(0)
    assert await asyncio.gather(*calls) == ["answer 1", "answer 2", "answer 3"]


async def test_no_call_returns_before_the_statement_of_its_batch_is_done():
    statement = Statement()
    calls = submit(Coalescer(statement), 1, 2)
    await settle()
    assert statement.running == 1
    assert not any(call.done() for call in calls)
    statement.let_go(0)
    await asyncio.gather(*calls)


async def test_at_most_two_batches_are_in_flight_and_later_calls_gather_behind_them():
    statement = Statement()
    coalescer = Coalescer(statement)
    calls = []
    for item in range(6):
        calls += submit(coalescer, item)
        await settle()
    assert statement.batches == [[0], [1]]
    statement.let_go(0)
    await settle()
    assert statement.batches == [[0], [1], [2, 3, 4, 5]]
    statement.let_go(1)
    statement.let_go(2)
    assert await asyncio.gather(*calls) == [f"answer {item}" for item in range(6)]
    assert statement.most_running == 2


async def test_a_batch_holds_no_more_than_it_may():
    statement = Statement()
    calls = submit(Coalescer(statement, max_batch=2, in_flight=1), *range(5))
    for batch in range(3):
        await settle()
        statement.let_go(batch)
    assert await asyncio.gather(*calls) == [f"answer {item}" for item in range(5)]
    assert statement.batches == [[0, 1], [2, 3], [4]]


async def test_too_many_waiting_calls_are_refused_at_once_and_the_others_are_served():
    statement = Statement()
    coalescer = Coalescer(statement, max_waiting=3, in_flight=1)
    first = submit(coalescer, 0)
    await settle()
    waiting = submit(coalescer, 1, 2, 3)
    await settle()
    with pytest.raises(Overloaded):
        await coalescer.submit(4)
    statement.let_go(0)
    await settle()
    statement.let_go(1)
    assert await asyncio.gather(*first, *waiting) == [f"answer {item}" for item in range(4)]


async def test_a_caller_that_is_cancelled_while_waiting_withdraws_its_item():
    statement = Statement()
    coalescer = Coalescer(statement, in_flight=1)
    first = submit(coalescer, 0)
    await settle()
    kept, gone = submit(coalescer, "kept", "gone")
    await settle()
    gone.cancel()
    statement.let_go(0)
    await settle()
    assert statement.batches == [[0], ["kept"]]
    statement.let_go(1)
    assert await asyncio.gather(*first, kept) == ["answer 0", "answer kept"]


async def test_a_caller_that_is_cancelled_after_its_batch_left_affects_no_other():
    statement = Statement()
    gone, kept = submit(Coalescer(statement), "gone", "kept")
    await settle()
    gone.cancel()
    await settle()
    statement.let_go(0)
    assert await kept == "answer kept"
    assert statement.batches == [["gone", "kept"]]


async def test_a_failed_statement_fails_every_call_of_its_batch_and_no_other():
    statement = Statement()
    coalescer = Coalescer(statement, in_flight=1)
    failing = submit(coalescer, 1, 2)
    await settle()
    later = submit(coalescer, 3)
    await settle()
    statement.let_go(0, ConnectionError("the database is away"))
    for call in failing:
        with pytest.raises(ConnectionError, match="the database is away"):
            await call
    statement.let_go(1)
    assert await later[0] == "answer 3"


async def test_an_error_of_one_item_is_raised_for_that_item_alone():
    statement = Statement()
    good, bad = submit(Coalescer(statement), "good", "bad")
    await settle()
    statement.let_go(0)
    assert await good == "answer good"
    with pytest.raises(ValueError, match="bad"):
        await bad


async def test_too_few_results_fail_the_batch_and_leave_no_call_waiting():
    async def forgetful(items):
        return [f"answer {item}" for item in items[:-1]]

    calls = submit(Coalescer(forgetful), 1, 2, 3)
    outcomes = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 5)
    assert [type(outcome) for outcome in outcomes] == [ValueError] * 3


async def test_it_can_be_used_again_after_it_was_idle():
    statement = Statement()
    coalescer = Coalescer(statement)
    for batch in range(3):
        calls = submit(coalescer, batch)
        await settle()
        statement.let_go(batch)
        assert await calls[0] == f"answer {batch}"
