"""What is counted without locks reads on a scrape as if the library had kept it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from sgate.telemetry.loop_metrics import LoopCounter, LoopHistogram

BOUNDS_S = (0.002, 0.5, 1.0, 10.0)
NAMES = ("method", "route")
LABELS = st.tuples(st.sampled_from(["GET", "POST"]), st.sampled_from(["/a", '/"b"\n', "(none)"]))
SECONDS = st.one_of(st.sampled_from([0.0, *BOUNDS_S]), st.floats(0, 20))


def scrape(registry):
    """The text that Prometheus reads, but for the instants at which counting began."""
    lines = generate_latest(registry).decode().splitlines()
    return sorted(line.rpartition(" ")[0] if "_created{" in line else line for line in lines)


@given(st.lists(st.tuples(LABELS, SECONDS)))
def test_a_scrape_tells_what_the_library_would_have_told(observed):
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    kept = LoopCounter("calls", "Calls.", NAMES, ours), LoopHistogram("call_seconds", "Time.", NAMES, BOUNDS_S, ours)
    wanted = (
        Counter("calls", "Calls.", NAMES, registry=theirs),
        Histogram("call_seconds", "Time.", NAMES, buckets=BOUNDS_S, registry=theirs),
    )
    for counter, histogram in (kept, wanted):
        for labels, seconds in observed:
            counter.labels(*labels).inc()
            histogram.labels(*labels).observe(seconds)
    assert scrape(ours) == scrape(theirs)


def test_counting_goes_on_between_scrapes():
    registry = CollectorRegistry()
    child = LoopCounter("calls", "Calls.", ("status",), registry).labels(200)
    for expected in (1, 2, 3):
        child.inc()
        assert registry.get_sample_value("calls_total", {"status": "200"}) == expected


def test_labels_that_are_not_the_metrics_and_names_that_are_taken_are_refused():
    registry = CollectorRegistry()
    counter = LoopCounter("calls", "Calls.", NAMES, registry)
    with pytest.raises(ValueError, match="method, route"):
        counter.labels("GET")
    with pytest.raises(ValueError, match="Duplicated"):
        Counter("calls", "Others.", registry=registry)
