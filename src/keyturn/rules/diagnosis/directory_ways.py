"""The way to the directory: its agents, its controllers, their TLS."""

from __future__ import annotations

from keyturn.rules.diagnosis.cause import CERTAIN, LIKELY, STRONG, Cause, Say, Symptom, Test, when
from keyturn.rules.diagnosis.directory_refusals import refused

_D = (Symptom.DIRECTORY,)
_NOBODY = "Nothing was changed, and it is not your doing."
_ADMIN_HELP = Say(
    "The agent does not get a trustworthy connection to a controller. Nothing was changed.",
    "Tell an administrator: trying again will not help.",
)


def _agents(word: str) -> Test:
    return when(
        lambda f, _: f.flag("directory.linked") and f.word("directory.agent") == word,
        CERTAIN - 1, "directory.agent",
    )  # fmt: skip


_AGENTS = (
    Cause(
        id="directory.not-linked",
        title="No directory account is linked",
        symptoms=_D,
        needs=("directory.linked",),
        # most people need none: it is the answer to who asks about the directory alone
        test=when(lambda f, _: f.value("directory.linked") is False, LIKELY, "directory.linked"),
        person=Say(
            "No account of your organisation's directory is linked to you here.",
            "Ask the help desk to link it.",
        ),
        help_desk=Say(
            "This user has no linked directory account.",
            "Link it on the user's page, by its name in the directory.",
        ),
        administrator=Say(
            "No row in linked accounts for this user.",
            "Link it by hand, or have accounts in scope linked.",
        ),
        unseen="Which directory account is the person's cannot be guessed.",
    ),
    Cause(
        id="directory.no-agent",
        title="No agent is set up for the directory",
        symptoms=_D,
        needs=("directory.linked", "directory.agent"),
        test=_agents("none"),
        person=Say(
            f"Your organisation's directory is not connected yet. {_NOBODY}",
            "Ask the help desk.",
        ),
        help_desk=Say(
            "No agent was ever enrolled for this directory, so nothing can be set.",
            "Tell an administrator.",
        ),
        administrator=Say(
            "The directory has no agent.",
            "Make an enrolment token on the directory's page and run `keyturn agent enrol` beside "
            "a controller.",
        ),
        unseen="Whether an agent is installed somewhere without being enrolled cannot be seen.",
    ),
    Cause(
        id="directory.agent-waiting",
        title="The agent waits for approval",
        symptoms=_D,
        needs=("directory.linked", "directory.agent"),
        test=_agents("waiting"),
        person=Say(
            f"The connection to your organisation's directory is not finished yet. {_NOBODY}",
            "Ask the help desk.",
        ),
        help_desk=Say(
            "The directory's agents are enrolled, but none is approved.",
            "Tell an administrator.",
        ),
        administrator=Say(
            "Agents without a certificate: nothing can be sealed to them.",
            "Run `keyturn agent approve` on an approved agent and compare the fingerprints; the "
            "first one of a directory approves itself.",
        ),
        unseen="Who was going to approve it is not known.",
    ),
    Cause(
        id="directory.agent-revoked",
        title="The directory's agents are revoked",
        symptoms=_D,
        needs=("directory.linked", "directory.agent"),
        test=_agents("revoked"),
        person=Say(
            f"The connection to your organisation's directory was cut. {_NOBODY}",
            "Ask the help desk.",
        ),
        help_desk=Say(
            "All agents of this directory were revoked; the audit trail has who and when.",
            "Tell an administrator.",
        ),
        administrator=Say(
            "No agent that is listened to: all are revoked.",
            "Enrol a new one. If the revocation was for a stolen machine, make a new identity of "
            "the directory too.",
        ),
        unseen="Why they were revoked is not recorded.",
    ),
    Cause(
        id="directory.agent-copied",
        title="An agent's key was found in two places",
        symptoms=_D,
        needs=("directory.linked", "directory.agent"),
        test=_agents("cloned"),
        person=Say(
            f"The connection to your organisation's directory was stopped for safety. {_NOBODY}",
            "Ask the help desk.",
        ),
        help_desk=Say(
            "The agent's key was seen in two places, so both were stopped and owners were told.",
            "Tell an administrator at once.",
        ),
        administrator=Say(
            "Two runs of one key spoke by turns, or a sequence went back: a copied machine, a "
            "restored snapshot, or theft.",
            "Find out which. Revoke the agent, enrol a new one on one machine, and never clone a "
            "machine with its state folder.",
        ),
        unseen="Which of the two is the copy cannot be seen.",
    ),
    Cause(
        id="directory.agent-silent",
        title="The agent is not heard",
        symptoms=_D,
        needs=("directory.linked", "directory.agent", "directory.heard_at"),
        test=_agents("silent"),
        person=Say(
            "The program beside your organisation's directory is not heard since "
            f"{{directory.heard_at:time}}. {_NOBODY}",
            "Try again in a few minutes; the help desk can see whether it is back.",
        ),
        help_desk=Say(
            "No agent of this directory was heard since {directory.heard_at:time}: its service "
            "stopped, its machine is off, or its way out is blocked.",
            "Tell an administrator which directory it is.",
        ),
        administrator=Say(
            "Last beat of any candidate: {directory.heard_at:time} (beats come every 15 s).",
            "On its machine: `systemctl status keyturn-agent`, then `keyturn agent doctor`. Check "
            "the outbound proxy and the clock. A second candidate would have taken over.",
        ),
        unseen="Whether the agent or the network stopped cannot be told from here.",
    ),
    Cause(
        id="directory.too-many",
        title="Too many resets of one account within an hour",
        symptoms=_D,
        needs=("directory.spent_until",),
        test=when(
            lambda f, now: f.ahead("directory.spent_until", now), CERTAIN + 1,
            "directory.spent_until",
        ),
        person=Say(
            "Your directory account was changed or asked for very often within an hour. The next "
            "is possible from {directory.spent_until:time}.",
            "Wait until then. If that was not you, tell the help desk now.",
        ),
        help_desk=Say(
            "The account's budget of resets is spent until {directory.spent_until:time}.",
            "Look at who started them, in the audit trail.",
        ),
        administrator=Say(
            "Budget directory-jobs (10 an hour for one account) is spent until "
            "{directory.spent_until:time}.",
            "Nothing to mend, unless something asks by itself.",
        ),
        unseen="Why it was tried so often is not known.",
    ),
)  # fmt: skip

