"""The simulated chain survives its process."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from chain.simulated import ASSET, SHOP, START, Clock, open_chain, payment
from sgate.chain import simulator
from sgate.chain.simulator import ChainInUse, JournalBroken, SimulatedChain

JOURNAL = "operations.jsonl"
SOURCES = str(Path(simulator.__file__).parents[3])


def play(chain, clock):
    """Perform some operations of every kind."""
    chain.submit(payment(1, b"one"))
    chain.submit(payment(2, b"\xff\x00", not_before=clock.now + 50.5))
    chain.mine(7, seconds_between=3)
    clock.now += 100.25
    chain.bitcoin_block()
    chain.mine()
    chain.reorg(4, "none")
    chain.submit(payment(3, None))
    chain.rival()
    chain.mine()
    chain.bitcoin_block(new_tenure=False)
    chain.reorg(1, "drop")
    chain.mine(include_mempool=False)
    chain.reorg(3, "same")
    chain.replace(chain.submit(payment(4, b"four")), payment(5, b"five"))
    chain.reorg(6, "same", bitcoin_fork=True)
    chain.mine(5)


def state(chain):
    history = chain.history
    return (
        history.canonical,
        history.by_index_hash,
        history.txs,
        list(history.mempool),
        history.logs,
        chain.bitcoin_height,
    )


def test_a_reopened_chain_equals_the_one_that_was_closed(tmp_path):
    clock = Clock()
    chain = open_chain(tmp_path, clock, blocks_per_tenure=4)
    play(chain, clock)
    before = state(chain)
    chain.close()
    again = open_chain(tmp_path, Clock(START + 10_000))
    assert state(again) == before
    assert again.mine().height == before[0][-1].height + 1
    again.close()


def test_a_reopened_chain_continues_as_if_it_had_never_stopped(tmp_path):
    clock, steady_clock = Clock(), Clock()
    steady = open_chain(clock=steady_clock)
    chain = open_chain(tmp_path, clock)
    for _ in range(3):
        play(chain, clock)
        play(steady, steady_clock)
        chain.close()
        chain = open_chain(tmp_path, clock)
    assert state(chain) == state(steady)
    chain.close()


@pytest.mark.parametrize("torn", [b"{", b'{"type":"mine","at":1', b"\x00\x00", b'{"type":"rival","at":1.0}'])
def test_an_incomplete_last_line_is_removed(tmp_path, torn):
    chain = open_chain(tmp_path)
    chain.mine(3)
    before = state(chain)
    chain.close()
    journal = tmp_path / JOURNAL
    whole = journal.read_bytes()
    journal.write_bytes(whole + torn)
    again = open_chain(tmp_path)
    assert state(again) == before
    assert journal.read_bytes() == whole
    again.mine()
    again.close()
    assert journal.read_bytes().count(b"\n") == 3


def test_a_journal_truncated_anywhere_opens(tmp_path):
    clock = Clock()
    chain = open_chain(tmp_path, clock)
    play(chain, clock)
    chain.close()
    journal = tmp_path / JOURNAL
    whole = journal.read_bytes()
    for length in range(0, len(whole), 23):
        journal.write_bytes(whole[:length])
        cut = open_chain(tmp_path, clock)
        cut.mine()
        cut.close()


def test_a_broken_line_in_the_middle_is_reported(tmp_path):
    chain = open_chain(tmp_path)
    chain.mine()
    chain.close()
    journal = tmp_path / JOURNAL
    journal.write_bytes(journal.read_bytes() + b"rubbish\n")
    with pytest.raises(JournalBroken, match="line 3"):
        open_chain(tmp_path)


def test_another_asset_is_another_chain(tmp_path):
    open_chain(tmp_path).close()
    with pytest.raises(JournalBroken, match="asset"):
        SimulatedChain.open(tmp_path, asset=f"{SHOP}.token::token", clock=Clock())
    open_chain(tmp_path).close()  # the failed attempt has let go of the lock


def test_a_full_disk_leaves_no_incomplete_line(tmp_path, monkeypatch):
    chain = open_chain(tmp_path)
    whole = (tmp_path / JOURNAL).read_bytes()
    write = os.write

    def write_a_little(descriptor, data):
        monkeypatch.setattr(os, "write", refuse)
        return write(descriptor, data[:5])

    def refuse(descriptor, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", write_a_little)
    with pytest.raises(OSError, match="No space"):
        chain.mine()
    monkeypatch.undo()
    assert chain.tip.height == 1
    assert (tmp_path / JOURNAL).read_bytes() == whole
    chain.close()


def test_one_writer_at_a_time(tmp_path):
    chain = open_chain(tmp_path)
    with pytest.raises(ChainInUse, match="another process uses"):
        open_chain(tmp_path)
    chain.close()
    chain.close()
    open_chain(tmp_path).close()


CHILD = textwrap.dedent(
    f"""
    import sys
    from pathlib import Path
    from sgate.chain.simulator import SimulatedChain, SimulatedTransfer
    chain = SimulatedChain.open(Path(sys.argv[1]), asset={ASSET!r}, clock=lambda: {START})
    number = 0
    while True:
        number += 1
        tx_id = chain.submit(SimulatedTransfer(recipient={SHOP!r}, amount_sats=number))
        tip = chain.mine()
        if number % 10 == 0:
            tip = chain.reorg(3)
        print(tx_id, tip.index_block_hash, flush=True)
    """
)


def test_a_killed_process_loses_nothing_it_acknowledged(tmp_path):
    acknowledged = []
    for _ in range(2):
        command = [sys.executable, "-c", CHILD, str(tmp_path)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": SOURCES})
        acknowledged += [child.stdout.readline().split() for _ in range(150)]
        child.send_signal(signal.SIGKILL)
        acknowledged += [line.split() for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        child.stdout.close()
        assert child.wait() == -signal.SIGKILL
    chain = open_chain(tmp_path)
    for tx_id, index_block_hash in acknowledged:
        assert chain.history.txs[tx_id].block is not None
        assert index_block_hash in chain.history.by_index_hash
    assert len(chain.history.txs) >= 300
    chain.close()
