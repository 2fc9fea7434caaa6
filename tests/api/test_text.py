"""Names and descriptions follow one rule, wherever they come in."""

import pytest

from api.serving import AMOUNT_SATS

UNSAFE = ["\x1b[31mred", "a\x9bb", "photo\u202egnp.exe", "a\u2066b", "\u200b\u2060", "\u3164", "a\u2028b", "a\x7f"]
IN_ONE_LINE = ["a\nb", "a\tb", " ", ""]


@pytest.mark.parametrize("text", UNSAFE, ids=ascii)
async def test_text_that_is_not_safe_to_show_is_refused_by_name(shop, text):
    intent = await shop.create()
    endpoint = {"url": "https://shop.example/hooks", "description": text}
    answers = [
        ("name", await shop.patch("/v1/merchants/me", {"name": text})),
        ("name", await shop.post("/v1/api_keys", {"name": text})),
        ("description", await shop.post("/v1/webhook_endpoints", endpoint)),
        ("description", await shop.post("/v1/payment_intents", {"amount_sats": AMOUNT_SATS, "description": text})),
        ("description", await shop.post(f"/v1/payment_intents/{intent['id']}", {"description": text})),
    ]
    for param, answer in answers:
        assert (answer.status, answer.code, answer.param) == (422, "validation_error", param), answer.body
        assert answer.json["error"]["message"].startswith(f"{param} must ")


@pytest.mark.parametrize("text", IN_ONE_LINE, ids=ascii)
async def test_a_name_is_one_line_with_something_in_it(shop, text):
    for answer in (
        await shop.patch("/v1/merchants/me", {"name": text}),
        await shop.post("/v1/api_keys", {"name": text}),
    ):
        assert (answer.status, answer.param) == (422, "name")


async def test_a_description_may_have_lines(shop):
    assert (await shop.create({"amount_sats": AMOUNT_SATS, "description": "two\r\n\tcoffees"}))["description"]


@pytest.mark.parametrize(
    "url", ["https://shop.example/\u202egnp", "https://shop.example/\x9b", "https://x.example/\u2066"]
)
async def test_an_address_that_reads_differently_from_what_it_says_is_refused(shop, url):
    answers = [
        await shop.post("/v1/payment_intents", {"amount_sats": AMOUNT_SATS, "success_url": url}),
        await shop.patch("/v1/merchants/me", {"support_url": url}),
        await shop.post("/v1/webhook_endpoints", {"url": url}),
    ]
    assert [(answer.status, answer.code) for answer in answers] == [(422, "invalid_url")] * 3


async def test_metadata_is_data_and_keeps_any_character_that_can_be_stored(shop):
    metadata = {"raw": "\x1b[0m\u202e\n", "empty": "", "blank": "\u200b"}
    assert (await shop.create({"amount_sats": AMOUNT_SATS, "metadata": metadata}))["metadata"] == metadata


async def test_older_names_and_descriptions_are_shown_safely_to_customers(app, shop):
    intent = await shop.create({"amount_sats": AMOUNT_SATS, "description": "x"})
    await app.watch()
    await app.pay(intent)
    await app.watch()
    async with app.gateway.pool.acquire() as connection:
        await connection.execute("UPDATE merchants SET name = $1", "Shop\x1b[31m\u202e\n")
        await connection.execute("UPDATE payment_intents SET description = $1", "a\nb\u202ec")
    params = {"client_secret": intent["client_secret"]}
    for path, name in (("", lambda shown: shown["merchant"]["name"]), ("/receipt", lambda shown: shown["merchant"])):
        shown = (await app.anyone.get(f"/public/payment_intents/{intent['id']}{path}", params=params)).json
        assert name(shown) == "Shop\ufffd[31m\ufffd\ufffd"
        assert shown["description"] == "a\nb\ufffdc"
    for path in ("", "/slip", "/receipt"):
        page = (await app.anyone.get(f"/pi/{intent['id']}{path}", params=params)).body.decode()
        assert "Shop\ufffd" in page
        assert not {"\x1b", "\u202e"} & set(page)
