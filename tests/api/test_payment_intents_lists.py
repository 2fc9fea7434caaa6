"""Lists of payment intents: filters, cursors in both directions, numbered pages."""

import asyncio
from datetime import UTC, datetime

import pytest

from api.serving import UNREACHABLE, serving, until
from sgate.core.errors import PageOutOfReach
from sgate.services import payment_intent_lists
from sgate.services.merchant_slots import MAX_RUNNING, MAX_WAITING
from sgate.store.payment_intents_lists import IntentFilter

PATH = "/v1/payment_intents"


def ids(answer):
    assert answer.status == 200, answer.body
    return [intent["id"] for intent in answer.json["data"]]


async def dated(app, **days):
    """Move intents to days of January 2026."""
    async with app.gateway.pool.acquire() as connection:
        for intent_id, moment in days.items():
            await connection.execute(
                "UPDATE payment_intents SET created_at = $2::text::timestamptz, expires_at = $2::text::timestamptz + "
                "interval '1 hour' WHERE id = $1",
                intent_id,
                moment,
            )


async def test_a_list_is_filtered_by_metadata_to_intents_that_have_all_pairs(app, shop):
    stranger = await app.merchant()
    one = await shop.create({"amount_sats": 1, "metadata": {"order": "17", "shop": "Zürich"}})
    two = await shop.create({"amount_sats": 1, "metadata": {"order": "18", "shop": "Zürich"}})
    await shop.create({"amount_sats": 1})
    await stranger.create({"amount_sats": 1, "metadata": {"order": "17", "shop": "Zürich"}})
    for params, expected in (
        ({"metadata[order]": "17"}, {one["id"]}),
        ({"metadata[shop]": "Zürich"}, {one["id"], two["id"]}),
        ({"metadata[shop]": "Zürich", "metadata[order]": "18"}, {two["id"]}),
        ({"metadata[shop]": "Zürich", "metadata[order]": "19"}, set()),
        ({"metadata[order]": "1"}, set()),
        ({"metadata[orde]": "r17"}, set()),
        ({"metadata[]": ""}, set()),
        ({"metadata[Order]": "17"}, set()),
    ):
        assert set(ids(await shop.get(PATH, params=params))) == expected, params


async def test_pairs_that_look_alike_when_written_together_are_different_pairs(shop):
    await shop.create({"amount_sats": 1, "metadata": {"a": "=b", "ab": "c", "": "x]y", "x]": "y"}})
    assert len(ids(await shop.get(PATH, params={"metadata[a]": "=b"}))) == 1
    assert len(ids(await shop.get(PATH, params={"metadata[x]]": "y"}))) == 1
    for key, value in (("a=", "b"), ("a", "bc"), ("abc", ""), ("", "a=b"), ("x", "]y")):
        assert ids(await shop.get(PATH, params={f"metadata[{key}]": value})) == [], (key, value)


async def test_a_metadata_filter_does_not_cross_modes(database_url, tmp_path):
    async with serving(database_url, tmp_path, live=UNREACHABLE) as app:
        test = await app.merchant()
        live = await app.key(test.merchant_id, "read", "write", livemode=True)
        intent = await test.create({"amount_sats": 1, "metadata": {"order": "17"}})
        assert ids(await live.get(PATH, params={"metadata[order]": "17"})) == []
        assert ids(await test.get(PATH, params={"metadata[order]": "17"})) == [intent["id"]]


