"""A directory password that was set, or is there, and yet does not let in."""

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
    Test,
    when,
)
from keyturn.rules.diagnosis.facts import Facts
from keyturn.rules.directories.entries import DirectoryKind
from keyturn.rules.lockout import DAY, HOUR

_D = (Symptom.DIRECTORY,)
_RESET = ("reset.kind", "reset.state", "reset.finished_at")


def _set(facts: Facts) -> bool:
    """The last job has set a password."""
    return facts.word("reset.kind") == "reset" and facts.word("reset.state") == "done"


def _lately(facts: Facts, now: int, ms: int) -> bool:
    at = facts.time("reset.finished_at")
    return _set(facts) and at is not None and now - at < ms


def _lingers(facts: Facts, now: int, ms: int) -> bool:
    """The same in a domain, whose servers and computers remember the old one."""
    domain = facts.word("directory.kind") == DirectoryKind.ACTIVE_DIRECTORY
    return domain and _lately(facts, now, ms)


def _looked(name: str, strength: int) -> Test:
    return when(lambda f, _: f.flag(name), strength, name, "directory.looked_at")


def _changed(word: str) -> Test:
    """The last job ended with "changed since by someone else"; "untried": perhaps by us."""

    def test(facts: Facts, _now: int) -> Evidence | None:
        untried = facts.word("reset.reason") == "untried"
        if facts.word("reset.state") != "changed" or untried is not (word == "untried"):
            return None
        return Evidence(CERTAIN, ("reset.state",))

    return test


