"""Each mitigation that SECURITY.md claims has a test. A claim that is added, or whose test is renamed, fails here."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = " ".join((ROOT / "SECURITY.md").read_text("utf-8").split())

CLAIMS = {
    "only successful `transfer` events of the configured asset": "workers/watcher/test_recorded.py::test_a_recorded_payment_with_one_thing_wrong_credits_nothing",
    "counts only once, which a constraint enforces": "store/test_constraints_money.py::test_the_same_transfer_event_twice",
    "arbitrary-precision integers": "core/test_money.py::test_a_chain_amount_is_read_with_arbitrary_precision",
    "at most once per intent": "store/test_constraints_money.py::test_a_second_success",
    "confirmation requires a number of Stacks blocks": "workers/watcher/test_paying.py::test_a_bitcoin_policy_counts_bitcoin_blocks_without_a_new_tenure_too",
    "reorganizations are followed and announced": "workers/watcher/test_reorg.py::test_gone_and_mined_again_later",
    "compared with `hmac.compare_digest`": "core/test_credential.py::test_secrets_are_compared_in_constant_time",
    "no PBKDF2 is computed for an unknown key": "api/test_authentication.py::test_what_is_not_a_key_is_refused_without_any_pbkdf2",
    "failures are counted per address": "http/test_rate_limits.py::test_guessing_keys_is_slowed_down_and_a_valid_key_is_not",
    "pages and public calls are counted": "http/test_public_calls.py::test_each_page_is_counted_by_address",
    "intent ids have 64 random bits": "api/test_live_intents.py::test_private_fields_are_sent_only_to_pages_with_the_client_secret",
    "size and time limits": "http/test_guard.py::test_a_head_that_trickles_in_is_not_waited_for",
    "hints have a separate call budget": "workers/watcher/test_mempool.py::test_without_budget_hints_wait",
    "the form that pays on the simulated chain": "web/checkout/test_simulation.py::test_only_a_visitor_with_the_client_secret_can_pay",
    "forwarded addresses are accepted": "http/test_client_address.py::test_only_entries_of_trusted_proxies_are_used",
    "every parser is fuzzed": "fuzz/test_parsers.py::test_addresses",
    "every statement filters by the merchant and the mode": "api/test_contract.py::test_an_object_of_another_merchant_or_mode_or_of_no_merchant_is_not_found",
    "an address belongs to one merchant": "store/test_constraints_money.py::test_one_address_for_two_merchants",
    "webhooks go only to public internet addresses": "workers/webhooks/test_client.py::test_what_was_checked_is_what_is_connected_to",
    "redirects are not followed": "workers/webhooks/test_client.py::test_no_redirect_is_followed_to_a_private_address",
    "limited to ten seconds and 128 KiB": "workers/webhooks/test_bad_receivers.py::test_what_never_ends_is_counted_by_the_byte",
    "connections are never shared between merchants": "workers/webhooks/test_bad_receivers.py::test_two_merchants_never_share_a_connection",
    "concurrent attempts per endpoint are limited": "workers/webhooks/test_deliverer_queue.py::test_an_endpoint_has_at_most_its_share_in_flight_and_delays_no_other",
    "costly lists": "services/test_merchant_slots.py::test_some_run_some_wait_and_the_others_are_refused",
    "logos are decoded within limits": "services/test_logo_images.py::test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded",
    "names and descriptions cannot": "core/test_text.py::test_unsafe_characters_are_refused_and_replaced_where_they_are_shown",
    "API keys have scopes": "api/test_authentication.py::test_every_call_needs_its_scope_and_no_other",
    "SGATE_WEBHOOK_DENY": "workers/webhooks/test_client.py::test_what_the_operator_denies_is_not_connected_to",
    "requires the scope `admin`": "api/test_contract.py::test_a_call_needs_a_key_with_its_scope_and_no_other",
    "in the audit log with address and time": "api/test_contract.py::test_every_change_is_in_the_audit_log_with_who_did_it_from_where_and_in_which_request",
    "intents keep the address": "workers/watcher/test_paying.py::test_an_old_address_stays_watched_and_an_intent_keeps_the_address_it_was_made_with",
    "takes effect everywhere within a second": "api/test_api_keys.py::test_a_revoked_key_is_refused_by_every_instance_within_a_second",
    "two signatures over the exact bytes": "core/test_signature.py::test_what_we_sign_we_verify_both_ways",
    "rotated with an overlap": "core/test_signature.py::test_during_a_rotation_either_secret_verifies",
    "TLS": "workers/webhooks/test_bad_receivers.py::test_tls_is_verified_against_the_name_and_the_authorities",
    "responses are validated while they are decoded": "workers/watcher/test_moving_chain.py::test_one_response_of_a_poll_comes_from_a_replica_that_lags",
    "does not link to any known block": "workers/watcher/test_different_chain.py::test_a_different_chain_behind_the_same_url_is_recognized_and_orphans_nothing",
    "the median of price sources that agree": "services/test_exchange_rates.py::test_when_sources_disagree_no_process_has_a_rate_any_more",
    "calls have budgets and limits": "chain/test_quota.py::test_a_larger_budget_polls_at_the_configured_interval",
    "stored as salted PBKDF2-HMAC-SHA512": "core/test_credential.py::test_a_key_is_stored_as_pbkdf2_hmac_sha512_with_ten_thousand_rounds",
    "webhook secrets and stored responses are encrypted": "api/test_idempotency.py::test_stored_responses_are_encrypted",
    "secrets are removed from logs": "api/test_telemetry.py::test_no_secret_reaches_the_log_whatever_goes_wrong",
    "holds no key that can spend": "deploy/test_containers.py::test_every_container_is_read_only_limited_and_without_privileges",
    "lock files with hashes": "docs/test_dependencies.py::test_the_list_of_dependencies_and_their_reasons_are_the_same",
    "`make audit`": "tools/test_audit.py::test_npm_not_installed_is_not_a_clean_result",
    "allows only sGate's own scripts": "web/checkout/test_browser.py::test_an_injected_script_does_not_run",
    "production refuses missing and default secrets": "cli/operator/test_commands.py::test_a_wrong_setting_is_one_sentence_that_names_the_variable",
    "constraints reject rows that must never exist": "store/test_constraints_money.py::test_an_intent_that_cannot_be",
    "`sgate ledger replay --check` verifies the books": "ledger/test_replay.py::test_what_is_tampered_with_is_reported",
    "database role cannot rewrite them": "system/test_application_role.py",
}
"""A part of each claim, and the test that shows it."""


def claims_made():
    """Return the claims of SECURITY.md: what stands between "Mitigated by" and the remaining risk, one clause each."""
    passages = re.findall(
        r"\*Mitigated by:\*(.*?)(?=\*Remaining risk:\*|\*To limit the damage:\*|\*\*Some|\*\*An )", TEXT
    )
    clauses = [clause for passage in passages for clause in re.split(r";|\. (?=[A-Z])", passage)]
    stripped = [clause.strip(" .") for clause in clauses]
    return [clause for clause in stripped if len(clause) > 2 and not clause.startswith("Such an attacker")]


def test_claims_are_found():
    assert len(claims_made()) > 40


@pytest.mark.parametrize("claim", claims_made())
def test_a_claim_names_what_shows_it(claim):
    assert [part for part in CLAIMS if part in claim], f"no test is named for: {claim}"


@pytest.mark.parametrize(("part", "test"), CLAIMS.items())
def test_the_test_of_a_claim_exists_and_the_claim_is_still_made(part, test):
    path, _, name = test.partition("::")
    assert part in TEXT
    assert f"def {name or 'test_'}" in (ROOT / "tests" / path).read_text("utf-8")
