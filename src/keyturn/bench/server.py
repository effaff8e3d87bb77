"""The server under test: a process of its own, started with one JSON argument.

`keyturn` is what `keyturn serve` builds, with nothing changed but a hasher that publishes
its counts; `floor` is bench/floor.py.  Both run under the same prefork launcher, so that a
comparison of the two compares what they are and not how they are started.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from keyturn import patient_gc

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from keyturn.settings import Settings


@dataclass(frozen=True, slots=True)
class Order:
    """What to start.

    Attributes:
        kind: "keyturn" or "floor".
        folder: for the key ring.
        counts: where to publish what is hashed; None for a start that is measured.
        smtp: port of a mail server on this machine.
        port: to listen on, which its origin names too; 0 for any, and the usual origin.
    """

    kind: str
    url: str
    folder: str
    workers: int
    counts: str | None
    smtp: int
    port: int = 0

    def text(self) -> str:
        """As the argument of a process."""
        return json.dumps(asdict(self))


def builder(order: Order) -> Callable[[], ASGIApp]:
    """What makes the app in each worker. Imports here, in the master, before it forks."""
    return _floor(order) if order.kind == "floor" else _keyturn(order)


def _floor(order: Order) -> Callable[[], ASGIApp]:
    from keyturn.bench.floor import Floor  # noqa: PLC0415  Keyturn's start is not to pay for it

    return lambda: Floor(order.url, Path(order.counts) if order.counts else None).app


def _keyturn(order: Order) -> Callable[[], ASGIApp]:
    from keyturn import wiring  # noqa: PLC0415  the floor's start is not to pay for it
    from keyturn.adapters.sql.migrate import ensure  # noqa: PLC0415  as above

    settings = settings_for(order)
    ensure(order.url)

    def build() -> ASGIApp:
        house = wiring.build(settings)
        if order.counts:
            from keyturn.bench.counters import CountedHasher, Counter  # noqa: PLC0415  as above

            counted = CountedHasher(house.hasher, Counter(Path(order.counts)))
            house.parts = replace(house.parts, hasher=counted)
        return wiring.application(house)

    return build


def settings_for(order: Order) -> Settings:
    """The defaults, but for where things are, and a network that may fail as often as it
    likes: all clients of a measurement come from this machine.
    """
    from keyturn.settings import Settings  # noqa: PLC0415  as above

    named = {"origin": f"http://127.0.0.1:{order.port}"} if order.port else {}
    return Settings.model_validate(
        {
            "server": {"workers": order.workers, **named},
            "store": {"data_dir": order.folder, "url": order.url},
            "mail": {"host": "127.0.0.1", "port": order.smtp},
            "limits": {"network_failures": 1_000_000},
            "log": {"level": "error"},
        }
    )


def main(text: str) -> int:
    """Serve on a free port; print it once every worker answers."""
    order = Order(**json.loads(text))
    if order.kind == "keyturn":
        patient_gc()  # before anything else, as every `keyturn` command
    from keyturn import serving  # noqa: PLC0415  see above

    def tell(port: int) -> None:
        print(port, flush=True)  # noqa: T201  read by who started it

    return serving.run(
        builder(order), host="127.0.0.1", port=order.port, workers=order.workers, on_ready=tell
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
