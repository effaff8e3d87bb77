"""The problems an operation may answer with: a table that both the replies and the
OpenAPI document are made from (RFC 9457).

Every problem has type, title, status and code.  One that comes from a flow also names the
pending step and the browser, like any other reply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PROBLEM_JSON = "application/problem+json"

Schema = Mapping[str, Any]
MS: Schema = {"type": "integer", "description": "Milliseconds since the epoch, UTC."}
MS_OR_NULL: Schema = {**MS, "type": ["integer", "null"]}
WAIT: Schema = {"type": "integer", "minimum": 0, "description": "Milliseconds from now."}
TEXT: Schema = {"type": "string"}
ERRORS: Schema = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["pointer", "code"],
        "properties": {
            "pointer": {
                "type": "string",
                "description": "RFC 6901, into the body; or a name in the path.",
            },
            "code": {"type": "string"},
        },
    },
}
FAULTS: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["fault", "limit", "word"],
        "properties": {
            "fault": {
                "type": "string",
                "enum": ["too-short", "too-long", "common", "context", "not-text", "same"],
            },
            "limit": {"type": ["integer", "null"], "description": "Characters allowed."},
            "word": {"type": ["string", "null"], "description": "What it is built from."},
        },
    },
}
WARNINGS: Schema = {
    "type": "array",
    "description": "Ask the person, then send `spaces_meant`.",
    "items": {
        "type": "string",
        "enum": ["starts-with-space", "ends-with-space", "no-break-space", "line-end"],
    },
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem.

    Attributes:
        meaning: a sentence for programmers; never sent.
        fields: what it has besides, all of it always there.
        flow: it comes from a flow: `pending` and `browser` are there.
        headers: which of the documented headers it has, e.g. "Retry-After".
    """

    status: int
    code: str
    meaning: str
    fields: Mapping[str, Schema] = field(default_factory=dict)
    flow: bool = True
    headers: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its schema's name."""
        return "Problem." + self.code

    def schema(self) -> dict[str, Any]:
        """Its JSON schema."""
        common: dict[str, Schema] = {
            "type": {"const": f"urn:keyturn:problem:{self.code}"},
            "title": TEXT,
            "status": {"const": self.status},
            "code": {"const": self.code},
        }
        shared = {"pending": {"$ref": "#/components/schemas/Pending"}, "browser": TEXT}
        properties = {**common, **self.fields, **(shared if self.flow else {})}
        return {
            "type": "object",
            "description": self.meaning,
            "additionalProperties": False,
            "required": list(properties),
            "properties": properties,
        }


def _request(status: int, code: str, meaning: str, **fields: Schema) -> Kind:
    return Kind(status, code, meaning, fields, flow=False)


UNAVAILABLE = Kind(
    503, "unavailable", "The store does not answer. Nothing was changed.",
    flow=False, headers=("Retry-After",),
)  # fmt: skip
METHOD = Kind(405, "method", "This path does not take this method.", flow=False, headers=("Allow",))
#: what any operation may answer
COMMON = (
    _request(400, "repeated-header", "A header came twice.", header=TEXT),
    _request(400, "unexpected-query", "No operation takes a query string."),
    _request(400, "body-incomplete", "The body ended early."),
    _request(404, "no-such-page", "There is no such tenant or path."),
    _request(404, "no-tenant", "No tenant has this host; say /t/SLUG/api/v1."),
    _request(413, "body-too-long", "The body is longer than `most` bytes.",
             most={"type": "integer"}),
    _request(421, "other-host", "Keyturn does not answer to this Host."),
    UNAVAILABLE,
)  # fmt: skip
INVALID = _request(
    422, "invalid",
    "Fields that are missing, unknown, repeated or unfit; a name that nobody can have.",
    errors=ERRORS,
)  # fmt: skip
NO_BODY = (_request(400, "unexpected-body", "This operation takes no body."),)
WITH_BODY = (
    _request(400, "not-utf-8", "The body is not UTF-8."),
    _request(400, "not-json", "The body is not JSON (RFC 8259), or nested without end."),
    _request(415, "content-type", "Content-Type is not `expected`, or the body is encoded.",
             expected=TEXT),
    INVALID,
)  # fmt: skip
SIGN_IN = Kind(401, "sign-in", "No live session: sign in.", headers=("WWW-Authenticate",))
UNKNOWN_KEY = Kind(
    401, "unknown-key", "No key of this tenant: there never was one like it, or it was revoked.",
    headers=("WWW-Authenticate",),
)  # fmt: skip
NOT_FOUND = Kind(404, "not-found", "There is none with this id.")

