"""The host, the database, backups, the address people type, and settings that weaken security."""

from __future__ import annotations

from keyturn.rules.health.verdicts import Area, Cause, Check, Copy, State

_OPEN = "others may read the keys that protect everything"

CHECKS = (
    Check(
        "clock", Area.HOST, "Clock",
        "this host's clock against the database's, against what the kernel says of it, against "
        "a time server if doctor.ntp is set; and whether it jumps",
        "Locks, codes, links and authenticators are all times.",
    ),
    Check(
        "disk", Area.HOST, "Disk",
        "free space and inodes where keys, database and backups live, and whether they can be "
        "written",
        "A full disk stops every sign-in: nothing can be counted any more.",
    ),
    Check(
        "key-ring", Area.HOST, "Key ring",
        "keys.json: whether it is there, whose it is, who else may read it",
        "It opens everything that is sealed in the database.",
    ),
    Check(
        "mail-keys", Area.HOST, "Keys that sign mail",
        "the files in mail.dkim: whether they can be used, and who else may read them",
        "Who reads one can sign mail as you.",
    ),
    Check(
        "database", Area.DATABASE, "Database",
        "whether it answers, and its version", "If it does not, nobody gets in.",
    ),
    Check(
        "tables", Area.DATABASE, "Tables",
        "whether the tables are this release's", "A server refuses to run on a newer release's.",
        needs=("database",),
    ),
    Check(
        "durability", Area.DATABASE, "Durability",
        "PostgreSQL: fsync, full_page_writes, synchronous_commit. SQLite: the write-ahead log",
        "A failure that was counted must still count after a power cut.", needs=("database",),
    ),
    Check(
        "backup", Area.DATABASE, "Backup", "when the last backup was made",
        "What was not backed up is lost with the disk.", needs=("database",),
    ),
    Check(
        "demo", Area.SETTINGS, "Demo data",
        "whether a demo made this database", "In a demo, time can be moved and codes are shown.",
        needs=("database",),
    ),
    Check(
        "settings", Area.SETTINGS, "Settings that weaken security",
        "server.origin, server.trusted_proxies, hash, limits, log.level, and each tenant's "
        "policy",
        "Each is allowed, and each costs some safety.",
    ),
    Check(
        "web-name", Area.WEB, "Name of the site",
        "whether the host in server.origin, and each tenant's own, leads to an address",
        "Links in mails lead there.", needs=("dns",),
    ),
    Check(
        "web-certificate", Area.WEB, "Certificate of the site",
        "chain, name and end of the certificate that browsers see, as seen from this host",
        "When it ends, nobody gets in.", needs=("web-name",),
    ),
)  # fmt: skip

