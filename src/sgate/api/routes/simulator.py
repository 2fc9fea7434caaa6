"""Calls under /v1/simulator, which control the simulated chain. They require a test key and never move real money.

All merchants of a deployment share one simulated chain. A simulated payment affects only the merchant who makes it, but
mining and forking affect all merchants. A server in production therefore refuses to mine and to fork.
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
from sgate.objects.fields import PayAddress
from sgate.objects.payment_intent import CreatedIntent
from sgate.objects.simulator import SimulatedPaymentObject, SimulatorObject
from sgate.services.payment_intents import IntentRequest

MAX_BLOCKS = 100
MAX_REORG_DEPTH = 50
"""Maximum depth of a fork, in blocks. Use `sgate simulator` for deeper forks."""

MAX_GRACE_S = 86_400
MAX_HEIGHT = 1_000_000_000

_T = TypeVar("_T")


class SimulatedPayment(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A payment to send on the simulated chain."""

    recipient: Annotated[PayAddress, msgspec.Meta(description="The Stacks address to pay to.", max_length=128)]
    amount_sats: Annotated[
        int, msgspec.Meta(ge=1, le=MAX_AMOUNT_SATS, description="The amount, in sats.", examples=[100_000])
    ]
    memo: Annotated[
        Annotated[str, msgspec.Meta(max_length=34)] | None,
        msgspec.Meta(
            description="The id of a payment intent, any other text of up to 34 bytes, or null for no memo.",
            examples=["pi_6b042ac0a1b2c3d4e5f60718"],
        ),
    ] = None