_CHALLENGE = ("WWW-Authenticate",)
WRONG = Kind(
    401, "wrong",
    "The one neutral answer: wrong name, wrong password, absent, disabled or unverified "
    "account; or a wrong second step.",
    headers=_CHALLENGE,
)  # fmt: skip
LOCKED = Kind(
    401, "locked", "Too many wrong tries; until then nothing is compared and no try counts.",
    {"until": MS, "retry_after": WAIT}, headers=_CHALLENGE,
)  # fmt: skip
TOO_MANY = Kind(
    429, "too-many", "Too many tries from this network, over all names.",
    {"until": MS, "retry_after": WAIT}, headers=("Retry-After",),
)  # fmt: skip
TOO_SOON = Kind(
    429, "too-soon", "Another code can be asked for from `until` on.",
    {"until": MS, "retry_after": WAIT}, headers=("Retry-After",),
)  # fmt: skip
BUDGET = Kind(
    429, "budget", "No more is sent for now; what was sent before stays good.",
    {"until": MS, "retry_after": WAIT}, headers=("Retry-After",),
)  # fmt: skip
BUSY = Kind(
    503, "busy", "Too many passwords to hash right now; nothing was compared or changed.",
    {"retry_after": WAIT}, headers=("Retry-After",),
)  # fmt: skip
NOTHING_PENDING = Kind(409, "nothing-pending", "This browser waits for no such step (any more).")

WRONG_CODE = Kind(
    422, "wrong-code", "It was not the code.",
    {"left": {"type": "integer", "minimum": 0, "description": "Tries left."}},
)  # fmt: skip
CODE_EXPIRED = Kind(422, "code-expired", "The code ended at `at`.", {"at": MS})
CODE_USED = Kind(422, "code-used", "The code was used at `at`.", {"at": MS})
CODE_REPLACED = Kind(422, "code-replaced", "A newer code took its place at `at`.", {"at": MS})
CODE_SPENT = Kind(422, "code-spent", "Too many wrong tries: ask for a new code.")
CODE_PROBLEMS = (WRONG_CODE, CODE_EXPIRED, CODE_USED, CODE_REPLACED, CODE_SPENT)

PASSWORD_REFUSED = Kind(
    422, "password-refused", "The new password was not taken: mend `problems`, ask `warnings`.",
    {"problems": FAULTS, "warnings": WARNINGS},
)  # fmt: skip

UNFIT = Kind(
    422, "unfit", "The account cannot be made of this: mend `errors` and `problems` (of the "
    "password), ask `warnings`.",
    {"errors": {**ERRORS, "minItems": 0}, "problems": FAULTS, "warnings": WARNINGS},
)  # fmt: skip
SIGNUP_CLOSED = Kind(403, "signup-closed", "This tenant makes its accounts itself.")

FROZEN = Kind(
    403, "frozen", "Since `since` changes are frozen: the owner said \"this wasn't me\".",
    {"since": MS},
)  # fmt: skip
PROOF_NEEDED = Kind(
    403, "proof-needed", "The session is older than ten minutes, or had no second step: prove "
    "it as `pending` says, then ask again.",
)  # fmt: skip
NOT_THIS_WAY = Kind(
    409, "not-this-way", "The password proves nothing: there is a second step, or none is set.",
)  # fmt: skip
NO_SECOND_STEP = Kind(409, "no-second-step", "There is no second step that this would change.")
NO_PASSKEY = Kind(409, "no-passkey", "There is no passkey that would do.")
PASSKEY_REFUSED = Kind(
    422, "passkey-refused", "The answer does not fit the question, this address or itself; or "
    "nothing was asked in this browser in the last five minutes.",
)  # fmt: skip
PASSKEY_KNOWN = Kind(409, "passkey-known", "This passkey is stored already.")
PASSKEYS_FULL = Kind(
    409, "passkeys-full", "The account has as many passkeys as one may have.",
    {"most": {"type": "integer"}},
)  # fmt: skip
SAME_ADDRESS = Kind(409, "same-address", "It is the address that the account has.")
ADDRESS_IN_USE = Kind(409, "address-in-use", "Somebody else has proved the address meanwhile.")
WRONG_NEW_CODE = Kind(422, "wrong-new-code", "It is not what the new authenticator shows now.")

PHONES_OFF = Kind(403, "phones-off", "This tenant takes no phone numbers.")
NO_TEXTS = Kind(
    422, "no-texts", "By the numbering plan this line takes no texts; nothing was sent. If "
    "`may_insist`, the person may say that it does: send `insisted`.",
    {
        "line": TEXT,
        "may_insist": {"type": "boolean"},
        "alternatives": {
            "type": "array",
            "items": {"type": "string", "enum": ["other-number", "voice-call", "authenticator"]},
        },
    },
)  # fmt: skip
NUMBER_IN_USE = Kind(409, "number-in-use", "This number cannot be used here; try another one.")

LOOKS_SECRET = Kind(
    422, "looks-secret", "The text in `field` looks like a password or code, which nobody needs; "
    "nothing was stored.",
    {"field": {"type": "string", "enum": ["note", "contact"]},
     "looks_like": {"type": "string", "enum": ["code", "password", "recovery-code"]}},
)  # fmt: skip

