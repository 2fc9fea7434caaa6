"""Paying with a wallet: a fake SIP-030 provider that pays as requested on the simulated chain."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.async_api import expect

from api.serving import until
from sgate.chain.clarity import Buffer, OptionalValue, PrincipalValue, UInt, decode_hex
from sgate.chain.simulator.transactions import SimulatedTransfer
from sgate.core.address import SBTC_ASSETS, Network, encode, parse_principal
from sgate.web.checkout.messages import SCRIPT
from web.site import Site, open_real_site
from web.visitor import PHONE, READABLE, SMALL_PHONE, UNUSABLE, WAIT_MS, Visitors, axe, poll_now

pytestmark = pytest.mark.browser
expect.set_options(timeout=WAIT_MS)

CUSTOMER_HASH = b"\x07" * 20
CUSTOMER = {Network.MAINNET: encode(22, CUSTOMER_HASH), Network.TESTNET: encode(26, CUSTOMER_HASH)}
INSTALL = """
window.TestWallet = { request: async (method, params) => {
  const answer = await window.askWallet(method, JSON.parse(JSON.stringify(params ?? {})));
  if (answer.error) throw answer.error;
  return { jsonrpc: "2.0", id: "1", result: answer };
} };
window.wbip_providers = [...(window.wbip_providers ?? []), { id: "TestWallet", name: "Test Wallet" }];
"""
FUNGIBLE, SENDS_EXACTLY = "01", "01"


def decoded(arguments: list[str]) -> tuple[int, str, str, bytes]:
    """Decode the arguments of `transfer`: amount, sender, recipient, memo. Hex may start with `0x`."""
    values = [decode_hex(f"0x{argument.removeprefix('0x')}") for argument in arguments]
    match values:
        case [UInt(amount), PrincipalValue(sender), PrincipalValue(recipient), OptionalValue(Buffer(memo))]:
            return amount, str(sender), str(recipient), memo
        case _:
            raise AssertionError(values)


@dataclass
class FakeWallet:
    """The implementation behind `window.TestWallet`.

    Attributes:
        refusal: the error to throw instead of paying.
        silent: whether it does not respond, like a wallet whose window was closed. Setting `closed` ends the wait with
            a refusal.
    """

    site: Site
    network: Network
    refusal: dict[str, Any] | None = None
    silent: bool = False
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self.calls.append((method, params))
        if method == "getAddresses":
            return {"error": {"code": -32601, "message": "Method not found"}}  # SIP-030 has another name for it
        if method == "stx_getAddresses":
            return {"addresses": [{"symbol": "STX", "address": CUSTOMER[self.network], "publicKey": ""}]}
        if self.silent:
            await self.closed.wait()
            return {"error": REFUSALS["rejected"]}
        if self.refusal is not None:
            return {"error": self.refusal}
        amount, sender, recipient, memo = decoded(params["functionArgs"])
        assert sender == CUSTOMER[self.network]
        transfer = SimulatedTransfer(recipient=recipient, amount_sats=amount, memo=memo)
        return {"txid": self.site.chain.submit(transfer).removeprefix("0x"), "transaction": ""}

    async def open(self, visitors: Visitors, path: str, *, installed: bool = True, **context: Any):
        page = await visitors.open("/", **context)
        await self.install(page, listed=installed)
        await page.goto(path)
        return page

    async def install(self, page, *, listed: bool = True):
        """Add the wallet to every page that is loaded from now on."""
        await page.expose_function("askWallet", self.ask)
        if listed:
            await page.add_init_script(INSTALL)


@pytest.mark.parametrize("network", [Network.MAINNET, Network.TESTNET])
async def test_a_wallet_is_asked_for_exactly_this_payment_and_its_payment_arrives(
    database_url, tmp_path, playwright_browser, network
):
    async with open_real_site(database_url, tmp_path, network) as site:
        visitors = Visitors(playwright_browser, site.base_url)
        intent = await site.intent(amount_sats=25_001)
        wallet = FakeWallet(site, network)
        page = await wallet.open(visitors, site.path_of(intent))
        async with page.expect_response("**/hint") as hint:
            await page.get_by_role("button", name="Pay with wallet").click()
        assert (await hint.value).status == 202
        await expect(page.locator("#wallet-note")).to_contain_text("Your wallet has sent the payment.")
        await expect(page.locator("#by-hand")).to_be_hidden()
        await page.reload()
        await expect(page.locator("#by-hand")).to_be_hidden()

        method, params = wallet.calls[-1]
        contract, _, token = SBTC_ASSETS[network].partition("::")
        amount, sender, recipient, memo = decoded(params["functionArgs"])
        assert method == "stx_callContract"
        assert (params["contract"], params["functionName"]) == (contract, "transfer")
        assert (params["network"], params["postConditionMode"]) == (network, "deny")
        assert (amount, sender, recipient) == (25_001, CUSTOMER[network], intent["pay_address"])
        assert memo == intent["id"].encode()
        assert params["postConditions"] == [post_condition(CUSTOMER[network], contract, token, 25_001)]

        await site.mine()
        await poll_now(page)
        await expect(page.locator("main[data-picture=confirmed]")).to_be_visible()
        found = await site.gateway.deps.payment_intents.find(intent["id"])
        assert found.intent.amount_received_sats == 25_001
        assert visitors.problems == []


def post_condition(sender: str, contract: str, token: str, amount_sats: int) -> str:
    """Encode a SIP-005 post-condition, as hex: a standard principal sends exactly this amount of a fungible token."""
    principal, (address, _, name) = parse_principal(sender), contract.partition(".")
    owner = parse_principal(address)
    return "".join(
        (
            FUNGIBLE, "02", bytes([principal.version]).hex(), principal.hash160.hex(),
            bytes([owner.version]).hex(), owner.hash160.hex(), bytes([len(name)]).hex(), name.encode().hex(),
            bytes([len(token)]).hex(), token.encode().hex(), SENDS_EXACTLY, amount_sats.to_bytes(8, "big").hex(),
        )
    )  # fmt: skip


REFUSALS = {
    "rejected": {"code": 4001, "message": "User rejected the request"},
    "fee": {"code": -32603, "message": "Not enough STX to pay the fee"},
    "sbtc": {"code": -32603, "message": "Insufficient sBTC balance"},
    "unsupported": {"code": -32601, "message": "Method not found"},
    "broken": {"code": -32603, "message": "boom"},
}


async def test_every_failure_is_explained_and_the_customer_can_continue(database_url, tmp_path, playwright_browser):
    async with open_real_site(database_url, tmp_path, Network.TESTNET) as site:
        visitors = Visitors(playwright_browser, site.base_url)
        intent = await site.intent()
        wallet = FakeWallet(site, Network.TESTNET)
        page = await wallet.open(visitors, site.path_of(intent))
        pay, note = page.get_by_role("button", name="Pay with wallet"), page.locator("#wallet-note")
        for failure, refusal in REFUSALS.items():
            wallet.refusal = refusal
            await pay.click()
            await expect(note).to_have_text(SCRIPT[failure])
            await expect(page.locator("#announcement")).to_have_text(SCRIPT[failure])
            await expect(pay).to_be_enabled()
            await expect(page.locator("#by-hand")).to_be_visible()
        wallet.network = Network.MAINNET
        await pay.click()
        await expect(note).to_contain_text("Switch to this one and try again: Stacks testnet")
        wallet.network, wallet.refusal = Network.TESTNET, None
        await pay.click()
        await expect(note).to_contain_text(SCRIPT["sent"])
        await page.get_by_role("button", name=SCRIPT["again"]).click()
        await expect(page.locator("#by-hand")).to_be_visible()
        assert visitors.problems == []


async def test_the_wallets_result_survives_an_update_of_the_page_and_is_announced_once(
    database_url, tmp_path, playwright_browser
):
    async with open_real_site(database_url, tmp_path, Network.TESTNET) as site:
        visitors = Visitors(playwright_browser, site.base_url)
        page = await visitors.open("/")
        await page.clock.install()
        wallet = FakeWallet(site, Network.TESTNET, refusal=REFUSALS["sbtc"])
        await wallet.install(page)
        intent = await site.intent()
        await page.goto(site.path_of(intent))
        note, announced = page.locator("#wallet-note"), page.locator("#announcement")
        await page.get_by_role("button", name="Pay with wallet").click()
        await expect(note).to_have_text(SCRIPT["sbtc"])
        await page.clock.run_for(100)
        await expect(announced).to_have_text(SCRIPT["sbtc"])
        await page.evaluate("announcement.textContent = ''")
        await _updated(page)
        await expect(note).to_have_text(SCRIPT["sbtc"])
        wallet.refusal = None
        await page.get_by_role("button", name="Pay with wallet").click()
        await expect(note).to_contain_text(SCRIPT["sent"])
        await page.clock.run_for(100)
        await page.evaluate("announcement.textContent = ''")
        await _updated(page)
        await expect(note).to_contain_text(SCRIPT["sent"])
        await page.clock.run_for(100)
        await expect(announced).to_have_text("")
        assert visitors.problems == []


async def _updated(page):
    """Advance the clock by a minute, after which the page fetches its content again."""
    await page.evaluate("document.querySelector('main').dataset.old = 'true'")
    await page.clock.fast_forward(62_000)
    await expect(page.locator("main[data-old]")).to_have_count(0)


async def test_a_silent_wallet_can_be_asked_again_and_its_late_refusal_is_ignored(
    database_url, tmp_path, playwright_browser
):
    async with open_real_site(database_url, tmp_path, Network.TESTNET) as site:
        visitors = Visitors(playwright_browser, site.base_url)
        page = await visitors.open("/")
        await page.clock.install()
        wallet = FakeWallet(site, Network.TESTNET, silent=True)
        await wallet.install(page)
        await page.goto(site.path_of(await site.intent()))
        note = page.locator("#wallet-note")
        await page.get_by_role("button", name="Pay with wallet").click()
        await expect(note).to_have_text(SCRIPT["asking"])
        await until(lambda: any(method == "stx_callContract" for method, _ in wallet.calls))
        await page.clock.run_for(15_000)
        wallet.silent = False
        await page.get_by_role("button", name=SCRIPT["silent"]).click()
        await expect(note).to_contain_text(SCRIPT["sent"])
        wallet.closed.set()
        await page.clock.run_for(1_000)
        await expect(note).to_contain_text(SCRIPT["sent"])
        assert [method for method, _ in wallet.calls].count("stx_callContract") == 2
        assert visitors.problems == []


async def test_when_the_wallet_script_cannot_be_loaded_the_customer_can_pay_manually(
    database_url, tmp_path, playwright_browser
):
    async with open_real_site(database_url, tmp_path, Network.TESTNET) as site:
        visitors = Visitors(playwright_browser, site.base_url)
        visitors.expected = ["500 (Internal Server Error)", "Failed to fetch"]
        page = await FakeWallet(site, Network.TESTNET).open(visitors, site.path_of(await site.intent()))
        await page.route("**/assets/wallet-*", lambda route: route.fulfill(status=500, body=""))
        await page.get_by_role("button", name="Pay with wallet").click()
        await expect(page.locator("#wallet-note")).to_have_text(SCRIPT["unloaded"])
        await expect(page.locator("#by-hand")).to_be_visible()
        assert visitors.problems == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_state_of_the_wallet_panel_is_accessible(database_url, tmp_path, playwright_browser, scheme):
    async with open_real_site(database_url, tmp_path, Network.TESTNET) as site:
        visitors = Visitors(playwright_browser, site.base_url)
        found = {}
        for refusals in ([], [REFUSALS["fee"]], [None]):
            wallet = FakeWallet(site, Network.TESTNET)
            page = await wallet.open(
                visitors, site.path_of(await site.intent()), viewport=SMALL_PHONE, color_scheme=scheme
            )
            for wallet.refusal in refusals:
                await page.get_by_role("button", name="Pay with wallet").click()
                await expect(page.locator("#wallet-note.warn, #wallet-note.good")).to_be_visible()
            problems = [*await page.evaluate(READABLE), *await page.evaluate(UNUSABLE), *await axe(page)]
            found.update({str(refusals): problems} if problems else {})
        assert found == {}
        assert visitors.problems == []


async def test_without_a_wallet_the_page_links_to_some_and_with_several_it_offers_a_choice(
    database_url, tmp_path, playwright_browser
):
    async with open_real_site(database_url, tmp_path, Network.TESTNET) as site:
        visitors = Visitors(playwright_browser, site.base_url)
        path = site.path_of(await site.intent())
        wallet = FakeWallet(site, Network.TESTNET)
        page = await wallet.open(visitors, path, installed=False)
        await page.get_by_role("button", name="Pay with wallet").click()
        await expect(page.locator("#wallet-note")).to_contain_text("No Stacks wallet was found")
        await expect(page.get_by_role("link", name="Leather")).to_have_attribute("href", "https://leather.io")
        await page.add_init_script(INSTALL)
        await page.add_init_script("window.LeatherProvider = window.TestWallet;")
        await page.reload()
        await page.get_by_role("button", name="Pay with wallet").click()
        await expect(page.locator("#wallet-choices button")).to_have_count(2)
        await page.get_by_role("button", name="Leather").click()
        await expect(page.locator("#wallet-note")).to_contain_text(SCRIPT["sent"])
        assert visitors.problems == []


async def test_wallets_are_not_searched_for_before_the_button_is_pressed(database_url, tmp_path, playwright_browser):
    async with open_real_site(database_url, tmp_path, Network.TESTNET) as site:
        visitors = Visitors(playwright_browser, site.base_url)
        wallet = FakeWallet(site, Network.TESTNET)
        page = await wallet.open(visitors, site.path_of(await site.intent()), viewport=PHONE)
        await expect(page.get_by_role("button", name="Pay with wallet")).to_be_visible()
        loaded = await page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
        assert not [url for url in loaded if "wallet" in url]
        assert wallet.calls == []


async def test_on_the_simulated_chain_no_real_wallet_is_offered(site):
    assert "wallet-pay" not in (await site.page(await site.intent())).by_id
