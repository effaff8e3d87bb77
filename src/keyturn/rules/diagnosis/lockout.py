"""Locked: by whom, for how long, and who is not affected.

A running lock of the lane that unknown clients share is one of five things, told apart
by `_lock`, so that a person gets one sentence about it and not five.
"""

from __future__ import annotations

from keyturn.rules.diagnosis.cause import (
    CERTAIN,
    LIKELY,
    POSSIBLE,
    STRONG,
    Cause,
    Evidence,
    Say,
    Symptom,
    Test,
    when,
)
from keyturn.rules.diagnosis.facts import Facts
from keyturn.rules.lockout import DAY, DEFAULT

_SIGNIN = (Symptom.SIGNIN,)
_UNTIL = "lane.unknown.locked_until"
_SHARPENING = (
    "this_client.known",
    "clients.known",
    "password.set_at",
    "tenant.lockout_scope",
    "signin.foreign_failures",
)
#: this many locks in a row without a success are a program, not a person
_REPEATS = 3
#: home, work and mobile data are one person's; more networks than these are not
_NETWORKS = 4


def _lock(facts: Facts, now: int) -> str:
    """What kind of lock holds the unknown clients' lane; "" for none."""
    until = facts.time(_UNTIL)
    if until is None or until <= now:
        return ""
    set_at = facts.time("password.set_at")
    if set_at is not None and set_at >= until - DEFAULT.lock_ms:
        return "new-password"
    if facts.word("tenant.lockout_scope") == "account":
        return "whole-account"
    if facts.flag("this_client.known"):
        return "elsewhere"
    if facts.count("clients.known") and facts.count("signin.foreign_failures") >= DEFAULT.limit:
        return "strangers"
    return "now"


def _besides(*needed: str) -> tuple[str, ...]:
    """What else `_lock` looks at."""
    return tuple(name for name in _SHARPENING if name not in needed)


def _is(kind: str, strength: int, *because: str) -> Test:
    return when(lambda facts, now: _lock(facts, now) == kind, strength, _UNTIL, *because)


def _over(facts: Facts, now: int) -> bool:
    """The last refusal was by a lock, and that lock has ended since."""
    until = facts.time(_UNTIL)
    return (
        facts.word("signin.last_refusal.cause") == "locked"
        and facts.reached("signin.last_refusal.at", now)
        and (until is None or until <= now)
    )


def _repeating(facts: Facts, now: int) -> Evidence | None:
    at = facts.time("signin.last_failure_at")
    total = max(facts.count("lane.unknown.total"), facts.count("lane.client.total"))
    if total < _REPEATS * DEFAULT.limit or at is None or now - at >= DAY:
        return None
    return Evidence(LIKELY, ("lane.unknown.total", "signin.last_failure_at"), {"total": total})


def _spread(facts: Facts, _: int) -> bool:
    return (
        facts.count("signin.distinct_networks") >= _NETWORKS
        and facts.count("signin.failures_since_success") >= DEFAULT.limit
    )


