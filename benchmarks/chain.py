"""Following the chain: catching up after a day of downtime, and the cost of a poll by the number of open intents."""

import asyncio
import hashlib
import multiprocessing
import resource
import time

import asyncpg
from rich.table import Table

import report
from rounds import alternate
from servers import CannotMeasure
from sgate.chain.hiro.source import HiroSource
from sgate.chain.quota import Unlimited
from sgate.chain.simulator import SimulatedChain, SimulatedTransfer, SimulatorSource, serve, simulated_address
from sgate.core.address import SBTC_ASSETS, Network
from sgate.core.mode import Mode, NoRates
from sgate.db.pool import open_pool
from sgate.environment import Environment
from sgate.workers.watcher.watcher import Watcher

ASSET = SBTC_ASSETS[Network.SIMULATED]
SHOP, STRANGER = simulated_address("shop"), simulated_address("stranger")
BLOCK_S = 5
DAY, DAY_QUICK = (17_280, 50_000, 2_000), (2_400, 7_000, 280)
"""Blocks, token transfers with a memo, and how many of the memos name an intent."""

MANY, FEW = (10_000, 10), (10, 1)
"""Merchants, and open intents per merchant."""

READY_TIMEOUT_S = 600
POLLS_PER_SLOT = 20

_NUMBERS = "FROM generate_series(0, $1::integer - 1) AS n"
_ID, _ADDRESS = "md5('shop' || n)::uuid", "$2::text || '.s' || n"
_SHOPS = (
    f"INSERT INTO merchants (id, name) SELECT {_ID}, 'Shop ' || n {_NUMBERS}",
    f"INSERT INTO pay_addresses (livemode, merchant_id, address) SELECT FALSE, {_ID}, {_ADDRESS} {_NUMBERS}",
    f"INSERT INTO merchant_modes (livemode, merchant_id, pay_address) SELECT FALSE, {_ID}, {_ADDRESS} {_NUMBERS}",
)
_INTENTS = """
INSERT INTO payment_intents (
    id, merchant_id, livemode, amount_sats, client_secret, expires_at, grace_s, seen_hold_s, tolerance_sats,
    tolerance_bp, confirmation_policy, late_payments, pay_address, next_check_time, created_at
)
SELECT 'pi_' || left(md5(n::text), 24), md5('shop' || n % $1::integer)::uuid, FALSE, 1000, 'pi_' ||
    left(md5(n::text), 24) || '_secret_' || repeat('0', 29), 'epoch'::timestamptz + interval '99 years', 300, 1800, 0,
    0, '[{"from_sats":0,"stacks_blocks":1}]', 'hold', $3::text || '.s' || n % $1::integer,
    'epoch'::timestamptz + interval '99 years', now()
FROM generate_series(0, $1::integer * $2::integer - 1) AS n
"""
_CONFIRMED = "SELECT count(*) FROM payment_intents WHERE status = 'confirmed'"


def run(bench, console, options):
    """Measure, and return (ratios, rates)."""
    day = DAY_QUICK if options.quick else DAY
    _catch_up(bench, console, day)
    return _polls(bench, console, options)


# --- a day of downtime


def _catch_up(bench, console, day):
    blocks, memos, ours = day
    url = bench.database("bench_downtime")
    asyncio.run(_fill(url, 1, ours))
    context = multiprocessing.get_context("spawn")
    chain, chain_side = context.Pipe()
    watcher, watcher_side = context.Pipe()
    processes = [
        context.Process(target=_chain_process, args=(chain_side, day), daemon=True),
        context.Process(target=_watcher_process, args=(watcher_side, url), daemon=True),
    ]
    try:
        for process in processes:
            process.start()
        watcher.send(_receive(chain))  # send the chain's URL; the watcher scans its tip
        _receive(watcher)
        with console.status(f"mining {blocks:,} blocks with {memos:,} memos"):
            chain.send("mine")
            _receive(chain)
        with console.status("catching up"):
            watcher.send("go")
            seconds, calls, before_kib, peak_kib, polls = _receive(watcher)
    finally:
        for process in processes:
            process.terminate()
            process.join()
    confirmed = asyncio.run(_fetchval(url, _CONFIRMED))
    if confirmed != ours:
        raise CannotMeasure(f"{confirmed} of {ours} payments were confirmed after the downtime")
    table = Table(
        title="chain: a day of downtime" if day == DAY else "chain: some hours of downtime", title_justify="left"
    )
    for heading in (
        "blocks",
        "memos",
        "of intents",
        "polls",
        "blocks/s",
        "payments/s",
        "API calls",
        "memory before",
        "peak memory",
    ):
        table.add_column(heading, justify="right")
    table.add_row(
        f"{blocks:,}", f"{memos:,}", f"{ours:,}", str(polls), f"{blocks / seconds:,.0f}", f"{ours / seconds:,.0f}",
        f"{calls:,}", f"{before_kib / 1024:.0f} MiB", f"{peak_kib / 1024:.0f} MiB",
    )  # fmt: skip
    console.print(table)


def _receive(pipe):
    if not pipe.poll(READY_TIMEOUT_S):
        raise CannotMeasure("a benchmark process did not respond in time")
    return pipe.recv()


def _chain_process(pipe, day):
    asyncio.run(_serve_chain(pipe, *day))