CAUSES = (
    Cause("clock.ok", State.OK, "The clock is right, as far as can be seen from here{beside}."),
    Cause(
        "clock.wrong", State.FAIL,
        "The clock differs from that of the time server {server} by {offset:span}.",
        so="codes and locks end at wrong times, and authenticators are refused",
        mend="Let a service keep the time, and see that it reaches its servers.",
        copies=(Copy("command", "timedatectl set-ntp true"),),
    ),
    Cause(
        "clock.database", State.FAIL,
        "The clocks of this host and of the database differ by {offset:span}.",
        so="servers disagree about when codes and locks end",
        mend="Let a service keep the time on both.",
        copies=(Copy("command", "timedatectl set-ntp true"),),
    ),
    Cause(
        "clock.jumped", State.WARN, "The clock was set by {offset:span} while it was looked at.",
        mend="A service that keeps time should move it slowly. Look for two that fight.",
        copies=(Copy("command", "timedatectl"),),
    ),
    Cause(
        "clock.drift", State.WARN,
        "The clocks of this host and of the database differ by {offset:span}.",
        mend="Let a service keep the time on both.",
        copies=(Copy("command", "timedatectl set-ntp true"),),
    ),
    Cause(
        "clock.unsynchronised", State.WARN, "The kernel says that nothing keeps the clock right.",
        mend="Let a service keep the time (chrony, systemd-timesyncd). In some containers the "
        "kernel cannot tell.",
        copies=(Copy("command", "timedatectl set-ntp true"),),
    ),
    Cause(
        "clock.silent", State.UNKNOWN, "The time server {server} does not answer.",
        mend="Correct doctor.ntp, or open UDP port 123.",
    ),
    Cause("disk.ok", State.OK, "{path}: {free:size} free ({share:percent})."),
    Cause(
        "disk.missing", State.FAIL, "The folder {path} is not there.",
        so="there is nowhere to keep data",
        mend="Make it, or correct store.data_dir.",
        copies=(Copy("command", "install -d -m 0700 {path}"),),
    ),
    Cause(
        "disk.read-only", State.FAIL, "{path} cannot be written.",
        so="nothing can be stored, so nobody gets in",
        mend="Give it to the user who runs Keyturn, or mount its disk for writing.",
        copies=(Copy("command", "ls -ld {path}"),),
    ),
    Cause(
        "disk.full", State.FAIL, "{path}: {free:size} free ({share:percent}).",
        so="the disk is nearly full, and then nobody gets in", mend="Make room, or a bigger disk.",
        copies=(Copy("command", "du -xh {path} | sort -h | tail"),),
    ),
    Cause(
        "disk.inodes", State.FAIL, "{path}: the file system has room for {inodes_free} more files.",
        so="no file can be made any more, and then nobody gets in",
        mend="Delete what is in many small files.",
        copies=(Copy("command", "df -i {path}"),),
    ),
    Cause(
        "disk.low", State.WARN, "{path}: {free:size} free ({share:percent}).",
        mend="Make room before it is full.",
        copies=(Copy("command", "du -xh {path} | sort -h | tail"),),
    ),
    Cause("key-ring.ok", State.OK, "{path}: mode {mode}, unchanged for {age:span}."),
    Cause(
        "key-ring.missing", State.WARN, "There is no key ring at {path} yet.",
        mend="The first start makes one. If this installation has run before, the folder is not "
        "the right one: correct store.data_dir before you start it.",
    ),
    Cause(
        "key-ring.lost", State.FAIL,
        "There is no key ring at {path}, but the database has accounts.",
        so="sealed data cannot be opened, and all second steps are lost",
        mend="Put back the file that this database was made with, from its own backup. Do not "
        "start the server before: it would make another.",
    ),
    Cause(
        "key-ring.open", State.FAIL, "Others may read {path} (mode {mode}).", so=_OPEN,
        mend="Close it. If somebody else could have read it, its secrets are known.",
        copies=(Copy("command", "chmod 600 {path}"),),
    ),
    Cause(
        "key-ring.unreadable", State.FAIL, "{path} cannot be used: {fault}.",
        so="the server cannot start",
        mend="It must be the file that this database was made with, mode 0600, and belong to the "
        "user who runs Keyturn.",
        copies=(Copy("command", "ls -l {path}"),),
    ),
    Cause("mail-keys.ok", State.OK, "{path}: mode {mode}."),
    Cause(
        "mail-keys.open", State.FAIL, "Others may read {path} (mode {mode}).",
        so="others may read the key that signs mail",
        mend="Close it. If somebody else could have read it, make another key.",
        copies=(Copy("command", "chmod 600 {path}"),),
    ),
    Cause(
        "mail-keys.unusable", State.FAIL, "{path} cannot sign mail: {fault}.",
        so="the server cannot start with this key",
        mend="Make another one (RSA from 2048 bits, or Ed25519, PEM without a pass phrase).",
        copies=(Copy("command", "keyturn mail-key {domain} {selector} --rsa"),),
    ),
    Cause("database.ok", State.OK, "{kind} {version} answers."),
    Cause(
        "database.absent", State.WARN, "There is no database yet at {place}.",
        mend="The first start makes it. If this installation has run before, the place is not "
        "the right one: correct store.data_dir or store.url before you start it.",
        copies=(Copy("command", "keyturn serve"),),
    ),
    Cause(
        "database.down", State.FAIL, "The database does not answer: {said}.",
        so="nobody gets in until it answers",
        mend="Is it running, and is store.url right? Keyturn goes on by itself when it is back.",
        because=("disk",),
    ),
    Cause(
        "database.old", State.WARN, "{kind} {version} is not maintained any more.",
        mend="Move to PostgreSQL 15 or later.",
    ),
    Cause("tables.ok", State.OK, "The tables are this release's ({revision})."),
    Cause(
        "tables.newer", State.FAIL,
        "The tables are of a newer release ({revision}; this one knows {wanted}).",
        so="the server cannot start", mend="Install that release, or go back to a backup.",
    ),
    Cause(
        "tables.behind", State.WARN,
        "The tables are an older release's ({revision}; this one has {wanted}).",
        mend="Make a backup; the next start brings them up to date.",
        copies=(Copy("command", "keyturn serve"),),
    ),
    Cause(
        "tables.none", State.WARN, "The database has no tables yet.",
        mend="The first start makes them.", copies=(Copy("command", "keyturn serve"),),
    ),
    Cause("tables.unseen", State.UNKNOWN, "The tables could not be looked at."),
    Cause("durability.ok", State.OK, "What was answered survives a power cut ({how})."),
    Cause(
        "durability.unsafe", State.FAIL, "{name} is {value}: a power cut undoes what was answered.",
        so="after a power cut, counted failures and used codes are forgotten",
        mend="Switch it on.",
        copies=(Copy("command", 'psql -c "ALTER SYSTEM SET {name} = on" '
                                '-c "SELECT pg_reload_conf()"'),),
    ),
    Cause(
        "durability.journal", State.WARN,
        "SQLite does not keep a write-ahead log here (journal_mode is {value}).",
        mend="That happens on network file systems, where its locks do not hold either. Put the "
        "database on a disk of this machine.",
    ),
    Cause("durability.unseen", State.UNKNOWN, "Durability could not be looked at."),
    Cause("backup.ok", State.OK, "The last backup was made {age:span} ago."),
    Cause(
        "backup.never", State.WARN, "No backup was ever made by keyturn backup.",
        mend="Make one every night. If something else backs up database and keys, leave it so.",
        copies=(Copy("command", "keyturn backup FILE"),),
    ),
    Cause(
        "backup.old", State.WARN, "The last backup was made {age:span} ago.",
        mend="Make one every night.", copies=(Copy("command", "keyturn backup FILE"),),
    ),
    Cause(
        "backup.stale", State.FAIL, "The last backup was made {age:span} ago.",
        so="a broken disk would lose everything since the last backup",
        mend="Find out why it stopped.", copies=(Copy("command", "keyturn backup FILE"),),
    ),
    Cause("backup.unseen", State.UNKNOWN, "When the last backup was made could not be read."),
    Cause("demo.ok", State.OK, "No demo made this database."),
    Cause(
        "demo.present", State.FAIL, "A demo made this database: its passwords are published.",
        so="a demo's database is no place for people",
        mend="Choose another store.data_dir, and begin anew.",
        copies=(Copy("setting", '[store]\ndata_dir = "/var/lib/keyturn"'),),
    ),
    Cause("demo.unseen", State.UNKNOWN, "Whether a demo made this database could not be read."),
    Cause("settings.ok", State.OK, "No setting weakens security."),
    Cause(
        "settings.proxies", State.FAIL,
        "server.trusted_proxies holds {network}, which is too wide.",
        so="strangers can choose the address that they are counted under",
        mend="Name your proxies' own addresses. Whoever is in there can pretend to be anybody, "
        "and so escape every limit by network.",
        copies=(Copy("setting", '[server]\ntrusted_proxies = ["127.0.0.1"]'),),
    ),
    Cause(
        "settings.proxy-missing", State.FAIL,
        "{origin} is served through a proxy, but server.trusted_proxies names none.",
        so="all callers seem to come from one address, so that one of them can hold back all",
        mend="Name the proxy's address, and let it set X-Forwarded-For.",
        copies=(Copy("setting", '[server]\ntrusted_proxies = ["127.0.0.1"]'),),
    ),
    Cause(
        "settings.plain", State.WARN,
        "{listens} is open to the network, but people are told {origin}: no TLS protects "
        "cookies and passwords.",
        mend="Put a proxy with TLS before it and set server.origin to its https:// address, or "
        "listen on 127.0.0.1 only.",
        copies=(
            Copy("setting", '[server]\norigin = "https://id.YOUR-DOMAIN"\nhost = "127.0.0.1"'),
        ),
    ),
    Cause(
        "settings.hash", State.WARN,
        "Passwords are hashed with less work ({work} KiB passes) than the default ({default}).",
        mend="Take hash.time_cost and hash.memory_kib out of the settings. Old hashes are renewed "
        "at the next sign-in.",
    ),
    Cause(
        "settings.network-failures", State.WARN,
        "limits.network_failures is {value}: one network may guess that often an hour.",
        mend="The default of 300 suits most; a large office behind one address may need 1000.",
        copies=(Copy("setting", "[limits]\nnetwork_failures = 300"),),
    ),
    Cause(
        "settings.sessions", State.WARN,
        "limits.session_idle_minutes is {value}: a browser left open stays signed in that long.",
        mend="60 is the default. The console has a limit of its own, half an hour.",
        copies=(Copy("setting", "[limits]\nsession_idle_minutes = 60"),),
    ),
    Cause(
        "settings.debug", State.WARN, "log.level is debug: the log tells much of what people do.",
        mend="Set it back when you are done.", copies=(Copy("setting", '[log]\nlevel = "info"'),),
    ),
    Cause(
        "settings.lockout-scope", State.WARN,
        "{tenant} locks whole accounts: a stranger can lock anybody out by five wrong passwords.",
        mend="With scope client, people keep the browsers that know them.",
        copies=(Copy("command", "keyturn tenant set {tenant} --lockout-scope client"),),
    ),
    Cause(
        "settings.sms-second", State.WARN,
        "{tenant} takes codes by SMS as second step: numbers can be taken over at the provider.",
        mend="Prefer passkeys and authenticators; switch it off when everybody has one.",
        copies=(Copy("command", "keyturn tenant set {tenant} --no-sms-second"),),
    ),
    Cause("web-name.ok", State.OK, "{host} leads to {address}."),
    Cause(
        "web-name.absent", State.FAIL, "The site's name {host} does not exist.",
        so="nobody reaches it, and links in mails lead nowhere",
        mend="Publish an address for it, or correct the name.",
        copies=(Copy("dns", "{host}. IN A 203.0.113.7"),),
    ),
    Cause("web-name.silent", State.UNKNOWN, "The site's name {host} could not be looked up."),
    Cause(
        "web-certificate.ok", State.OK,
        "{host}: {version}, certificate by {issuer} until {ends_at:time}.",
    ),
    Cause(
        "web-certificate.unreached", State.UNKNOWN,
        "{host} could not be reached from this host: {said}.",
        mend="That may be the firewall's choice. Look from outside.",
        copies=(Copy("command", "openssl s_client -connect {host}:{port} -servername {host}"),),
    ),
    Cause(
        "web-certificate.expired", State.FAIL,
        "The certificate of {host} is not valid now: it ended on {ends_at:time}, or begins later.",
        so="browsers refuse it", mend="Renew it.", because=("clock",),
    ),
    Cause(
        "web-certificate.name", State.FAIL, "The certificate at {host} is for {names}.",
        so="browsers refuse it", mend="Get one for this name.",
    ),
    Cause(
        "web-certificate.untrusted", State.FAIL,
        "Nobody known vouches for the certificate of {host}: {said}.",
        so="browsers warn of it", mend="Get one from a known authority, with the whole chain.",
    ),
    Cause(
        "web-certificate.protocol", State.FAIL,
        "No TLS 1.2 or 1.3 can be agreed with {host}: {said}.", so="browsers cannot open it",
        mend="Correct the proxy's TLS.",
    ),
    Cause(
        "web-certificate.soon", State.WARN, "The certificate of {host} ends on {ends_at:time}.",
        mend="Renew it; on that day nobody gets in.",
    ),
)  # fmt: skip
