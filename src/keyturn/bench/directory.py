"""What a directory costs: idle agents by the thousand, and a reset that is proved.

bells.py    memory, doorbell and restart, on each database
proofs.py   a reset through the whole product, beside a bare modify and bind (Samba)
"""

from __future__ import annotations

from keyturn.bench import bells, proofs
from keyturn.bench.report import Findings
from keyturn.bench.task import Task

SAMBA = "samba"


async def measure(task: Task) -> Findings:
    """See the module's text."""
    found = Findings("directory")
    task.reporter.say(f"{task.numbers['resets']} resets on a real controller")
    proofs.measure(task, found)
    for engine in task.engines:
        task.reporter.say(f"{task.numbers['agents']} agents on {engine}")
        figures = found.figures[engine] = await bells.measure(task, engine)
        bells.judge(found, engine, figures)
    found.notes.append(
        "Agents are processes of the same machine: what they compute is taken from the server. "
        "Jobs are committed beside the server, so that it has to see them by itself."
    )
    return found
