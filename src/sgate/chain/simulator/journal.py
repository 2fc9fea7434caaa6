"""How the simulated chain survives its process: every operation is a line of a file, written before it takes effect.

Opening a directory replays the lines. A process killed in the middle of a write leaves a torn last line; that operation
was never acknowledged, so the line is cut off. The directory belongs to one process at a time.
"""

import fcntl
import os
from pathlib import Path
from typing import Literal

import msgspec

from sgate.chain.simulator.transactions import SimulatedTransfer

Remine = Literal["same", "none", "drop"]
"""What becomes of transactions whose blocks are orphaned: mined again in the same order, waiting, or double spent."""


class Genesis(msgspec.Struct, frozen=True, kw_only=True, tag="genesis"):
    """The chain begins. Always the first operation."""

    at: float
    seed: str
    asset: str
    blocks_per_tenure: int


class Submit(msgspec.Struct, frozen=True, kw_only=True, tag="submit"):
    """A transaction was submitted."""

    at: float
    transfer: SimulatedTransfer


class Mine(msgspec.Struct, frozen=True, kw_only=True, tag="mine"):
    """Blocks were mined."""

    at: float
    count: int
    seconds_between: int
    include_mempool: bool


class BitcoinCame(msgspec.Struct, frozen=True, kw_only=True, tag="bitcoin_block"):
    """A Bitcoin block came; the next Stacks block begins a tenure or extends the current one."""

    at: float
    new_tenure: bool


class Reorganise(msgspec.Struct, frozen=True, kw_only=True, tag="reorg"):
    """Another branch won; with `bitcoin_fork` because Bitcoin itself forked."""

    at: float
    depth: int
    remine: Remine
    bitcoin_fork: bool = False


class Rival(msgspec.Struct, frozen=True, kw_only=True, tag="rival"):
    """A competitor of the tip came and did not win."""

    at: float


class Replace(msgspec.Struct, frozen=True, kw_only=True, tag="replace"):
    """A waiting transaction lost its place in the mempool to another one of the same sender and nonce."""

    at: float
    tx_id: str
    transfer: SimulatedTransfer


Operation = Genesis | Submit | Mine | BitcoinCame | Reorganise | Rival | Replace


class ChainInUse(RuntimeError):
    """Another process writes to this simulated chain; stop it, or choose another directory."""


class JournalBroken(RuntimeError):
    """The journal cannot be replayed; the message says where it breaks."""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Operation)


class Journal:
    """The operations of one chain, in a directory or (without one) nowhere."""

    def __init__(self, directory: Path | None) -> None:
        """Open the directory, made if need be, and lock it.

        Raises:
            ChainInUse: if another process has it.
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
            raise ChainInUse(f"another process uses the simulated chain in {directory}") from None
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(directory / "operations.jsonl", flags, 0o600)

    def replay(self) -> list[Operation]:
        """All operations so far; a torn last line is cut off.

        Raises:
            JournalBroken: if a line before the last cannot be read.
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
        """Write an operation; when this returns it survives the process."""
        if self._file is None:
            return
        length = os.fstat(self._file).st_size
        line = _encoder.encode(operation) + b"\n"
        try:
            while line:
                line = line[os.write(self._file, line) :]
        except OSError:  # the disk is full: no torn line may stand in the way of the next one
            os.ftruncate(self._file, length)
            raise

    def close(self) -> None:
        """Release file and lock."""
        for descriptor in (self._file, self._lock):
            if descriptor is not None:
                os.close(descriptor)
        self._file = self._lock = None


def _decode(number: int, line: bytes) -> Operation:
    try:
        return _decoder.decode(line)
    except msgspec.DecodeError as problem:
        raise JournalBroken(f"line {number} of the simulated chain's journal cannot be read: {problem}") from None
