"""Words of the checks of a directory's controllers."""

from __future__ import annotations

from typing import Final

from keyturn.rules.health.verdicts import Area, Cause, Check, Copy, State

_OK, _WARN, _FAIL, _UNKNOWN = State.OK, State.WARN, State.FAIL, State.UNKNOWN
_NOT_THERE: Final = "Nothing can be set or proved on {controller}"
_OPENSSL: Final = "openssl s_client -connect {controller}:636 -servername {controller}"
_LEFT: Final = "The directory still lists {controller}, which is gone"
_CLEAN: Final = (Copy("command", "samba-tool domain demote --remove-other-dead-server={short}"),)
_NO_ANSWER: Final = "cannot be known: no TLS was agreed."

CHECKS: Final = (
    Check("controller", Area.HOST, "Controller",
          "whether it is found and gives a sign of life on any port, or to the agent beside it",
          "What does not live explains everything else that is wrong with it."),
    Check("port", Area.HOST, "Port 636", "whether the primary can open LDAPS",
          "Passwords go through nothing else."),
    Check("tls", Area.HOST, "TLS version",
          "the oldest and the newest version that it agrees to",
          "TLS 1.0 and 1.1 are broken (RFC 8996); nothing is sent over them."),
    Check("chain", Area.HOST, "Certificate: authority",
          "whether the chain leads to an authority in the agent's ca_file",
          "Otherwise anybody could be the controller."),
    Check("name", Area.HOST, "Certificate: name",
          "whether it is for the controller's DNS name", "As above."),
    Check("end", Area.HOST, "Certificate: end",
          "when it ends, by the server's clock; a month before is told", "Nobody renews it at 3 "
          "a.m."),
    Check("controller-clock", Area.HOST, "Controller's clock",
          "against the server's, through the agent that sees it",
          "Beyond five minutes Kerberos refuses, and replication stops."),
    Check("replication", Area.HOST, "Replication",
          "whom each controller takes changes from, since when it could not, and how old what is "
          "missing is",
          "A password that does not arrive does not work there. Lines that fail are told as the "
          "fault of the controller that they have in common. Between sites, twice the interval "
          "of the link is allowed on top."),
    Check("account-there", Area.SETTINGS, "Our account on one controller",
          "whether a controller refuses the agent's account while others let it in",
          "It has another password there."),
    Check("listener", Area.HOST, "Listener",
          "whether an agent stands beside each writable controller (by the directory's own list)",
          "Bad logons are counted on each controller for itself: where nobody stands, nobody "
          "sees why an account locks, nor how replication goes."),
    Check("left-over", Area.SETTINGS, "Decommissioned controllers",
          "server objects in Sites and Services without NTDS settings, or without a computer "
          "account",
          "Programs and sites still count on them."),
)  # fmt: skip

