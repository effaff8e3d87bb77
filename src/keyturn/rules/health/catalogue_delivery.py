"""The servers that take mails and texts, and what waits for them."""

from __future__ import annotations

from keyturn.rules.health.verdicts import Area, Cause, Check, Copy, State

_SMTP = ("smtp-login", "smtp-tls", "smtp-connection", "smtp-name")
_SENDER = ("domain", "dkim", "spf", "dmarc", "reverse", "mx")
_NOT_SENT = "no mail can be sent"
_LOGS = "journalctl -u keyturn --since -1h | grep delivery"

CHECKS = (
    Check(
        "smtp-name", Area.MAIL, "Mail server: name",
        "whether the name in mail.host leads to an address",
        "Every code and every notice goes through this server.", needs=("dns",),
    ),
    Check(
        "smtp-connection", Area.MAIL, "Mail server: connection",
        "a connection to mail.host and mail.port, and the greeting (RFC 5321)",
        "As above.", needs=("smtp-name",),
    ),
    Check(
        "smtp-tls", Area.MAIL, "Mail server: TLS",
        "STARTTLS or TLS as mail.tls says; the certificate's chain, name and end",
        "Mails carry codes. Keyturn sends none where the certificate does not hold.",
        needs=("smtp-connection",),
    ),
    Check(
        "smtp-login", Area.MAIL, "Mail server: login",
        "whether mail.user and mail.password are accepted; nothing is sent",
        "Without it the server relays nothing.", needs=("smtp-tls", "smtp-connection"),
    ),
    Check(
        "smtp-limits", Area.MAIL, "Mail server: limits",
        "the largest mail it takes (SIZE, RFC 1870) and whether it offers DSN (RFC 3461)",
        "A limit that is too small refuses mails one by one.",
        needs=("smtp-login", "smtp-connection"),
    ),
    Check(
        "mail-waiting", Area.MAIL, "Mails that wait",
        "how long the oldest mail has been due, and how many are",
        "Codes live for ten minutes.", needs=("database",),
    ),
    Check(
        "mail-returned", Area.MAIL, "Mails that came back",
        "the share of the last day's mails that were refused or came back",
        "Providers measure it too, and trust senders by it.", needs=("database",),
    ),
    Check(
        "sms-gateway", Area.SMS, "SMS gateway",
        "whether the gateway in sms.url can be reached, and whether there is one where a tenant "
        "asks for phone numbers",
        "Without it no phone number can be proved.", needs=("dns",),
    ),
    Check(
        "sms-login", Area.SMS, "SMS gateway: login",
        "whether sms.user and sms.password are accepted, asked in a way that sends nothing",
        "As above.", needs=("sms-gateway",),
    ),
    Check(
        "sms-waiting", Area.SMS, "Texts that wait",
        "how long the oldest text has been due, and how many are",
        "Codes live for ten minutes.", needs=("database",),
    ),
    Check(
        "sms-returned", Area.SMS, "Texts that failed",
        "the share of the last day's texts that did not arrive, by delivery reports",
        "A high share is a gateway in trouble, or somebody who makes you send to numbers that "
        "do not exist.", needs=("database",),
    ),
)  # fmt: skip

_UNREACHED = "could not be looked at, because the mail server was not reached."