CAUSES = (
    Cause(
        id="directory.changed",
        title="Somebody else has changed the password",
        symptoms=_D,
        needs=("reset.state", "reset.reason", "reset.finished_at"),
        test=_changed(""),
        person=Say(
            "Your directory password was changed by somebody or something else while yours was "
            "being set, so yours may not be the one that counts.",
            "If that was you elsewhere, or the help desk, use that one. If not, tell the help desk "
            "at once, and choose a new one here.",
        ),
        help_desk=Say(
            "Another write to the password came in between, by {reset.finished_at:time}: an "
            "administrator's tool, another system, or the person on a computer.",
            "Ask who changed it. If nobody knows, treat it as somebody else's doing.",
        ),
        administrator=Say(
            "The version of unicodePwd rose by more than our own write, or the password in "
            "force is not ours.",
            "Event 4724 or 4723 on the originating controller names who did it.",
        ),
        unseen="Who it was stands in the directory's security log.",
    ),
    Cause(
        id="directory.untried",
        title="The password was changed, and we cannot say by whom",
        symptoms=_D,
        needs=("reset.state", "reset.reason", "reset.finished_at"),
        test=_changed("untried"),
        person=Say(
            "Your password was changed at the moment of your reset, most likely by it, but nobody "
            "is left who could try it.",
            "Try the password that you chose. If it does not work, choose a new one.",
        ),
        help_desk=Say(
            "One write that fits ours is there; no living agent had an envelope to try it with.",
            "Let the person try the new password, and start another reset if it does not work.",
        ),
        administrator=Say(
            "Stamp one higher, from the controller used; every agent with an envelope is gone.",
            "Run two candidates for a directory, so that one is left.",
        ),
        unseen="Whether the write was ours.",
    ),
    Cause(
        id="directory.unbound",
        title="The password was set but could not be tried",
        symptoms=_D,
        needs=("reset.unbound", "reset.finished_at"),
        test=when(lambda f, _: f.flag("reset.unbound"), LIKELY + 2, "reset.unbound"),
        person=Say(
            "The directory has taken your new password, but said nothing when it was tried: the "
            "account is locked.",
            "Unlock the account, then use the new password.",
        ),
        help_desk=Say(
            "Set at {reset.finished_at:time}; the test sign-in was answered with “locked”, which "
            "proves nothing about the password.",
            "Unlock the account from here.",
        ),
        administrator=Say(
            "Data 775 after our write: metadata shows it, no bind proves it.",
            "See whether a policy keeps resets from unlocking.",
        ),
        unseen="Whether the password is right cannot be seen while the account is locked.",
    ),
    Cause(
        id="directory.locked",
        title="The directory account is locked",
        symptoms=_D,
        needs=("directory.locked", "directory.looked_at"),
        uses=("directory.locked_until",),
        test=_looked("directory.locked", STRONG + 5),
        person=Say(
            "Your directory account is locked (seen {directory.looked_at:time}): some device or "
            "program still signs in with an old password.",
            "Unlock it here. Then change the password on your phone's mail, mapped drives and "
            "saved connections, or it locks again.",
        ),
        help_desk=Say(
            "Locked in the directory when it was looked at, {directory.looked_at:time}.",
            "Unlock it, and look for what still uses the old password: phones, scheduled tasks, "
            "saved credentials, sessions on other computers.",
        ),
        administrator=Say(
            "lockoutTime is set (seen {directory.looked_at:time}).",
            "Event 4740 on the PDC emulator names the calling computer.",
        ),
        unseen="What signs in with the old password cannot be seen from here.",
    ),
    Cause(
        id="directory.disabled",
        title="The directory account is disabled",
        symptoms=_D,
        needs=("directory.disabled", "directory.looked_at"),
        test=_looked("directory.disabled", CERTAIN),
        person=Say(
            "Your directory account is disabled, whatever its password.",
            "Ask the help desk or your manager.",
        ),
        help_desk=Say(
            "Disabled in the directory, seen {directory.looked_at:time}.",
            "Only an administrator of the directory can enable it.",
        ),
        administrator=Say(
            "ACCOUNTDISABLE is set (data 533 at logon).",
            "Enable it if the person is to have access.",
        ),
        unseen="Why it was disabled is not known here.",
    ),
    Cause(
        id="directory.account-expired",
        title="The directory account has expired",
        symptoms=_D,
        needs=("directory.expired", "directory.looked_at"),
        test=_looked("directory.expired", CERTAIN - 1),
        person=Say(
            "Your directory account has passed its last day, whatever its password.",
            "Ask the help desk or your manager to prolong it.",
        ),
        help_desk=Say(
            "accountExpires has passed, seen {directory.looked_at:time}.",
            "An administrator of the directory can prolong it.",
        ),
        administrator=Say("accountExpires has passed (data 701).", "Set a new date."),
        unseen="Whether the date was meant is not known here.",
    ),
    Cause(
        id="directory.change-first",
        title="The password must be changed first",
        symptoms=_D,
        needs=("directory.must_change", "directory.looked_at"),
        test=_looked("directory.must_change", STRONG + 3),
        person=Say(
            "Your directory wants a new password before it lets you in. Some programs and remote "
            "connections cannot ask you for it and just refuse.",
            "Choose a new password here.",
        ),
        help_desk=Say(
            "Must change at next logon, seen {directory.looked_at:time}; remote desktop, mail and "
            "VPN often refuse without saying so.",
            "Let the person choose a new password here.",
        ),
        administrator=Say("pwdLastSet is 0 (data 773).", "Nothing to mend."),
        unseen="Which program refused is not known.",
    ),
    Cause(
        id="directory.password-expired",
        title="The directory password has expired",
        symptoms=_D,
        needs=("directory.password_expires_at",),
        test=when(
            lambda f, now: f.reached("directory.password_expires_at", now), STRONG + 2,
            "directory.password_expires_at",
        ),
        person=Say(
            "Your directory password expired at {directory.password_expires_at:time}.",
            "Choose a new one here.",
        ),
        help_desk=Say(
            "The password expired at {directory.password_expires_at:time}.",
            "Let the person choose a new one here.",
        ),
        administrator=Say(
            "Maximum age reached at {directory.password_expires_at:time} (data 532).",
            "Nothing to mend.",
        ),
        unseen="Whether the person was reminded is not known.",
    ),
    Cause(
        id="directory.not-everywhere",
        title="The new password has not arrived at every controller",
        symptoms=_D,
        needs=(*_RESET, "reset.missing"),
        uses=("reset.everywhere_at", "reset.reason"),
        test=when(
            lambda f, _: (
                f.word("reset.state") == "done"
                and not f.word("reset.reason")
                and f.value("reset.everywhere_at") is None
                and f.count("reset.missing") > 0
            ),
            STRONG, "reset.missing",
        ),
        person=Say(
            "Your new password is set, but {reset.missing} of your organisation's servers do not "
            "have it yet. One of those still wants the old one.",
            "Wait a few minutes and try again; this page shows each server as it comes.",
        ),
        help_desk=Say(
            "Set at {reset.finished_at:time}; controllers still without it: {reset.missing}.",
            "It usually takes seconds, between sites up to the interval of the site link. Longer "
            "means that replication is held up: tell an administrator.",
        ),
        administrator=Say(
            "Metadata of unicodePwd has not arrived at {reset.missing} writable controllers.",
            "The directory's map names them; `repadmin /showrepl` or `samba-tool drs showrepl` "
            "says why.",
        ),
        unseen="Which controller the person's computer asks is its own choice.",
    ),
    Cause(
        id="directory.given-up",
        title="A controller never showed the new password",
        symptoms=_D,
        needs=("reset.state", "reset.reason", "reset.missing"),
        test=when(
            lambda f, _: (
                f.word("reset.state") == "done" and f.word("reset.reason") == "given_up"
            ),
            STRONG - 1, "reset.reason",
        ),
        person=Say(
            "Your new password is set, but some of your organisation's servers did not show it "
            "for a week.",
            "If a place still wants the old one, tell the help desk which.",
        ),
        help_desk=Say(
            "Controllers that never showed the change: {reset.missing}. They are cut off, or "
            "gone without having been removed.",
            "Tell an administrator.",
        ),
        administrator=Say(
            "Watched for seven days; still missing on {reset.missing} controllers.",
            "Remove dead controllers from Sites and Services (metadata clean-up); mend "
            "replication before the tombstone lifetime ends.",
        ),
        unseen="Whether those controllers still serve anybody.",
    ),
    Cause(
        id="directory.overtaken",
        title="The password was changed again afterwards",
        symptoms=_D,
        needs=("reset.state", "reset.reason", "reset.finished_at"),
        test=when(
            lambda f, _: (
                f.word("reset.state") == "done" and f.word("reset.reason") == "overtaken"
            ),
            STRONG + 4, "reset.reason",
        ),
        person=Say(
            "Your password was set at {reset.finished_at:time}, and changed again by somebody or "
            "something else after that.",
            "Use the newer one if it is yours. If not, tell the help desk at once.",
        ),
        help_desk=Say(
            "A later write of the password was seen while ours was being watched.",
            "Ask who made it: the person on a computer, a colleague, another system.",
        ),
        administrator=Say(
            "A higher version of unicodePwd than our own on a watched controller.",
            "Event 4723 or 4724 on its originating controller.",
        ),
        unseen="Who made the later change.",
    ),
    Cause(
        id="directory.old-password",
        title="The old password may work, or be asked for, up to an hour",
        symptoms=_D,
        needs=(*_RESET, "directory.kind"),
        test=when(lambda f, now: _lingers(f, now, HOUR), POSSIBLE, "reset.finished_at"),
        person=Say(
            "Your password was set at {reset.finished_at:time}. File shares and connections that "
            "are open already may go on with the old one for up to an hour.",
            "Use the new one. Sign out and in again where a program still has the old one.",
        ),
        help_desk=Say(
            "Set at {reset.finished_at:time}. Windows lets the old password through for NTLM "
            "network logons for an hour; tickets live on.",
            "Nothing to mend. If somebody else knew the old password, end sessions and disable "
            "the account for that hour.",
        ),
        administrator=Say(
            "OldPasswordAllowedPeriod, 60 minutes by default; Kerberos tickets until they end.",
            "Shorten it on the controllers if you must.",
        ),
        unseen="Which connections are open elsewhere cannot be seen.",
    ),
    Cause(
        id="directory.away",
        title="A computer away from the office keeps the old password",
        symptoms=_D,
        needs=(*_RESET, "directory.kind"),
        test=when(lambda f, now: _lingers(f, now, 7 * DAY), HINT + 2, "reset.finished_at"),
        person=Say(
            "A laptop that has not seen the office network since {reset.finished_at:time} still "
            "wants the old password at its own sign-in.",
            "Sign in to it with the old one, connect to the office or its VPN, lock it, and "
            "unlock it with the new one.",
        ),
        help_desk=Say(
            "Cached logons follow only when the computer reaches a controller.",
            "Old password to sign in, VPN, then lock and unlock with the new one.",
        ),
        administrator=Say(
            "Cached domain logon on the client.",
            "A VPN that connects before sign-in spares people this.",
        ),
        unseen="Where the person's computer is cannot be seen.",
    ),
    Cause(
        id="directory.space",
        title="A space was typed or copied at the end",
        symptoms=_D,
        needs=(*_RESET, "reset.everywhere_at"),
        test=when(
            lambda f, now: (
                _lately(f, now, 7 * DAY) and f.reached("reset.everywhere_at", now)
            ),
            HINT + 4, "reset.finished_at", "reset.everywhere_at",
        ),
        person=Say(
            "If the password was pasted, a space at its end counts as part of it.",
            "Type it by hand once, with the letters shown. If that fails, choose a new one; the "
            "page warns of a space at either end.",
        ),
        help_desk=Say(
            "A space or line end that was copied along is the most frequent reason why a right "
            "password is refused.",
            "Let the person type it by hand. Never ask for it.",
        ),
        administrator=Say(
            "Passwords are set exactly as typed; the page warns of spaces at either end.",
            "Nothing to mend.",
        ),
        unseen="What was typed was sealed in the browser and never seen here.",
    ),
)  # fmt: skip
