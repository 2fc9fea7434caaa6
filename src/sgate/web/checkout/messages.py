"""The words for pictures: titles, what is needed, how long it takes. Each sentence is translated as a whole."""

from collections.abc import Iterator, Mapping

from sgate.core.finality import Finality, Tier
from sgate.web.checkout.page_state import Excess, Picture, Unit
from sgate.web.i18n import N_, Words

TITLES: Mapping[Picture, str] = {
    Picture.WAITING: N_("Waiting for your payment"),
    Picture.PARTIAL: N_("A part has arrived"),
    Picture.SEEN: N_("Payment seen"),
    Picture.LOST: N_("Your payment is being mined again"),
    Picture.TIME_UP: N_("The time is up"),
    Picture.PROCESSING: N_("Payment received, being confirmed"),
    Picture.CONFIRMED: N_("Paid. Thank you!"),
    Picture.EXPIRED: N_("This payment request has expired"),
    Picture.FAILED: N_("Not enough was paid in time"),
    Picture.CANCELED: N_("This payment request was canceled"),
}

EXCESS: Mapping[Excess, str] = {
    Excess.PAID_TWICE: N_("It was paid twice"),
    Excess.TOO_LATE: N_("Another payment came too late"),
    Excess.TOO_MUCH: N_("More arrived than was due"),
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
"""Sources of rates that are sentences; the others are names."""

NETWORKS: Mapping[str, str] = {
    "mainnet": N_("Stacks mainnet"),
    "testnet": N_("Stacks testnet, no real money"),
    "simulated": N_("simulated chain, no real money"),
}

SCRIPT: Mapping[str, str] = {
    "copied": N_("Copied"),
    "selected": N_("Selected"),
    "copy": N_("Copy"),
    "outdated": N_("This page is not up to date."),
    "refused": N_("The server answered with %(status)s."),
    "unreachable": N_("The server cannot be reached."),
    "leaving": N_("You are taken back in %(seconds)s seconds, unless you choose to stay."),
    "looking": N_("Looking for your wallet"),
    "choose": N_("Choose a wallet"),
    "asking": N_("Confirm the payment in your wallet."),
    "silent": N_("No answer yet? Ask the wallet again"),
    "unloaded": N_("The part of this page that talks to wallets could not be loaded. Load the page again, or pay by "
                   "hand below."),
    "sent": N_("Your wallet has sent the payment. It will show up here in a moment; please do not pay again."),
    "again": N_("My wallet says it failed: show how to pay again"),
    "none": N_("No Stacks wallet was found in this browser. Install Leather or Xverse, open this page in your "
               "wallet's own browser, or pay by hand below."),
    "framed": N_("Wallets often do not work inside of another page."),
    "open": N_("Open this page in a new tab"),
    "rejected": N_("You declined the payment in your wallet. Nothing was sent; you can try again or pay by hand."),
    "network": N_("Your wallet is on another network. Switch it to %(network)s and try again."),
    "sbtc": N_("Your wallet does not hold enough sBTC for this payment. Top it up, choose another wallet, or pay by "
               "hand from elsewhere."),
    "fee": N_("Your wallet does not hold enough STX for the network fee. Add a little STX, choose another wallet, or "
              "pay by hand from elsewhere."),
    "unsupported": N_("This wallet cannot send this kind of payment. Choose another wallet, or pay by hand below."),
    "broken": N_("The wallet could not send the payment. If it shows none as sent, try again or pay by hand."),
}  # fmt: skip
"""What the page's script says."""


def needs(words: Words, required: Tier) -> str:
    """What a payment needs to be final: `6 Stacks blocks and 2 new tenures`."""
    return words.join(list(_needs(words, required)))


def _needs(words: Words, required: Tier) -> Iterator[str]:
    if required.stacks_blocks:
        yield words.many("%(count)s Stacks block", "%(count)s Stacks blocks", required.stacks_blocks)
    if required.tenure_changes:
        yield words.many("%(count)s new tenure", "%(count)s new tenures", required.tenure_changes)
    if required.bitcoin_blocks:
        yield words.many("%(count)s Bitcoin block", "%(count)s Bitcoin blocks", required.bitcoin_blocks)


def guess(words: Words, minutes: float) -> str:
    """A time in words: `under a minute`, `about 20 minutes`."""
    if minutes < 1:
        return words("under a minute")
    return words.many("about %(count)s minute", "about %(count)s minutes", round(minutes))
