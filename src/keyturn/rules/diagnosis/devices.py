"""Devices: one that cannot be set up, and one that is silent."""

from __future__ import annotations

from keyturn.rules.diagnosis.cause import CERTAIN, LIKELY, STRONG, Cause, Say, Symptom, when
from keyturn.rules.diagnosis.facts import Facts
from keyturn.rules.pairing import Missing

_DEVICE = (Symptom.DEVICE,)
_SETUP = ("device.missing", "device.verdict", "device.setup_at")
_PRESSES = frozenset({Missing.PRESS, Missing.LONG})


def _through_vpn(facts: Facts) -> bool:
    """The last try was refused for it, and none was begun since."""
    at = facts.value("device.vpn_at")
    later = facts.later("device.setup_at", "device.vpn_at")
    return at is not None and (not later or facts.word("device.missing") == Missing.VPN)


CAUSES = (
    Cause(
        id="device.vpn",
        title="A device cannot be set up through a VPN",
        symptoms=_DEVICE,
        needs=("device.vpn_at", "device.vpn"),
        uses=("device.setup_at", "device.missing"),
        test=when(lambda f, _: _through_vpn(f), CERTAIN, "device.vpn_at", "device.vpn"),
        person=Say(
            "At {device.vpn_at:time} you came through {device.vpn}, and a device is set up only "
            "by somebody who is where they seem to be.",
            "Switch the VPN off, or use mobile data or your home's Wi-Fi, and begin anew. Once the "
            "device is set up, a VPN does no harm.",
        ),
        help_desk=Say(
            "At {device.vpn_at:time} the set-up was refused: the person came through {device.vpn}.",
            "Have them switch the VPN off for the set-up, on the phone or in the router. "
            "Afterwards it may be on again.",
        ),
        administrator=Say(
            "device.refused (vpn) at {device.vpn_at:time}: the range file has the address as "
            "{device.vpn}.",
            "If that network is no VPN, correct the range file (networks.ranges); it is read again "
            "by itself.",
        ),
        unseen="Whether the VPN is on the phone or in the router cannot be seen.",
    ),
    Cause(
        id="device.networks",
        title="Person and device are on different networks",
        symptoms=_DEVICE,
        needs=_SETUP,
        test=when(
            lambda f, _: (
                f.word("device.verdict") == "different" and f.word("device.missing") == "digits"
            ),
            STRONG, "device.verdict", "device.setup_at",
        ),
        person=Say(
            "You and the device came from different networks at {device.setup_at:time}: a VPN or "
            "mobile data. That alone stops nothing.",
            "Type the six digits that the device shows, or join the Wi-Fi that it is in and look "
            "again.",
        ),
        help_desk=Say(
            "The button was pressed; person and device came from different networks, so the six "
            "digits that the device shows are still to be typed.",
            "Have them type the digits, or join the device's Wi-Fi. A VPN in the router looks like "
            "this, too.",
        ),
        administrator=Say(
            "Setup begun at {device.setup_at:time}: verdict different, missing digits.",
            "Nothing to mend. If many meet it, see that trusted_proxies is set, and whether the "
            "range file has the operator's NAT as carrier.",
        ),
        unseen="Whether it is a VPN, mobile data or another house cannot be seen.",
    ),
    Cause(
        id="device.press",
        title="The device's button was not pressed, or the press was not seen",
        symptoms=_DEVICE,
        needs=_SETUP,
        test=when(
            lambda f, _: f.word("device.missing") in _PRESSES, LIKELY, "device.missing",
            "device.setup_at",
        ),
        person=Say(
            "The device was found after {device.setup_at:time}, and its button was not pressed.",
            "Stand before the device that the page names, and press while its light blinks. If it "
            "is somebody else's yet, hold it for ten seconds.",
        ),
        help_desk=Say(
            "The device was found, and no press of it has arrived.",
            "Is it the device that the page names, and does its light blink? If not, switch it off "
            "and on. One that is somebody else's is held for ten seconds.",
        ),
        administrator=Say(
            "Setup begun at {device.setup_at:time}: met, missing {device.missing}.",
            "See whether requests of the device reach /devices/v1/press.",
        ),
        unseen="Whether somebody pressed another device cannot be seen.",
    ),
    Cause(
        id="device.silent",
        title="A device is silent",
        symptoms=_DEVICE,
        needs=("device.silent", "device.silent_at"),
        test=when(
            lambda f, _: f.value("device.silent") not in {None, 0}, LIKELY - 1, "device.silent",
            "device.silent_at",
        ),
        person=Say(
            "A device of yours was last heard at {device.silent_at:time}, and cannot speak for you "
            "now.",
            "See that it is switched on and has the internet. It speaks up within a minute by "
            "itself.",
        ),
        help_desk=Say(
            "Silent devices: {device.silent}; the last was heard at {device.silent_at:time}. They "
            "speak every minute.",
            "Power, Wi-Fi, a changed Wi-Fi password. Prove the person another way meanwhile.",
        ),
        administrator=Say(
            "Pairings without a beat for three minutes: {device.silent}.",
            "If many are silent, see whether /devices/v1/ is reached from outside.",
        ),
        unseen="What keeps a device from the internet cannot be seen.",
    ),
)  # fmt: skip
