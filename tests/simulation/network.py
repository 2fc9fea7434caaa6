"""The network between the watchers and the chain: servers that fail, lag and disagree while the chain moves."""

import msgspec

from sgate.chain.simulator import SimulatorSource

STATUSES = (429, 500, 503, 504)
LAGS = (1, 2, 5, 30, 60)
PAGE_SIZES = (3, 8, 30)


class Weather(msgspec.Struct, frozen=True):
    """The probabilities of faults in each response.

    Attributes:
        fails: it is an error.
        lags: it comes from a replica that is some blocks behind.
        stuck: it comes from a replica on an old branch.
        moves: the chain moves just before it.
        meddles: another participant acts just before it.
    """

    name: str
    fails: float = 0.0
    lags: float = 0.0
    stuck: float = 0.0
    moves: float = 0.0
    meddles: float = 0.0


CALM = Weather("calm")
WEATHERS = (
    CALM,
    Weather("failing", fails=0.2),
    Weather("lagging", lags=0.3),
    Weather("split", stuck=0.4),
    Weather("moving", moves=0.25),
    Weather("crowded", meddles=0.3),
    Weather("storm", fails=0.06, lags=0.12, stuck=0.12, moves=0.12, meddles=0.12),
    Weather("outage", fails=1.0),
)


class Network:
    """The servers of the chain's API. `weather` may change at any time."""

    def __init__(self, world):
        self._world = world
        self._random = world.random_for("network")
        self._page_size = self._random.choice(PAGE_SIZES)
        self.weather = CALM
        world.chain.faults.before_answer(self._before_answer)

    def source(self):
        """Return a source for one process."""
        return _Client(self._world, self, self._page_size)

    def roll(self, chance):
        return chance > 0 and self._random.random() < chance

    def _before_answer(self, _endpoint):
        faults, weather, rng = self._world.chain.faults, self.weather, self._random
        faults.lag_blocks = rng.choice(LAGS) if self.roll(weather.lags) else 0
        faults.stuck = self.roll(weather.stuck)
        if self.roll(weather.moves):
            self._world.miners.move()
        if self.roll(weather.fails):
            status = rng.choice(STATUSES)
            self._world.story.tell(f"    the server responds with {status}")
            faults.fail_next(1, status, 30 if status == 429 else None)


class _Client:
    """A `ChainSource`, before each of whose requests another participant may act."""

    def __init__(self, world, network, page_size):
        self._world = world
        self._network = network
        self._source = SimulatorSource(world.chain, page_size=page_size)

    def __getattr__(self, name):
        method = getattr(self._source, name)

        async def call(*arguments, **options):
            if self._network.roll(self._network.weather.meddles):
                await self._world.meddle()
            return await method(*arguments, **options)

        return call
