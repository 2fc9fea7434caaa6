"""Rounds of slots in shuffled order, with a progress bar."""

import random

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from servers import CannotMeasure


def alternate(console, title, slots, rounds):
    """Run each slot once per round, in an order that is shuffled each time. Returns name -> results, one per round.

    Args:
        slots: name -> function that runs one slot and returns its result.

    Raises:
        CannotMeasure: a slot had an error.
    """
    results = {name: [] for name in slots}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(title, total=rounds * len(slots))
        for _ in range(rounds):
            order = list(slots)
            random.shuffle(order)
            for name in order:
                progress.update(task, description=f"{title}: {name}")
                result = slots[name]()
                if result["errors"]:
                    raise CannotMeasure(f"{name}: {'; '.join(result['errors'])}")
                results[name].append(result)
                progress.advance(task)
    return results
