"""The journal of the simulated chain: every operation is a line in a file, written before it takes effect.

Opening a directory replays the lines. A process killed in the middle of a write leaves an incomplete last line. The
operation in this line was never acknowledged, so the line is removed. Only one process at a time can use the directory.
"""

import fcntl
import os
from pathlib import Path
from typing import Literal

import msgspec

from sgate.chain.simulator.transactions import SimulatedTransfer

Remine = Literal["same", "none", "drop"]
"""What happens to the transactions in orphaned blocks: they are mined again, pending again, or double-spent."""


class Genesis(msgspec.Struct, frozen=True, kw_only=True, tag="genesis"):
    """The creation of the chain; always the first operation."""

    at: float
    seed: str
    asset: str
    blocks_per_tenure: int


class Submit(msgspec.Struct, frozen=True, kw_only=True, tag="submit"):
    """The submission of a transaction."""

    at: float
    transfer: SimulatedTransfer


class Mine(msgspec.Struct, frozen=True, kw_only=True, tag="mine"):
    """The mining of blocks."""

    at: float
    count: int
    seconds_between: int
    include_mempool: bool


class BitcoinBlockArrived(msgspec.Struct, frozen=True, kw_only=True, tag="bitcoin_block"):
    """The arrival of a Bitcoin block; the next Stacks block begins a tenure or extends the current one."""

    at: float
    new_tenure: bool


class Reorganise(msgspec.Struct, frozen=True, kw_only=True, tag="reorg"):
    """A reorganization. If `bitcoin_fork` is set, Bitcoin itself forked."""

    at: float
    depth: int
    remine: Remine
    bitcoin_fork: bool = False


class Rival(msgspec.Struct, frozen=True, kw_only=True, tag="rival"):
    """A sibling of the tip that did not become canonical."""

    at: float


class Replace(msgspec.Struct, frozen=True, kw_only=True, tag="replace"):
    """The replacement of a pending transaction by another one with the same sender and nonce."""

    at: float
    tx_id: str
    transfer: SimulatedTransfer


Operation = Genesis | Submit | Mine | BitcoinBlockArrived | Reorganise | Rival | Replace


class ChainInUse(RuntimeError):
    """Another process uses this simulated chain. Stop it, or choose another directory."""


class JournalBroken(RuntimeError):
    """The journal cannot be replayed; the message says which line is wrong."""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Operation)


class Journal:
    """The stored operations of one chain. Without a directory, nothing is stored."""

    def __init__(self, directory: Path | None) -> None:
        """Open and lock the directory, which is created if it does not exist.

        Raises:
            ChainInUse: if another process uses the directory.
        """
        self._lock = self._file = None
        if directory is None:
            return
        directory.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise ChainInUse(
                f"another process uses the simulated chain in {directory}: stop it, or choose another directory"
            ) from None
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(directory / "operations.jsonl", flags, 0o600)

    def replay(self) -> list[Operation]:
        """Return all operations so far, after removing an incomplete last line.

        Raises:
            JournalBroken: if a complete line cannot be read.
        """
        if self._file is None:
            return []
        with os.fdopen(os.dup(self._file), "rb") as file:
            file.seek(0)
            content = file.read()
        complete = content[: content.rfind(b"\n") + 1]
        os.ftruncate(self._file, len(complete))
        return [_decode(number, line) for number, line in enumerate(complete.splitlines(), start=1)]

    def append(self, operation: Operation) -> None:
        """Write an operation. Once this returns, the operation survives a crash of the process."""
        if self._file is None:
            return
        length = os.fstat(self._file).st_size
        line = _encoder.encode(operation) + b"\n"
        try:
            while line:
                line = line[os.write(self._file, line) :]
        except OSError:  # such as a full disk: remove the incomplete line
            os.ftruncate(self._file, length)
            raise

    def close(self) -> None:
        """Release the file and the lock."""
        for descriptor in (self._file, self._lock):
            if descriptor is not None:
                os.close(descriptor)
        self._file = self._lock = None


def _decode(number: int, line: bytes) -> Operation:
    try:
        return _decoder.decode(line)
    except msgspec.DecodeError as problem:
        raise JournalBroken(f"line {number} of the simulated chain's journal cannot be read: {problem}") from None
