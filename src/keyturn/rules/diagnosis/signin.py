"""Name and password are not accepted: what of it lies with the name or the password."""

from __future__ import annotations

from keyturn.rules.diagnosis.cause import (
    CERTAIN,
    HINT,
    LIKELY,
    POSSIBLE,
    STRONG,
    Cause,
    Evidence,
    Say,
    Symptom,
    when,
)
from keyturn.rules.diagnosis.facts import Facts
from keyturn.rules.lockout import DAY, DEFAULT

_SIGNIN = (Symptom.SIGNIN,)
_NO_WAY_IN = (Symptom.SIGNIN, Symptom.RECOVERY, Symptom.MAIL)


def _absent(facts: Facts, kind: str, similar: bool) -> bool:
    """Nobody has the name; whether it is an e-mail and whether others are like it."""
    return (
        facts.value("account.exists") is False
        and (facts.word("asked.kind") == "email") is (kind == "email")
        and (facts.count("account.similar") > 0) is similar
    )


def _few_wrong(facts: Facts, now: int) -> Evidence | None:
    unknown, client = facts.count("lane.unknown.failed"), facts.count("lane.client.failed")
    failed = max(unknown, client)
    if not 0 < failed < DEFAULT.limit or facts.ahead("lane.unknown.locked_until", now):
        return None
    lane = "lane.client.failed" if client > unknown else "lane.unknown.failed"
    derived = {"failed": failed, "left": DEFAULT.limit - failed}
    return Evidence(LIKELY, (lane, "signin.last_failure_at"), derived)


def _old_password(facts: Facts, _: int) -> bool:
    return facts.count("signin.failures_since_password") > 0 and facts.later(
        "password.set_at", "signin.last_success_at"
    )


def _typed(facts: Facts, now: int) -> bool:
    at = facts.time("signin.last_failure_at")
    return (
        facts.later("signin.last_failure_at", "signin.last_success_at")
        and at is not None
        and now - at < DAY
    )


