"""The calls under /v1/simulator: make things happen on the simulated chain. Test keys only, and no real money.

Every merchant of a deployment shares its simulated chain. To pay on it disturbs nobody; to mine and to fork does, so a
server in production refuses that.
"""

from collections.abc import Awaitable
from typing import Annotated, Literal, TypeVar

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler

from sgate.api.authentication import Principal
from sgate.api.calls import IDEMPOTENCY, VALIDATION, Call
from sgate.api.decoding import decode
from sgate.api.dependencies import Dependencies
from sgate.api.query import refuse_unknown_parameters
from sgate.api.requests import AnyRequest, json_body, json_response, key_of, principal_of, respond
from sgate.chain.simulator.chain import RefusedOperation
from sgate.chain.simulator.control import SimulatorControl, Standing
from sgate.chain.simulator.transactions import RefusedTransfer
from sgate.chain.source import ChainUnavailable
from sgate.core import errors
from sgate.core import intent as limits
from sgate.core.money import MAX_AMOUNT_SATS
from sgate.core.scope import Scope
from sgate.http.rate_limits import LimitClass
from sgate.objects.encoding import encode, iso_ms
from sgate.objects.payment_intent import IntentWithPayments
from sgate.objects.simulator import SimulatedPaymentObject, SimulatorObject
from sgate.services.payment_intents import IntentRequest

MAX_BLOCKS = 100
MAX_REORG_DEPTH = 50
"""Blocks. Deeper forks than the watcher meets in a day are the business of `sgate simulator`."""

MAX_GRACE_S = 86_400
MAX_HEIGHT = 1_000_000_000

_T = TypeVar("_T")


class SimulatedPayment(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Pay on the simulated chain. It is in the next block."""

    recipient: Annotated[str, msgspec.Meta(description="Where to: a Stacks address.", max_length=128)]
    amount_sats: Annotated[
        int, msgspec.Meta(ge=1, le=MAX_AMOUNT_SATS, description="How much, in sats.", examples=[100_000])
    ]
    memo: Annotated[
        Annotated[str, msgspec.Meta(max_length=34)] | None,
        msgspec.Meta(description="The memo: the id of a payment intent, other text of up to 34 bytes, or null."),
    ] = None


class ShortIntent(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Make a payment intent whose time is up soon, to see what happens then."""

    amount_sats: Annotated[
        int, msgspec.Meta(ge=1, le=MAX_AMOUNT_SATS, description="What is due, in sats.", examples=[100_000])
    ]
    expires_in_s: Annotated[
        int, msgspec.Meta(ge=1, le=limits.MAX_EXPIRES_IN_S, description="Seconds until the deadline.", examples=[5])
    ]
    grace_s: Annotated[
        int, msgspec.Meta(ge=0, le=MAX_GRACE_S, description="Seconds after it in which money still counts as in time.")
    ] = 0


class MineBlocks(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Mine blocks now. Those that come by themselves go on coming."""

    blocks: Annotated[int, msgspec.Meta(ge=1, le=MAX_BLOCKS, description="How many.")] = 1


class Reorganise(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Let another branch replace the newest blocks."""

    depth: Annotated[int, msgspec.Meta(ge=1, le=MAX_REORG_DEPTH, description="How many blocks are replaced.")] = 1
    from_height: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=MAX_HEIGHT)] | None,
        msgspec.Meta(description="Instead of a depth: replace the block at this height and all above it."),
    ] = None
    remine: Annotated[
        Literal["same", "none", "drop"],
        msgspec.Meta(
            description="What becomes of their transactions. `same`: mined again; `none`: they wait for a block; "
            "`drop`: they are gone for good."
        ),
    ] = "none"


RETRIEVE_SIMULATOR = Call(
    method="get",
    path="/v1/simulator",
    name="retrieveSimulator",
    summary="Where the simulated chain stands",
    tag="Simulated chain",
    answer=SimulatorObject,
    scope=Scope.READ,
    failures=(errors.NotSimulated, errors.ValidationFailed),
)
SIMULATE_PAYMENT = Call(
    method="post",
    path="/v1/simulator/payments",
    name="simulatePayment",
    summary="Pay on the simulated chain",
    tag="Simulated chain",
    body=SimulatedPayment,
    answer=SimulatedPaymentObject,
    status=201,
    scope=Scope.WRITE,
    failures=(*VALIDATION, errors.InvalidAmount, errors.NotSimulated, errors.SimulationRefused),
)
CREATE_SHORT_PAYMENT_INTENT = Call(
    method="post",
    path="/v1/simulator/payment_intents",
    name="createShortPaymentIntent",
    summary="Create a payment intent that expires soon",
    tag="Simulated chain",
    body=ShortIntent,
    answer=IntentWithPayments,
    status=201,
    scope=Scope.WRITE,
    idempotent=True,
    failures=(
        *VALIDATION,
        *IDEMPOTENCY,
        errors.InvalidAmount,
        errors.NotSimulated,
    ),
    limit=LimitClass.CREATE,
)
MINE_BLOCKS = Call(
    method="post",
    path="/v1/simulator/blocks",
    name="mineBlocks",
    summary="Mine blocks of the simulated chain",
    tag="Simulated chain",
    body=MineBlocks,
    answer=SimulatorObject,
    scope=Scope.WRITE,
    failures=(*VALIDATION, errors.NotSimulated, errors.SimulatorShared),
)
REORGANISE = Call(
    method="post",
    path="/v1/simulator/reorg",
    name="reorganise",
    summary="Let another branch win",
    tag="Simulated chain",
    body=Reorganise,
    answer=SimulatorObject,
    scope=Scope.WRITE,
    failures=(*VALIDATION, errors.NotSimulated, errors.SimulatorShared, errors.SimulationRefused),
)
CALLS = (RETRIEVE_SIMULATOR, SIMULATE_PAYMENT, CREATE_SHORT_PAYMENT_INTENT, MINE_BLOCKS, REORGANISE)