_CONTROLLER = (
    refused(
        "agent-credentials", "The agent's own account is not accepted", "credentials",
        needs=("reset.controller", "reset.detail"),
        person=Say(
            f"The program beside your directory is not let in by it. {_NOBODY}",
            "Tell the help desk: an administrator can mend it.",
        ),
        help_desk=Say(
            "The directory does not accept the agent's own account any more.",
            "Tell an administrator; nobody can reset until it is mended.",
        ),
        administrator=Say(
            "Bind of the agent's account failed on {reset.controller}: {reset.detail}",
            "Its password expired or was changed, or it is disabled or locked. Set it anew with "
            "`keyturn agent doctor`'s advice; give it a password that does not expire.",
        ),
        unseen="Who changed it stands in the directory's log.",
    ),
    refused(
        "read-only", "The controller holds a read-only copy", "read_only",
        needs=("reset.controller",),
        person=Say(
            f"The program beside your directory asked a copy that cannot be written. {_NOBODY}",
            "Try again in a few minutes, or ask the help desk.",
        ),
        help_desk=Say(
            "The agent spoke to a read-only controller, which passes no change on.",
            "Tell an administrator.",
        ),
        administrator=Say(
            "Referral from {reset.controller}, a read-only controller.",
            "Point the agent at a writable one.",
        ),
        unseen="Whether a writable one can be reached from there is not known yet.",
    ),
    refused(
        "not-private", "The controller wants a protected connection", "not_private",
        needs=("reset.controller", "reset.detail"),
        person=Say(
            f"The connection to your directory is not protected as it wants it. {_NOBODY}",
            "Tell the help desk: an administrator can mend it.",
        ),
        help_desk=_ADMIN_HELP,
        administrator=Say(
            "strongerAuthRequired on {reset.controller}: {reset.detail}",
            "Passwords go over LDAPS only; check the controller's signing and channel-binding "
            "policies against the agent's settings.",
        ),
    ),
    refused(
        "controller-busy", "The controller is busy", "busy", "too_late",
        needs=("reset.controller",),
        person=Say(
            "Your organisation's directory was too busy and refused. Nothing was changed.",
            "Try again in a minute.",
        ),
        help_desk=Say(
            "The controller refused for lack of time: it starts, stops or is overloaded.",
            "Let the person try again in a minute.",
        ),
        administrator=Say(
            "busy, unavailable or a limit exceeded on {reset.controller}.",
            "Look at its load and its event log.",
        ),
        unseen="How busy it was cannot be seen.",
    ),
    refused(
        "controller-name", "The controller's name is not found", "name",
        needs=("reset.controller",),
        person=Say(
            f"The program beside your directory did not find it. {_NOBODY}",
            "Try again in a few minutes, or ask the help desk.",
        ),
        help_desk=Say(
            "The agent could not resolve the controller's name.",
            "Tell an administrator: it is DNS.",
        ),
        administrator=Say(
            "No address for {reset.controller} on the agent's machine.",
            "Its resolver must be one of the domain's DNS servers. A name without a domain (no "
            "FQDN), or a controller that was decommissioned, has the same effect.",
        ),
        unseen="Which resolver answered what stands in the agent's log.",
    ),
    refused(
        "controller-unreachable", "No controller can be reached", "refused", "timeout",
        needs=("reset.controller",),
        person=Say(
            "The program beside your directory did not reach it. It is certain that nothing was "
            "changed.",
            "Try again in a few minutes, or ask the help desk.",
        ),
        help_desk=Say(
            "The agent lives, but reached no controller: it is off, or something blocks port 636.",
            "Tell an administrator.",
        ),
        administrator=Say(
            "No answer from {reset.controller} on port 636.",
            "From the agent's machine: is the service up, is the firewall open? The directory's "
            "page shows which controllers answer.",
        ),
        unseen="Whether the controller or the way to it is down cannot be told from one side.",
    ),
    refused(
        "tls-old", "The controller offers only old TLS", "tls_old",
        needs=("reset.controller",),
        person=Say(
            f"Your directory offers no connection that is safe enough for a password. {_NOBODY}",
            "Tell the help desk: an administrator can mend it.",
        ),
        help_desk=_ADMIN_HELP,
        administrator=Say(
            "{reset.controller} offers no TLS 1.2 or later; passwords do not go over older ones.",
            "Turn TLS 1.2 on there (SCHANNEL\\Protocols) and restart it.",
        ),
        unseen="Which other programs still need old TLS there is not known.",
    ),
    refused(
        "tls-ca", "The controller's certificate is from an unknown authority", "tls_ca",
        needs=("reset.controller",),
        person=Say(
            f"We could not make sure that it is your directory that answers. {_NOBODY}",
            "Tell the help desk: an administrator can mend it.",
        ),
        help_desk=_ADMIN_HELP,
        administrator=Say(
            "The chain of {reset.controller}'s certificate ends at an authority that the agent "
            "does not know.",
            "Give the agent the certificate of your authority (agent settings, CA file). If you "
            "do not know that authority, somebody may stand between.",
        ),
        unseen="Whether somebody stands between cannot be told from the certificate alone.",
    ),
    refused(
        "tls-name", "The controller's certificate bears another name", "tls_name",
        needs=("reset.controller",),
        person=Say(
            f"We could not make sure that it is your directory that answers. {_NOBODY}",
            "Tell the help desk: an administrator can mend it.",
        ),
        help_desk=_ADMIN_HELP,
        administrator=Say(
            "The certificate of {reset.controller} does not bear that name.",
            "Connect by the full name that stands in it (subjectAltName), never by address or "
            "short name; or give the controller a certificate with its name.",
        ),
        unseen="Which name was meant is not known.",
    ),
    refused(
        "tls-expired", "The controller's certificate has expired", "tls_expired",
        needs=("reset.controller",),
        person=Say(
            f"The certificate of your directory has expired. {_NOBODY}",
            "Tell the help desk: an administrator can mend it.",
        ),
        help_desk=_ADMIN_HELP,
        administrator=Say(
            "The certificate of {reset.controller} is out of its time, or the agent's clock is "
            "wrong.",
            "Renew it (autoenrolment failed?) and let the controller load it; check the clock.",
        ),
        unseen="Which of the two clocks is wrong, if one is, cannot be seen.",
    ),
    refused(
        "tls", "No protected connection to the controller", "tls",
        needs=("reset.controller", "reset.detail"),
        person=Say(
            f"No protected connection to your directory could be made. {_NOBODY}",
            "Tell the help desk: an administrator can mend it.",
        ),
        help_desk=_ADMIN_HELP,
        administrator=Say(
            "The TLS handshake with {reset.controller} failed: {reset.detail}",
            "`keyturn agent doctor` on the agent's machine shows the handshake; a controller "
            "without any certificate has the same effect.",
        ),
    ),
)  # fmt: skip

_UNSETTLED = Cause(
    id="directory.unsettled",
    title="It is being found out whether the reset was made",
    symptoms=_D,
    needs=("reset.state", "reset.started_at", "directory.agent"),
    test=when(lambda f, _: f.word("reset.state") == "unsettled", STRONG, "reset.state"),
    person=Say(
        "The program beside your directory was interrupted in the middle. It will look whether "
        "your new password was set, and say so here.",
        "Wait a moment. Try the new password, and the old one if that fails.",
    ),
    help_desk=Say(
        "A reset of {reset.started_at:time} was permitted and not answered for; an agent is going "
        "to read the directory. Agents now: {directory.agent}.",
        "Wait for the answer; until then no other reset of this account begins.",
    ),
    administrator=Say(
        "UNSETTLED since {reset.started_at:time}; agents: {directory.agent}. It is settled by the "
        "metadata of unicodePwd, and one try of the password where that decides.",
        "See that an agent lives and reaches the controller that the job names.",
    ),
    unseen="Nobody can say before the directory was read.",
)

CAUSES = (*_AGENTS, *_CONTROLLER, _UNSETTLED)
