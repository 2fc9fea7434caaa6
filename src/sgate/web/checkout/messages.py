"""The sentences of the checkout page. Each sentence is translated as a whole."""

from collections.abc import Iterator, Mapping

from sgate.core.finality import Finality, Tier
from sgate.web.checkout.page_state import Excess, Picture, Unit
from sgate.web.i18n import N_, Words

TITLES: Mapping[Picture, str] = {
    Picture.WAITING: N_("Waiting for your payment"),
    Picture.PARTIAL: N_("Partial payment received"),
    Picture.SEEN: N_("Payment detected"),
    Picture.LOST: N_("Your payment is waiting to be confirmed again"),
    Picture.TIME_UP: N_("Time is up"),
    Picture.PROCESSING: N_("Payment received, confirming"),
    Picture.CONFIRMED: N_("Paid. Thank you!"),
    Picture.EXPIRED: N_("This payment request has expired"),
    Picture.FAILED: N_("The full amount was not paid in time"),
    Picture.CANCELED: N_("This payment request was canceled"),
}

UNDONE = N_("Your payment is no longer on the chain")
"""The title instead of `Picture.FAILED` if a payment had arrived in time but a reorganization undid it."""

EXCESS: Mapping[Excess, str] = {
    Excess.PAID_TWICE: N_("Duplicate payment received"),
    Excess.TOO_LATE: N_("Another payment arrived too late"),
    Excess.TOO_MUCH: N_("More was paid than was due"),
}

UNITS: Mapping[Unit, str] = {
    Unit.STACKS_BLOCKS: N_("Stacks blocks"),
    Unit.TENURES: N_("Tenures"),
    Unit.BITCOIN_BLOCKS: N_("Bitcoin blocks"),
}

FINALITIES: Mapping[Finality, str] = {
    Finality.SEEN: N_("seen, not in a block yet"),
    Finality.INCLUDED: N_("in a Stacks block"),
    Finality.ANCHORED: N_("anchored to Bitcoin"),
    Finality.BITCOIN_FINAL: N_("as final as Bitcoin"),
}

RATES = (N_("fixed rate of the simulated chain, not a market price"),)
"""The rate sources that need translation. The others are proper names."""

NETWORKS: Mapping[str, str] = {
    "mainnet": N_("Stacks mainnet"),
    "testnet": N_("Stacks testnet, no real money"),
    "simulated": N_("simulated chain, no real money"),
}

SCRIPT: Mapping[str, str] = {
    "copied": N_("Copied"),
    "selected": N_("Selected"),
    "copy": N_("Copy"),
    "outdated": N_("This page may be out of date."),
    "refused": N_("The server responded with status %(status)s."),
    "unreachable": N_("The server cannot be reached."),
    "leaving": N_("You will be redirected in %(seconds)s seconds unless you choose to stay."),
    "looking": N_("Looking for your wallet"),
    "choose": N_("Choose a wallet"),
    "asking": N_("Confirm the payment in your wallet."),
    "silent": N_("No response yet? Ask your wallet again"),
    "unloaded": N_("Wallet payments could not be loaded. Reload the page, or pay manually below."),
    "sent": N_("Your wallet has sent the payment. It will appear here shortly; please do not pay again."),
    "again": N_("The payment failed in my wallet: show how to pay again"),
    "none": N_("No Stacks wallet was found in this browser. Install Leather or Xverse, open this page in your "
               "wallet's own browser, or pay manually below."),
    "framed": N_("Wallets often do not work when this page is embedded in another one."),
    "open": N_("Open this page in a new tab"),
    "rejected": N_("You declined the payment in your wallet. Nothing was sent; you can try again or pay manually."),
    "network": N_("Your wallet is on a different network. Switch to this one and try again: %(network)s."),
    "sbtc": N_("Your wallet does not have enough sBTC for this payment. Add sBTC, use another wallet, or pay "
               "manually."),
    "fee": N_("Your wallet does not have enough STX for the network fee. Add some STX, use another wallet, or pay "
              "manually."),
    "unsupported": N_("This wallet cannot send this kind of payment. Choose another wallet, or pay manually below."),
    "broken": N_("The wallet could not send the payment. If it does not list the payment as sent, try again or pay "
                 "manually."),
}  # fmt: skip
"""The sentences that the page's script shows, by name."""


def needs(words: Words, required: Tier) -> str:
    """Return the requirements for a payment to be final, such as `6 Stacks blocks and 2 new tenures`."""
    return words.join(list(_needs(words, required)))


def _needs(words: Words, required: Tier) -> Iterator[str]:
    if required.stacks_blocks:
        yield words.many("%(count)s Stacks block", "%(count)s Stacks blocks", required.stacks_blocks)
    if required.tenure_changes:
        yield words.many("%(count)s new tenure", "%(count)s new tenures", required.tenure_changes)
    if required.bitcoin_blocks:
        yield words.many("%(count)s Bitcoin block", "%(count)s Bitcoin blocks", required.bitcoin_blocks)


def duration(words: Words, minutes: float) -> str:
    """Return an approximate duration in words, such as `under a minute` or `about 20 minutes`."""
    if minutes < 1:
        return words("under a minute")
    return words.many("about %(count)s minute", "about %(count)s minutes", round(minutes))