CAUSES = (
    Cause(
        id="lock.shown",
        title="This name is locked from here",
        symptoms=_SIGNIN,
        needs=("lane.asked.locked_until",),
        test=when(
            lambda f, now: f.ahead("lane.asked.locked_until", now),
            CERTAIN,
            "lane.asked.locked_until",
        ),
        person=Say(
            "Sign-in under this name is locked from here until {lane.asked.locked_until:time}.",
            "Wait until then: it opens by itself, and trying earlier does not make it longer. "
            "Forgot password works meanwhile.",
        ),
        help_desk=Say(
            "The lane that this browser would use is locked until {lane.asked.locked_until:time}.",
            "The same is shown for names that nobody has: it does not prove that an account "
            "exists.",
        ),
        administrator=Say(
            "Lane of the name as asked: locked until {lane.asked.locked_until:time}.",
            "Nothing to mend; absent names have lanes too.",
        ),
        unseen="Whether the name belongs to anybody is not told here.",
        strangers=True,
    ),
    Cause(
        id="lock.now",
        title="Locked after five wrong passwords",
        symptoms=_SIGNIN,
        needs=(_UNTIL,),
        uses=_besides(),
        test=_is("now", CERTAIN),
        person=Say(
            "After five wrong passwords in a row, sign-in from a new browser is locked until "
            "{lane.unknown.locked_until:time}.",
            "Wait until then; it opens by itself. A browser you signed in with before is not "
            "affected. If you are unsure of the password, set a new one meanwhile.",
        ),
        help_desk=Say(
            "Locked for new clients until {lane.unknown.locked_until:time}, after five wrong "
            "passwords in a row.",
            "Waiting is enough. If it is urgent and the caller is verified: ⋯, Unlock. Their "
            "known browsers work now.",
        ),
        administrator=Say(
            "Lane u: locked until {lane.unknown.locked_until:time} (5 failures, 10 minutes). "
            "Tries during the lock are not compared and do not count.",
            "⋯, Unlock ends it at once; the total towards the closing at 100 stays.",
        ),
        unseen="Who typed the wrong passwords cannot be seen, only from where.",
    ),
    Cause(
        id="lock.strangers",
        title="Locked by somebody else's tries",
        symptoms=_SIGNIN,
        needs=(_UNTIL, "clients.known", "signin.foreign_failures"),
        uses=_besides("clients.known", "signin.foreign_failures"),
        test=_is("strangers", CERTAIN, "signin.foreign_failures", "clients.known"),
        person=Say(
            "Somebody tried wrong passwords from a network you have not signed in from. New "
            "browsers are locked until {lane.unknown.locked_until:time}.",
            "Your own browser or phone, where you signed in before, still works: use it now. "
            "The tries did not get in.",
        ),
        help_desk=Say(
            "Locked for new clients until {lane.unknown.locked_until:time}. Wrong passwords "
            "from networks where the person was never seen: {signin.foreign_failures}.",
            "Let the person use a known browser. Unlocking would give the other side five more "
            "guesses.",
        ),
        administrator=Say(
            "Lane u: locked until {lane.unknown.locked_until:time}; foreign failures: "
            "{signin.foreign_failures}; known clients (own lanes, not locked by this): "
            "{clients.known}.",
            "Look up the addresses in the audit trail; block them in front of Keyturn if they go "
            "on.",
        ),
        unseen="A person who travels comes from a new network too; that looks the same.",
    ),
    Cause(
        id="lock.elsewhere",
        title="Other browsers are locked, this one is not",
        symptoms=_SIGNIN,
        needs=(_UNTIL, "this_client.known"),
        uses=_besides("this_client.known"),
        test=_is("elsewhere", POSSIBLE, "this_client.known"),
        person=Say(
            "New browsers are locked until {lane.unknown.locked_until:time}, but not this one.",
            "Sign in here. If the wrong passwords were not yours, nothing was lost: they did not "
            "get in.",
        ),
        help_desk=Say(
            "The lock until {lane.unknown.locked_until:time} does not hold for the browser that "
            "asks: it is a known one.",
            "Look for another cause of this person's trouble.",
        ),
        administrator=Say(
            "Lane u: locked until {lane.unknown.locked_until:time}; the caller's lane is c:.",
            "Nothing to mend.",
        ),
        unseen="A browser that loses its cookie becomes a new one and meets the lock.",
    ),
    Cause(
        id="lock.whole-account",
        title="Locked in every browser",
        symptoms=_SIGNIN,
        needs=(_UNTIL, "tenant.lockout_scope"),
        uses=_besides("tenant.lockout_scope"),
        test=_is("whole-account", CERTAIN, "tenant.lockout_scope"),
        person=Say(
            "After five wrong passwords in a row this account is locked in every browser until "
            "{lane.unknown.locked_until:time}.",
            "Wait until then; it opens by itself. You can set a new password meanwhile.",
        ),
        help_desk=Say(
            "Locked everywhere until {lane.unknown.locked_until:time}: this organisation counts "
            "all browsers together.",
            "Waiting is enough; ⋯, Unlock for a verified caller.",
        ),
        administrator=Say(
            'lockout.scope = "account": one lane, locked until {lane.unknown.locked_until:time}.',
            'Under "client" a stranger could not lock the owner\'s known browsers out.',
        ),
        unseen="Who typed the wrong passwords cannot be seen, only from where.",
    ),
    Cause(
        id="lock.new-password",
        title="The new password waits for the lock to end",
        symptoms=(Symptom.SIGNIN, Symptom.RECOVERY),
        needs=(_UNTIL, "password.set_at"),
        uses=_besides("password.set_at"),
        test=_is("new-password", CERTAIN, "password.set_at"),
        person=Say(
            "Your new password works from {lane.unknown.locked_until:time}. The lock that was "
            "running keeps its end.",
            "Wait until then and use the new password. There is no need to set another.",
        ),
        help_desk=Say(
            "The password was set at {password.set_at:time}, during a lock. It works from "
            "{lane.unknown.locked_until:time}.",
            "Tell the time. Setting yet another password does not help.",
        ),
        administrator=Say(
            "password.set_at {password.set_at:time} lies within the lock until "
            "{lane.unknown.locked_until:time}; a reset never moves its end.",
            "⋯, Unlock ends the wait for a verified caller.",
        ),
        unseen="Whether the person remembers the new password cannot be seen.",
    ),
    Cause(
        id="lock.own-browser",
        title="This very browser is locked",
        symptoms=_SIGNIN,
        needs=("lane.client.locked_until",),
        test=when(
            lambda f, now: f.ahead("lane.client.locked_until", now),
            CERTAIN,
            "lane.client.locked_until",
        ),
        person=Say(
            "Five wrong passwords in a row came from this very browser. It is locked until "
            "{lane.client.locked_until:time}.",
            "Wait until then; it opens by itself. If you are unsure of the password, set a new "
            "one meanwhile.",
        ),
        help_desk=Say(
            "One of the person's known browsers is locked until "
            "{lane.client.locked_until:time}; others are not.",
            "Let them wait, set a new password, or use another known browser.",
        ),
        administrator=Say(
            "A lane c: is locked until {lane.client.locked_until:time}.",
            "⋯, Unlock opens all lanes of the account.",
        ),
        unseen="Who else uses that browser cannot be seen.",
    ),
    Cause(
        id="lock.closed",
        title="Closed after a hundred wrong passwords",
        symptoms=_SIGNIN,
        needs=("lane.unknown.closed",),
        uses=("this_client.known",),
        test=when(
            lambda f, _: f.flag("lane.unknown.closed") and not f.flag("this_client.known"),
            CERTAIN + 1,
            "lane.unknown.closed",
        ),
        person=Say(
            "After a hundred wrong passwords in a row, the password no longer works in new "
            "browsers.",
            "Set a new password by Forgot password; that opens the account again. Browsers you "
            "signed in with before still work.",
        ),
        help_desk=Say(
            "After 100 failures in a row the password is closed for new clients; even the right "
            "one is refused.",
            "Waiting does not help here. Guide the person through Forgot password.",
        ),
        administrator=Say(
            "Lane u: is closed (100 failures without a success). Only recovery reopens it; "
            "Unlock does not.",
            "Look up the addresses of the failures: this is guessing or a program with an old "
            "password.",
        ),
        unseen="Whether the failures were an attack or a forgotten program cannot be seen.",
    ),
    Cause(
        id="lock.own-browser-closed",
        title="Closed in this browser after a hundred wrong passwords",
        symptoms=_SIGNIN,
        needs=("lane.client.closed",),
        test=when(lambda f, _: f.flag("lane.client.closed"), CERTAIN + 1, "lane.client.closed"),
        person=Say(
            "After a hundred wrong passwords in a row, the password no longer works in this "
            "browser.",
            "Set a new password by Forgot password.",
        ),
        help_desk=Say(
            "A known browser of this person failed 100 times in a row; the password is closed "
            "there.",
            "Guide the person through Forgot password; look for a program that fills in an old "
            "password.",
        ),
        administrator=Say(
            "A lane c: is closed (100 failures without a success).",
            "Recovery reopens it. Forgetting that client makes it an unknown one.",
        ),
        unseen="Which program on the person's machine keeps trying cannot be seen.",
    ),
    Cause(
        id="lock.over",
        title="The lock is over",
        symptoms=_SIGNIN,
        needs=(
            _UNTIL,
            "signin.last_refusal.cause",
            "signin.last_refusal.at",
            "signin.last_refusal.client",
            "signin.last_refusal.ip",
        ),
        test=when(_over, STRONG, "signin.last_refusal.cause", "signin.last_refusal.at"),
        person=Say(
            "The lock you met at {signin.last_refusal.at:time} is over.",
            "Sign in now; five tries are free again.",
        ),
        help_desk=Say(
            "The last refusal, at {signin.last_refusal.at:time} from {signin.last_refusal.client}, "
            "was by a lock that has ended.",
            "Let the person try again now.",
        ),
        administrator=Say(
            "Last refusal: locked, at {signin.last_refusal.at:time}, "
            "{signin.last_refusal.client}, {signin.last_refusal.ip}. No lock runs now.",
            "Nothing to mend.",
        ),
        unseen="Whether the person has tried again elsewhere since is not seen.",
    ),
    Cause(
        id="lock.repeating",
        title="A program keeps trying a wrong password",
        symptoms=_SIGNIN,
        needs=("lane.unknown.total", "signin.last_failure_at"),
        uses=("lane.client.total",),
        test=_repeating,
        person=Say(
            "Wrong passwords keep coming again and again, the last at "
            "{signin.last_failure_at:time}.",
            "Look for an app or another computer that still has an old password. If none of it "
            "is yours, set a new password and tell support.",
        ),
        help_desk=Say(
            "Failures in a row over several locks: {total}, the last at "
            "{signin.last_failure_at:time}. That is a program or somebody guessing.",
            "Ask for mail programs, phones and scripts with a saved password.",
        ),
        administrator=Say(
            "total = {total} of 100 before the lane closes; last failure at "
            "{signin.last_failure_at:time}.",
            "Group the failures by address in the audit trail.",
        ),
        unseen="A program and a guessing person look alike from here.",
    ),
    Cause(
        id="lock.many-networks",
        title="Wrong passwords come from many networks",
        symptoms=_SIGNIN,
        needs=("signin.distinct_networks", "signin.failures_since_success"),
        test=when(_spread, LIKELY + 1, "signin.distinct_networks", "signin.failures_since_success"),
        person=Say(
            "Wrong passwords for this account come from several networks at once. That is rarely "
            "one person.",
            "Sign in from a browser you used before. If your password is in use elsewhere too, "
            "set a new one here.",
        ),
        help_desk=Say(
            "Wrong passwords since the last sign-in: {signin.failures_since_success}, from "
            "networks: {signin.distinct_networks}. Somebody is probably guessing.",
            "Verify the caller before doing anything; do not unlock in haste.",
        ),
        administrator=Say(
            "Failures since the last success: {signin.failures_since_success}; networks (IPv4 "
            "/24, IPv6 /64): {signin.distinct_networks}.",
            "Compare with other accounts in the audit trail: the same networks mean an attack on "
            "many.",
        ),
        unseen="A phone that changes between mobile data and Wi-Fi shows several networks too.",
    ),
    Cause(
        id="lock.notice-lost",
        title="The mail about the lock came back",
        symptoms=(Symptom.SIGNIN, Symptom.MAIL),
        needs=("notice.state", "notice.at", "notice.address", "notice.detail"),
        test=when(
            lambda f, _: f.word("notice.state") in {"bounced", "rejected"},
            POSSIBLE - 1,
            "notice.state",
            "notice.detail",
        ),
        person=Say(
            "The mail of {notice.at:time} that tells of a lock came back from {notice.address}.",
            "Check the address in your account, and replace it if you can no longer read it.",
        ),
        help_desk=Say(
            "The lock notice of {notice.at:time} came back: {notice.detail}",
            "The person was not told of the lock. Codes to this address will fail as well.",
        ),
        administrator=Say(
            "Lock notice {notice.state}: {notice.detail}",
            "Correct the address in a case after two proofs.",
        ),
        unseen="Whether another address of the person works is not known.",
    ),
)
