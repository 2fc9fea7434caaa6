"""The poll interval and the call budget are those of the API in use."""

from sgate.chain.quota import EXTRA_CAPACITY, IDLE_INTERVAL_S
from sgate.runtime.chain_sources import open_chain
from sgate.settings.settings import Settings
from sgate.telemetry.metrics import Metrics

OWN = "http://127.0.0.1:9"
HIRO = "https://api.hiro.so"


def chain_of(urls, tmp_path):
    live = {"source": "hiro", "stacks_api_url": urls}
    return open_chain(Settings(live=live), True, tmp_path, Metrics())


def test_a_single_own_server_has_no_limit(tmp_path):
    chain = chain_of(OWN, tmp_path)
    assert (chain.interval_s(True), chain.interval_s(False)) == (5.0, 5.0)
    assert chain.allowance.spare_calls() == EXTRA_CAPACITY


def test_a_single_public_server_is_polled_within_its_plan(tmp_path):
    chain = chain_of(HIRO, tmp_path)
    assert chain.budgets["api.hiro.so"].remaining() == 150_000
    assert chain.interval_s(False) >= IDLE_INTERVAL_S


def test_a_public_fallback_does_not_slow_polls_until_it_is_used(tmp_path):
    chain = chain_of(f"{OWN},{HIRO}", tmp_path)
    assert (chain.interval_s(True), chain.interval_s(False)) == (5.0, 5.0)
    assert list(chain.budgets) == ["api.hiro.so"]


def test_while_the_own_server_backs_off_the_interval_is_that_of_the_public_one(tmp_path):
    chain = chain_of(f"{OWN},{HIRO}", tmp_path)
    own, public = chain.source._sources
    chain.source._cooldown_until[own.name] = float("inf")
    assert chain.preferred() == public.name == "api.hiro.so"
    assert chain.interval_s(False) >= IDLE_INTERVAL_S
