import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.replay import ASSET, TOKEN
from sgate.chain.clarity import Buffer, OptionalValue, UInt, encode
from sgate.chain.transfers import BrokenEvent, PrintEvent, TokenEvent, pair

PAYER, SHOP = "SP2KDAFTHAH0RM06WD7K0VBPETBE03DEFVQH274EW", "SP3Q8YZR3BNWD7W4325XYAGAFKPMHK4FAYZ3ESRYM"


def moved(index, amount="5", *, asset=ASSET, action="transfer", sender=PAYER, recipient=SHOP):
    return TokenEvent(event_index=index, asset=asset, action=action, sender=sender, recipient=recipient, amount=amount)


def printed(index, memo=b"m", *, contract=TOKEN, topic="print", value=None):
    data = encode(Buffer(memo) if value is None else value)
    return PrintEvent(event_index=index, contract=contract, topic=topic, value_hex="0x" + data.hex())


def memos(*events):
    return [(transfer.event_index, transfer.memo) for transfer in pair(events, ASSET)]


def test_a_memo_belongs_to_the_transfer_directly_before_it():
    assert memos(moved(0), printed(1, b"one")) == [(0, b"one")]
    assert memos(moved(0), moved(1), printed(2, b"two")) == [(0, None), (1, b"two")]
    assert memos(moved(3), printed(4, b"")) == [(3, b"")]


def test_the_order_of_the_list_does_not_matter_only_the_indexes():
    assert memos(printed(3, b"b"), moved(2), printed(1, b"a"), moved(0)) == [(0, b"a"), (2, b"b")]


@pytest.mark.parametrize(
    "not_a_memo",
    [
        printed(2),
        printed(0),
        printed(1, contract="SP1521AWPS27SJHXXRZXPYE5Y0MF6RA566T8RMZJS.sbtc-token"),
        printed(1, contract=TOKEN + "-v2"),
        printed(1, topic="printed"),
        printed(1, value=OptionalValue(Buffer(b"m"))),
        printed(1, value=UInt(1)),
        PrintEvent(event_index=1, contract=TOKEN, topic="print", value_hex="0x0c00000000"),
        PrintEvent(event_index=1, contract=TOKEN, topic="print", value_hex="nonsense"),
    ],
)
def test_nothing_else_is_a_memo(not_a_memo):
    assert memos(moved(0) if not_a_memo.event_index else moved(5), not_a_memo)[0][1] is None


@pytest.mark.parametrize(
    "not_a_payment",
    [
        moved(0, action="mint", sender=None),
        moved(0, action="burn", recipient=None),
        moved(0, asset="SP1521AWPS27SJHXXRZXPYE5Y0MF6RA566T8RMZJS.sbtc-token::sbtc-token"),
        moved(0, asset=f"{TOKEN}::sbtc-token-locked"),
        moved(0, asset=ASSET.lower()),
        moved(0, asset=ASSET + " "),
    ],
)
def test_only_transfers_of_exactly_the_asset_count(not_a_payment):
    assert pair([not_a_payment, printed(1)], ASSET) == ()


@pytest.mark.parametrize(
    "broken",
    [
        moved(0, sender=None),
        moved(0, recipient=""),
        moved(0, "1.5"),
        moved(0, "-1"),
        moved(0, ""),
        moved(0, "٣"),
        moved(0, "9" * 5000),
        moved(0, "0"),
        moved(0, str(2**63)),
    ],
)
def test_an_incomplete_transfer_invalidates_the_response(broken):
    with pytest.raises(BrokenEvent):
        pair([broken], ASSET)


LEGS = st.lists(st.tuples(st.integers(1, 10**12), st.none() | st.binary(max_size=34), st.booleans()), max_size=30)


@given(LEGS, st.randoms(use_true_random=False))
def test_every_leg_keeps_its_own_amount_and_memo(legs, rng):
    events, expected = [], []
    for amount, memo, foreign_print in legs:
        expected.append((len(events), amount, memo))
        events.append(moved(len(events), str(amount)))
        if memo is not None:
            events.append(printed(len(events), memo))
        if foreign_print:
            events.append(printed(len(events), b"foreign", contract=TOKEN + "-v2"))
    rng.shuffle(events)
    found = [(transfer.event_index, transfer.amount_sats, transfer.memo) for transfer in pair(events, ASSET)]
    assert found == expected