CAUSES = (
    Cause(
        id="signin.few-wrong",
        title="A few wrong passwords",
        symptoms=_SIGNIN,
        needs=("lane.unknown.failed", "signin.last_failure_at"),
        uses=("lane.client.failed", "lane.unknown.locked_until"),
        test=_few_wrong,
        person=Say(
            "The last password that was tried was wrong, at {signin.last_failure_at:time}.",
            "Type it once more, slowly, or choose Forgot password: that works at any time.",
        ),
        help_desk=Say(
            "Wrong passwords in a row: {failed}. Before the lock: {left}.",
            "Suggest Forgot password before the tries are used up. Never ask for the password.",
        ),
        administrator=Say(
            "Failures of the present streak: {failed}; the lane locks after {left} more. "
            "Last at {signin.last_failure_at:time}.",
            "Nothing to mend. The streak is forgotten 24 hours after its last failure.",
        ),
        unseen="What was typed is not kept, so nobody can say what was wrong about it.",
    ),
    Cause(
        id="signin.old-password",
        title="The old password is still typed",
        symptoms=_SIGNIN,
        needs=(
            "signin.failures_since_password",
            "password.set_at",
            "signin.last_success_at",
        ),
        test=when(_old_password, STRONG, "signin.failures_since_password", "password.set_at"),
        person=Say(
            "The password was changed at {password.set_at:time}, and nobody has signed in with "
            "the new one yet.",
            "Use the new password. A password manager or app may still fill in the old one: "
            "change it there too, or choose Forgot password.",
        ),
        help_desk=Say(
            "Since the password was set at {password.set_at:time}, wrong passwords: "
            "{signin.failures_since_password}, and no sign-in. Probably the old one is typed or "
            "filled in.",
            "Ask whether a password manager fills the form. Let the person type the new one by "
            "hand, or start Forgot password.",
        ),
        administrator=Say(
            "password.set_at {password.set_at:time}, failures since: "
            "{signin.failures_since_password}, last success before it.",
            "If the person did not set the password, treat it as “this wasn't me”: end the "
            "sessions and open a case.",
        ),
        unseen="Passwords are stored as hashes; Keyturn does not know which one was typed.",
    ),
    Cause(
        id="signin.unknown-name",
        title="Nobody has this name",
        symptoms=_NO_WAY_IN,
        needs=("account.exists",),
        uses=("asked.kind", "account.similar"),
        test=when(
            lambda f, _: f.value("account.exists") is False and not f.count("account.similar"),
            CERTAIN,
            "account.exists",
        ),
        person=Say(
            "Nobody here has the name that was typed.",
            "Look for a slip in the spelling, and check that this is the right organisation's "
            "page. Your welcome mail shows the name you signed up with.",
        ),
        help_desk=Say(
            "Nobody in this tenant has this name, and no name looks like it.",
            "Ask for the spelling letter by letter, and which organisation's page is open.",
        ),
        administrator=Say(
            "No identifier of this tenant equals the canonical form of what was typed. Mail for "
            "it is dropped by the worker.",
            "Invite the person, or add the spelling as an identifier of their account.",
        ),
        unseen="Other tenants are behind a wall: whether the name exists there is not looked at.",
    ),
    Cause(
        id="signin.other-address",
        title="The account has another e-mail address",
        symptoms=_NO_WAY_IN,
        needs=("account.exists", "asked.kind", "account.similar"),
        test=when(
            lambda f, _: _absent(f, "email", True), STRONG, "account.exists", "account.similar"
        ),
        person=Say(
            "No account here uses this e-mail address.",
            "Try your other addresses, or the user name you chose at sign-up.",
        ),
        help_desk=Say(
            "No account has this address. Accounts with a name that starts like it: "
            "{account.similar}.",
            "Search for the part before the @. The account may have another address; verify the "
            "caller before telling which.",
        ),
        administrator=Say(
            "The address is no identifier of this tenant; similar accounts: {account.similar}.",
            "If it belongs to one of them, let the person add it after signing in.",
        ),
        unseen="Whether a similar account belongs to the same person cannot be seen.",
    ),
    Cause(
        id="signin.misspelt",
        title="The name is misspelt",
        symptoms=_NO_WAY_IN,
        needs=("account.exists", "asked.kind", "account.similar"),
        test=when(
            lambda f, _: _absent(f, "name", True), STRONG, "account.exists", "account.similar"
        ),
        person=Say(
            "Nobody here has exactly this name.",
            "Check it letter by letter, or use your e-mail address instead.",
        ),
        help_desk=Say(
            "Nobody has this name, but names that start like it exist: {account.similar}.",
            "Search for the first letters, and let the caller spell the name.",
        ),
        administrator=Say(
            "No identifier matches; similar accounts: {account.similar}.",
            "Nothing to mend, unless the spelling should become an identifier.",
        ),
        unseen="Which name was meant cannot be seen.",
    ),
    Cause(
        id="signin.disabled",
        title="The account is switched off",
        symptoms=(*_NO_WAY_IN, Symptom.SECOND),
        needs=("account.state",),
        uses=("account.disabled_at",),
        test=when(
            lambda f, _: f.word("account.state") == "disabled",
            CERTAIN,
            "account.state",
            "account.disabled_at",
        ),
        person=Say(
            "This account is switched off. A new password would not change that.",
            "Ask the organisation, by the contacts on this page, to switch it on again.",
        ),
        help_desk=Say(
            "The account is disabled: no password and no recovery lets anybody in.",
            "Find out from the account's history who disabled it and why. Only a manager or "
            "owner should enable it.",
        ),
        administrator=Say(
            "account.state = disabled. Recovery mail is not sent for it.",
            "User's page, ⋯, Enable; or leave it. See user.disabled in the audit trail.",
        ),
        unseen="Why it was disabled is known to the person who did it.",
    ),
    Cause(
        id="signin.invited",
        title="The invitation was not accepted yet",
        symptoms=(*_NO_WAY_IN, Symptom.SIGNUP),
        needs=("account.state",),
        # the link, if it is dead, says more
        test=when(lambda f, _: f.word("account.state") == "invited", CERTAIN - 1, "account.state"),
        person=Say(
            "The invitation to this account has not been accepted yet, so it has no password.",
            "Open the link in the invitation mail. If it is lost or too old, choose “Forgot your "
            "password?”: where the organisation allows it, the code in that mail leads on to "
            "setting up the account. Else ask the organisation for a new invitation.",
        ),
        help_desk=Say(
            "The account was invited and never activated.",
            "Check that the address is right, and press Invite: on the case, or in the ⋯ menu of "
            "the user's row. If the mailbox opens with the very password that is missing, verify "
            "the caller first and mend the address.",
        ),
        administrator=Say(
            "account.state = invited: no password is taken until activation. With "
            "activation_again on, recovery mails a code that leads to activation, for whoever "
            "was sent a link before.",
            "Send a new invitation; the newer link replaces the older at once.",
        ),
        unseen="Whether the invitation was read cannot be seen.",
    ),
    Cause(
        id="signin.no-password",
        title="The account has no password yet",
        symptoms=_SIGNIN,
        needs=("account.state", "password.exists"),
        test=when(
            lambda f, _: (
                f.word("account.state") == "active" and f.value("password.exists") is False
            ),
            CERTAIN,
            "password.exists",
        ),
        person=Say(
            "This account has no password yet.",
            "Choose Forgot password to set one; a code is mailed to you.",
        ),
        help_desk=Say(
            "The account is active but has no password, so no password can be right.",
            "Guide the person through Forgot password.",
        ),
        administrator=Say(
            "account.state = active without a password hash.",
            "Let the person set one by recovery. Nobody else may choose it.",
        ),
        unseen="Whether the account was meant to have a password cannot be seen.",
    ),
    Cause(
        id="signin.in-since",
        title="A later sign-in worked",
        symptoms=(Symptom.SIGNIN, Symptom.SECOND),
        needs=("signin.last_success_at", "signin.last_refusal.at"),
        test=when(
            lambda f, _: (
                f.later("signin.last_success_at", "signin.last_refusal.at")
                and f.time("signin.last_refusal.at") is not None
            ),
            POSSIBLE,
            "signin.last_success_at",
            "signin.last_refusal.at",
        ),
        person=Say(
            "The last sign-in worked, at {signin.last_success_at:time}, after the refusal.",
            "Try again now. If that sign-in was not yours, use “This wasn't me”.",
        ),
        help_desk=Say(
            "A sign-in passed at {signin.last_success_at:time}, after the last refusal at "
            "{signin.last_refusal.at:time}.",
            "Ask whether that was the person. If not, end the sessions and open a case.",
        ),
        administrator=Say(
            "signin.passed at {signin.last_success_at:time} is newer than the last refusal.",
            "Nothing refuses this account by itself now.",
        ),
        unseen="Whether the owner was the one who signed in cannot be seen.",
    ),
    Cause(
        id="signin.typing",
        title="Caps lock, keyboard layout or a space",
        symptoms=_SIGNIN,
        needs=("signin.last_failure_at", "signin.last_success_at"),
        test=when(_typed, HINT, "signin.last_failure_at"),
        person=Say(
            "The password was not typed exactly as it was set.",
            "Look for caps lock, another keyboard layout, and a space at the end: the sign-in "
            "page points out the first and the last. Let it show the password while you type.",
        ),
        help_desk=Say(
            "Wrong passwords since the last sign-in; caps lock, keyboard layout or a copied "
            "space may be behind it.",
            "Ask the person to show the password on their own screen while typing, and not to "
            "read it out.",
        ),
        administrator=Say(
            "Passwords are compared exactly as typed (NFC), never trimmed.",
            "Nothing to mend.",
        ),
        unseen="Caps lock and spaces are seen by the browser alone and never sent to Keyturn.",
    ),
    Cause(
        id="signin.no-try",
        title="The try never reached this account",
        symptoms=_SIGNIN,
        needs=("account.exists", "signin.last_refusal.at", "signin.last_success_at"),
        uses=("lane.unknown.locked_until", "account.state"),
        test=when(
            lambda f, _: f.flag("account.exists") and f.time("signin.last_refusal.at") is None,
            POSSIBLE,
            "signin.last_refusal.at",
        ),
        person=Say(
            "No refused sign-in to this account is on record.",
            "Check the address in the browser: you may be on another organisation's page, or "
            "have typed another name.",
        ),
        help_desk=Say(
            "No refused try has reached this account. The person probably typed another name or "
            "is on another page.",
            "Let them read out the page's address and the name they type.",
        ),
        administrator=Say(
            "The audit trail holds no refusal for this account.",
            "Look for the try under the caller's IP address in the audit trail: it may have met "
            "another name, the network's budget or a proxy in front of Keyturn.",
        ),
        unseen="Tries that never reached Keyturn, or reached another tenant, are not seen.",
    ),
)
