"""What keeps the phone app from working: the causes of *Check my phone*, mended by system.

One row is one cause of rules/phone_checks, for one system or for all.  The person's words show no
values, so the app can show them before anybody is known (`told`); staff hear the same with the
moment of the phone's last check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from keyturn.rules.diagnosis.cause import CERTAIN, Cause, Say, Symptom, Test, when
from keyturn.rules.diagnosis.phone_app_mends import MENDS, Mend
from keyturn.rules.phone_checks.checks import Check
from keyturn.rules.phone_checks.platforms import System

#: what only an administrator does about a check, and what Keyturn cannot see in it
_ADMIN: Final[Mapping[Check, Say]] = {
    Check.SYSTEM: Say(
        "The floor is Android 7 and iOS 16.4, where web push begins.",
        "Which version a phone hides behind a frozen user agent cannot be seen.",
    ),
    Check.BROWSER: Say(
        "The floor is Chromium 119. Managed phones: see whether a policy keeps the browser old or "
        "switches push, storage or keys off.",
        "Why a browser lacks a feature cannot be seen.",
    ),
    Check.HOME: Say(
        "iOS gives push to web apps on the home screen alone. Managed phones: a web clip of the "
        "app's address puts it there.",
        "Whether the app is on the home screen as well, but was opened elsewhere, cannot be seen.",
    ),
    Check.STORAGE: Say(
        "The key and the offline codes are kept in IndexedDB. Managed phones: see whether a "
        "policy clears site data.",
        "What else takes up the phone's storage cannot be seen.",
    ),
    Check.NETWORK: Say(
        "Compare with the server's own health, and with other phones in that network.",
        "Which part of the way fails cannot be seen from the phone.",
    ),
    Check.CLOCK: Say(
        "The measure is the time in the installation's signed answer: see `keyturn doctor` for the "
        "server's own clock.",
        "Whether the clock was set by hand cannot be seen.",
    ),
    Check.CAMERA: Say(
        "Codes can be typed instead. Managed phones: see whether a policy forbids the camera.",
        "Whether site or system refuses the camera cannot be told apart.",
    ),
    Check.NOTIFICATIONS: Say(
        "A web app cannot ask twice after a no. Managed phones: see whether a policy forbids "
        "notifications.",
        "Whether site or system refuses notifications cannot be told apart.",
    ),
    Check.PUSH: Say(
        "See whether the server reaches the push services (outbound HTTPS), and how other phones' "
        "pushes go.",
        "What the push service and the phone do with a message cannot be seen.",
    ),
}
_SYSTEMS: Final[Mapping[System | None, str]] = {
    System.ANDROID: "Android", System.IOS: "iPhone and iPad", System.OTHER: "other systems",
}  # fmt: skip


def _holds(mend: Mend) -> Test:
    fact = f"app.checks.{mend.check}"
    return when(
        lambda f, _: f.word(fact) == mend.cause and f.word("app.system") in _meant(mend),
        # what is checked first may cause the others
        CERTAIN - list(Check).index(mend.check), fact,
    )  # fmt: skip


def _meant(mend: Mend) -> set[str]:
    return {mend.system} if mend.system else set(System)


def _cause(mend: Mend) -> Cause:
    fact = f"app.checks.{mend.check}"
    admin = _ADMIN[mend.check]
    at = "The phone's own check at {app.checked_at:time}"
    where = _SYSTEMS.get(mend.system)
    return Cause(
        id=cause_id(mend),
        title=f"{mend.title} ({where})" if where else mend.title,
        symptoms=(Symptom.APP,),
        needs=(fact, "app.system", "app.checked_at"),
        test=_holds(mend),
        person=Say(mend.what, mend.do),
        help_desk=Say(
            f"{at} said: “{mend.what.removesuffix('.')}”.",
            f"Read this to the person: “{mend.do.removesuffix('.')}”.",
        ),
        administrator=Say(
            f"{at}: {mend.check} = {mend.cause}, system = {{app.system}}.", admin.what
        ),
        unseen=admin.do,
    )


def cause_id(mend: Mend) -> str:
    """How a row is called in the catalogue, and in the app: "app.camera-refused-ios"."""
    system = f"-{mend.system}" if mend.system else ""
    return f"app.{mend.check}-{mend.cause}{system}"


CAUSES = tuple(map(_cause, MENDS))


@dataclass(frozen=True, slots=True)
class Told:
    """What the app shows for a cause: texts to be looked up in its language."""

    id: str
    title: str
    what: str
    do: str


def told(check: Check, cause: str, system: System) -> Told:
    """The words for what a check has found on a system. Raises StopIteration for a cause that the
    check does not have there.
    """
    found = (
        mend for mend in MENDS
        if (mend.check, mend.cause) == (check, cause) and system in _meant(mend)
    )  # fmt: skip
    mend = next(found)
    return Told(cause_id(mend), mend.title, mend.what, mend.do)