class ShortIntent(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A payment intent to create with a deadline that is only seconds away."""

    amount_sats: Annotated[
        int, msgspec.Meta(ge=1, le=MAX_AMOUNT_SATS, description="The amount due, in sats.", examples=[100_000])
    ]
    expires_in_s: Annotated[
        int, msgspec.Meta(ge=1, le=limits.MAX_EXPIRES_IN_S, description="Seconds until the deadline.", examples=[5])
    ]
    grace_s: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=MAX_GRACE_S,
            description="Seconds after the deadline during which a payment still counts as in time.",
            examples=[0],
        ),
    ] = 0


class MineBlocks(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Blocks to mine immediately, in addition to those that are mined automatically."""

    blocks: Annotated[int, msgspec.Meta(ge=1, le=MAX_BLOCKS, description="The number of blocks.", examples=[1])] = 1


class Reorganise(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A reorganization to simulate, in which another branch replaces the newest blocks."""

    depth: Annotated[
        int, msgspec.Meta(ge=1, le=MAX_REORG_DEPTH, description="The number of blocks to replace.", examples=[1])
    ] = 1
    from_height: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=MAX_HEIGHT)] | None,
        msgspec.Meta(
            description="Replaces the block at this height and all above it; overrides `depth`.", examples=[1204]
        ),
    ] = None
    remine: Annotated[
        Literal["same", "none", "drop"],
        msgspec.Meta(
            description="What happens to the transactions of the replaced blocks. `same`: they are included in the new "
            "branch; `none`: they return to the mempool; `drop`: they are lost."
        ),
    ] = "none"


RETRIEVE_SIMULATOR = Call(
    method="get",
    path="/v1/simulator",
    name="retrieveSimulator",
    summary="Retrieve the simulated chain",
    tag="Simulated chain",
    description="Retrieves the current state of the simulated chain.",
    answer=SimulatorObject,
    scope=Scope.READ,
    failures=(errors.NotSimulated, errors.ValidationFailed),
)
SIMULATE_PAYMENT = Call(
    method="post",
    path="/v1/simulator/payments",
    name="simulatePayment",
    summary="Simulate a payment",
    tag="Simulated chain",
    description="Sends a payment on the simulated chain. It is included in the next block.",
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
    description="Creates a payment intent whose deadline is only seconds away, to test what happens when it passes.",
    body=ShortIntent,
    answer=CreatedIntent,
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
    summary="Mine blocks",
    tag="Simulated chain",
    description=(
        "Mines blocks of the simulated chain immediately. Not available in production, where all merchants share the "
        "chain."
    ),
    body=MineBlocks,
    answer=SimulatorObject,
    scope=Scope.WRITE,
    failures=(*VALIDATION, errors.NotSimulated, errors.SimulatorShared),
)
REORGANISE = Call(
    method="post",
    path="/v1/simulator/reorg",
    name="reorganise",
    summary="Simulate a reorganization",
    tag="Simulated chain",
    description=(
        "Replaces the newest blocks of the simulated chain with another branch. Not available in production, where "
        "all merchants share the chain."
    ),
    body=Reorganise,
    answer=SimulatorObject,
    scope=Scope.WRITE,
    failures=(*VALIDATION, errors.NotSimulated, errors.SimulatorShared, errors.SimulationRefused),
)
CALLS = (RETRIEVE_SIMULATOR, SIMULATE_PAYMENT, CREATE_SHORT_PAYMENT_INTENT, MINE_BLOCKS, REORGANISE)


def routes(deps: Dependencies) -> list[HTTPRouteHandler]:
    """Return the routes of the simulator calls."""

    @RETRIEVE_SIMULATOR.route
    async def retrieve_simulator(request: AnyRequest) -> Response[bytes]:
        """Retrieve the current state of the simulated chain."""
        principal = await principal_of(request, deps, RETRIEVE_SIMULATOR)
        refuse_unknown_parameters(request)
        return _shown(deps, await _answered(_control(deps, principal).standing()))

    @SIMULATE_PAYMENT.route
    async def simulate_payment(request: AnyRequest) -> Response[bytes]:
        """Send a payment on the simulated chain."""
        principal = await principal_of(request, deps, SIMULATE_PAYMENT)
        order = decode(await json_body(request), SimulatedPayment)
        memo = None if order.memo is None else order.memo.encode()
        tx_id = await _answered(_control(deps, principal).transfer(order.recipient, order.amount_sats, memo))
        return json_response(encode(SimulatedPaymentObject(tx_id=tx_id)), 201)

    @CREATE_SHORT_PAYMENT_INTENT.route
    async def create_short_payment_intent(request: AnyRequest) -> Response[bytes]:
        """Create a payment intent that expires soon."""
        principal = await principal_of(request, deps, CREATE_SHORT_PAYMENT_INTENT)
        body = await json_body(request)
        order = decode(body, ShortIntent)
        _control(deps, principal)
        return respond(
            await deps.payment_intents.create(
                principal.merchant, _intent_request(order), key_of(request, principal, body)
            )
        )

    @MINE_BLOCKS.route
    async def mine_blocks(request: AnyRequest) -> Response[bytes]:
        """Mine blocks."""
        control = await _steering(request, deps, MINE_BLOCKS)
        order = decode(await json_body(request), MineBlocks)
        return _shown(deps, await _answered(control.mine(order.blocks)))

    @REORGANISE.route
    async def reorganise(request: AnyRequest) -> Response[bytes]:
        """Simulate a reorganization."""
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


async def _answered(operation: Awaitable[_T]) -> _T:
    try:
        return await operation
    except (RefusedTransfer, RefusedOperation) as error:
        sentence = str(error)
        raise errors.SimulationRefused(f"The simulated chain refused this: {sentence}.") from None
    except ChainUnavailable as error:
        raise errors.Unavailable("The simulated chain does not respond. Is it running?", retry_after_s=1) from error


async def _depth(control: SimulatorControl, order: Reorganise) -> int:
    if order.from_height is None:
        return order.depth
    depth = (await _answered(control.standing())).height - order.from_height + 1
    if not 1 <= depth <= MAX_REORG_DEPTH:
        raise errors.ValidationFailed(
            f"from_height must be the height of one of the newest {MAX_REORG_DEPTH} blocks.", param="from_height"
        )
    return depth


def _intent_request(order: ShortIntent) -> IntentRequest:
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
