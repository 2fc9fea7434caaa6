"""What all open pages of an intent look at together. No database: the reads end when the test says so."""

import msgspec
import pytest

from api.serving import until
from core.facts import payment
from services.shop import simulated_mode
from services.test_public_intent_cache import OTHER, PI, Reads, found
from sgate.api import live_intents as all_rooms
from sgate.api.live_intents import Rooms
from sgate.core import errors
from sgate.db.notifications import Channel, Listener
from sgate.environment import Environment


class Page:
    """A stream as a room knows it. `takes_all`: whether its client has taken what was written before."""

    def __init__(self, rooms, intent_id=PI, seen=None, *, private=True, takes_all=True):
        self.visit = rooms.visit(intent_id, seen, private=private)
        self.pushed, self.woken, self.takes_all = [], 0, takes_all
        self.leave = self.visit.join(self)

    def wake(self):
        self.woken += 1

    def push(self, chunk):
        if self.takes_all:
            self.pushed.append(chunk)
        return self.takes_all

    @property
    def shown(self):
        """The objects it was told, oldest first."""
        return [msgspec.json.decode(chunk.partition(b"data: ")[2].partition(b"\n")[0]) for chunk in self.pushed]


class House:
    def __init__(self, listener):
        self.listener, self.reads = listener, Reads()
        self.rooms = Rooms(listener, self.reads, {False: simulated_mode()}, Environment())

    def tell(self, intent_id=PI):
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
    if opened.rooms._looking is not None:
        opened.rooms._looking.cancel()


async def test_many_pages_cost_one_look_and_are_told_the_same_bytes(house):
    pages = [Page(house.rooms) for _ in range(50)]
    await house.answer(found(1))
    assert [page.shown[0]["sequence"] for page in pages] == [1] * 50
    house.tell()
    await house.answer(found(2))
    assert all(page.shown[1]["sequence"] == 2 for page in pages)
    assert len({id(page.pushed[1]) for page in pages}) == 1
    assert house.reads.waiting == []


async def test_a_look_that_began_before_a_page_came_is_not_shown_to_it(house):
    early = Page(house.rooms)
    await house.looking()
    late = Page(house.rooms)
    await house.answer(found(1))
    assert (len(early.shown), late.shown) == (1, [])
    await house.answer(found(2))
    assert late.shown[0]["sequence"] == 2
    assert [shown["sequence"] for shown in early.shown] == [1, 2]


async def test_what_is_told_while_a_look_is_under_way_is_looked_at_again(house):
    page = Page(house.rooms)
    await house.looking()
    house.tell()
    await house.answer(found(1))
    await house.answer(found(2))
    assert [shown["sequence"] for shown in page.shown] == [1, 2]


async def test_a_page_that_knows_the_state_is_told_nothing_until_it_changes(house):
    first = Page(house.rooms)
    await house.answer(found(1))
    mark = first.pushed[0].partition(b"id: ")[2].partition(b"\n")[0].decode()
    again = Page(house.rooms, seen=mark)
    await house.answer(found(1))
    assert (again.shown, again.woken, len(first.shown)) == ([], 0, 1)
    house.tell()
    await house.answer(found(2))
    assert len(again.shown) == 1


async def test_only_who_showed_the_client_secret_sees_what_is_private(house):
    private, public = Page(house.rooms), Page(house.rooms, private=False)
    await house.answer(found(1))
    assert (private.shown[0]["description"] is None, public.shown[0]["description"]) == (False, None)


async def test_a_slow_client_holds_up_nobody_and_looks_when_it_can(house):
    slow, quick = Page(house.rooms, takes_all=False), Page(house.rooms)
    await house.answer(found(1))
    assert (slow.woken, len(quick.shown)) == (1, 1)
    news = await slow.visit.look()
    assert b'"sequence":1' in news.frames[0]
    assert (await slow.visit.look()).frames == ()


async def test_a_client_that_takes_long_is_shown_what_is_then_there(house):
    slow = Page(house.rooms, takes_all=False)
    await house.answer(found(1))
    room = house.rooms._rooms[PI]
    await until(lambda: room.shown is None)  # the moment is over before it looks
    assert (await slow.visit.look()).frames == ()
    await house.answer(found(2))
    assert b'"sequence":2' in (await slow.visit.look()).frames[0]


async def test_rooms_look_by_themselves_and_more_often_while_confirmations_are_counted(house, monkeypatch):
    monkeypatch.setattr(all_rooms, "TICK_S", 0.01)
    monkeypatch.setattr(all_rooms, "PAID_POLL_S", 0.01)
    Page(house.rooms, OTHER)
    await house.answer(found(1, intent_id=OTHER))
    paid = Page(house.rooms)
    await house.answer(found(1, payments=[payment(height=99)], height=100))
    await house.answer(found(1, payments=[payment(height=99)], height=101))  # nobody told of it
    assert [shown["confirmations"] for shown in paid.shown] == [2, 3]


async def test_thousands_of_rooms_do_not_ask_the_database_all_at_once(house):
    pages = [Page(house.rooms, f"pi_{number:024x}") for number in range(2 * all_rooms.LOOKS_AT_ONCE)]
    for _ in range(2):
        await house.looking(all_rooms.LOOKS_AT_ONCE)
        while house.reads.waiting:
            house.reads.waiting.pop().set_result(found(1))
    await until(lambda: all(page.shown for page in pages))


async def test_a_room_that_all_have_left_is_gone(house):
    pages = [Page(house.rooms), Page(house.rooms)]
    await house.answer(found(1))
    pages[0].leave()
    assert PI in house.rooms._rooms
    pages[1].leave()
    assert house.rooms._rooms == {}
    await until(house.rooms._looking.done)
    Page(house.rooms)
    await house.answer(found(2))


@pytest.mark.parametrize(
    ("trouble", "level"), [(OSError("gone"), "warning"), (errors.Unavailable(""), "warning"), (KeyError("a"), "error")]
)
async def test_a_look_that_fails_ends_the_streams_and_is_logged_once(house, logged, trouble, level):
    pages = [Page(house.rooms) for _ in range(3)]
    await house.looking()
    house.reads.waiting.pop().set_exception(trouble)
    await until(lambda: all(page.woken for page in pages))
    assert all([(await page.visit.look()).final for page in pages])
    [line] = [line for line in logged.lines if "stream" in line["event"]]
    assert line["level"] == level
    for page in pages:
        page.leave()
    Page(house.rooms)
    await house.answer(found(1))


async def test_a_defect_ends_all_streams_rather_than_leave_them_silent(house, logged):
    page = Page(house.rooms)
    await house.looking()
    await house.reads.answer(msgspec.structs.replace(found(1), payments=None))
    await until(lambda: page.woken)
    assert (await page.visit.look()).final
    assert any(line["level"] == "error" for line in logged.lines)
