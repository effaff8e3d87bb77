"""What receivers look up about the sender: the DNS, SPF, DKIM, DMARC, MX, reverse names."""

from __future__ import annotations

from keyturn.rules.health.verdicts import Area, Cause, Check, Copy, State

_JUNK = "many providers will put it into junk folders"
_LOST = "answers and bounces get lost, and some providers refuse it"
_SPF_RECORD = Copy("dns", '{domain}. IN TXT "{suggested}"')

CHECKS = (
    Check(
        "dns", Area.MAIL, "Name servers",
        "whether a name server answers this host at all (it is asked for the root's)",
        "Without one nothing can be said of records, and names of servers are not found.",
    ),
    Check(
        "domain", Area.MAIL, "The sender's domain",
        "whether the domain of each tenant's sender address exists",
        "Receivers refuse or junk mail from a domain that is not there.",
        needs=("dns", "database"),
    ),
    Check(
        "spf", Area.MAIL, "SPF",
        "the SPF record of the domain in MAIL FROM (RFC 7208): exactly one, read in full with "
        "every include, at most 10 look-ups and 2 void ones, closed to strangers; and whether "
        "it lists the addresses in doctor.addresses",
        "It is how receivers know that this server may send for the domain.",
        needs=("domain", "dns"),
    ),
    Check(
        "dkim", Area.MAIL, "DKIM",
        "the public key at SELECTOR._domainkey.DOMAIN against the private key in use (RFC 6376, "
        "RFC 8463): the same key, not revoked, not in testing",
        "A signature that cannot be checked counts as none.",
        needs=("domain", "dns"),
    ),
    Check(
        "dmarc", Area.MAIL, "DMARC",
        "the DMARC record of the sender's domain or its organisation (RFC 9989, before it "
        "RFC 7489): policy, testing, reports; and whether SPF or DKIM are aligned with it",
        "It says what receivers do with mail that only claims to be yours. Large providers ask "
        "for one.",
        needs=("domain", "dns"),
    ),
    Check(
        "mx", Area.MAIL, "Mail to the sender's domain",
        "MX records of the sender's domain, and whether the names in them lead anywhere",
        "People answer, and failures come back, to that domain.",
        needs=("domain", "dns"),
    ),
    Check(
        "bounces", Area.MAIL, "Mail to the bounce domain",
        "MX records of the domain in MAIL FROM, where it is not the sender's",
        "What cannot be delivered comes back there.",
        needs=("dns",),
    ),
    Check(
        "reverse", Area.MAIL, "Reverse name",
        "the PTR record of each address in doctor.addresses, and whether its name leads back",
        "Large providers refuse mail from addresses without one.",
        needs=("dns",),
    ),
)  # fmt: skip

