"""The dashboards show metrics that exist, and Grafana can load them."""

import json

import pytest
import yaml

from sgate.telemetry.metrics import Metrics
from telemetry.expressions import DASHBOARDS, ROOT, dashboard_expressions, metrics_in, recorded

PROVISIONING = ROOT / "deploy" / "grafana" / "provisioning"
SHOWN_BY_PROMETHEUS = {"up"}
GRID_COLUMNS = 24


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_every_expression_uses_metrics_that_exist(path):
    known = Metrics().names() | recorded() | SHOWN_BY_PROMETHEUS
    unknown = {title: metrics_in(text) - known for title, text in dashboard_expressions(path)}
    assert {title: names for title, names in unknown.items() if names} == {}


def test_there_are_two_dashboards_that_together_show_every_metric_of_ours():
    assert [path.stem for path in DASHBOARDS] == ["business", "operations"]
    asked = set()
    for path in DASHBOARDS:
        for _, text in dashboard_expressions(path):
            asked |= metrics_in(text)
    rules = (ROOT / "deploy" / "prometheus" / "rules.yml").read_text()
    asked |= metrics_in(rules)
    shown = {name.removesuffix("_bucket") for name in asked}
    assert {metric.name for metric in Metrics().described} - shown == set()


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_panels_do_not_overlap_and_have_a_known_source(path):
    board = json.loads(path.read_text())
    source = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yml").read_text())["datasources"][0]
    taken = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= GRID_COLUMNS
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
        for target in panel.get("targets", ()):
            assert target["datasource"]["uid"] == source["uid"]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert board["uid"].startswith("sgate-")
