"""The names of what the audit trail records, and its row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

#: how the client of a command on the host is called in the audit trail; its user follows
HOST = "command on the host"


class Event(StrEnum):
    """What happened. The name is part of the export format: add, never rename."""

    SIGNIN_PASSED = "signin.passed"
    SIGNIN_FAILED = "signin.failed"
    SIGNIN_REFUSED = "signin.refused"
    SIGNIN_LOCKED = "signin.locked"
    SIGNIN_UNVERIFIED = "signin.unverified"
    SIGNIN_DIRECTORY = "signin.directory"  # a directory password was tried, or was not
    SIGNIN_SPENT = "signin.spent"  # … as often as its directory bears
    SECOND_PENDING = "second.pending"
    SECOND_PASSED = "second.passed"
    SECOND_FAILED = "second.failed"
    APPROVAL_ASKED = "approval.asked"  # the phone is asked
    APPROVAL_CAPPED = "approval.capped"  # … and is not, because it was asked too often
    APPROVAL_GIVEN = "approval.given"
    APPROVAL_DENIED = "approval.denied"
    APPROVAL_WRONG = "approval.wrong"  # a wrong number
    APPROVAL_FORGED = "approval.forged"  # a signature that is not the phone's over what was shown
    CALLER_VERIFIED = "caller.verified"
    CALLER_UNVERIFIED = "caller.unverified"  # … and why: denied, no answer, wrong numbers
    COUNTERSIGN_ASKED = "countersign.asked"  # staff want to do something to a colleague
    COUNTERSIGN_AGREED = "countersign.agreed"  # … and a second person has agreed: it is done
    COUNTERSIGN_DECLINED = "countersign.declined"
    COUNTERSIGN_WITHDRAWN = "countersign.withdrawn"
    COUNTERSIGN_VOID = "countersign.void"  # … whoever asked may not do it any more
    SEE_AS_BEGUN = "see_as.begun"  # the console is looked at as a lower role sees it
    SEE_AS_ENDED = "see_as.ended"
    PROVIDER_LINKED = "provider.linked"  # another tenant's people may be let in here
    PROVIDER_ENDED = "provider.ended"
    PROVIDER_MEMBER = "provider.member"  # one of them acts here, and as what
    PROVIDER_UNMADE = "provider.unmade"  # … and no more
    PROVIDER_ENTERED = "provider.entered"  # … comes in
    PROVIDER_LEFT = "provider.left"
    CUSTOMER_LINKED = "customer.linked"  # another tenant calls this one its provider
    CUSTOMER_ENDED = "customer.ended"
    CUSTOMER_MEMBER = "customer.member"  # one of ours acts there, and as what
    CUSTOMER_UNMADE = "customer.unmade"
    CUSTOMER_ENTERED = "customer.entered"
    SIGNOUT = "signout"
    SESSIONS_ENDED = "sessions.ended"
    SESSION_PROVED = "session.proved"
    PROOF_FAILED = "proof.failed"
    SIGNUP_STARTED = "signup.started"
    SIGNUP_REPEATED = "signup.repeated"
    SIGNUP_VERIFIED = "signup.verified"
    RECOVERY_STARTED = "recovery.started"
    RECOVERY_PROVED = "recovery.proved"
    RECOVERY_DONE = "recovery.done"
    CODE_SENT = "code.sent"
    CODE_FAILED = "code.failed"
    EMAIL_CHANGED = "email.changed"
    EMAIL_RESTORED = "email.restored"
    PHONE_PROVED = "phone.proved"
    PHONE_REMOVED = "phone.removed"
    PHONE_HELD = "phone.held"  # somebody wanted a number that another has
    PHONE_ASKED = "phone.asked"  # staff ask the holder of a number whether it is still theirs
    PHONE_RELEASED = "phone.released"  # staff took it from a disabled user
    ACTIVATION_BEGUN = "activation.begun"  # a link was followed
    ENROLMENT_SHOWN = "enrolment.shown"  # a page shows a code to scan
    SMS_CAPPED = "sms.capped"
    MAIL_CAPPED = "mail.capped"
    ALARM_RAISED = "alarm.raised"
    WEBHOOK_SET = "webhook.set"
    WEBHOOK_REMOVED = "webhook.removed"
    KEY_MADE = "key.made"  # by which a program verifies callers
    KEY_REVOKED = "key.revoked"
    FACTOR_ADDED = "factor.added"
    FACTOR_REMOVED = "factor.removed"
    PASSKEY_RENAMED = "passkey.renamed"
    PASSKEY_REFUSED = "passkey.refused"
    PASSKEY_CLONED = "passkey.cloned"
    ENROLMENT_SCANNED = "enrolment.scanned"  # a phone has scanned, or typed, a code
    ENROLMENT_FAILED = "enrolment.failed"  # … and was refused: why
    APP_BOUND = "app.bound"
    APP_PUSHED = "app.pushed"  # a test push came to it
    APP_UNBOUND = "app.unbound"  # by its owner
    APP_PIN = "app.pin"  # the app lock's, set or changed
    APP_PIN_FAILED = "app.pin_failed"
    APP_LOCK = "app.lock"  # the phone's own lock opens the app, or does so no more
    APP_LOCK_FAILED = "app.lock_failed"
    APP_OFFLINE = "app.offline"  # a new secret for offline codes
    DEVICE_REGISTERED = "device.registered"  # by the tenant: model and serial
    DEVICE_SETUP = "device.setup"  # its owner begins
    DEVICE_REFUSED = "device.refused"  # … and is refused: why
    DEVICE_PAIRED = "device.paired"
    DEVICE_PASSED = "device.passed"  # somebody else has paired it since
    DEVICE_RELEASED = "device.released"
    DEVICE_STOPPED = "device.stopped"  # its key is used in two places
    DEVICE_OBJECTED = "device.objected"  # the owner before it objected
    PRESENCE_ASKED = "presence.asked"
    PRESENCE_PROVED = "presence.proved"
    PRESENCE_FAILED = "presence.failed"  # … and why
    PASSWORD_CHANGED = "password.changed"  # noqa: S105  an event's name, not a secret
    CLIENT_FORGOTTEN = "client.forgotten"
    CLIENT_TRUSTED = "client.trusted"
    CLIENT_COPIED = "client.copied"
    NOT_ME = "owner.objected"
    CASE_OPENED = "case.opened"
    CASE_CLOSED = "case.closed"
    CASE_TAKEN = "case.taken"
    CASE_HANDED = "case.handed"
    CASE_NOTED = "case.noted"
    CASE_ASKED = "case.asked"  # a proof is asked for: by which method
    CASE_PROVED = "case.proved"
    CASE_UNPROVED = "case.unproved"  # … and was none: why
    CASE_GRANTED = "case.granted"  # a deed, and by which proofs
    LOST_BEGUN = "lost.begun"  # a lost or changed phone: a new activation waits
    LOST_SENT = "lost.sent"  # … its link was mailed
    LOST_STOPPED = "lost.stopped"  # … is not sent, or its link is dead: why
    USER_CREATED = "user.created"
    USER_CHANGED = "user.changed"  # name or user name, by a file that staff brought
    USER_UNLOCKED = "user.unlocked"
    USER_DISABLED = "user.disabled"
    USER_ENABLED = "user.enabled"
    USER_UNFROZEN = "user.unfrozen"
    USER_INVITED = "user.invited"  # a link to activate was sent
    BATCH_BEGUN = "batch.begun"  # one thing is done with many
    BATCH_ENDED = "batch.ended"  # … and all were seen to, or why not
    USER_RESET = "user.reset"  # phone and sessions gone, a link sent
    ACTIVATION_AGAIN = "activation.again"  # the person asked for another link
    ACTIVATION_REMINDED = "activation.reminded"
    ROLE_GRANTED = "role.granted"
    ROLE_REVOKED = "role.revoked"
    OWNER_LINK = "owner.link"
    TENANT_ADDED = "tenant.added"
    TENANT_CHANGED = "tenant.changed"
    DIAGNOSED = "diagnosis.read"
    BACKUP_MADE = "backup.made"
    RESTORED = "backup.restored"
    PURGED = "retention.purged"
    DATA_EXPORTED = "data.exported"
    TRAIL_EXPORTED = "data.trail"  # the audit trail, as a file
    USERS_EXPORTED = "data.users"  # a list of users, as a file
    ERASE_ASKED = "erase.asked"
    ERASE_UNDONE = "erase.undone"
    USER_ERASED = "user.erased"
    RESET_STARTED = "reset.started"
    RESET_SUBMITTED = "reset.submitted"
    RESET_PERMITTED = "reset.permitted"
    RESET_UNSETTLED = "reset.unsettled"
    RESET_DONE = "reset.done"
    RESET_NOT_DONE = "reset.not_done"
    RESET_CHANGED = "reset.changed"
    RESET_EVERYWHERE = "reset.everywhere"  # or watched no more, and why
    RESET_REFUSED = "reset.refused"
    AGENT_ENROLLED = "agent.enrolled"
    AGENT_APPROVED = "agent.approved"
    AGENT_STARTED = "agent.started"
    AGENT_STOPPED = "agent.stopped"
    AGENT_REFUSED = "agent.refused"
    AGENT_COPIED = "agent.copied"
    DIRECTORY_FOUNDED = "directory.founded"
    DIRECTORY_ADDED = "directory.added"
    DIRECTORY_SIGNIN = "directory.signin"  # switched on or off
    AGENT_INVITED = "agent.invited"
    AGENT_REVOKED = "agent.revoked"
    ACCOUNT_LINKED = "account.linked"
    ACCOUNT_UNLINKED = "account.unlinked"
    # seen in a directory, whoever did it
    ACCOUNT_PASSWORD = "account.password"  # noqa: S105  an event's name, not a secret
    ACCOUNT_LOCKED = "account.locked"
    ACCOUNT_UNLOCKED = "account.unlocked"
    ACCOUNT_DISABLED = "account.disabled"
    ACCOUNT_ENABLED = "account.enabled"
    ACCOUNT_MUST_CHANGE = "account.must_change"
    ACCOUNT_EXPIRY = "account.expiry"
    ACCOUNT_RENAMED = "account.renamed"
    ACCOUNT_GONE = "account.gone"
    ACCOUNT_REMINDED = "account.reminded"
    ACCOUNT_UNCLEAR = "account.unclear"
    ACCOUNT_DECIDED = "account.decided"
    USER_FOLLOWED = "user.followed"  # name or address, as a directory has them
    SYNC_HELD = "sync.held"
    SYNC_RELEASED = "sync.released"
    SYNC_CHOSEN = "sync.chosen"
    SYNC_ENDED = "sync.ended"
    SYNC_BEGUN = "sync.begun"
    SYNC_DONE = "sync.done"
    SYNC_LOST = "sync.lost"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the audit trail.

    Attributes:
        id: time-ordered.
        user_id: whom it is about; None for an absent name.
        actor_id: who did it, None for the person themselves or a stranger.
        ip, client: where from, as seen through trusted proxies; client is a short name.
        facts: a small snapshot for diagnosis; never a secret.
    """

    id: str
    tenant_id: str
    at: int
    event: Event
    user_id: str | None
    actor_id: str | None
    ip: str
    client: str
    facts: Mapping[str, object]


def by_program(entry: Entry) -> bool:
    """Whether a program of the tenant's did it, with the rights of staff (rules/api_keys.py)."""
    return entry.event is Event.APPROVAL_ASKED and "key" in entry.facts
