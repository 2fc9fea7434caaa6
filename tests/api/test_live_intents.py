"""Live updates of open pages, without a database: the test decides when a read ends."""

import msgspec
import pytest

from api.serving import until
from core.facts import payment
from services.shop import simulated_mode
from services.test_public_intent_cache import OTHER, PI, Reads, found
from sgate.api import live_intents
from sgate.api.live_intents import LiveIntents
from sgate.core import errors
from sgate.db.notifications import Channel, Listener
from sgate.environment import Environment


class Page:
    """A page that follows an intent. It reads as soon as it is woken, unless it is slow."""

    def __init__(self, live, intent_id=PI, seen=None, *, private=True, slow=False):
        self.received, self.ended, self.slow = [], False, slow
        self.woken = 0
        self._following = live.follow(self, intent_id, seen, private=private)
        self.read = self._following.__enter__()

    def wake(self):
        self.woken += 1
        if not self.slow:
            self.take()

    def take(self):
        """Read the available frames, without waiting."""
        reading = self.read()
        try:
            reading.send(None)
        except StopIteration as read:
            self.received += read.value

    def end(self):
        self.ended = True

    def leave(self):
        self._following.__exit__(None, None, None)

    @property
    def shown(self):
        """The objects it was sent, oldest first."""
        return [msgspec.json.decode(each.partition(b"data: ")[2].partition(b"\n")[0]) for each in self.received]


class House:
    def __init__(self, listener):
        self.listener, self.reads = listener, Reads()
        self.live = LiveIntents(listener, self.reads, {False: simulated_mode()}, Environment())

    def notify(self, intent_id=PI):
        self.listener._received(None, 0, Channel.INTENT, intent_id)

    async def looking(self, count=1):
        await until(lambda: len(self.reads.waiting) == count)

    async def answer(self, row):
        await self.looking()
        await self.reads.answer(row)


@pytest.fixture
async def house(database_url):
    opened = House(Listener(database_url))
    yield opened
    if opened.live._reading is not None:
        opened.live._reading.cancel()


async def test_many_pages_cost_one_read_and_are_sent_the_same_bytes(house):
    pages = [Page(house.live) for _ in range(50)]
    await house.answer(found(1))
    assert [page.shown[0]["sequence"] for page in pages] == [1] * 50
    house.notify()
    await house.answer(found(2))
    assert all(page.shown[1]["sequence"] == 2 for page in pages)
    assert len({id(page.received[1]) for page in pages}) == 1
    assert house.reads.waiting == []


async def test_a_read_that_began_before_a_page_was_opened_is_not_sent_to_it(house):
    early = Page(house.live)
    await house.looking()
    late = Page(house.live)
    await house.answer(found(1))
    assert (len(early.shown), late.shown) == (1, [])
    await house.answer(found(2))
    assert late.shown[0]["sequence"] == 2
    assert [shown["sequence"] for shown in early.shown] == [1, 2]


async def test_an_intent_notified_during_a_read_is_read_again(house):
    page = Page(house.live)
    await house.looking()
    house.notify()
    await house.answer(found(1))
    await house.answer(found(2))
    assert [shown["sequence"] for shown in page.shown] == [1, 2]


async def test_a_page_that_knows_the_state_is_sent_nothing_until_it_changes(house):
    first = Page(house.live)
    await house.answer(found(1))
    mark = first.received[0].partition(b"id: ")[2].partition(b"\n")[0].decode()
    again = Page(house.live, seen=mark)
    await house.answer(found(1))
    assert (again.shown, again.woken, len(first.shown)) == ([], 0, 1)
    house.notify()
    await house.answer(found(2))
    assert len(again.shown) == 1


async def test_private_fields_are_sent_only_to_pages_with_the_client_secret(house):
    private, public = Page(house.live), Page(house.live, private=False)
    await house.answer(found(1))
    assert (private.shown[0]["description"] is None, public.shown[0]["description"]) == (False, None)


async def test_a_slow_client_delays_no_other_and_is_sent_only_the_newest_state(house):
    slow, quick = Page(house.live, slow=True), Page(house.live)
    await house.answer(found(1))
    house.notify()
    await house.answer(found(2))
    assert (slow.woken, len(quick.shown)) == (2, 2)
    slow.take()
    slow.take()
    assert [shown["sequence"] for shown in slow.shown] == [2]


async def test_intents_are_read_by_themselves_and_more_often_while_confirmations_are_counted(house, monkeypatch):
    monkeypatch.setattr(live_intents, "TICK_S", 0.01)
    monkeypatch.setattr(live_intents, "PAID_POLL_S", 0.01)
    Page(house.live, OTHER)
    await house.answer(found(1, intent_id=OTHER))
    paid = Page(house.live)
    await house.answer(found(1, payments=[payment(height=99)], height=100))
    await house.answer(found(1, payments=[payment(height=99)], height=101))  # without a notification
    assert [shown["confirmations"] for shown in paid.shown] == [2, 3]


async def test_thousands_of_intents_do_not_ask_the_database_all_at_once(house):
    pages = [Page(house.live, f"pi_{number:024x}") for number in range(2 * live_intents.BATCH_SIZE)]
    for _ in range(2):
        await house.looking(live_intents.BATCH_SIZE)
        while house.reads.waiting:
            house.reads.waiting.pop().set_result(found(1))
    await until(lambda: all(page.shown for page in pages))


async def test_an_intent_that_all_pages_have_left_is_gone(house):
    pages = [Page(house.live), Page(house.live)]
    await house.answer(found(1))
    pages[0].leave()
    assert PI in house.live._open
    pages[1].leave()
    assert house.live._open == {}
    await until(house.live._reading.done)
    Page(house.live)
    await house.answer(found(2))


@pytest.mark.parametrize(
    ("error", "level"), [(OSError("gone"), "warning"), (errors.Unavailable(""), "warning"), (KeyError("a"), "error")]
)
async def test_a_read_that_fails_ends_the_streams_and_is_logged_once(house, logged, error, level):
    pages = [Page(house.live) for _ in range(3)]
    await house.looking()
    house.reads.waiting.pop().set_exception(error)
    await until(lambda: all(page.ended for page in pages))
    [line] = [line for line in logged.lines if "stream" in line["event"]]
    assert line["level"] == level
    for page in pages:
        page.leave()
    Page(house.live)
    await house.answer(found(1))


async def test_a_defect_ends_all_streams_rather_than_leave_them_silent(house, logged):
    page = Page(house.live)
    await house.looking()
    await house.reads.answer(msgspec.structs.replace(found(1), payments=None))
    await until(lambda: page.ended)
    assert any(line["level"] == "error" for line in logged.lines)
