"""Ratios of benchmark slots, and their report.

Every result is a ratio of two measurements from the same round, and the median over all rounds counts. Absolute numbers
are shown for orientation only, because they depend on the machine and its load.
"""

import json
import os
import platform
import statistics
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table

MAX_SPREAD = 0.15
"""If the limit itself varies more than this between slots (interquartile range over median), there is no verdict."""

RESULTS = Path("bench-results")
STYLES = {"aim": "bold green", "must": "yellow", "missed": "bold red", "too noisy": "magenta", "": ""}
NOTE = (
    "Ratios of one run; medians over rounds. Load, server and database share the {cores} cores of this machine, so "
    "absolute numbers say little, and ratios are lower than with the load on another machine."
)


@dataclass
class Ratio:
    """A row of the verdicts: the ratio of a measurement to its reference, per round."""

    name: str
    against: str
    rounds: list[float]
    must: float | None = None
    aim: float | None = None
    lower_is_better: bool = False
    spread: float = 0.0  # of the reference
    times: bool = False  # shown as 9.5x instead of 950 %
    median: float = field(init=False)
    verdict: str = field(init=False)

    def __post_init__(self):
        self.median = statistics.median(self.rounds)
        self.verdict = self._verdict()

    def _verdict(self):
        if self.must is None:
            return ""
        if self.spread > MAX_SPREAD:
            return "too noisy"
        if self.aim is not None and self._reaches(self.aim):
            return "aim"
        return "must" if self._reaches(self.must) else "missed"

    def _reaches(self, target):
        return self.median <= target if self.lower_is_better else self.median >= target

    def shown(self, number):
        if number is None:
            return ""
        return f"{number:.2f}x" if self.times else f"{number * 100:.0f} %"


@dataclass
class Rate:
    """A row of absolute numbers: medians over the rounds of a slot."""

    name: str
    per_s: float
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    cpu_ms: float | None = None  # processor time of the server per request
    spread: float = 0.0
    answers: int = 0

    @classmethod
    def of(cls, name, slots):
        """Create a rate from the slots of one name, each {"answers", "counted", "seconds", ...}."""
        answers = sum(slot["answers"] for slot in slots)
        cpu_s = sum(slot.get("cpu_s") or 0.0 for slot in slots)
        return cls(
            name=name,
            per_s=statistics.median(rates(slots)),
            **{key: _median_of(slots, key) for key in ("p50_ms", "p95_ms", "p99_ms")},
            cpu_ms=cpu_s / answers * 1000 if cpu_s and answers else None,
            spread=spread_of(rates(slots)),
            answers=answers,
        )


def rates(slots):
    """Return the rate per second of each slot."""
    return [slot["counted"] / slot["seconds"] for slot in slots]


def spread_of(numbers):
    """Return the interquartile range over the median, or 0 for fewer than four numbers."""
    if len(numbers) < 4:
        return 0.0
    low, middle, high = statistics.quantiles(numbers, n=4)
    return (high - low) / middle if middle else 0.0


def ratio(name, slots, against, *, label, **targets):
    """Return the ratio of two slots' rates, round by round. `slots` maps a name to one slot per round."""
    limit = rates(slots[against])
    rounds = [ours / theirs for ours, theirs in zip(rates(slots[name]), limit, strict=True) if theirs]
    # If the limit made no progress for a whole slot, the machine was busy with something else.
    spread = spread_of(limit) if all(limit) else 1.0
    return Ratio(name=label, against=against, rounds=rounds or [0.0], spread=spread, **targets)


def show(console, title, ratios, measured):
    """Print a group's verdicts and its rates."""
    verdicts = Table(title=f"{title}: ratios", title_justify="left")
    for heading in ("measurement", "against"):
        verdicts.add_column(heading)
    for heading in ("median", "quartiles", "must", "aim"):
        verdicts.add_column(heading, justify="right")
    verdicts.add_column("verdict")
    for row in ratios:
        low, _, high = statistics.quantiles(row.rounds, n=4) if len(row.rounds) > 1 else row.rounds * 3
        verdict = f"machine too noisy ({row.spread:.0%})" if row.verdict == "too noisy" else row.verdict
        verdicts.add_row(
            row.name,
            row.against,
            row.shown(row.median),
            f"{row.shown(low)} .. {row.shown(high)}",
            row.shown(row.must),
            row.shown(row.aim),
            f"[{STYLES[row.verdict]}]{verdict}[/]" if row.verdict else "",
        )
    console.print(verdicts)
    orientation = Table(title=f"{title}: for orientation", title_justify="left")
    orientation.add_column("measurement")
    for heading in ("per second", "p50 ms", "p95 ms", "p99 ms", "server CPU ms each", "spread"):
        orientation.add_column(heading, justify="right")
    for rate in measured:
        numbers = (rate.p50_ms, rate.p95_ms, rate.p99_ms, rate.cpu_ms)
        texts = ["" if number is None else f"{number:.3g}" for number in numbers]
        orientation.add_row(rate.name, f"{rate.per_s:,.0f}", *texts, f"{rate.spread:.0%}")
    console.print(orientation)


def write(name, ratios, measured, versions):
    """Write a group's numbers to bench-results/<name>.json."""
    RESULTS.mkdir(exist_ok=True)
    content = {
        "name": name,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "system": platform.system(), "architecture": platform.machine()},
        "versions": {"python": platform.python_version(), **versions},
        "ratios": [asdict(row) for row in ratios],
        "rates": [asdict(rate) for rate in measured],
    }
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(content, indent=2) + "\n")
    return path


def _median_of(slots, key):
    numbers = [slot[key] for slot in slots if slot.get(key) is not None]
    return statistics.median(numbers) if numbers else None