SECOND_STEP_MISSING = Kind(
    403, "second-step-missing", "Directory passwords are for accounts with a second step.",
)  # fmt: skip
NO_AGENT = Kind(409, "no-agent", "No agent of this directory has ever been approved.")
AGENT_SILENT = Kind(
    503, "agent-silent", "No agent of this directory is heard; the last one was at `since`. "
    "Nothing was begun.", {"since": MS_OR_NULL},
)  # fmt: skip
NOT_SEALED = Kind(
    409, "not-sealed", "These are no envelopes for this job: one for each recipient that it "
    "named, of the right size. Ask for the recipients again.",
)  # fmt: skip
DIRECTORY_SILENT = Kind(
    503, "directory-silent", "The directory could not be asked; the password was not tried, and no "
    "name has to do with it.",
)  # fmt: skip
DIRECTORY_CHANGE = Kind(
    403, "directory-change", "The password was right, and the directory wants a new one first. It "
    "signs nobody in.",
)  # fmt: skip
DIRECTORY_BARRED = Kind(
    403, "directory-barred", "The password was right, and the directory lets the account in "
    "nowhere, or not now: disabled, account_expired, hours, workstation, or another word of its "
    "own.", {"reason": TEXT},
)  # fmt: skip

NOT_POSSIBLE = Kind(
    409, "not-possible", "The phone of this account cannot be asked: none is bound, the account is "
    "disabled or was never set up, or it is that of staff above technicians.",
    {"reason": {"type": "string", "enum": ["no_phone", "not_active", "disabled", "rank"]}},
)  # fmt: skip
UNKNOWN_LABEL = Kind(404, "unknown-label", "No device of this tenant bears this label.")
HIDDEN_NETWORK = Kind(
    409, "hidden-network", "Whoever asks comes through a VPN, a proxy or a hosting company, as the "
    "operator's file has it: a device is set up from home. Afterwards a VPN does no harm.",
    {"of": {"type": "string", "enum": ["vpn", "proxy", "hosting"]}, "network": TEXT},
)  # fmt: skip
DEVICE_BUSY = Kind(
    409, "device-busy", "Somebody else sets this device up until then: do not press its button.",
    {"until": MS, "retry_after": WAIT}, headers=("Retry-After",),
)  # fmt: skip

NO_TECHNICIAN = Kind(
    403, "no-technician", "Nobody of the name in `Keyturn-Technician` may work on cases here.",
)  # fmt: skip
UNPROVED = Kind(
    403, "technician-unproved", "That is no second step of the technician's, or it was used. "
    "Until `until`, if there is one, none is looked at.", {"until": MS_OR_NULL},
)  # fmt: skip
NOT_ALLOWED = Kind(
    403, "not-allowed", "The technician may not do this: `self`, a case of their own; `rank`, the "
    "user's role is higher; `proof`, it needs `proof`.", {"reason": TEXT},
)  # fmt: skip
NOT_YOURS = Kind(
    409, "not-yours", "The case is `holder`'s, or nobody's: take it first; what was proved to "
    "somebody else is proved anew.", {"holder": TEXT},
)  # fmt: skip
CASE_CLOSED = Kind(409, "case-closed", "The case is closed: it takes no proof, permits nothing.")
NOT_PERMITTED = Kind(
    409, "not-permitted", "What is proved now does not permit it.",
    {"missing": {"type": "array", "items": TEXT}},
)  # fmt: skip
NO_WAY = Kind(
    409, "no-way", "The caller cannot be proved like that, or not now: `none`, there is nothing of "
    "the kind; `new`, not since before the case; `spent`, five wrong codes; and of phones and "
    "devices as they are told.", {"reason": TEXT, "until": MS_OR_NULL},
)  # fmt: skip
NOT_PROVED = Kind(
    422, "not-proved", "That was not the code, or came too late. `left`: wrong ones that may still "
    "be typed in this case.",
    {"outcome": {"type": "string", "enum": ["wrong", "late"]}, "left": {"type": "integer"}},
)  # fmt: skip
NOT_DONE = Kind(
    409, "not-done", "The account is in no state for it, or it is under way already.",
    {"reason": TEXT},
)  # fmt: skip
KEY_REUSED = Kind(
    422, "key-reused", "This `idempotency_key` was sent before, with another user, ticket or "
    "asker.",
)  # fmt: skip


def every() -> dict[str, Kind]:
    """All kinds there are, by their schemas' names."""
    found: dict[str, Kind] = {}
    for value in tuple(globals().values()):
        kinds = value if isinstance(value, tuple) else (value,)
        found.update({kind.name: kind for kind in kinds if isinstance(kind, Kind)})
    return dict(sorted(found.items()))