CAUSES = (
    Cause("dns.ok", State.OK, "Name servers answer."),
    Cause(
        "dns.silent", State.UNKNOWN, "No name server answers this host: no DNS.",
        mend="Look at /etc/resolv.conf and at the firewall (port 53, UDP and TCP). If this host "
        "is meant to have no DNS, run the check from one that has.",
        copies=(Copy("command", "cat /etc/resolv.conf"),),
    ),
    Cause("domain.ok", State.OK, "{domain} exists."),
    Cause(
        "domain.reserved", State.FAIL,
        "{domain}, of the sender {sender}, can never exist: the name is reserved (RFC 6761).",
        so="its sender address cannot exist, so it is refused or put into junk folders",
        mend="Choose an address in a domain of yours.",
        copies=(Copy("command", "keyturn tenant set {tenant} --sender no-reply@YOUR-DOMAIN"),),
    ),
    Cause(
        "domain.absent", State.FAIL, "{domain}, of the sender {sender}, does not exist (NXDOMAIN).",
        so="its sender's domain does not exist, so it is refused or put into junk folders",
        mend="Register or delegate it, or choose a sender in a domain that exists.",
        copies=(Copy("command", "keyturn tenant set {tenant} --sender no-reply@YOUR-DOMAIN"),),
    ),
    Cause(
        "domain.unseen", State.UNKNOWN, "Whether {domain} exists could not be looked up.",
        mend="If other domains were found, its own name servers do not answer.",
        copies=(Copy("command", "dig +trace {domain} MX"),),
    ),
    Cause(
        "domain.untold", State.UNKNOWN,
        "Which addresses send is written in the database, which could not be read.",
        mend="Mend the database first.",
    ),
    Cause("spf.ok", State.OK, "SPF of {domain} lists {addresses} and nobody else."),
    Cause(
        "spf.missing", State.FAIL, "{domain} has no SPF record.", so=_JUNK,
        mend="Publish one that lists the addresses mail leaves from. If a provider sends for "
        "you, take its include instead.",
        copies=(_SPF_RECORD,),
    ),
    Cause(
        "spf.several", State.FAIL,
        "{domain} has more than one SPF record, which counts as an error (RFC 7208 §4.5).",
        so=_JUNK, mend="Make one of them and delete the others.", copies=(_SPF_RECORD,),
    ),
    Cause(
        "spf.syntax", State.FAIL,
        "The SPF record of {domain}, or one that it includes, cannot be read: “{detail}”.",
        so=_JUNK, mend="Correct that term. An error anywhere makes the whole record void.",
        copies=(Copy("command", "dig +short TXT {domain}"),),
    ),
    Cause(
        "spf.lookups", State.FAIL,
        "SPF of {domain} needs more than 10 look-ups; the eleventh is “{detail}”.", so=_JUNK,
        mend="Put addresses (ip4:, ip6:) in the place of includes, and drop ptr, a and mx where "
        "nothing sends from them.",
        copies=(_SPF_RECORD,),
    ),
    Cause(
        "spf.voids", State.FAIL,
        "SPF of {domain} asks for more than 2 names that are not there; the third is {detail}.",
        so=_JUNK, mend="Delete the terms whose names have no records.",
        copies=(Copy("command", "dig +short TXT {domain}"),),
    ),
    Cause(
        "spf.include-none", State.FAIL,
        "SPF of {domain} includes {detail}, which has no SPF record.", so=_JUNK,
        mend="Correct the name, or delete the include.",
        copies=(Copy("command", "dig +short TXT {detail}"),),
    ),
    Cause(
        "spf.hosts", State.FAIL,
        "SPF of {domain} uses mx of {detail}, which has more than 10 mail servers.", so=_JUNK,
        mend="List addresses (ip4:, ip6:) instead of mx.", copies=(_SPF_RECORD,),
    ),
    Cause(
        "spf.open", State.FAIL,
        "SPF of {domain} lets anybody send for it: {opening}.",
        so="anybody may send it in your name, and providers trust it accordingly",
        mend="List the addresses mail leaves from, and end with -all.", copies=(_SPF_RECORD,),
    ),
    Cause(
        "spf.not-listed", State.FAIL,
        "SPF of {domain} does not list {address}, from which mail leaves: the result is {result}.",
        so=_JUNK,
        mend="Add the address to the record. If it is not the one that mail leaves from, correct "
        "doctor.addresses.",
        copies=(_SPF_RECORD,),
    ),
    Cause(
        "spf.late", State.WARN,
        "SPF of {domain} lists {addresses}, but for anybody else the record is an error "
        "({problem}: {detail}).",
        mend="Receivers then treat forged mail as if there were no record. Shorten it.",
        copies=(_SPF_RECORD,),
    ),
    Cause(
        "spf.neutral", State.WARN,
        "SPF of {domain} says nothing of addresses that it does not list.",
        mend="End it with -all (or ~all while you are not sure of all senders).",
        copies=(_SPF_RECORD,),
    ),
    Cause(
        "spf.address-unknown", State.UNKNOWN,
        "SPF of {domain} is there and can be read; whether it lists the right address cannot be "
        "told, because the address that mail leaves from is not set.",
        mend="Set the public addresses of {mail_host}, which hands your mail to the world.",
        copies=(Copy("setting", '[doctor]\naddresses = ["203.0.113.7"]'),),
    ),
    Cause("spf.unseen", State.UNKNOWN, "SPF of {domain} could not be looked up."),
    Cause("dkim.ok", State.OK, "{name} holds the public half of the key in use ({kind})."),
    Cause(
        "dkim.no-key", State.FAIL, "Mail from {domain} is not signed: no key is set for it.",
        so=_JUNK,
        mend="Make a key, publish its record, put it into keyturn.toml and restart. Only if "
        "{mail_host} signs for {domain} itself is there nothing to do.",
        copies=(Copy("command", "keyturn mail-key {domain} kt1 --rsa"),),
    ),
    Cause(
        "dkim.missing", State.FAIL, "There is no key at {name}: signatures cannot be checked.",
        so=_JUNK, mend="Publish the record of the key in use.",
        copies=(Copy("dns", "{zone_line}"),),
    ),
    Cause(
        "dkim.several", State.FAIL, "There is more than one TXT record at {name}.", so=_JUNK,
        mend="Keep this one.", copies=(Copy("dns", "{zone_line}"),),
    ),
    Cause(
        "dkim.syntax", State.FAIL, "The record at {name} cannot be read as a key.", so=_JUNK,
        mend="Publish it as it stands here. Long values are split into strings of at most 255 "
        "characters; some panels cut or escape them.",
        copies=(Copy("dns", "{zone_line}"),),
    ),
    Cause(
        "dkim.revoked", State.FAIL, "The key at {name} is revoked (an empty p=).", so=_JUNK,
        mend="Make a key with another selector, or publish this record again.",
        copies=(Copy("dns", "{zone_line}"),),
    ),
    Cause(
        "dkim.kind", State.FAIL, "The key at {name} is of another kind than the one in use "
        "({kind}).", so=_JUNK, mend="Publish the record of the key in use.",
        copies=(Copy("dns", "{zone_line}"),),
    ),
    Cause(
        "dkim.other", State.FAIL, "The key at {name} is not the one in use: every signature is "
        "wrong.", so="every signature is wrong, and many providers will put it into junk folders",
        mend="Publish the record of the key in use, or set the file of the key that is published "
        "({path} is in use).",
        copies=(Copy("dns", "{zone_line}"),),
    ),
    Cause(
        "dkim.hash", State.FAIL, "The record at {name} does not allow SHA-256 (h=).", so=_JUNK,
        mend="Take h= out of it.", copies=(Copy("dns", "{zone_line}"),),
    ),
    Cause(
        "dkim.service", State.FAIL, "The record at {name} is not for mail (s=).", so=_JUNK,
        mend="Take s= out of it.", copies=(Copy("dns", "{zone_line}"),),
    ),
    Cause(
        "dkim.testing", State.WARN,
        "The record at {name} says t=y: receivers act as if mail were not signed.",
        mend="Take t=y out of it when you are done testing.",
        copies=(Copy("dns", "{zone_line}"),),
    ),
    Cause(
        "dkim.ed25519-only", State.WARN,
        "Mail from {domain} is signed with Ed25519 alone, which many receivers cannot check.",
        mend="Make an RSA key beside it, with another selector; mail then carries both "
        "signatures.",
        copies=(Copy("command", "keyturn mail-key {domain} kt2 --rsa"),),
    ),
    Cause("dkim.unseen", State.UNKNOWN, "The key at {name} could not be looked up."),
    Cause("dmarc.ok", State.OK, "DMARC of {domain}: {applied}, and mail passes by {passes}."),
    Cause(
        "dmarc.unaligned", State.FAIL,
        "Mail from {domain} passes neither SPF nor DKIM for that domain, so it fails DMARC "
        "(policy: {applied}).",
        so="it fails DMARC, and providers refuse it or put it into junk folders",
        mend="Sign with a key of {domain}, or send with a bounce address in {domain} "
        "(mail.envelope, mail.bounces) from an address that its SPF lists.",
        because=("dkim", "spf"),
    ),
    Cause(
        "dmarc.several", State.FAIL,
        "There is more than one DMARC record at _dmarc.{where}; receivers ignore them all.",
        so="providers find no valid DMARC policy", mend="Keep one.",
        copies=(Copy("command", "dig +short TXT _dmarc.{where}"),),
    ),
    Cause(
        "dmarc.syntax", State.FAIL, "The DMARC record at _dmarc.{where} cannot be read.",
        so="providers find no valid DMARC policy", mend="Publish one that can.",
        copies=(Copy("dns", '_dmarc.{domain}. IN TXT "{suggested}"'),),
    ),
    Cause(
        "dmarc.missing", State.WARN, "{domain} has no DMARC record, nor has a domain above it.",
        mend="Begin with a policy of none and read the reports for some weeks; then go on to "
        "quarantine and reject.",
        copies=(Copy("dns", '_dmarc.{domain}. IN TXT "{suggested}"'),),
    ),
    Cause(
        "dmarc.none", State.WARN,
        "DMARC of {domain} asks for nothing (policy: none): forged mail arrives like yours.",
        mend="When the reports show that all your mail passes, ask for quarantine, then reject.",
        copies=(Copy("dns", '_dmarc.{domain}. IN TXT "{suggested}"'),),
    ),
    Cause(
        "dmarc.policy", State.WARN,
        "The policy in the DMARC record of {domain} is none that there is; it counts as none.",
        mend="It must be none, quarantine or reject.",
        copies=(Copy("dns", '_dmarc.{domain}. IN TXT "{suggested}"'),),
    ),
    Cause(
        "dmarc.testing", State.WARN,
        "DMARC of {domain} is in testing (t=y or pct={percent}): receivers do not act by it in "
        "full.",
        mend="Take t= and pct= out of it when you are done testing.",
        copies=(Copy("dns", '_dmarc.{domain}. IN TXT "{suggested}"'),),
    ),
    Cause(
        "dmarc.no-reports", State.WARN,
        "DMARC of {domain} is in force, but nobody gets the reports (rua).",
        mend="Name an address that reads them: they show who sends in your name.",
        copies=(Copy("dns", '_dmarc.{domain}. IN TXT "{suggested}"'),),
    ),
    Cause("dmarc.unseen", State.UNKNOWN, "DMARC of {domain} could not be looked up."),
    Cause("mx.ok", State.OK, "Mail to {domain} goes to {hosts}."),
    Cause(
        "mx.missing", State.FAIL, "{domain} takes no mail: it has neither MX nor an address.",
        so=_LOST, mend="Publish an MX record, even if nobody reads that mail.",
        copies=(Copy("dns", "{domain}. IN MX 10 mail.{domain}."),),
    ),
    Cause(
        "mx.null", State.FAIL, "{domain} says that it takes no mail (null MX, RFC 7505).",
        so=_LOST, mend="Replace it by a server that takes mail.",
        copies=(Copy("dns", "{domain}. IN MX 10 mail.{domain}."),),
    ),
    Cause(
        "mx.lost", State.FAIL, "The MX of {domain}, {host}, has no address.", so=_LOST,
        mend="Correct the name, or give it an address.",
        copies=(Copy("command", "dig +short {host} A {host} AAAA"),),
    ),
    Cause("mx.unseen", State.UNKNOWN, "Where mail to {domain} goes could not be looked up."),
    Cause("bounces.ok", State.OK, "Bounces to {domain} go to {hosts}."),
    Cause(
        "bounces.missing", State.FAIL,
        "Bounces go to {domain}, which takes no mail: it has neither MX nor an address.",
        so="nobody learns of mail that was not delivered",
        mend="Publish an MX record for it, or choose another bounce address.",
        copies=(Copy("dns", "{domain}. IN MX 10 mail.{domain}."),),
    ),
    Cause(
        "bounces.null", State.FAIL,
        "Bounces go to {domain}, which says that it takes no mail (null MX).",
        so="nobody learns of mail that was not delivered",
        mend="Replace it by a server that takes mail.",
        copies=(Copy("dns", "{domain}. IN MX 10 mail.{domain}."),),
    ),
    Cause(
        "bounces.lost", State.FAIL, "The MX of the bounce domain {domain}, {host}, has no address.",
        so="nobody learns of mail that was not delivered",
        mend="Correct the name, or give it an address.",
        copies=(Copy("command", "dig +short {host} A {host} AAAA"),),
    ),
    Cause(
        "bounces.unseen", State.UNKNOWN, "Where bounces to {domain} go could not be looked up."
    ),
    Cause("reverse.ok", State.OK, "{address} is called {name}, which leads back to it."),
    Cause(
        "reverse.missing", State.FAIL, "{address}, from which mail leaves, has no reverse name.",
        so="large providers refuse it",
        mend="Ask whoever gave you the address to publish a PTR record: usually the provider of "
        "the machine or the line.",
        copies=(Copy("dns", "{reverse}. IN PTR mail.YOUR-DOMAIN."),),
    ),
    Cause(
        "reverse.unconfirmed", State.FAIL,
        "{address} is called {name}, but that name does not lead back to it.",
        so="large providers refuse it",
        mend="Give the name this address, or let the PTR record name one that has it.",
        copies=(Copy("command", "dig +short {name} A {name} AAAA"),),
    ),
    Cause("reverse.unseen", State.UNKNOWN, "The reverse name of {address} could not be looked up."),
)  # fmt: skip