async def test_dates_include_both_ends(app, shop):
    first, second, third = [(await shop.create())["id"] for _ in range(3)]
    await dated(
        app,
        **{
            first: "2026-01-01T23:59:59.999Z",
            second: "2026-01-02T00:00:00Z",
            third: "2026-01-03T12:00:00Z",
        },
    )
    for from_date, to_date, expected in (
        ("2026-01-02", None, [third, second]),
        ("2026-01-02", "2026-01-02", [second]),
        (None, "2026-01-01", [first]),
        ("2026-01-01", "2026-01-03", [third, second, first]),
        ("2026-01-03T12:00:00Z", "2026-01-03T12:00:00Z", [third]),
        ("2026-01-03T12:00:00.001Z", None, []),
        ("2026-01-02T01:00:00+01:00", "2026-01-02T01:00:00+01:00", [second]),
        ("2026-01-01T23:59:59.999Z", "2026-01-01T23:59:59.999Z", [first]),
        ("2026-01-03", "2026-01-01", []),
        ("0001-01-01", "9999-12-31", [third, second, first]),
        ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", [third, second, first]),
    ):
        params = {"from_date": from_date, "to_date": to_date}
        params = {name: value for name, value in params.items() if value}
        assert ids(await shop.get(PATH, params=params)) == expected, params


async def test_ending_before_pages_back_to_the_newest(shop):
    made = [(await shop.create())["id"] for _ in range(6)]
    listed = ids(await shop.get(PATH, params={"limit": "6"}))
    assert set(listed) == set(made)
    back = (await shop.get(PATH, params={"limit": "2", "ending_before": listed[4]})).json
    assert [intent["id"] for intent in back["data"]] == listed[2:4]
    assert back["has_more"] is True
    rest = (await shop.get(PATH, params={"limit": "2", "ending_before": listed[2]})).json
    assert ([intent["id"] for intent in rest["data"]], rest["has_more"]) == (listed[:2], False)
    assert ids(await shop.get(PATH, params={"ending_before": listed[0]})) == []


async def test_filters_apply_to_every_page(app, shop):
    kept = set()
    for number in range(12):
        intent = await shop.create({"amount_sats": 1, "metadata": {"odd": str(number % 2)}})
        kept |= {intent["id"]} if number % 2 else set()
    seen, cursor = [], {}
    while True:
        page = (
            await shop.get(PATH, params={"limit": "2", "metadata[odd]": "1", "status": "requires_payment"} | cursor)
        ).json
        seen += [intent["id"] for intent in page["data"]]
        if not page["has_more"]:
            break
        cursor = {"starting_after": seen[-1]}
    assert sorted(seen) == sorted(kept)


async def test_numbered_pages_include_totals(shop):
    made = {(await shop.create())["id"] for _ in range(5)}
    first = (await shop.get(PATH, params={"page": "1", "limit": "2"})).json
    assert {name: first[name] for name in ("total", "total_is_exact", "page", "pages", "has_more", "limit")} == {
        "total": 5,
        "total_is_exact": True,
        "page": 1,
        "pages": 3,
        "has_more": True,
        "limit": 2,
    }
    pages = [(await shop.get(PATH, params={"page": str(page), "limit": "2"})) for page in (1, 2, 3, 4)]
    assert {intent for page in pages for intent in ids(page)} == made
    assert [len(ids(page)) for page in pages] == [2, 2, 1, 0]
    assert [page.json["has_more"] for page in pages] == [True, True, False, False]
    empty = (await shop.get(PATH, params={"page": "1", "status": "failed"})).json
    assert (empty["total"], empty["pages"], empty["data"]) == (0, 0, [])


async def test_page_numbers_end_where_counting_ends_and_the_error_names_the_cursor(shop, monkeypatch):
    for _ in range(7):
        await shop.create()
    everything = ids(await shop.get(PATH))
    monkeypatch.setattr(payment_intent_lists, "MAX_COUNTED", 4)
    last = (await shop.get(PATH, params={"page": "2", "limit": "2"})).json
    assert (last["total"], last["total_is_exact"], last["pages"], last["has_more"]) == (4, False, 2, True)
    beyond = await shop.get(PATH, params={"page": "3", "limit": "2"})
    assert (beyond.status, beyond.code, beyond.param) == (400, "page_out_of_reach", "page")
    cursor = beyond.json["error"]["details"]["starting_after"]
    assert cursor == everything[3]
    assert f"starting_after={cursor}" in beyond.json["error"]["message"]
    assert ids(await shop.get(PATH, params={"starting_after": cursor})) == everything[4:]
    nowhere = await shop.get(PATH, params={"page": "3", "limit": "2", "status": "failed"})
    assert (nowhere.status, nowhere.code, nowhere.json["error"]["details"]) == (400, "page_out_of_reach", {})


