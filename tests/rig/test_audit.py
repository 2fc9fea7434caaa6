"""The rig's audit: it must detect every kind of loss."""

import pytest

from rig import page
from rig.audit import held_together
from rig.books import DUE_SATS, Books, Request
from rig.fault import Result
from rig.plots import plot
from rig.report import of

PAID, UNPAID = "pi_paid", "pi_unpaid"


def event(number, kind, intent_id):
    return {"id": f"evt_{number}", "type": kind, "data": {"object": {"id": intent_id}}}


class World:
    """Books and a database that agree."""

    def __init__(self):
        self.books = Books()
        for intent_id in (PAID, UNPAID):
            self.books.acknowledge(intent_id, f"key of {intent_id}")
        self.books.paid["0x1"] = (PAID, DUE_SATS)
        events = [event(1, "payment_intent.created", PAID), event(2, "payment_intent.succeeded", PAID)]
        for each in events:
            self.books.receive(each)
        self.books.streamed["Bakery"] = {each["id"] for each in events}
        self.intents = {
            PAID: {"amount_received_sats": DUE_SATS, "status": "confirmed"},
            UNPAID: {"amount_received_sats": 0, "status": "requires_payment"},
        }
        self.payments = [
            {"tx_id": "0x1", "payment_intent_id": PAID, "amount_sats": DUE_SATS, "status": "included"},
        ]
        self.events = {each["id"]: each for each in events}

    def wrong(self):
        found = held_together(self.books, set(self.books.received), self.intents, self.payments, self.events)
        return {check["sentence"] for check in found if check["wrong"]}


def test_books_that_agree_have_nothing_wrong():
    assert World().wrong() == set()


def lost_intent(world):
    del world.intents[UNPAID]


def payment_not_recorded(world):
    world.payments.clear()


def payment_recorded_twice(world):
    world.payments.append(world.payments[0])


def payment_that_nobody_made(world):
    world.payments.append(world.payments[0] | {"tx_id": "0x2"})


def sum_too_small(world):
    world.intents[PAID] = world.intents[PAID] | {"amount_received_sats": DUE_SATS - 1}


def webhook_missing(world):
    del world.books.received["evt_1"]


def webhook_without_event(world):
    world.books.receive(event(3, "payment_intent.created", UNPAID))


def succeeded_twice(world):
    again = event(4, "payment_intent.succeeded", PAID)
    world.books.receive(again)
    world.events[again["id"]] = again
    world.books.streamed["Bakery"].add(again["id"])


def never_succeeded(world):
    world.books.paid["0x5"] = (UNPAID, DUE_SATS)


def stream_skipped_one(world):
    world.books.streamed["Bakery"].discard("evt_2")


def one_key_two_intents(world):
    world.books.acknowledge(PAID, f"key of {UNPAID}")


def webhook_with_two_contents(world):
    world.books.receive(event(1, "payment_intent.created", UNPAID))


CREDITED = "Every payment on the chain is credited once, to its intent, in full"


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lost_intent, "Every acknowledged intent exists"),
        (payment_not_recorded, CREDITED),
        (payment_recorded_twice, CREDITED),
        (payment_that_nobody_made, "Nothing is credited that nobody paid"),
        (sum_too_small, CREDITED),
        (webhook_missing, "Every event reached its merchant by webhook"),
        (webhook_without_event, "No webhook tells of an event that does not exist"),
        (succeeded_twice, "Each receiver saw each `succeeded` once, after deduplication by id"),
        (never_succeeded, "Each receiver saw each `succeeded` once, after deduplication by id"),
        (stream_skipped_one, "The merchants' streams told every event, across all restarts"),
        (one_key_two_intents, "What customers saw never contradicted itself"),
        (webhook_with_two_contents, "What customers saw never contradicted itself"),
    ],
)
def test_lost_and_duplicated_records_are_detected(harm, sentence):
    world = World()
    harm(world)
    assert sentence in world.wrong()


@pytest.mark.parametrize(
    ("result", "verdict"),
    [
        (Result("x", 0, 1, recovery_s=0.5, must_s=2, aim_s=1), "aim"),
        (Result("x", 0, 1, recovery_s=1.5, must_s=2, aim_s=1), "must"),
        (Result("x", 0, 1, recovery_s=2.5, must_s=2, aim_s=1), "missed"),
        (Result("x", 0, 1, recovery_s=9, no_failures=True), "aim"),
        (Result("x", 0, 1, recovery_s=9, no_failures=True, failed=1), "missed"),
        (Result("x", 0, 1, recovery_s=9), "reported"),
        (Result("x", 0, 1, error="AssertionError: it did not come back"), "missed"),
        (Result("x", 0, 1, skipped="no root"), "skipped"),
    ],
)
def test_a_fault_is_judged_by_its_limits(result, verdict):
    assert result.verdict == verdict


COSTS = [{"call": "create", "share": 0.87, "rounds": 6}]


def report_of(*results, wrong=0):
    books = Books()
    books.note(Request("create", 0.1, 0.2, None, retried=False))
    books.note(Request("create", 1.1, 1.3, "503 unavailable", retried=True))
    return of(books, results, [{"sentence": "A check", "looked_at": 1, "wrong": wrong, "examples": []}], COSTS)


def test_the_rig_fails_if_a_limit_is_missed_or_anything_is_lost():
    kept, missed = Result("kept", 0, 1), Result("missed", 0, 1, error="it broke")
    assert report_of(kept)["passed"]
    assert not report_of(kept, missed)["passed"]
    assert not report_of(kept, wrong=1)["passed"]


def test_the_page_is_self_contained_and_shows_every_fault():
    report = report_of(Result("a <b>fault</b>", 0.0, 1.0, failures={"503 unavailable": 1}))
    shown = page.of(report)
    assert "a &lt;b&gt;fault&lt;/b&gt;" in shown
    assert "1 x 503 unavailable" in shown
    assert "create 87%" in shown
    assert shown.count("<svg") == 4
    assert "src=" not in shown
    assert "href=" not in shown


def test_a_plot_marks_each_fault():
    drawn = plot("Requests", "a second", [("answered", [(0, 10), (1, 20)])], [(1, 0.2, 0.4), (2, 0.6, 0.9)], 1)
    assert drawn.count("<rect") == 2
