"""The panel that pays on the simulated chain. It is a form that needs no script."""

from datetime import datetime

import pytest

from sgate.core.mode import DEFAULT_GRACE_S
from sgate.web.checkout.simulation import LABELS, NOTES
from web.states import links


async def press(site, intent, kind, *, client_secret=None):
    form = {"kind": kind, "client_secret": intent["client_secret"] if client_secret is None else client_secret}
    url = f"{site.base_url}/pi/{intent['id']}/simulate"
    async with site.http.post(url, data=form, allow_redirects=False) as answer:
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


async def test_the_panel_reveals_no_secret_to_a_visitor_without_one(site):
    intent = await site.intent(**links(site))
    assert await press(site, intent, "exact", client_secret="wrong") == (303, f"/pi/{intent['id']}?note=exact")


async def test_an_unknown_note_is_not_shown(site):
    intent = await site.intent()
    page = await site.get(f"{site.path_of(intent)}&note=You+won")
    assert "note" not in page.by_id
    assert "You won" not in page.html
