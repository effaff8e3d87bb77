"""Words of the checks of a directory as a whole and of its agents."""

from __future__ import annotations

from typing import Final

from keyturn.rules.health.verdicts import Area, Cause, Check, Copy, State

_OK, _WARN, _FAIL, _UNKNOWN = State.OK, State.WARN, State.FAIL, State.UNKNOWN
_NOBODY: Final = "No password can be set in this directory"
_SILENT: Final = "{agent} is silent"
_LOGS: Final = "journalctl -u keyturn-agent --since -1h"
_DELEGATE: Final = "docs/directories.md has the commands"

CHECKS: Final = (
    Check("resets", Area.HOST, "Resets",
          "whether somebody can set a password on at least one controller",
          "It is what everything below is for."),
    Check("primary", Area.HOST, "Primary", "who holds the directory's lease",
          "Exactly one agent changes anything; without it nothing is changed."),
    Check("domain-name", Area.SETTINGS, "Domain name",
          "whether the directory is connected by the domain's full DNS name",
          "Controllers are found, and their certificates checked, by DNS names. The short "
          "(NetBIOS) name is in neither."),
    Check("account", Area.SETTINGS, "Our account",
          "whether controllers let the agent's account in, and until when its password is good",
          "The agent does everything with it."),
    Check("agent", Area.HOST, "Agent", "whether each agent is approved, heard, and in one place",
          "An agent beats every 15 s; 45 s without a beat are silence."),
    Check("services", Area.HOST, "Agent's services", "whether each part of its program runs",
          "A part that gave up takes what it does with it, and the rest looks well."),
    Check("disk", Area.HOST, "Agent's disk", "free space beside the agent's journal",
          "What cannot be journaled is not done."),
    Check("domain-clock", Area.HOST, "Clocks against the server",
          "whether agents and controllers agree with each other, but not with the server",
          "Then it is not they who are wrong one by one."),
    Check("clock", Area.HOST, "Agent's clock", "against the server's",
          "Certificates, Kerberos and logs need it; leases and jobs do not."),
    Check("rights", Area.SETTINGS, "Delegated rights",
          "Reset Password, writing lockoutTime and writing pwdLastSet on each OU in scope",
          "Without them the directory refuses, person by person."),
    Check("policy", Area.SETTINGS, "Password policy", "whether the domain's can be read",
          "Pages say what a new password needs, and sign-in keeps below the lock, by it."),
    Check("fine-policy", Area.SETTINGS, "Fine-grained policies",
          "whether each password settings object can be read",
          "As above, for those whom one binds. Reading them is granted to administrators only."),
    Check("second", Area.HOST, "Second primary",
          "whether another machine wanted to be an agent that lives",
          "The main agent installed twice is a classic cause of resets that go astray; here the "
          "second one is refused."),
    Check("journal", Area.HOST, "Agent's journal", "whether it is the one the agent left",
          "It says what was about to be done when a machine died."),
    Check("version", Area.HOST, "Agent's version", "against the server's",
          "Both are tested together."),
    Check("telling", Area.HOST, "The primary's report",
          "whether the primary has said within three minutes how the directory is",
          "Most checks rest on it."),
)  # fmt: skip