CAUSES = (
    Cause("smtp-name.ok", State.OK, "{host} leads to {address}."),
    Cause(
        "smtp-name.absent", State.FAIL, "The mail server's name {host} does not exist.",
        so=_NOT_SENT, mend="Correct mail.host.",
        copies=(Copy("setting", '[mail]\nhost = "…"'),),
    ),
    Cause(
        "smtp-name.silent", State.UNKNOWN, "The mail server's name {host} could not be looked up.",
        mend="No name server answered. Until one does, no mail can be sent.",
        copies=(Copy("command", "getent hosts {host}"),),
    ),
    Cause("smtp-connection.ok", State.OK, "{host}:{port} answers: {greeting}"),
    Cause(
        "smtp-connection.refused", State.FAIL, "Nobody listens at {host}:{port} ({address}).",
        so=_NOT_SENT, mend="Start the mail server, or correct mail.host and mail.port.",
        copies=(Copy("command", "nc -vz {host} {port}"),),
    ),
    Cause(
        "smtp-connection.timeout", State.FAIL,
        "{host}:{port} ({address}) does not answer in time.", so=_NOT_SENT,
        mend="A firewall is the usual reason: many providers close port 25 to the outside; take "
        "port 587 or 465.",
        copies=(Copy("command", "nc -vz {host} {port}"),),
    ),
    Cause(
        "smtp-connection.unreachable", State.FAIL,
        "{host}:{port} ({address}) cannot be reached: {said}.", so=_NOT_SENT,
        mend="Look at the network and routes of this host.",
        copies=(Copy("command", "nc -vz {host} {port}"),),
    ),
    Cause(
        "smtp-connection.greeting", State.FAIL,
        "What answers at {host}:{port} is no mail server that wants us: “{greeting}”.",
        so=_NOT_SENT, mend="Its words say why. Port 465 speaks TLS from the first octet "
        '(mail.tls = "implicit"), 587 and 25 do not.',
        copies=(Copy("command", "nc {host} {port}"),),
    ),
    Cause("smtp-connection.unreached", State.UNKNOWN, "The connection " + _UNREACHED),
    Cause(
        "smtp-tls.ok", State.OK,
        "{version}; the certificate of {names} by {issuer} holds until {ends_at:time}.",
    ),
    Cause("smtp-tls.local", State.OK, "No TLS, and none is needed: {host} is this machine."),
    Cause(
        "smtp-tls.not-offered", State.FAIL,
        "{host}:{port} does not offer STARTTLS, and mail.tls asks for it.", so=_NOT_SENT,
        mend='Switch it on there, or use port 465 with mail.tls = "implicit". Somebody between '
        "may also take the offer away.",
        copies=(Copy("command", "openssl s_client -starttls smtp -connect {host}:{port}"),),
    ),
    Cause(
        "smtp-tls.expired", State.FAIL,
        "The certificate of {host} is not valid now: it ended on {ends_at:time}, or begins later.",
        so=_NOT_SENT, mend="Renew it on the mail server.", because=("clock",),
        copies=(Copy("command", "openssl s_client -starttls smtp -connect {host}:{port}"),),
    ),
    Cause(
        "smtp-tls.name", State.FAIL,
        "The certificate is for {names}, not for {host}.", so=_NOT_SENT,
        mend="Set mail.host to a name in the certificate.",
        copies=(Copy("setting", '[mail]\nhost = "…"'),),
    ),
    Cause(
        "smtp-tls.untrusted", State.FAIL,
        "Nobody known vouches for the certificate of {host}: {said}.", so=_NOT_SENT,
        mend="Give it a certificate of a known authority, or set the authority's own as "
        "mail.ca_file.",
        copies=(Copy("setting", '[mail]\nca_file = "/etc/keyturn/mail-ca.pem"'),),
    ),
    Cause(
        "smtp-tls.protocol", State.FAIL, "No TLS 1.2 or 1.3 can be agreed with {host}: {said}.",
        so=_NOT_SENT, mend="Bring the mail server's TLS up to date.",
        copies=(Copy("command", "openssl s_client -starttls smtp -connect {host}:{port}"),),
    ),
    Cause(
        "smtp-tls.soon", State.WARN, "The certificate of {host} ends on {ends_at:time}.",
        mend="Renew it on the mail server; on that day mail stops.",
    ),
    Cause("smtp-tls.unreached", State.UNKNOWN, "TLS " + _UNREACHED),
    Cause("smtp-login.ok", State.OK, "{host} accepts the login."),
    Cause("smtp-login.none", State.OK, "No login is set, and {host} was not asked for one."),
    Cause(
        "smtp-login.refused", State.FAIL, "{host} refuses the login: {said}", so=_NOT_SENT,
        mend="Correct mail.user and mail.password. Some providers want a password of its own for "
        "programs.",
        copies=(Copy("setting", '[mail]\nuser = "…"\npassword = "…"'),),
    ),
    Cause(
        "smtp-login.not-offered", State.FAIL,
        "{host} takes no login on this port, and mail.user is set.", so=_NOT_SENT,
        mend="Use the port for programs (587 or 465), or take the login out.",
        copies=(Copy("setting", "[mail]\nport = 587"),),
    ),
    Cause("smtp-login.unreached", State.UNKNOWN, "The login " + _UNREACHED),
    Cause("smtp-limits.ok", State.OK, "Mails up to {limit}; DSN offered: {dsn}."),
    Cause(
        "smtp-limits.small", State.WARN, "{host} takes mails up to {size:size} only.",
        mend="Keyturn's mails are about 30 kB with their signatures; allow 1 MB.",
    ),
    Cause(
        "smtp-limits.no-dsn", State.WARN,
        "{host} does not offer DSN (RFC 3461), so no receipt tells that a mail arrived.",
        mend="Failures still come back to {envelope}. For receipts, send through a server that "
        "offers DSN.",
    ),
    Cause("smtp-limits.unreached", State.UNKNOWN, "Its limits " + _UNREACHED),
    Cause("mail-waiting.ok", State.OK, "No mail is late."),
    Cause(
        "mail-waiting.late", State.WARN,
        "{late} mails are late; the oldest has been due for {age:span}.",
        mend="Look again in a minute. If no server runs, they go when one does.", because=_SMTP,
        copies=(Copy("command", _LOGS),),
    ),
    Cause(
        "mail-waiting.stuck", State.FAIL,
        "{late} mails are stuck; the oldest has been due for {age:span}.",
        so="codes arrive too late, or never",
        mend="Is a server running? Its log says what the mail server answers.", because=_SMTP,
        copies=(Copy("command", _LOGS),),
    ),
    Cause("mail-waiting.unseen", State.UNKNOWN, "The outbox could not be read."),
    Cause("mail-returned.ok", State.OK, "Of the last day's {count} mails, {failed} failed."),
    Cause(
        "mail-returned.many", State.WARN,
        "Of the last day's {count} mails, {share:percent} were refused or came back.",
        mend="The page “Messages” shows each with the far side's words.", because=_SENDER,
    ),
    Cause(
        "mail-returned.most", State.FAIL,
        "Of the last day's {count} mails, {share:percent} were refused or came back.",
        so="much of it is refused or comes back",
        mend="The page “Messages” shows each with the far side's words.", because=_SENDER,
    ),
    Cause("mail-returned.unseen", State.UNKNOWN, "The outbox could not be read."),
    Cause("sms-gateway.ok", State.OK, "The SMS gateway at {host} answers."),
    Cause("sms-gateway.unused", State.OK, "No SMS gateway is set, and no tenant asks for one."),
    Cause(
        "sms-gateway.none", State.WARN,
        "No SMS gateway is set, but {tenants} asks for phone numbers: none can be proved.",
        mend="Set a gateway, or let the tenant ask for no numbers.",
        copies=(Copy("setting", '[sms]\ndriver = "…"\nurl = "…"'),
                Copy("command", "keyturn tenant set {tenant} --phone off")),
    ),
    Cause(
        "sms-gateway.absent", State.FAIL, "The SMS gateway's name {host} does not exist.",
        so="no text can be sent", mend="Correct sms.url.",
        copies=(Copy("setting", '[sms]\nurl = "…"'),),
    ),
    Cause(
        "sms-gateway.silent", State.UNKNOWN,
        "The SMS gateway's name {host} could not be looked up.",
        mend="No name server answered.", copies=(Copy("command", "getent hosts {host}"),),
    ),
    Cause(
        "sms-gateway.unreachable", State.FAIL, "The SMS gateway {host} cannot be reached: {said}.",
        so="no text can be sent", mend="Start it, or correct sms.url.",
        copies=(Copy("setting", '[sms]\nurl = "…"'),),
    ),
    Cause("sms-login.ok", State.OK, "The SMS gateway accepts the login."),
    Cause(
        "sms-login.refused", State.FAIL, "The SMS gateway refuses the login: {said}",
        so="no text can be sent", mend="Correct sms.user and sms.password.",
        copies=(Copy("setting", '[sms]\nuser = "…"\npassword = "…"'),),
    ),
    Cause(
        "sms-login.unclear", State.UNKNOWN,
        "The SMS gateway's answer tells nothing of the login: {said}",
        mend="Send a text to a phone of yours to be sure.",
    ),
    Cause(
        "sms-login.unreached", State.UNKNOWN,
        "The login could not be tried, because the gateway was not reached.",
    ),
    Cause("sms-waiting.ok", State.OK, "No text is late."),
    Cause(
        "sms-waiting.late", State.WARN,
        "{late} texts are late; the oldest has been due for {age:span}.",
        mend="Look again in a minute.", because=("sms-login", "sms-gateway"),
        copies=(Copy("command", _LOGS),),
    ),
    Cause(
        "sms-waiting.stuck", State.FAIL,
        "{late} texts are stuck; the oldest has been due for {age:span}.",
        so="codes arrive too late, or never",
        mend="Is a server running? Its log says what the gateway answers.",
        because=("sms-login", "sms-gateway"), copies=(Copy("command", _LOGS),),
    ),
    Cause("sms-waiting.unseen", State.UNKNOWN, "The outbox could not be read."),
    Cause("sms-returned.ok", State.OK, "Of the last day's {count} texts, {failed} failed."),
    Cause(
        "sms-returned.many", State.WARN,
        "Of the last day's {count} texts, {share:percent} did not arrive.",
        mend="The page “Messages” shows each. Many numbers that do not exist, or of one far "
        "country, are a sign of somebody who earns by your texts.",
    ),
    Cause(
        "sms-returned.most", State.FAIL,
        "Of the last day's {count} texts, {share:percent} did not arrive.",
        so="most of them do not arrive",
        mend="The page “Messages” shows each. Many numbers that do not exist, or of one far "
        "country, are a sign of somebody who earns by your texts.",
    ),
    Cause("sms-returned.unseen", State.UNKNOWN, "The outbox could not be read."),
)  # fmt: skip