class Unread:
    """In place of the database: fails if a list is read."""

    async def run(self, *_, **__):
        pytest.fail("the list was read")


@pytest.mark.parametrize(("page", "limit"), [(1000, 20), (101, 100), (10_001, 1), (10**6, 100)])
async def test_a_page_out_of_reach_of_a_list_filtered_by_metadata_is_refused_before_anything_is_read(page, limit):
    narrowed = IntentFilter(
        merchant_id="m",
        livemode=False,
        since=datetime.min.replace(tzinfo=UTC),
        until=datetime.max.replace(tzinfo=UTC),
        metadata=(("x", "y"),),
    )
    with pytest.raises(PageOutOfReach):
        await payment_intent_lists.numbered(Unread(), narrowed, "", page=page, limit=limit)


@pytest.mark.parametrize(
    "query", ["metadata[x]=y", "metadata[x]=y&page=1", "page=1", "page=1&status=confirmed", "page=400&limit=20"]
)
async def test_few_costly_lists_of_a_merchant_are_read_at_once(database_url, tmp_path, query):
    async with serving(database_url, tmp_path) as app, app.gateway.pool.acquire() as connection:
        shop, stranger = await app.merchant(), await app.merchant()
        for caller in (shop, stranger):
            assert (await caller.get(PATH)).status == 200  # so that the keys are cached
        lock = connection.transaction()
        await lock.start()
        await connection.execute("LOCK TABLE payment_intents IN ACCESS EXCLUSIVE MODE")
        lists = [asyncio.create_task(shop.get(f"{PATH}?{query}")) for _ in range(20)]
        other = asyncio.create_task(stranger.get(f"{PATH}?{query}"))
        refused = 20 - MAX_RUNNING - MAX_WAITING
        await until(lambda: sum(task.done() for task in lists) == refused)
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'payment_intents'::regclass"

        async def all_are_waiting():
            return await connection.fetchval(waiting) == MAX_RUNNING + 1

        await until(all_are_waiting)
        for task in lists:
            if task.done():
                answer = task.result()
                assert (answer.status, answer.code, answer.headers["Retry-After"]) == (429, "rate_limit_exceeded", "1")
        await lock.rollback()
        assert sorted([(await task).status for task in lists]) == [200] * (20 - refused) + [429] * refused
        assert (await other).status == 200
        assert (await shop.get(f"{PATH}?{query}")).status == 200


@pytest.mark.parametrize(
    ("query", "status", "code", "param"),
    [
        ("page=1&starting_after=pi_x", 400, "mixed_paging", "page"),
        ("page=1&ending_before=pi_x", 400, "mixed_paging", "page"),
        ("starting_after=pi_x&ending_before=pi_x", 400, "mixed_paging", "ending_before"),
        ("starting_after=pi_x", 400, "invalid_cursor", "starting_after"),
        ("ending_before=", 400, "invalid_cursor", "ending_before"),
        ("ending_before=pi_%00", 400, "invalid_cursor", "ending_before"),
        ("page=0", 422, "validation_error", "page"),
        ("page=-1", 422, "validation_error", "page"),
        ("page=1.5", 422, "validation_error", "page"),
        ("page=%D9%A1", 422, "validation_error", "page"),
        ("page=99999999999999999999999", 422, "validation_error", "page"),
        ("page=", 422, "validation_error", "page"),
        ("page=1000000&limit=100", 400, "page_out_of_reach", "page"),
        ("limit=0", 422, "validation_error", "limit"),
        ("limit=101", 422, "validation_error", "limit"),
        ("limit=10&limit=20", 422, "validation_error", "limit"),
        ("status=paid", 422, "validation_error", "status"),
        ("status=", 422, "validation_error", "status"),
        ("from_date=yesterday", 422, "validation_error", "from_date"),
        ("from_date=2026-02-30", 422, "validation_error", "from_date"),
        ("from_date=2026-1-1", 422, "validation_error", "from_date"),
        ("from_date=20260101", 422, "validation_error", "from_date"),
        ("from_date=2026-01-01T00:00:00", 422, "validation_error", "from_date"),
        ("from_date=2026-01-01T25:00:00Z", 422, "validation_error", "from_date"),
        ("to_date=2026-01-01T00:00:00%2B99:00", 422, "validation_error", "to_date"),
        ("to_date=%00", 422, "validation_error", "to_date"),
        ("metadata=17", 422, "validation_error", "metadata"),
        ("metadata[" + "k" * 41 + "]=1", 422, "validation_error", "metadata"),
        ("metadata[a]=" + "v" * 501, 422, "validation_error", "metadata"),
        ("metadata[a]=%00", 422, "validation_error", "metadata"),
        ("metadata[a]=1&metadata[a]=2", 422, "validation_error", "metadata[a]"),
        ("&".join(f"metadata[{n}]=1" for n in range(21)), 422, "validation_error", "metadata"),
        ("created_after=1", 422, "validation_error", "created_after"),
    ],
)
async def test_an_unknown_or_invalid_parameter_is_refused_by_name(shop, query, status, code, param):
    answer = await shop.get(f"{PATH}?{query}")
    assert (answer.status, answer.code, answer.param) == (status, code, param), answer.body