CAUSES: Final = (
    Cause("resets.ok", _OK, "Passwords can be set on {controllers}."),
    Cause("resets.no-primary", _FAIL, "No agent may set a password: none is primary.", so=_NOBODY,
          mend="See to the primary first."),
    Cause("resets.no-disk", _FAIL, "{agent} is primary and refuses: its disk is full.", so=_NOBODY,
          mend="Make room there."),
    Cause("resets.no-way", _FAIL, "The primary gets through to no writable controller.",
          so=_NOBODY, mend="See to the controllers one by one: one that works is enough."),
    Cause("resets.unseen", _UNKNOWN, "Whether passwords can be set is not known: the primary "
          "does not say which controllers it reaches."),
    Cause("primary.ok", _OK, "{agent} ({place}) is primary."),
    Cause("primary.never", _FAIL, "No agent was ever enrolled for this directory.", so=_NOBODY,
          mend="Make a token on the directory's page and enrol one beside a controller.",
          copies=(Copy("command", "keyturn agent enrol"),)),
    Cause("primary.idle", _FAIL, "Nobody is primary, though {agent} is heard and may be.",
          so=_NOBODY, mend="It takes the lease with its next beat, 15 s at most. If it does not, "
          "look at what it says, and start it anew.", copies=(Copy("command", _LOGS),)),
    Cause("primary.none", _FAIL, "Nobody is primary: no agent that may be is heard.", so=_NOBODY,
          mend="Start one, or enrol one with the role of a candidate."),
    Cause("domain-name.ok", _OK, "{name} is a full DNS name."),
    Cause("domain-name.short", _FAIL, "The directory is connected as {name}, which is a short "
          "(NetBIOS) name.", so="Agents do not find this domain by its name",
          mend="Connect it by the domain's full DNS name. The directory calls itself: {domain}. "
          "A domain whose only name is one label has to be renamed."),
    Cause("domain-name.malformed", _FAIL, "The directory is connected as {name}, which is no "
          "domain's name.", so="Agents do not find this domain by its name",
          mend="Connect it by the domain's full DNS name. The directory calls itself: {domain}."),
    Cause("domain-name.other", _FAIL, "The directory is connected as {name}, but calls itself "
          "{domain}.", so="Agents look for another domain than this",
          mend="Was an agent enrolled for the wrong directory, or the domain renamed? Connect it "
          "as {domain}."),
    Cause("account.ok", _OK, "{account} is let in."),
    Cause("account.refused", _FAIL, "Every controller that can be reached refuses the agent's "
          "account {account} ({controllers}).", so=_NOBODY,
          mend="Is it locked, disabled or expired, or was its password changed? Put the new one "
          "into the agents' password files. Agents do not try again for a minute after a "
          "refusal, so that they do not lock it themselves.",
          copies=(Copy("command", "keyturn agent doctor"),)),
    Cause("account.expires", _WARN, "The password of {account} ends on {ends_at:time}.",
          mend="Change it before, there and in the agents' password files, or let it not expire: "
          "on that day no password can be set any more."),
    Cause("account.unseen", _UNKNOWN, "The agent's own account could not be looked at."),
    Cause("agent.ok", _OK, "{agent}, beside {controller}, was heard {heard_at:time}."),
    Cause("agent.silent", _FAIL, "{agent} is not heard since {heard_at:time} (on {place}, "
          "beside {controller}).", so=_SILENT,
          mend="Start it: its service has stopped, its machine is off, or the way to this server "
          "is shut. There, the agent's own doctor says which.",
          copies=(Copy("command", "systemctl status keyturn-agent"),
                  Copy("command", "keyturn agent doctor"))),
    Cause("agent.never", _FAIL, "{agent} was enrolled beside {controller}, and never heard since.",
          so=_SILENT, mend="Start it.",
          copies=(Copy("command", "systemctl enable --now keyturn-agent"),)),
    Cause("agent.waiting", _FAIL, "{agent}, enrolled beside {controller}, waits for approval.",
          so="{agent} waits for approval",
          mend="On an agent that is approved, compare the fingerprint and say yes.",
          copies=(Copy("command", "keyturn agent approve"),)),
    Cause("agent.copied", _FAIL, "The key of {agent} was used in two places; both are stopped.",
          so="The key of {agent} was copied",
          mend="Find out whether a machine was cloned, restored or broken into. Revoke the agent "
          "here and enrol a new one, on one machine."),
    Cause("services.ok", _OK, "All parts of {agent} run."),
    Cause("services.stopped", _FAIL, "These parts of {agent} have stopped: {parts}.",
          so="{agent} does only a part of its work",
          mend="Look why, then start it anew.",
          copies=(Copy("command", _LOGS), Copy("command", "systemctl restart keyturn-agent"))),
    Cause("services.unseen", _UNKNOWN, "The services of {agent} cannot be known: it is not heard."),
    Cause("disk.ok", _OK, "{agent} has enough room beside its journal."),
    Cause("disk.full", _FAIL, "Only {free:size} free on {place}, where the journal of {agent} is.",
          so="{agent} can do nothing that it must write down first",
          mend="Make room, or give its state folder a disk of its own.",
          copies=(Copy("command", "df -h /var/lib/keyturn-agent"),)),
    Cause("disk.unseen", _UNKNOWN, "The disk of {agent} cannot be known: it is not heard."),
    Cause("domain-clock.ok", _OK, "They are not all off by the same."),
    Cause("domain-clock.apart", _FAIL, "All {clocks} clocks of the domain are {ahead_ms:span} "
          "{way} this server's, and agree with each other.",
          so="The server and the domain do not agree on the time",
          mend="Compare both with a clock you trust. Either this server's is wrong, or the PDC "
          "emulator's, from which the whole domain takes its time.",
          copies=(Copy("command", "timedatectl"), Copy("command", "w32tm /query /status"))),
    Cause("clock.ok", _OK, "The clock of {agent} is within a minute of the server's."),
    Cause("clock.drift", _WARN, "The clock of {agent} is {ahead_ms:span} {way} the server's.",
          mend="Let {place} be set by NTP: beyond five minutes Kerberos refuses.",
          copies=(Copy("command", "timedatectl set-ntp true"),)),
    Cause("clock.wrong", _FAIL, "The clock of {agent} is {ahead_ms:span} {way} the server's.",
          so="{agent} has a wrong clock: it may take certificates for ended, and Kerberos refuses",
          mend="Let {place} be set by NTP.",
          copies=(Copy("command", "timedatectl set-ntp true"),)),
    Cause("clock.unseen", _UNKNOWN, "The clock of {agent} cannot be known."),
    Cause("rights.ok", _OK, "All three rights are there on {unit}."),
    Cause("rights.missing", _FAIL, "The agent's account lacks {missing} on {unit}.",
          so="Passwords of people in {unit} cannot be set",
          mend="Delegate it for user objects in and below this OU; no more is needed "
          f"({_DELEGATE}). Was inheritance switched off there?"),
    Cause("rights.absent", _FAIL, "{unit} is in scope, but not found.",
          so="{unit} is in scope, and gone or not to be seen",
          mend="Was it renamed, moved or deleted? Choose the scope anew, or let the agent's "
          "account read it."),
    Cause("rights.unseen", _UNKNOWN, "The rights of the agents' account could not be looked at."),
    Cause("policy.ok", _OK, "The domain's password policy can be read."),
    Cause("policy.unreadable", _FAIL, "The agent's account may not read the domain's password "
          "policy.", so="Nobody is told what a new password needs, and sign-in with the directory "
          "is off",
          mend="Let it read the attributes of the domain object: every account may, unless that "
          "was taken away."),
    Cause("policy.unseen", _UNKNOWN, "The domain's password policy could not be looked at."),
    Cause("fine-policy.ok", _OK, "All fine-grained policies that there are can be read."),
    Cause("fine-policy.unreadable", _WARN, "The agent's account may not read the policy {policy}.",
          mend="Let it read that object below CN=Password Settings Container, CN=System "
          f"({_DELEGATE}). Until then the people it binds are not told what a new password needs, "
          "and hear it from the directory's refusal."),
    Cause("fine-policy.unseen", _UNKNOWN, "Fine-grained policies could not be looked at."),
    Cause("second.ok", _OK, "No other machine wants to be {agent}."),
    Cause("second.refused", _WARN, "{second} wanted to be {agent} at {tried_at:time} and was "
          "refused: {place} is.",
          mend="Stop and disable the agent on the machine that was refused. If it is to stand by, "
          "enrol it there with a token of its own. If nobody knows that machine: revoke this "
          "agent, its key was stolen.",
          copies=(Copy("command", "systemctl disable --now keyturn-agent"),)),
    Cause("journal.ok", _OK, "The journal of {agent} is whole."),
    Cause("journal.lost", _WARN, "The journal of {agent} was lost or damaged, and began anew.",
          mend="What it knew is read in the directory instead; nothing is done twice. Look at "
          "the disk of {place}, and never take a state folder from a backup."),
    Cause("journal.unseen", _UNKNOWN, "The journal of {agent} cannot be known: it is not heard."),
    Cause("version.ok", _OK, "{agent} is {version}, as the server."),
    Cause("version.other", _WARN, "{agent} is {version}, the server is {ours}.",
          mend="Bring the older of the two up to the newer. Old agents are understood for one "
          "release."),
    Cause("version.unseen", _UNKNOWN, "The version of {agent} is not known: it was never heard."),
    Cause("telling.ok", _OK, "{agent} said it at {told_at:time}."),
    Cause("telling.late", _UNKNOWN, "Nothing was told of the directory since {told_at:time}.",
          mend="If somebody is primary, look at what {agent} says.",
          copies=(Copy("command", _LOGS),)),
    Cause("telling.never", _UNKNOWN, "No primary has told yet how the directory is.",
          mend="The first report comes within a minute of the first lease. An agent older than "
          "the server may not know how.", copies=(Copy("command", _LOGS),)),
)  # fmt: skip
