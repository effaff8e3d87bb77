"""Why the second step is asked for at all: browsers that are new, untrusted or forgotten."""

from __future__ import annotations

from keyturn.rules.diagnosis.cause import LIKELY, POSSIBLE, Cause, Say, Symptom, when

CAUSES = (
    Cause(
        id="second.new-browser",
        title="The browser is new to the account",
        symptoms=(Symptom.SECOND,),
        needs=("this_client.known", "clients.known"),
        test=when(
            lambda f, _: f.value("this_client.known") is False and f.count("clients.known") > 0,
            POSSIBLE + 5,
            "this_client.known",
            "clients.known",
        ),
        person=Say(
            "This browser is new to your account, so the second step is asked for.",
            "Complete it and choose “trust this browser”. A private window, or deleting "
            "cookies, makes a browser new again.",
        ),
        help_desk=Say(
            "The browser that asks is not among the known ones ({clients.known}).",
            "Normal after a new browser, a private window or deleted cookies.",
        ),
        administrator=Say(
            "No valid client cookie of this account; known clients: {clients.known}.",
            "Nothing to mend. If it happens each time, cookies are cleared on closing.",
        ),
        unseen="Whether cookies were deleted or this is another device cannot be seen.",
    ),
    Cause(
        id="second.staff-always",
        title="Staff do the second step each time",
        symptoms=(Symptom.SECOND,),
        needs=("account.staff", "factors.totp", "this_client.trusted"),
        test=when(
            lambda f, _: (
                f.flag("account.staff") and f.flag("factors.totp") and f.flag("this_client.trusted")
            ),
            POSSIBLE + 5,
            "account.staff",
        ),
        person=Say(
            "Staff do the second step at every sign-in, in a trusted browser too.",
            "Have the authenticator app at hand when you sign in.",
        ),
        help_desk=Say(
            "A staff account: the second step is asked for each time, on purpose.",
            "Nothing to mend.",
        ),
        administrator=Say(
            "account.staff: trust of a browser does not spare staff the second step.",
            "Nothing to mend.",
        ),
        unseen="Whether the person has the app at hand is not known.",
    ),
    Cause(
        id="second.not-trusted",
        title="The browser is known but not trusted",
        symptoms=(Symptom.SECOND,),
        needs=("this_client.known", "this_client.trusted", "factors.totp"),
        test=when(
            lambda f, _: (
                f.flag("this_client.known")
                and f.flag("factors.totp")
                and f.value("this_client.trusted") is False
            ),
            POSSIBLE + 5,
            "this_client.trusted",
        ),
        person=Say(
            "You have signed in with this browser before, but never chose to trust it, so the "
            "second step is asked for each time.",
            "Choose “trust this browser” with the next second step, if it is yours alone.",
        ),
        help_desk=Say(
            "The browser is known but not trusted.",
            "Let the person choose to trust it at the next second step.",
        ),
        administrator=Say(
            "Client known, trusted = false.",
            "Nothing to mend.",
        ),
        unseen="Whether others use that browser too is not known.",
    ),
    Cause(
        id="second.browsers-forgotten",
        title="All browsers were forgotten",
        symptoms=(Symptom.SECOND, Symptom.SESSION),
        needs=("clients.known", "clients.forgotten_at"),
        uses=("signin.last_success_at",),
        test=when(
            lambda f, _: (
                not f.count("clients.known")
                and f.later("clients.forgotten_at", "signin.last_success_at")
            ),
            LIKELY,
            "clients.forgotten_at",
            "clients.known",
        ),
        person=Say(
            "All browsers of this account were forgotten at {clients.forgotten_at:time}, so each "
            "needs the second step again.",
            "Complete it once in every browser you use.",
        ),
        help_desk=Say(
            "All known browsers were forgotten at {clients.forgotten_at:time}.",
            "Expected after “This wasn't me” or when the person removed them.",
        ),
        administrator=Say(
            "client.forgotten or owner.objected at {clients.forgotten_at:time}; none is known.",
            "See the audit trail for who did it.",
        ),
        unseen="Which of the forgotten browsers are still the person's cannot be seen.",
    ),
)