async def _serve_chain(pipe, blocks, memos, ours):
    clock = _Clock()
    chain = SimulatedChain.open(None, asset=ASSET, clock=clock)
    _mine(chain, clock, 30)
    server = await serve(chain)
    pipe.send(server.url)
    await asyncio.to_thread(pipe.recv)
    sent = named = 0
    for block in range(1, blocks + 1):
        for _ in range(block * memos // blocks - sent):
            sent += 1
            if sent * ours // memos > named:
                chain.submit(SimulatedTransfer(recipient=f"{SHOP}.s0", amount_sats=1_000, memo=_memo(named)))
                named += 1
            else:
                chain.submit(SimulatedTransfer(recipient=STRANGER, amount_sats=5, memo=b"INV-%d" % sent))
        _mine(chain, clock, 1)
    pipe.send("mined")
    await asyncio.to_thread(pipe.recv)  # until terminated


def _memo(number):
    return b"pi_" + hashlib.md5(str(number).encode()).hexdigest()[:24].encode()  # noqa: S324 - the same as in SQL


class _Clock:
    def __init__(self):
        self.now = time.time() - 2 * 86_400

    def __call__(self):
        return self.now


def _mine(chain, clock, count):
    for _ in range(count):
        clock.now += BLOCK_S
        chain.mine()


def _watcher_process(pipe, url):
    asyncio.run(_follow(pipe, url))


async def _follow(pipe, url):
    chain_url = await asyncio.to_thread(pipe.recv)
    pool = await open_pool(url, min_connections=1, max_connections=2)
    source = HiroSource(chain_url, ASSET)
    watcher = Watcher(pool=pool, source=source, mode=_mode(), environment=Environment(), allowance=_NoSpareCalls())
    await watcher.run_once()
    pipe.send("at the tip")
    await asyncio.to_thread(pipe.recv)
    before_kib, calls_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, source.calls.total()
    began, polls = time.perf_counter(), 0
    while True:
        result = await watcher.run_once()
        polls += 1
        if result.error is not None:
            raise CannotMeasure(result.error)
        if not result.more:
            break
    seconds = time.perf_counter() - began
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pipe.send((seconds, source.calls.total() - calls_before, before_kib, peak_kib, polls))
    await asyncio.to_thread(pipe.recv)  # until terminated


# --- one poll with many open intents


def _polls(bench, console, options):
    many, few = (_name(*size) for size in (MANY, FEW))
    with asyncio.Runner() as runner:
        ticks = {}
        for size in (MANY, FEW):
            with console.status(f"creating {_name(*size)}"):
                ticks[_name(*size)] = runner.run(_open_ticks(bench.database(f"bench_poll_{size[0]}"), *size))
        try:
            slots = {name: lambda tick=tick: runner.run(tick.slot()) for name, tick in ticks.items()}
            for slot in slots.values():
                slot()  # warm
            results = alternate(console, "polls", slots, options.rounds)
        finally:
            for tick in ticks.values():
                runner.run(tick.close())
    calls = {
        name: sum(slot["calls"] for slot in found) / sum(slot["answers"] for slot in found)
        for name, found in results.items()
    }
    for name, number in calls.items():
        console.print(f"API calls per poll, {name}: {number:.2f}", highlight=False)
    if calls[many] != calls[few]:
        raise CannotMeasure("the API calls per poll grow with the number of intents")
    ratios = [report.ratio(many, results, few, label=f"polls/s, {many}")]
    return ratios, [report.Rate.of(name, found) for name, found in results.items()]


def _name(merchants, each):
    return f"{merchants * each:,} open intents of {merchants:,} merchants"


async def _open_ticks(url, merchants, each):
    await _fill(url, merchants, each)
    clock = _Clock()
    chain = SimulatedChain.open(None, asset=ASSET, clock=clock)
    _mine(chain, clock, 30)
    pool = await open_pool(url, min_connections=1, max_connections=2)
    tick = _Tick(chain, clock, pool)
    await tick.watcher.run_once()
    return tick


class _Tick:
    """Mines a block and measures the poll that reads it."""

    def __init__(self, chain, clock, pool):
        self.chain, self.clock, self.pool, self.calls = chain, clock, pool, 0
        chain.faults.before_answer(self._count)
        self.watcher = Watcher(
            pool=pool,
            source=SimulatorSource(chain),
            mode=_mode(),
            environment=Environment(),
            allowance=_NoSpareCalls(),
        )

    def _count(self, _endpoint):
        self.calls += 1

    async def slot(self):
        self.calls, seconds = 0, 0.0
        for _ in range(POLLS_PER_SLOT):
            _mine(self.chain, self.clock, 1)
            began = time.perf_counter()
            result = await self.watcher.run_once()
            seconds += time.perf_counter() - began
            if result.error is not None:
                raise CannotMeasure(result.error)
        mean_ms = seconds / POLLS_PER_SLOT * 1000
        return {
            "answers": POLLS_PER_SLOT, "counted": POLLS_PER_SLOT, "seconds": seconds, "calls": self.calls,
            "p50_ms": mean_ms, "errors": [],
        }  # fmt: skip

    async def close(self):
        await self.pool.close()
        self.chain.close()


class _NoSpareCalls(Unlimited):
    """A quota without spare calls, which hints and address checks would use."""

    def spare_calls(self):
        return 0


def _mode():
    return Mode(
        livemode=False,
        network=Network.SIMULATED,
        asset=ASSET,
        gateway_address=None,
        rates=NoRates(),
        public_url="http://shop",
    )


async def _fill(url, merchants, each):
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            for statement in _SHOPS:
                await connection.execute(statement, merchants, *([SHOP] if "$2" in statement else []))
            await connection.execute(_INTENTS, merchants, each, SHOP)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def _fetchval(url, statement):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()