def routes(deps: Dependencies) -> list[HTTPRouteHandler]:
    """The calls about the simulated chain."""

    @RETRIEVE_SIMULATOR.route
    async def retrieve_simulator(request: AnyRequest) -> Response[bytes]:
        """Where the chain stands."""
        principal = await principal_of(request, deps, RETRIEVE_SIMULATOR)
        refuse_unknown_parameters(request)
        return _shown(deps, await _answered(_control(deps, principal).standing()))

    @SIMULATE_PAYMENT.route
    async def simulate_payment(request: AnyRequest) -> Response[bytes]:
        """Pay."""
        principal = await principal_of(request, deps, SIMULATE_PAYMENT)
        order = decode(await json_body(request), SimulatedPayment)
        memo = None if order.memo is None else order.memo.encode()
        tx_id = await _answered(_control(deps, principal).transfer(order.recipient, order.amount_sats, memo))
        return json_response(encode(SimulatedPaymentObject(tx_id=tx_id)), 201)

    @CREATE_SHORT_PAYMENT_INTENT.route
    async def create_short_payment_intent(request: AnyRequest) -> Response[bytes]:
        """Make an intent that expires soon."""
        principal = await principal_of(request, deps, CREATE_SHORT_PAYMENT_INTENT)
        body = await json_body(request)
        order = decode(body, ShortIntent)
        _control(deps, principal)
        return respond(
            await deps.payment_intents.create(principal.merchant, _wanted(order), key_of(request, principal, body))
        )

    @MINE_BLOCKS.route
    async def mine_blocks(request: AnyRequest) -> Response[bytes]:
        """Mine."""
        control = await _steering(request, deps, MINE_BLOCKS)
        order = decode(await json_body(request), MineBlocks)
        return _shown(deps, await _answered(control.mine(order.blocks)))

    @REORGANISE.route
    async def reorganise(request: AnyRequest) -> Response[bytes]:
        """Fork."""
        control = await _steering(request, deps, REORGANISE)
        order = decode(await json_body(request), Reorganise)
        return _shown(deps, await _answered(control.reorg(await _depth(control, order), order.remine)))

    return [retrieve_simulator, simulate_payment, create_short_payment_intent, mine_blocks, reorganise]


def _control(deps: Dependencies, principal: Principal) -> SimulatorControl:
    control = deps.simulators.get(principal.merchant.livemode)
    if control is None:
        raise errors.NotSimulated
    return control


async def _steering(request: AnyRequest, deps: Dependencies, call: Call) -> SimulatorControl:
    principal = await principal_of(request, deps, call)
    control = _control(deps, principal)
    if not deps.steerable:
        raise errors.SimulatorShared
    return control


async def _answered(asking: Awaitable[_T]) -> _T:
    try:
        return await asking
    except (RefusedTransfer, RefusedOperation) as error:
        sentence = str(error)
        raise errors.SimulationRefused(f"The simulated chain refuses: {sentence}.") from None
    except ChainUnavailable as error:
        raise errors.Unavailable("The simulated chain does not answer. Is it running?", retry_after_s=1) from error


async def _depth(control: SimulatorControl, order: Reorganise) -> int:
    if order.from_height is None:
        return order.depth
    depth = (await _answered(control.standing())).height - order.from_height + 1
    if not 1 <= depth <= MAX_REORG_DEPTH:
        raise errors.ValidationFailed(
            f"from_height is one of the newest {MAX_REORG_DEPTH} blocks of the chain.", param="from_height"
        )
    return depth


def _wanted(order: ShortIntent) -> IntentRequest:
    return IntentRequest(
        amount_sats=order.amount_sats,
        amount_usd=None,
        expires_in_s=order.expires_in_s,
        grace_s=order.grace_s,
        description=None,
        metadata={},
        success_url=None,
        cancel_url=None,
        policy=None,
    )


def _shown(deps: Dependencies, standing: Standing) -> Response[bytes]:
    return json_response(
        encode(
            SimulatorObject(
                height=standing.height,
                block_time=iso_ms(standing.block_time),
                server_time=iso_ms(deps.environment.now()),
                tenure_height=standing.tenure_height,
                bitcoin_height=standing.bitcoin_height,
                mempool=standing.mempool,
                steerable=deps.steerable,
            )
        )
    )
