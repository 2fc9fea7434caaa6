"""The panel that pays on the simulated chain. It is a form that needs no script."""

from datetime import datetime

import pytest

from api.serving import UNREACHABLE, one_window, serving
from sgate.core.mode import DEFAULT_GRACE_S
from sgate.settings.modes import ModeSettings, Source
from sgate.web.checkout.simulation import LABELS, MAX_PAYMENTS, NOTES
from web.states import links


async def press(site, intent, kind, *, client_secret=None, headers=None):
    form = {"kind": kind, "client_secret": intent["client_secret"] if client_secret is None else client_secret}
    return await send(site, intent["id"], form, headers)


async def send(site, intent_id, form, headers=None):
    url = f"{site.base_url}/pi/{intent_id}/simulate"
    async with site.http.post(url, data=form, headers=headers, allow_redirects=False) as answer:
        await answer.read()
        return answer.status, answer.headers.get("Location")


@pytest.mark.parametrize(
    ("kind", "picture", "received_sats"),
    [
        ("exact", "confirmed", 25_001),
        ("half", "partial", 12_500),
        ("double", "confirmed", 50_002),
        ("no_memo", "waiting", 0),
    ],
)
async def test_each_button_pays_as_labeled(site, kind, picture, received_sats):
    intent = await site.intent(amount_sats=25_001)
    status, location = await press(site, intent, kind)
    assert (status, location) == (303, f"{site.path_of(intent)}&note={kind}")
    assert (await site.get(location)).shown("note") == NOTES[kind]
    await site.mine()
    page = await site.page(intent)
    assert page.picture == picture
    found = await site.gateway.deps.payment_intents.find(intent["id"])
    assert found.intent.amount_received_sats == received_sats


async def test_half_and_then_the_amount_due_pay_in_full(site):
    intent = await site.intent(amount_sats=25_001)
    for kind in ("half", "exact"):
        await press(site, intent, kind)
        await site.mine()
    page = await site.page(intent)
    assert (page.picture, "excess" in page.by_id) == ("confirmed", False)


async def test_the_late_payment_waits_for_the_deadline_and_is_late(site):
    intent = await site.intent()
    assert (await press(site, intent, "late"))[0] == 303
    await site.mine()
    assert (await site.page(intent)).picture == "waiting"
    (waiting,) = site.chain.history.txs.values()
    grace_ends = datetime.fromisoformat(intent["expires_at"]).timestamp() + DEFAULT_GRACE_S
    assert grace_ends + 1 < waiting.received_at < grace_ends + 60


async def test_the_panel_offers_every_kind_on_the_simulated_chain(site):
    page = await site.page(await site.intent())
    assert [button["value"] for button in page.of("button") if button.get("name") == "kind"] == list(LABELS)
    (form,) = page.of("form")
    assert form["method"] == "post"


async def test_an_unknown_kind_pays_nothing(site):
    intent = await site.intent()
    status, location = await press(site, intent, "<b>")
    assert (status, location) == (303, f"{site.path_of(intent)}&note=unknown")
    assert not site.chain.history.txs


@pytest.mark.parametrize("client_secret", ["", "wrong"])
async def test_only_a_visitor_with_the_client_secret_can_pay(site, client_secret):
    intent = await site.intent(**links(site))
    assert await press(site, intent, "exact", client_secret=client_secret) == (403, None)
    assert not site.chain.history.txs
    assert "simulate" not in (await site.get(f"/pi/{intent['id']}")).by_id  # no panel that could not work


async def test_an_unknown_intent_is_not_found(site):
    assert (await send(site, "x", {"kind": "exact"}))[0] == 404
    assert (await send(site, "pi_" + "0" * 24, {"kind": "exact", "client_secret": "x"}))[0] == 404


OWN = "http://{host}"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": OWN}, 403),
        ({"Origin": OWN}, 303),
        ({"Origin": "null"}, 303),  # an old browser, whose pages send no referrer
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": OWN + ".elsewhere.example"}, 403),
        ({"Origin": ""}, 403),
    ],
)
async def test_a_form_of_another_site_pays_nothing(site, headers, status):
    intent, host = await site.intent(), site.base_url.removeprefix("http://")
    headers = {name: value.format(host=host) for name, value in headers.items()}
    assert (await press(site, intent, "exact", headers=headers))[0] == status
    assert bool(site.chain.history.txs) is (status == 303)


async def chunks(body):
    for start in range(0, len(body), 50_000):
        yield body[start : start + 50_000]


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FLOOD = b"a&" * 500_000


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (FLOOD, FORM, 413),
        (chunks(FLOOD), FORM, 413),
        (b"a&" * 20, FORM, 400),
        (b"a=" + b"b" * 5_000, FORM, 413),
        (b"--x\r\n", {"Content-Type": "multipart/form-data; boundary=x"}, 415),
        (b"{}", {"Content-Type": "application/json"}, 415),
        (b"\xff=%ff&kind=\xfe", FORM, 403),
    ],
    ids=["1 MB", "1 MB in chunks", "20 fields", "a long field", "multipart", "JSON", "not text"],
)
async def test_a_form_that_no_page_sends_is_refused_before_it_is_parsed(site, body, headers, status):
    intent = await site.intent()
    assert (await send(site, intent["id"], body, headers))[0] == status


async def test_one_intent_is_paid_a_limited_number_of_times(site):
    intent, other = await site.intent(), await site.intent()
    notes = [(await press(site, intent, "exact"))[1].rpartition("=")[2] for _ in range(MAX_PAYMENTS + 2)]
    assert notes == ["exact"] * MAX_PAYMENTS + ["enough"] * 2
    assert len(site.chain.history.txs) == MAX_PAYMENTS
    assert (await press(site, other, "exact"))[1].endswith("note=exact")
    await site.mine()
    page = await site.get(f"{site.path_of(intent)}&note=enough")
    assert page.status == 200


async def test_payments_are_counted_by_the_address_of_the_visitor(database_url, tmp_path):
    async with serving(database_url, tmp_path, environment=one_window(), rate_limit_public=3) as app:
        answers = [await app.anyone.post("/pi/x/simulate", body=b"kind=exact", headers=FORM) for _ in range(5)]
    assert [answer.status for answer in answers] == [404] * 3 + [429] * 2


async def test_a_server_without_a_simulated_chain_has_no_such_route(database_url, tmp_path):
    off = ModeSettings(source=Source.OFF)
    async with serving(database_url, tmp_path, live=UNREACHABLE, test=off) as app:
        unknown = await app.anyone.post("/pi/x/nothing", body=b"a", headers=FORM)
        answer = await app.anyone.post("/pi/x/simulate", body=FLOOD, headers=FORM)
    assert (answer.status, answer.code) == (unknown.status, unknown.code) == (404, "not_found")


async def test_a_live_intent_is_not_paid_on_the_simulated_chain_of_test_mode(database_url, tmp_path):
    async with serving(database_url, tmp_path, live=UNREACHABLE) as app:
        shop = await app.merchant(livemode=True)
        intent = await shop.create()
        form = f"kind=exact&client_secret={intent['client_secret']}".encode()
        answer = await app.anyone.post(f"/pi/{intent['id']}/simulate", body=form, headers=FORM)
        assert answer.status == 404
        assert not app.chain.history.txs


async def test_an_unknown_note_is_not_shown(site):
    intent = await site.intent()
    page = await site.get(f"{site.path_of(intent)}&note=You+won")
    assert "note" not in page.by_id
    assert "You won" not in page.html
