"""Finality: valid policies, policies that are strict enough, and counts that are never negative."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.facts import BITCOIN_HEIGHT, HEIGHT, TENURE_HEIGHT, orphaned, payment, view
from core.strategies import FAST, chain_views, payments_anywhere, policies
from sgate.core.finality import (
    DEFAULT_POLICY,
    Finality,
    InvalidPolicy,
    Policy,
    Tier,
    bitcoin_blocks,
    check_policy,
    confirmations,
    finality_of,
    first_shortfall,
    is_final,
    next_check_height,
    tenure_changes,
    tier_for,
)


def tier(from_sats: int = 0, blocks: int | None = None, tenures: int | None = None, bitcoin: int | None = None) -> Tier:
    return Tier(from_sats=from_sats, stacks_blocks=blocks, tenure_changes=tenures, bitcoin_blocks=bitcoin)


USABLE = [
    DEFAULT_POLICY,
    (tier(blocks=1),),
    (tier(tenures=1),),
    (tier(bitcoin=1),),
    (tier(blocks=10_000, tenures=1_000, bitcoin=1_000),),
    (tier(blocks=1), tier(1, blocks=1)),
    tuple(tier(start, blocks=1) for start in range(10)),
]


@pytest.mark.parametrize("policy", USABLE)
def test_a_valid_policy_passes_unchanged(policy):
    assert check_policy(policy) is policy


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        ((), "1 to 10 tiers"),
        (tuple(tier(start, blocks=1) for start in range(11)), "1 to 10 tiers"),
        ((tier(1, blocks=1),), "start at from_sats 0"),
        ((tier(-1, blocks=1),), "start at from_sats 0"),
        ((tier(blocks=1), tier(blocks=2)), "must increase"),
        ((tier(blocks=1), tier(10, blocks=1), tier(5, blocks=1)), "must increase"),
        ((tier(),), "at least one of"),
        ((tier(blocks=1), tier(10)), "at least one of"),
        ((tier(blocks=0),), "stacks_blocks must be between 1 and 10000"),
        ((tier(blocks=-1),), "stacks_blocks must be between 1 and 10000"),
        ((tier(blocks=10_001),), "stacks_blocks must be between 1 and 10000"),
        ((tier(tenures=0),), "tenure_changes must be between 1 and 1000"),
        ((tier(tenures=1_001),), "tenure_changes must be between 1 and 1000"),
        ((tier(bitcoin=0),), "bitcoin_blocks must be between 1 and 1000"),
        ((tier(blocks=1, bitcoin=1_001),), "bitcoin_blocks must be between 1 and 1000"),
    ],
)
def test_an_invalid_policy_is_rejected(policy, problem):
    with pytest.raises(InvalidPolicy, match=problem):
        check_policy(policy)


def test_a_policy_is_read_from_json_and_an_unknown_number_is_rejected():
    json = b'[{"from_sats":0,"stacks_blocks":1},{"from_sats":1000000,"stacks_blocks":6},{"from_sats":100000000,"tenure_changes":2}]'
    assert msgspec.json.decode(json, type=Policy) == DEFAULT_POLICY
    assert msgspec.json.encode(DEFAULT_POLICY) == json
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.json.decode(b'[{"from_sats":0,"stack_blocks":1}]', type=Policy)


@pytest.mark.parametrize(
    ("amount_sats", "from_sats"),
    [
        (1, 0),
        (999_999, 0),
        (1_000_000, 1_000_000),
        (99_999_999, 1_000_000),
        (100_000_000, 100_000_000),
        (2_100_000_000_000_000, 100_000_000),
    ],
)
def test_the_tier_is_the_last_one_that_the_amount_reaches(amount_sats, from_sats):
    assert tier_for(DEFAULT_POLICY, amount_sats).from_sats == from_sats


@pytest.mark.parametrize(
    ("policy", "floor", "strict_enough"),
    [
        ((tier(blocks=1),), (tier(blocks=1),), True),
        ((tier(blocks=2),), (tier(blocks=1),), True),
        ((tier(blocks=1),), (tier(blocks=2),), False),
        ((tier(blocks=1, tenures=1),), (tier(blocks=1),), True),
        ((tier(blocks=6),), (tier(tenures=1),), False),  # no number of Stacks blocks replaces a tenure change
        ((tier(blocks=6),), (tier(blocks=6, bitcoin=1),), False),
        ((tier(blocks=6, bitcoin=3),), (tier(blocks=6, bitcoin=2),), True),
        # strict where it matters, weak at one amount only
        ((tier(blocks=1),), DEFAULT_POLICY, False),
        ((tier(blocks=6),), DEFAULT_POLICY, False),
        ((tier(blocks=6, tenures=2),), DEFAULT_POLICY, True),
        ((tier(blocks=1), tier(1_000_001, blocks=6, tenures=2)), DEFAULT_POLICY, False),  # one sat too late
        ((tier(blocks=1), tier(1_000_000, blocks=6), tier(100_000_001, tenures=2)), DEFAULT_POLICY, False),
        ((tier(blocks=1), tier(999_999, blocks=6), tier(99_999_999, blocks=6, tenures=2)), DEFAULT_POLICY, True),
        ((tier(blocks=6), tier(10, blocks=1)), (tier(blocks=2),), False),  # weaker for larger amounts
    ],
)
def test_a_policy_is_strict_enough_only_in_each_number_at_each_amount(policy, floor, strict_enough):
    assert (first_shortfall(policy, floor) is None) is strict_enough


@FAST
@given(policies())
def test_every_policy_is_at_least_as_strict_as_itself(policy):
    assert first_shortfall(policy, policy) is None


@FAST
@given(policies(), policies(), payments_anywhere(), chain_views(), st.integers(min_value=1, max_value=5_000))
def test_a_payment_final_by_a_strict_enough_policy_is_final_by_its_floor(policy, floor, paid, seen, amount_sats):
    if first_shortfall(policy, floor) is None and is_final(paid, tier_for(policy, amount_sats), seen):
        assert is_final(paid, tier_for(floor, amount_sats), seen)


@pytest.mark.parametrize(
    ("payment_height", "view_height", "count"),
    [(100, 100, 1), (100, 101, 2), (100, 105, 6), (100, 99, 0), (100, 1, 0), (100, 0, 0), (1, 1, 1)],
)
def test_confirmations_count_from_the_payments_own_block_to_the_scanned_tip(payment_height, view_height, count):
    assert confirmations(payment(height=payment_height), view(view_height)) == count


@pytest.mark.parametrize(("ahead", "count"), [(-3, 0), (0, 0), (1, 1), (2, 2)])
def test_tenure_changes_count_the_tenures_begun_since(ahead, count):
    assert tenure_changes(payment(), view(tenure_height=TENURE_HEIGHT + ahead)) == count


@pytest.mark.parametrize(("ahead", "count"), [(-3, 0), (0, 1), (1, 2), (5, 6)])
def test_bitcoin_blocks_count_from_the_one_the_payment_is_anchored_to(ahead, count):
    assert bitcoin_blocks(payment(), view(bitcoin_height=BITCOIN_HEIGHT + ahead)) == count


def test_a_payment_above_the_scanned_tip_has_no_bitcoin_blocks_yet():
    assert bitcoin_blocks(payment(height=HEIGHT + 1), view()) == 0


def test_an_orphaned_payment_has_no_confirmations_of_any_kind():
    deep = view(HEIGHT + 500, tenure_height=TENURE_HEIGHT + 50, bitcoin_height=BITCOIN_HEIGHT + 50)
    gone = orphaned(payment())
    assert (confirmations(gone, deep), tenure_changes(gone, deep), bitcoin_blocks(gone, deep)) == (0, 0, 0)
    assert not is_final(gone, tier(blocks=1), deep)
    assert not is_final(gone, tier(tenures=1), deep)


@FAST
@given(payments_anywhere(), chain_views())
def test_no_count_is_ever_negative(paid, seen):
    for count in (confirmations, tenure_changes, bitcoin_blocks):
        assert count(paid, seen) >= 0


@pytest.mark.parametrize(
    ("needed", "blocks", "tenures", "bitcoin", "final"),
    [
        (tier(blocks=1), 0, 0, 0, True),
        (tier(blocks=6), 4, 9, 9, False),
        (tier(blocks=6), 5, 0, 0, True),
        (tier(tenures=2), 500, 1, 9, False),
        (tier(tenures=2), 2, 2, 0, True),
        (tier(bitcoin=1), 0, 0, 0, True),
        (tier(bitcoin=3), 500, 9, 1, False),
        (tier(bitcoin=3), 1, 0, 2, True),
        (tier(blocks=6, tenures=2), 5, 1, 9, False),
        (tier(blocks=6, tenures=2), 4, 2, 9, False),
        (tier(blocks=6, tenures=2), 5, 2, 0, True),
        (tier(blocks=6, tenures=2, bitcoin=3), 5, 2, 1, False),
        (tier(blocks=6, tenures=2, bitcoin=3), 5, 2, 2, True),
    ],
)
def test_a_payment_is_final_when_all_numbers_of_the_tier_hold(needed, blocks, tenures, bitcoin, final):
    seen = view(HEIGHT + blocks, tenure_height=TENURE_HEIGHT + tenures, bitcoin_height=BITCOIN_HEIGHT + bitcoin)
    assert is_final(payment(), needed, seen) is final


@pytest.mark.parametrize("needed", [tier(blocks=1), tier(tenures=1), tier(bitcoin=1)])
def test_a_payment_above_the_scanned_tip_is_never_final(needed):
    above = payment(height=HEIGHT + 1, tenure_height=1, bitcoin_height=1)
    assert not is_final(above, needed, view())


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        (-1, Finality.INCLUDED),
        (0, Finality.INCLUDED),
        (1, Finality.ANCHORED),
        (2, Finality.BITCOIN_FINAL),
        (9, Finality.BITCOIN_FINAL),
    ],
)
def test_the_finality_follows_the_tenure_changes(changes, word):
    assert finality_of(payment(), view(tenure_height=TENURE_HEIGHT + changes)) is word


@pytest.mark.parametrize(
    ("pending", "height"),
    [
        ([], None),
        ([(payment(), tier(blocks=1))], None),  # already final
        ([(payment(), tier(blocks=6))], HEIGHT + 5),
        ([(payment(), tier(tenures=1))], HEIGHT + 1),  # the next tenure cannot be predicted
        ([(payment(), tier(bitcoin=2))], HEIGHT + 1),
        ([(payment(), tier(blocks=6, tenures=1))], HEIGHT + 5),
        ([(payment(), tier(blocks=6)), (payment(2), tier(blocks=3))], HEIGHT + 2),
        ([(payment(), tier(blocks=1)), (payment(2), tier(blocks=6))], HEIGHT + 5),
        ([(payment(height=HEIGHT + 3), tier(blocks=1))], HEIGHT + 3),
    ],
)
def test_the_next_check_is_at_the_first_height_where_a_payment_can_become_final(pending, height):
    assert next_check_height(pending, view()) == height
