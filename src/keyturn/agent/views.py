"""How one account stands, as JSON for the server: what a look answers.

    controller          who was asked (the counts are that controller's own)
    guid name upn display
    locked_until        ms since the epoch; 0: until somebody unlocks it; null: not locked
    disabled expired_account must_change    true or false
    password_expires_at password_set_at bad_at    ms since the epoch or null
    bad_count           wrong passwords counted there
    policy              null (unreadable), or source, min_length, complexity, history,
                        history_on_reset, min_age_ms, max_age_ms, lockout_threshold, lockout_ms,
                        observation_ms
    protected           why it is never set from here, or ""
    again               where its bad logons come from, if that was asked for
                        (rules/directories/logons/source.py)
    must_change_binds   why "must change at next logon" would not bind, or ""

Distinguished names stay here: they tell how a company is organised, and nobody needs them.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from keyturn.agent.ports import AccountView
from keyturn.rules.directories.logons.source import Found, encode

#: only used between agent and directory
_KEPT = frozenset({"dn", "password_stamp", "lockout_stamp"})


def view(account: AccountView, controller: str, again: Found | None = None) -> str:
    """The JSON object."""
    shown = {name: value for name, value in asdict(account).items() if name not in _KEPT}
    told = {"again": encode(again)} if again else {}
    return json.dumps({"controller": controller, **shown, **told}, ensure_ascii=False)