async def test_another_merchants_intent_is_no_cursor_in_either_direction(app, shop):
    stranger = await app.merchant()
    intent = await shop.create()
    for name in ("starting_after", "ending_before"):
        answer = await stranger.get(PATH, params={name: intent["id"]})
        assert (answer.status, answer.code, answer.param) == (400, "invalid_cursor", name)


async def test_paging_to_the_newest_during_inserts_returns_none_twice(shop):
    start = await shop.create()
    stop = asyncio.Event()
    made = set()

    async def insert():
        while not stop.is_set():
            made.add((await shop.create())["id"])

    inserting = [asyncio.create_task(insert()) for _ in range(3)]
    seen, cursor = [], start["id"]
    while len(seen) < 30:
        page = ids(await shop.get(PATH, params={"limit": "3", "ending_before": cursor}))
        seen += reversed(page)
        cursor = page[0] if page else cursor
    stop.set()
    await asyncio.gather(*inserting)
    assert len(seen) == len(set(seen))
    assert set(seen) <= made


SHORT_LISTS = {
    "/v1/api_keys": lambda number: {"name": f"key {number}"},
    "/v1/webhook_endpoints": lambda number: {"url": f"https://shop.example/{number}"},
}


@pytest.mark.parametrize("path", SHORT_LISTS)
async def test_short_lists_are_complete_and_can_be_paged_like_long_ones(shop, path):
    for number in range(4):
        assert (await shop.post(path, SHORT_LISTS[path](number))).status == 201
    whole = (await shop.get(path)).json
    assert (whole["has_more"], whole["limit"]) == (False, 100)
    ids = [item["id"] for item in whole["data"]]

    async def part(**params):
        listed = (await shop.get(path, params=params)).json
        return [item["id"] for item in listed["data"]], listed["has_more"]

    assert await part(limit="2") == (ids[:2], True)
    assert await part(limit="2", starting_after=ids[1]) == (ids[2:4], len(ids) > 4)
    assert await part(starting_after=ids[-1]) == ([], False)
    assert await part(limit="1", ending_before=ids[2]) == ([ids[1]], True)
    assert await part(limit="2", ending_before=ids[2]) == (ids[:2], False)
    assert await part(ending_before=ids[0]) == ([], False)
    for name in ("starting_after", "ending_before"):
        refused = await shop.get(path, params={name: f"ak_{'0' * 24}"})
        assert (refused.status, refused.code, refused.param) == (400, "invalid_cursor", name)
    assert (await shop.get(path, params={"starting_after": ids[0], "ending_before": ids[1]})).code == "mixed_paging"
    assert (await shop.get(path, params={"limit": "101"})).param == "limit"