CAUSES: Final = (
    Cause("controller.ok", _OK, "{controller} lives."),
    Cause("controller.dead", _FAIL, "{controller} does not answer on any port, nor does anybody "
          "hear from it. What the agent saw: {said}.", so=_NOT_THERE,
          mend="Is it off, or the network to it down? If it will not come back, remove it from "
          "the domain, so that nobody waits for it.", copies=_CLEAN),
    Cause("controller.name", _FAIL, "The name {controller} cannot be resolved by the primary.",
          so=_NOT_THERE,
          mend="Let the agent's machine ask the domain's name servers, or name the address in "
          "agent.toml. If the controller is gone for good, remove it from the domain.",
          copies=(Copy("setting", '[addresses]\n"{controller}" = "192.0.2.10"'),)),
    Cause("controller.odd", _FAIL, "{controller} takes connections and drops them. What the agent "
          "saw: {said}.", so=_NOT_THERE,
          mend="Look at its directory service and its event log: it may be starting, or about to "
          "be demoted."),
    Cause("controller.unseen", _UNKNOWN, "Whether {controller} lives is not known."),
    Cause("port.ok", _OK, "{controller} takes connections on port 636."),
    Cause("port.blocked", _FAIL, "Nothing comes back from port 636 of {controller} (other ports "
          "that answer: {answers}).", so=_NOT_THERE,
          mend="Open port 636 (TCP) between the agent's machine and the controller: in the "
          "firewall of the controller, and in those between.",
          copies=(Copy("command", "nc -vz {controller} 636"),)),
    Cause("port.closed", _FAIL, "Nobody listens at port 636 of {controller} (other ports that "
          "answer: {answers}).", so=_NOT_THERE,
          mend="Give the controller a certificate for its DNS name: LDAPS starts with one.",
          copies=(Copy("command", "nc -vz {controller} 636"),)),
    Cause("port.unseen", _UNKNOWN, "Port 636 of {controller} could not be tried."),
    Cause("tls.ok", _OK, "{controller} agrees to TLS 1.2 or newer. The newest seen: {newest}; "
          "the oldest: {oldest}."),
    Cause("tls.old", _FAIL, "{controller} offers nothing newer than TLS 1.1.", so=_NOT_THERE,
          mend="Switch TLS 1.2 on there (Windows: the SCHANNEL keys, then a restart; Samba: tls "
          "priority). Keyturn sends no password over anything older.",
          copies=(Copy("command", _OPENSSL + " -tls1_2"),)),
    Cause("tls.none", _FAIL, "No TLS can be agreed with {controller}. What the agent saw: {said}.",
          so=_NOT_THERE,
          mend="Look at what it offers. Does something between break TLS open?",
          copies=(Copy("command", _OPENSSL),)),
    Cause("tls.lenient", _WARN, "{controller} agrees to {newest}, but also to {oldest}.",
          mend="Switch the versions before TLS 1.2 off there. Keyturn does not use them; other "
          "programs may be talked into it.",
          copies=(Copy("command", _OPENSSL + " -tls1_1"),)),
    Cause("tls.unseen", _UNKNOWN, "The TLS version of {controller} is not known."),
    Cause("chain.ok", _OK, "An authority that the agent knows vouches for {controller}."),
    Cause("chain.untrusted", _FAIL, "The certificate of {controller} is by none of the "
          "authorities in the agent's ca_file. Its issuer: {issuer}.", so=_NOT_THERE,
          mend="If that authority is yours, put its certificate into ca_file on each agent. If "
          "nobody knows it, somebody may stand between: do not.",
          copies=(Copy("command", _OPENSSL + " -showcerts"),)),
    Cause("chain.unseen", _UNKNOWN, "Who vouches for {controller} " + _NO_ANSWER),
    Cause("name.ok", _OK, "The certificate is for {controller}."),
    Cause("name.other", _FAIL, "The certificate that {controller} shows is not for it. Names in "
          "it: {names}.", so=_NOT_THERE,
          mend="Give it one whose alternative names have {controller}. Does the name lead to "
          "another machine?",
          copies=(Copy("command", _OPENSSL + " | openssl x509 -noout -ext subjectAltName"),)),
    Cause("name.unseen", _UNKNOWN, "Whom the certificate of {controller} is for " + _NO_ANSWER),
    Cause("end.ok", _OK, "The certificate of {controller} is good until {ends_at:time}."),
    Cause("end.soon", _WARN, "The certificate of {controller} ends on {ends_at:time}.",
          mend="Renew it: on that day nothing can be set there any more.",
          copies=(Copy("command", _OPENSSL + " | openssl x509 -noout -dates"),)),
    Cause("end.expired", _FAIL, "The certificate of {controller} has ended. Its last moment: "
          "{ends_at:time}.", so=_NOT_THERE,
          mend="Renew it on the controller (Windows: certlm.msc, or the template's automatic "
          "enrolment); the directory service takes the new one by itself.",
          copies=(Copy("command", _OPENSSL + " | openssl x509 -noout -dates"),)),
    Cause("end.refused", _FAIL, "{agent} takes the certificate of {controller} for ended, though "
          "it is good until {ends_at:time}.", so=_NOT_THERE,
          mend="Look at the clock of the agent's machine; or one of the authorities above it has "
          "ended.", copies=(Copy("command", _OPENSSL + " -showcerts"),)),
    Cause("end.unseen", _UNKNOWN, "How long the certificate of {controller} is good "
          + _NO_ANSWER),
    Cause("controller-clock.ok", _OK, "The clock of {controller} is within a minute of the "
          "server's."),
    Cause("controller-clock.drift", _WARN, "The clock of {controller} is {ahead_ms:span} {way} "
          "the server's.", mend="Look where it takes its time from: it should be the PDC "
          "emulator, and that one a time server.",
          copies=(Copy("command", "w32tm /query /status"),)),
    Cause("controller-clock.wrong", _FAIL, "The clock of {controller} is {ahead_ms:span} {way} "
          "the server's.", so="Kerberos refuses {controller}, and replication with it stops",
          mend="Let it take its time from the PDC emulator, and that one from a time server.",
          copies=(Copy("command", "w32tm /resync /rediscover"),)),
    Cause("controller-clock.unseen", _UNKNOWN, "The clock of {controller} is not known."),
    Cause("replication.ok", _OK, "{controller} takes changes from {partners} others, in time."),
    Cause("replication.stopped", _FAIL, "Changes do not pass {controller}: {lines}. Since the "
          "last success: {silent_ms:span}. Failures in a row: {failures}. Last error: {error}. "
          "Age of what is missing: {lag_ms:span}.",
          so="New passwords do not pass {controller}",
          mend="Is the way between the controllers open (135, 389, 445, 88 and the RPC ports), "
          "do their names resolve there, do their clocks agree? Was replication switched off?",
          copies=(Copy("command", "repadmin /showrepl {controller}"),
                  Copy("command", "samba-tool drs showrepl {controller}"))),
    Cause("replication.late", _WARN, "Changes are slow to pass {controller}: {lines}, "
          "{lag_ms:span} behind.",
          mend="Look at the link between and at the load. A new password works elsewhere only "
          "when it has arrived; people who wait see so on their page.",
          copies=(Copy("command", "repadmin /replsummary"),)),
    Cause("replication.unseen", _UNKNOWN, "How {controller} replicates is not known: nobody "
          "beside it says."),
    Cause("account-there.refused", _FAIL, "{controller} refuses the agent's account {account}, "
          "which others let in.", so=_NOT_THERE,
          mend="Its password there is another: does replication work? Is it a read-only "
          "controller that may not hold it?"),
    Cause("listener.ok", _OK, "{agents} beside {controller}."),
    Cause("listener.missing", _FAIL, "No agent stands beside {controller}.",
          so="Nobody watches {controller}",
          mend="Make a token for a listener on the directory's page and enrol it there.",
          copies=(Copy("command", "keyturn agent enrol"),)),
    Cause("listener.unseen", _UNKNOWN, "Which controllers there are is not known."),
    Cause("left-over.ok", _OK, "Every controller that the directory lists is one ({count})."),
    Cause("left-over.settings", _FAIL, "{controller} (site {site}) was decommissioned: its server "
          "object is still there, without NTDS settings.", so=_LEFT,
          mend="If it is gone for good, delete its server object in Active Directory Sites and "
          "Services, and its names in DNS.", copies=_CLEAN),
    Cause("left-over.computer", _FAIL, "{controller} (site {site}) has NTDS settings, but no "
          "computer account: it was removed by half.", so=_LEFT,
          mend="Clean up what is left of it (Windows: delete it in Active Directory Sites and "
          "Services): the others still try to replicate with it.",
          copies=_CLEAN),
    Cause("left-over.unseen", _UNKNOWN, "What the directory lists is not known."),
)  # fmt: skip
