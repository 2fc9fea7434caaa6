"""The report: JSON for machines, HTML with plots for people, a table for who sat and watched."""

import json
import os
import platform
from collections import defaultdict
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from rig import page

STYLES = {"aim": "green", "must": "yellow", "missed": "bold red", "skipped": "magenta", "reported": ""}
PERCENTILES = (50, 95, 100)


def of(books, results, findings, costs):
    """Everything there is to tell, as JSON."""
    lost = sum(finding["wrong"] for finding in findings)
    return {
        "passed": not lost and all(result.verdict != "missed" for result in results),
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": _machine(),
        "seconds": round(books.now_s(), 1),
        "lost": lost,
        "totals": {
            "requests": len(books.requests),
            "failed": sum(each.failure is not None for each in books.requests),
            "retried": sum(each.retried for each in books.requests),
            "intents": len(books.acknowledged),
            "payments": len(books.paid),
            "events": len(books.received),
            "webhooks": sum(books.deliveries.values()),
            "webhooks_that_came_again": sum(books.deliveries.values()) - len(books.deliveries),
        },
        "faults": [result.as_json() for result in results],
        "books": findings,
        "through_pgbouncer": costs,
        "each_second": _each_second(books),
    }


def _machine():
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30),
        "load_average": round(os.getloadavg()[1], 1),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def _each_second(books):
    """Series of (second, value): what ended well or badly in it, how long it took, which webhooks came."""
    good, bad, latencies = defaultdict(int), defaultdict(int), defaultdict(list)
    for each in books.requests:
        (bad if each.failure else good)[int(each.ended_s)] += 1
        latencies[int(each.ended_s)].append((each.ended_s - each.started_s) * 1000)
    seconds = range(int(max((each.ended_s for each in books.requests), default=0)) + 1)
    webhooks = defaultdict(int)
    for arrival in books.arrivals:
        webhooks[int(arrival)] += 1
    return {
        "answered": [(second, good[second]) for second in seconds],
        "failed": [(second, bad[second]) for second in seconds],
        "webhooks": [(second, webhooks[second]) for second in seconds],
        **{
            f"latency_ms_p{percent}": [(second, _percentile(latencies[second], percent)) for second in seconds]
            for percent in PERCENTILES
        },
    }


def _percentile(values, percent):
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 1) if ordered else 0


def write(folder, told):
    """`report.json` and `report.html`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(told, indent=1) + "\n")
    (folder / "report.html").write_text(page.of(told))


def show(told):
    """The table at the end."""
    console = Console()
    table = Table(
        "fault",
        "seconds to recover",
        "must",
        "aim",
        "requests",
        "failed",
        "slowest",
        "verdict",
        title="The rig",
        show_lines=True,
    )
    for fault in told["faults"]:
        style = STYLES[fault["verdict"]]
        numbers = (fault["must_s"], fault["aim_s"], fault["requests"], fault["failed"], fault["slowest_s"])
        table.add_row(
            fault["name"],
            f"{shown(fault['recovery_s'])} {fault['what']}",
            *map(shown, numbers),
            f"[{style}]{fault['verdict']}[/]" if style else fault["verdict"],
        )
    console.print(table)
    for fault in told["faults"]:
        for detail in (fault["skipped"], fault["error"], fault["notes"], fault["failures"]):
            if detail:
                console.print(f"  {fault['name']}: {detail}", soft_wrap=True, markup=False)
    for cost in told["through_pgbouncer"]:
        console.print(f"{cost['call']} through PgBouncer: {cost['share']:.0%} of the rate past it")
    for check in told["books"]:
        mark = "[bold red]WRONG[/]" if check["wrong"] else "[green]right[/]"
        console.print(f"{mark} {check['sentence']} ({check['looked_at']} looked at)", soft_wrap=True)
        if check["wrong"]:
            console.print(f"  {check['wrong']}: {check['examples']}", soft_wrap=True, markup=False)
    console.print("[green]passed[/]" if told["passed"] else "[bold red]failed[/]")


def shown(value):
    """A number for people; nothing for None."""
    if value is None:
        return ""
    return f"{value:.2f}" if isinstance(value, float) else str(value)
