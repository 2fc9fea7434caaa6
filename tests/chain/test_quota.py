"""The budget of calls to the chain's API."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sgate.chain.quota import (
    CALLS_PER_POLL,
    EXTRA_CAPACITY,
    IDLE_INTERVAL_S,
    LONGEST_INTERVAL_S,
    Budget,
    Limits,
    Shared,
    Spent,
    Unlimited,
)

FREE = Limits(per_month=150_000)
START = datetime(2026, 11, 1, tzinfo=UTC)


class Clock:
    def __init__(self, now=START):
        self.now = now

    def __call__(self):
        return self.now

    def pass_s(self, seconds):
        self.now += timedelta(seconds=seconds)


def open_budget(limits=FREE, now=START):
    clock = Clock(now)
    return Budget(limits, clock), clock


def spend(budget, calls):
    for _ in range(calls):
        budget.count()


def test_the_free_plan_polls_every_35_seconds_when_busy_and_every_minute_otherwise():
    budget, _ = open_budget()
    assert budget.interval_s(5.0, busy=True) == pytest.approx(34.56, abs=0.01)
    assert budget.interval_s(5.0, busy=False) == IDLE_INTERVAL_S


def test_a_larger_budget_polls_at_the_configured_interval():
    budget, _ = open_budget(Limits(per_minute=500, per_month=15_000_000))
    assert budget.interval_s(5.0, busy=True) == 5.0
    unlimited, _ = open_budget(Limits())
    assert unlimited.interval_s(0.5, busy=True) == 0.5


def test_the_interval_follows_the_remaining_calls():
    budget, clock = open_budget()
    spend(budget, 75_000)
    assert budget.interval_s(5.0, busy=True) == pytest.approx(2 * 34.56, abs=0.01)
    clock.pass_s(15 * 86_400)
    assert budget.interval_s(5.0, busy=True) == pytest.approx(34.56, abs=0.01)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=200), st.booleans())
def test_keeping_to_the_interval_and_the_spare_calls_never_exhausts_the_month(rounds, busy):
    budget, clock = open_budget(Limits(per_month=40_000))
    for wanted in rounds:
        spend(budget, CALLS_PER_POLL)
        with budget.extra():
            spend(budget, min(wanted, budget.spare_calls()))
        assert budget.remaining() > 0
        clock.pass_s(budget.interval_s(1.0, busy=busy))


def test_hints_cannot_use_the_calls_that_headers_and_memos_need():
    budget, clock = open_budget()
    asked = 0
    for _ in range(1_000):
        spend(budget, CALLS_PER_POLL)
        with budget.extra():
            asked += budget.spare_calls()
            spend(budget, budget.spare_calls())
        clock.pass_s(budget.interval_s(5.0, busy=True))
    assert asked <= EXTRA_CAPACITY + 1_000 * CALLS_PER_POLL * 0.25 + 1


def test_calls_of_hints_beyond_their_share_are_paid_back():
    """The cost of a read is not known in advance: after an expensive one, there is none for a while."""
    budget, clock = open_budget()
    asked = 0
    for _ in range(1_000):
        spend(budget, CALLS_PER_POLL)
        if budget.spare_calls():
            with budget.extra():
                spend(budget, 200)
            asked += 200
        clock.pass_s(budget.interval_s(5.0, busy=True))
    assert asked <= EXTRA_CAPACITY + 1_000 * CALLS_PER_POLL * 0.25 + 200


@pytest.mark.parametrize("correction", ["the server's count", "a new month"])
def test_corrections_of_the_count_are_not_charged_to_hints(correction):
    budget, clock = open_budget(now=datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC))
    spend(budget, 500)
    spare = budget.spare_calls()
    with budget.extra():
        spend(budget, 10)
        if correction == "a new month":
            clock.pass_s(1)
            spend(budget, 5)
        else:
            budget.observe({"x-ratelimit-remaining-stacks-month": "100000"})
            spend(budget, 5)
    assert budget.spare_calls() == spare - 15


def test_an_exhausted_month_allows_no_calls_until_the_next():
    budget, clock = open_budget(Limits(per_month=3))
    spend(budget, 3)
    assert (budget.remaining(), budget.wait_s()) == (0, float("inf"))
    assert budget.interval_s(5.0, busy=True) == LONGEST_INTERVAL_S
    clock.now = datetime(2026, 12, 1, tzinfo=UTC)
    assert (budget.wait_s(), budget.remaining()) == (0.0, 3)


def test_calls_of_a_minute():
    budget, clock = open_budget(Limits(per_minute=2))
    spend(budget, 1)
    clock.pass_s(10)
    spend(budget, 1)
    assert budget.wait_s() == 50.0
    clock.pass_s(50)
    assert budget.wait_s() == 0.0
    spend(budget, 1)
    assert budget.wait_s() == 10.0


def test_calls_of_other_processes_count_and_no_call_counts_twice():
    budget, _ = open_budget()
    spend(budget, 10)
    assert budget.take_unsaved() == Spent(month=START, calls=10)
    spend(budget, 5)
    budget.load(Spent(month=START, calls=110))  # ten of this process, and a hundred of another
    assert (budget.calls, budget.take_unsaved().calls) == (115, 5)
    budget.load(Spent(month=START.replace(month=10), calls=99_999))
    assert budget.calls == 115


def test_the_servers_count_of_remaining_calls_wins_if_lower():
    budget, clock = open_budget()
    budget.observe({"x-ratelimit-remaining-stacks-month": "140000"})
    assert budget.remaining() == 140_000
    budget.observe({"x-ratelimit-remaining-stacks-month": "149000"})
    assert budget.remaining() == 140_000
    budget.observe({"ratelimit-remaining": "0", "ratelimit-reset": "7"})
    assert budget.wait_s() == 7.0
    clock.pass_s(7)
    assert budget.wait_s() == 0.0
    for odd in ("", "-1", "1e9", "٣", "x" * 100, "9" * 40):
        budget.observe({"x-ratelimit-remaining-stacks-month": odd, "ratelimit-remaining": odd})
    assert (budget.remaining(), budget.wait_s()) == (140_000, 0.0)


def test_without_limits_there_is_always_something_to_spare():
    unlimited = Unlimited()
    with unlimited.extra():
        assert unlimited.spare_calls() == EXTRA_CAPACITY


def test_of_several_apis_the_preferred_one_counts():
    asked, (first, _), (second, _) = ["first"], open_budget(), open_budget()
    shared = Shared({"first": first, "second": second}, lambda: asked[0])
    with shared.extra():
        spend(first, 10)
    assert shared.spare_calls() == EXTRA_CAPACITY - 10
    asked[0] = "second"
    assert shared.spare_calls() == EXTRA_CAPACITY
    with shared.extra():
        spend(second, 60)
    assert (shared.spare_calls(), first.spare_calls()) == (0, EXTRA_CAPACITY - 10)
    asked[0] = "our own, without a budget"
    assert shared.spare_calls() == EXTRA_CAPACITY
