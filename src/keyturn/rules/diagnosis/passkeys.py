"""Passkeys: one that exists twice, one that was not accepted."""

from __future__ import annotations

from keyturn.rules.diagnosis.cause import LIKELY, STRONG, Cause, Say, Symptom, when
from keyturn.rules.diagnosis.facts import Facts

_WHERE = (Symptom.SECOND, Symptom.SIGNIN, Symptom.RECOVERY)


def _refused(facts: Facts) -> bool:
    """The last one was refused, alone or as second step, and nothing went well since."""
    as_second = facts.word("second.last_failure") == "passkey"
    return facts.later("passkeys.refused_at", "signin.last_success_at") or (
        as_second and facts.later("second.failed_at", "second.passed_at")
    )


CAUSES = (
    Cause(
        id="passkey.copied",
        title="A passkey was copied",
        symptoms=_WHERE,
        needs=("passkeys.copied_at", "passkeys.usable"),
        test=when(
            lambda f, _: f.value("passkeys.copied_at") is not None, STRONG, "passkeys.copied_at"
        ),
        person=Say(
            "At {passkeys.copied_at:time} one of your passkeys was used, and its counter showed "
            "that there are two of it. It is refused since then. Passkeys that still work: "
            "{passkeys.usable}.",
            "Sign in another way: with another passkey, or with the password and a code. Then "
            "remove that passkey on your account page and add a new one.",
        ),
        help_desk=Say(
            "At {passkeys.copied_at:time} the counter of a passkey went back, so the key exists "
            "twice; it is refused since then. Passkeys that still work: {passkeys.usable}.",
            "Ask whether a security key or a virtual machine was restored from a backup. Let the "
            "person sign in another way, remove the passkey and add a new one.",
        ),
        administrator=Say(
            "passkey.cloned at {passkeys.copied_at:time}: the signature counter did not grow "
            "(WebAuthn 7.2, step 21). Usable passkeys: {passkeys.usable}.",
            "The audit row has both counters. Unless a backup explains it, treat the place where "
            "the key is kept as open to somebody else: end the sessions, remove the passkey.",
        ),
        unseen="Which of the two is the copy cannot be seen.",
    ),
    Cause(
        id="passkey.refused",
        title="The passkey was not accepted",
        symptoms=_WHERE,
        needs=("passkeys.refused_at", "second.last_failure"),
        uses=("second.failed_at", "second.passed_at", "signin.last_success_at"),
        test=when(
            lambda f, _: _refused(f), LIKELY + 1, "passkeys.refused_at", "second.last_failure"
        ),
        person=Say(
            "A passkey was used, and it was not accepted.",
            "Stay on one page and answer within five minutes, with finger, face or PIN. If it is "
            "refused again, sign in another way and see on your account page whether it is "
            "listed.",
        ),
        help_desk=Say(
            "A passkey of this account was used and refused: the question was too old, the "
            "person was not verified by finger, face or PIN, or the account cannot be signed in "
            "to.",
            "Let the person open the sign-in page anew and try once more. A plain security key "
            "without a PIN is a second step only; it does not sign in alone.",
        ),
        administrator=Say(
            "passkey.refused, or second.failed with why = passkey, and no success since.",
            "Compare server.origin (or the tenant's host) with the address in the browser: "
            "origin and RP ID must be exactly those.",
        ),
        unseen="What the authenticator showed the person cannot be seen.",
    ),
)
