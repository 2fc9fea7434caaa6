"""Timing of key comparison: whether it reveals how much of a wrong key is right.

Two wrong values alternate, so that other load on the machine affects both alike: one differs from the right hash in its
first byte, the other in its last. A comparison that stops at the first difference is faster for the first value;
`hmac.compare_digest` is not. `==` is measured too, to show that the benchmark detects a difference.

Run it by hand: `.venv/bin/python benchmarks/key_timing.py`. What matters is the ratio, not the nanoseconds.
"""

import statistics
import time
from collections.abc import Callable
from hmac import compare_digest

ROUNDS = 300
COMPARISONS = 2_000
LENGTH_BYTES = 4_096
"""Longer than a hash (64 bytes), so that an early stop stands out from the noise."""

RIGHT = bytes(LENGTH_BYTES)
FIRST_WRONG = b"\1" + RIGHT[1:]
LAST_WRONG = RIGHT[:-1] + b"\1"


def seconds_of(compare: Callable[[bytes, bytes], bool], wrong: bytes) -> float:
    started = time.perf_counter()
    for _ in range(COMPARISONS):
        compare(RIGHT, wrong)
    return time.perf_counter() - started


def ratio_of(compare: Callable[[bytes, bytes], bool]) -> float:
    """Return how much longer a comparison takes when only the last byte differs, as a median of paired rounds."""
    pairs = [(seconds_of(compare, LAST_WRONG), seconds_of(compare, FIRST_WRONG)) for _ in range(ROUNDS)]
    return statistics.median(last / first for last, first in pairs)


def main() -> None:
    ours, plain = ratio_of(compare_digest), ratio_of(bytes.__eq__)
    print(f"hmac.compare_digest: {ours:.3f} x if only the last byte differs (1 reveals nothing)")
    print(f"==                 : {plain:.3f} x")


if __name__ == "__main__":
    main()
