"""The report as a page of its own, for people who were not there."""

from html import escape

from rig.plots import plot

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1b }
table { border-collapse: collapse; width: 100%; font-size: 14px }
td, th { border-bottom: 1px solid #ddd; padding: .3rem .5rem; text-align: left; vertical-align: top }
td.number { text-align: right; font-variant-numeric: tabular-nums }
small { color: #666; display: block }
svg { width: 100%; height: auto } svg text { font: 10px system-ui, sans-serif; fill: #555 }
figure { margin: 1rem 0 } figcaption span { margin-left: .8rem }
.aim, .right { color: #047857 } .must { color: #b45309 } .missed, .wrong { color: #b91c1c; font-weight: bold }
.skipped { color: #7e22ce }
"""

VERDICTS = """<p><b>How to read it.</b> Everything that production has ran on one machine while the rig's own customers
used it. Each row broke one thing. <i>Seconds</i> is what the row says it measured, from outside; <i>requests</i> are
those begun from the fault until two calm seconds after it, <i>failed</i> those that a client saw fail, after repeating
once what found no connection. Verdicts: <span class=aim>aim</span> and <span class=must>must</span> are limits that
were kept, <span class=missed>missed</span> one that was not; <i>reported</i> has no limit;
<span class=skipped>skipped</span> could not be done here. Bands in the plots are the faults, by number.</p>"""


def of(told):
    """The whole page."""
    passed = '<span class="right">passed</span>' if told["passed"] else '<span class="missed">failed</span>'
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>The rig: report</title><style>{STYLE}</style>'
        f"<h1>The rig: {passed}</h1>{_summary(told)}{VERDICTS}{_faults(told)}{_books(told)}{_pooler(told)}"
        f"{_plots(told)}</html>\n"
    )


def _summary(told):
    machine, totals = told["machine"], told["totals"]
    return (
        f"<p>{escape(told['when'])}, {told['seconds']:.0f} s of load, {machine['cores']} cores and "
        f"{machine['memory_gib']} GiB for everything together (load average {machine['load_average']}). "
        f"{totals['requests']} requests, of which {totals['failed']} failed; {totals['intents']} intents acknowledged, "
        f"{totals['payments']} payments on the chain, {totals['events']} events, {totals['webhooks']} webhooks "
        f"({totals['webhooks_that_came_again']} came again). <b>Lost or doubled: {told['lost']}.</b></p>"
    )


def _faults(told):
    rows = "".join(
        f"<tr><td class=number>{number}</td><td>{escape(fault['name'])}{_details(fault)}</td>"
        f"<td class=number>{_number(fault['recovery_s'])}</td><td>{escape(fault['what'])}</td>"
        f"<td class=number>{_number(fault['must_s'])}</td><td class=number>{_number(fault['aim_s'])}</td>"
        f"<td class=number>{fault['requests']}</td><td class=number>{fault['failed']}</td>"
        f"<td class=number>{_number(fault['slowest_s'])}</td>"
        f'<td class="{fault["verdict"]}">{fault["verdict"]}</td></tr>'
        for number, fault in enumerate(told["faults"], 1)
    )
    return (
        "<h2>What was broken</h2><table><tr><th></th><th>fault</th><th>seconds</th><th>measured</th><th>must</th>"
        f"<th>aim</th><th>requests</th><th>failed</th><th>slowest, s</th><th>verdict</th></tr>{rows}</table>"
    )


def _details(fault):
    told = [fault["skipped"], fault["error"], fault["notes"]]
    told += [f"{number} x {failure}" for failure, number in fault["failures"].items()]
    return "".join(f"<small>{escape(detail)}</small>" for detail in told if detail)


def _books(told):
    rows = "".join(
        f"<tr><td>{escape(check['sentence'])}</td><td class=number>{check['looked_at']}</td>"
        f"<td class={'wrong' if check['wrong'] else 'right'}>{check['wrong']}"
        f"{''.join(f'<small>{escape(example)}</small>' for example in check['examples'])}</td></tr>"
        for check in told["books"]
    )
    return f"<h2>The books</h2><table><tr><th></th><th>looked at</th><th>wrong</th></tr>{rows}</table>"


def _pooler(told):
    shares = ", ".join(f"{escape(cost['call'])} {cost['share']:.0%}" for cost in told["through_pgbouncer"])
    return (
        "<h2>What PgBouncer costs</h2><p>When all was over, two api processes were asked in turn, 16 "
        f"connections at a time, one through PgBouncer and one past it. Rates through it, of those past it: {shares}."
        "</p>"
    )


def _plots(told):
    each, seconds = told["each_second"], told["seconds"]
    bands = [
        (number, fault["began_s"], fault["ended_s"])
        for number, fault in enumerate(told["faults"], 1)
        if not fault["skipped"]
    ]
    drawn = (
        ("Requests", "a second", [("answered", each["answered"]), ("failed", each["failed"])]),
        ("Latency", "ms", [(f"p{p}", each[f"latency_ms_p{p}"]) for p in (50, 95)]),
        ("Slowest answer", "ms", [("slowest", each["latency_ms_p100"])]),
        ("Webhooks that arrived", "a second", [("webhooks", each["webhooks"])]),
    )
    return "<h2>Over time</h2>" + "".join(plot(title, unit, series, bands, seconds) for title, unit, series in drawn)


def _number(value):
    return "" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)
