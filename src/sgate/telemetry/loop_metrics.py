"""Counters and histograms of what happens for each request, in plain numbers.

`prometheus_client` takes a lock for each number that it changes. Four of them cost a good part of an answer from
memory, and protect nothing there: all of these are counted by the thread of the event loop, and only there. A scrape
reads them as they are, under the same names, labels and buckets as if the library had kept them.
"""

import itertools
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString


class LoopCount:
    """How often something happened, and since when that is counted (Unix time)."""

    __slots__ = ("created_at", "value")

    def __init__(self) -> None:
        self.value = 0
        self.created_at = time.time()

    def inc(self) -> None:
        """Count one."""
        self.value += 1


class LoopDurations:
    """How long something took: how many were how long, the sum, and since when that is counted (Unix time)."""

    __slots__ = ("_bounds_s", "counts", "created_at", "sum_s")

    def __init__(self, bounds_s: Sequence[float]) -> None:
        """`bounds_s`: ascending; a duration that equals one is counted there."""
        self._bounds_s = bounds_s
        self.counts = [0] * (len(bounds_s) + 1)  # the last: longer than all bounds
        self.sum_s = 0.0
        self.created_at = time.time()

    def observe(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(self._bounds_s, seconds)] += 1
        self.sum_s += seconds


_Child = TypeVar("_Child")


class _Family(Generic[_Child]):
    """The children of a metric, by the values of its labels."""

    def __init__(self, names: Sequence[str], make: Callable[[], _Child]) -> None:
        self.names = names
        self._make = make
        self._children: dict[tuple[str, ...], _Child] = {}

    def labels(self, *values: object) -> _Child:
        """The child to count with. To be kept by who counts often."""
        key = tuple(map(str, values))
        if len(key) != len(self.names):
            raise ValueError(f"expected the labels {', '.join(self.names)}")
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = self._make()
        return child

    def children(self) -> list[tuple[tuple[str, ...], _Child]]:
        """All, as they are now."""
        return list(self._children.items())


class LoopCounter(_Family[LoopCount], Collector):
    """A counter for the thread of the event loop."""

    def __init__(self, name: str, meaning: str, names: Sequence[str], registry: CollectorRegistry) -> None:
        super().__init__(names, LoopCount)
        self._name, self._meaning = name, meaning
        registry.register(self)

    def collect(self) -> Iterable[CounterMetricFamily]:
        """What a scrape sees."""
        family = CounterMetricFamily(self._name, self._meaning, labels=self.names)
        for values, child in self.children():
            family.add_metric(values, child.value, created=child.created_at)
        yield family

    describe = collect


class LoopHistogram(_Family[LoopDurations], Collector):
    """A histogram of durations for the thread of the event loop."""

    def __init__(
        self, name: str, meaning: str, names: Sequence[str], bounds_s: Sequence[float], registry: CollectorRegistry
    ) -> None:
        super().__init__(names, lambda: LoopDurations(bounds_s))
        self._name, self._meaning = name, meaning
        self._bounds = [*map(floatToGoString, bounds_s), "+Inf"]
        registry.register(self)

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """What a scrape sees."""
        family = HistogramMetricFamily(self._name, self._meaning, labels=self.names)
        for values, child in self.children():
            totals = itertools.accumulate(child.counts)
            family.add_metric(values, list(zip(self._bounds, totals, strict=True)), child.sum_s)
            labels = dict(zip(self.names, values, strict=True))
            family.add_sample(f"{self._name}_created", labels, child.created_at)
        yield family

    describe = collect
