"""Every metric says what it is, and is named as Prometheus wants it."""

import re
from pathlib import Path

import pytest

from sgate.telemetry.metrics import Metrics

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text("utf-8")
METRICS = Metrics()
FAMILIES = list(METRICS.registry.collect())


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_the_metric_is_documented(family):
    name = f"{family.name}_total" if family.type == "counter" else family.name
    assert family.documentation
    assert f"| `{name}` |" in PAGE


@pytest.mark.parametrize("metric", METRICS.described, ids=lambda metric: metric.name)
def test_the_metric_is_named_by_the_conventions(metric):
    assert re.fullmatch(r"sgate(_[a-z0-9]+)+", metric.name)
    assert metric.name.endswith("_total") is (metric.kind == "counter")
    assert metric.unit or metric.kind != "histogram"
    assert metric.meaning.endswith(".")
    assert "\n" not in metric.meaning
    for label in metric.labels:
        assert re.fullmatch(r"[a-z]+", label)


def test_what_is_described_is_what_there_is():
    ours = {family.name for family in FAMILIES if family.name.startswith("sgate_")}
    assert {metric.name.removesuffix("_total") for metric in METRICS.described} == ours
