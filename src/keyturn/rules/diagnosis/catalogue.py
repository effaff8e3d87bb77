"""The catalogue: all causes in the order of their topics, and what strangers hear.

A stranger's symptom has one neutral text, the same whether the name exists or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from keyturn.rules.diagnosis import (
    browsers,
    codes,
    devices,
    directory_after,
    directory_again,
    directory_refusals,
    directory_signin,
    directory_ways,
    lockout,
    lost_phone,
    mail,
    mail_back,
    network,
    passkeys,
    phone_app,
    phone_app_binding,
    recovery,
    second,
    session,
    signin,
    signup,
    sms,
    sms_back,
)
from keyturn.rules.diagnosis.cause import Cause, Say, Symptom


@dataclass(frozen=True, slots=True)
class Topic:
    """A page of the documentation: its file's name, title, first sentence and causes."""

    slug: str
    title: str
    opening: str
    causes: tuple[Cause, ...]


TOPICS: Final = (
    Topic(
        "sign-in",
        "Name and password are not accepted",
        "The sign-in page gives everybody the same answer. Why it did so is told after a "
        "proof, and to staff.",
        signin.CAUSES,
    ),
    Topic(
        "locked",
        "Sign-in is locked",
        "Five wrong passwords in a row lock for ten minutes; then it opens by itself.",
        lockout.CAUSES,
    ),
    Topic(
        "second-step",
        "The second step does not work",
        "A browser that is new to an account asks for a second step after the password.",
        (*second.CAUSES, *passkeys.CAUSES, *browsers.CAUSES),
    ),
    Topic(
        "sign-up",
        "The account cannot be made or finished",
        "A new account opens when the code mailed to its address has been entered.",
        signup.CAUSES,
    ),
    Topic(
        "codes",
        "A code or link is not accepted",
        "A code has six digits and lives ten minutes; five tries, one use, one browser.",
        codes.CAUSES,
    ),
    Topic(
        "recovery",
        "The forgotten password cannot be replaced",
        "A code to the stored address, the second step where there is one, then a new password.",
        recovery.CAUSES,
    ),
    Topic(
        "mail",
        "The mail does not arrive",
        "What Keyturn says of a mail rests on what the far side has reported, and on nothing else.",
        (*mail.CAUSES, *mail_back.CAUSES),
    ),
    Topic(
        "text-messages",
        "The text message does not arrive",
        "What Keyturn says of a text rests on the gateway's reports and the numbering plan.",
        (*sms.CAUSES, *sms_back.CAUSES),
    ),
    Topic(
        "signed-out",
        "Signed out unexpectedly",
        "Every session ends for one reason, and the reason is kept.",
        session.CAUSES,
    ),
    Topic(
        "directory",
        "The directory password cannot be set, or does not work",
        "A reset has three answers, and each is true: done, not done, changed since by someone "
        "else. What it did not do, and why, stands here.",
        (
            *directory_refusals.CAUSES,
            *directory_ways.CAUSES,
            *directory_after.CAUSES,
            *directory_again.CAUSES,
            *directory_signin.CAUSES,
        ),
    ),
    Topic(
        "phone-app",
        "The phone app cannot be set up, or does not answer",
        "*Check my phone* in the app looks at nine things in their order, and shows the first that "
        "is to be mended: before a code is scanned, and whenever it is asked.",
        (*phone_app.CAUSES, *phone_app_binding.CAUSES, *lost_phone.CAUSES),
    ),
    Topic(
        "devices",
        "A device cannot be set up, or is silent",
        "A VPN is refused while a device is set up, and never after; what else is missing, the "
        "page names in its order.",
        devices.CAUSES,
    ),
    Topic(
        "network",
        "The page or the network refuses",
        "These refusals have nothing to do with any account.",
        network.CAUSES,
    ),
)
CAUSES: Final = tuple(cause for topic in TOPICS for cause in topic.causes)
BY_ID: Final[Mapping[str, Cause]] = {cause.id: cause for cause in CAUSES}

#: what a person would say they run into
COMPLAINTS: Final[Mapping[Symptom, str]] = {
    Symptom.SIGNIN: "Name and password are not accepted",
    Symptom.SECOND: "The second step is not accepted, or is asked for unexpectedly",
    Symptom.SIGNUP: "An account cannot be made or finished",
    Symptom.CODE: "A code or link is not accepted",
    Symptom.MAIL: "The mail does not arrive",
    Symptom.TEXT: "The text message does not arrive",
    Symptom.PHONE: "The phone number is not accepted",
    Symptom.RECOVERY: "A forgotten password cannot be replaced",
    Symptom.SESSION: "Signed out unexpectedly",
    Symptom.PAGE: "A page or form is refused",
    Symptom.DIRECTORY: "The directory password cannot be set, or does not work",
    Symptom.DEVICE: "A device cannot be set up, or is silent",
    Symptom.APP: "The phone app cannot be set up, or does not answer",
}

#: the stranger's text for everything that might depend on an account
NEUTRAL: Final[Mapping[Symptom, Say]] = {
    Symptom.SIGNIN: Say(
        "Name and password were not accepted together. The answer is the same for everybody, "
        "whatever the reason.",
        "Check the spelling, caps lock and a space at the end. Then choose Forgot password: if "
        "the name belongs to an account, a mail goes to its address.",
    ),
    Symptom.SECOND: Say(
        "The second step was not accepted.",
        "Use your passkey where it is kept; or type the code that your app shows now, with the "
        "phone's clock set to automatic, or a saved recovery code.",
    ),
    Symptom.SIGNUP: Say(
        "The mail that we promised says how to go on.",
        "Look for it in all folders, and check the address you typed. You can begin again at "
        "any time.",
    ),
    Symptom.CODE: Say(
        "The code was not accepted.",
        "Type the code of the newest message, within ten minutes, in the browser in which you "
        "asked for it. Or ask for a new one.",
    ),
    Symptom.MAIL: Say(
        "If the name belongs to an account, a mail goes to its address within a minute.",
        "Look in the spam folder and among blocked senders; check the name you typed; try your "
        "other addresses or your user name.",
    ),
    Symptom.TEXT: Say(
        "Whether a text was sent, and what became of it, is told after a proof.",
        "Check reception, blocked senders and the number. After a minute you can ask again.",
    ),
    Symptom.PHONE: Say(
        "This number cannot be used here.",
        "Use the number of a mobile phone that is yours alone, or an authenticator app.",
    ),
    Symptom.RECOVERY: Say(
        "A new password takes the code from the mail, and the second step where there is one.",
        "Stay in one browser, use the newest mail, and finish in one go.",
    ),
    Symptom.SESSION: Say(
        "Sign in to see why the browser was signed out.",
        "Your account page lists what happened. If you cannot sign in, choose Forgot password.",
    ),
    Symptom.PAGE: Say(
        "The page could not go on.",
        "Load it again, with cookies allowed, and send it once more.",
    ),
    Symptom.DIRECTORY: Say(
        "Directory passwords are changed by people who are signed in.",
        "Sign in with your second step; your account page has the directory account. If you "
        "cannot sign in, open a case.",
    ),
    Symptom.DEVICE: Say(
        "Devices are set up by people who are signed in, beside the device.",
        "Sign in, open Your devices, and have the code of its label at hand. A VPN is switched "
        "off until that is done.",
    ),
    Symptom.APP: Say(
        "The app on the phone says itself what it lacks.",
        "Open the app and choose Check my phone. Without a phone, sign in another way, or open a "
        "case.",
    ),
}
