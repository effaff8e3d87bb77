"""What can be seen of somebody's devices: the last one set up, and those that are silent."""

from __future__ import annotations

from keyturn.ports.store import Tx
from keyturn.rules import devices as rules
from keyturn.rules.accounts import User
from keyturn.rules.devices import Held
from keyturn.rules.events import Event
from keyturn.rules.pairing import OPEN, Setup
from keyturn.steps import device_setups
from keyturn.steps.acts import Act
from keyturn.steps.evidence.page import Page

#: what stands for a network that the file has no name of
_UNNAMED = "a VPN or proxy"


def devices(page: Page, tx: Tx, act: Act, user: User) -> None:
    """The newest of each; the same statements whether or not there is any."""
    here = act.tenant.id
    newest = next(iter(tx.devices.setups_of(here, user.id, 1)), None)
    _setup(page, tx, act, newest)
    refused = tx.audit.search(here, [str(Event.DEVICE_REFUSED)], user.id, None, 1)
    vpn = next((one for one in refused if one.facts.get("why") == "vpn"), None)
    name = str(vpn.facts.get("network") or _UNNAMED) if vpn is not None else None
    page.note("device.", vpn=name, vpn_at=vpn.at if vpn is not None else None)
    _silent(page, tx, act, user)


def _setup(page: Page, tx: Tx, act: Act, setup: Setup | None) -> None:
    """As it is stored: what was missing when its time ran out is what was missing."""
    if setup is None or setup.state not in OPEN:
        page.note("device.", setup_at=setup.made_at if setup else None, missing=None, verdict=None)
        return
    active = tx.devices.active(act.tenant.id, [setup.device_id]).get(setup.device_id)
    missing = device_setups.missing(act.parts, setup, active)
    judged = device_setups.judged(act.parts, setup)
    page.note(
        "device.", setup_at=setup.made_at, missing=next(map(str, missing), None),
        verdict=str(judged.verdict) if judged is not None else None,
    )  # fmt: skip


def _silent(page: Page, tx: Tx, act: Act, user: User) -> None:
    held = [one for one in tx.devices.of_user(act.tenant.id, user.id) if one.state is Held.ACTIVE]
    heard = [(tx.devices.last(act.tenant.id, one.id).seen_at or one.paired_at) for one in held]
    late = [at for at in heard if rules.silent(at, act.now)]
    page.note("device.", silent=len(late), silent_at=max(late, default=None))
