"""Who calls, in this order."""

from __future__ import annotations

from typing import Final

from keyturn.demo.play.calls import before, honest, impostors, tricks

IMPOSTOR, HONEST = "Impostor", "Honest"
#: (who, what they come with, the call)
CALLS: Final = (
    ("Before", "Cameras at home, a phone, a colleague, another tenant", before.day_before),
    (IMPOSTOR, "Everything that is public", impostors.facts),
    (IMPOSTOR, "Guessed codes", impostors.guesses),
    (IMPOSTOR, "Relayed codes", impostors.relays),
    (IMPOSTOR, "A swapped SIM", impostors.swapped),
    (IMPOSTOR, "A hurry, and a manager's name", impostors.hurries),
    (IMPOSTOR, "An old proof, then another technician", impostors.waits),
    (IMPOSTOR, "An accomplice among the colleagues", impostors.accomplice),
    (IMPOSTOR, "Two proofs by a deceived colleague, and an objection", impostors.convinces),
    (IMPOSTOR, "A neighbour's camera", tricks.neighbour),
    (IMPOSTOR, "A recorded press, and a filmed code", tricks.replays),
    (IMPOSTOR, "The copied storage of a phone", tricks.cloned),
    (IMPOSTOR, "All rights, in another tenant", tricks.elsewhere),
    (HONEST, "Locked out, with a user name alone", honest.locked_out),
    (HONEST, "The activation link again", honest.again),
    (HONEST, "A lost phone: a day's wait, and notices", honest.lost),
    (HONEST, "A lost phone, beside a camera: at once", honest.lost_at_home),
    (HONEST, "Another phone, with the old one in hand", honest.new_phone),
    (HONEST, "A landline that takes no texts", honest.landline),
    (HONEST, "An address that was never confirmed", honest.unconfirmed),
    (HONEST, "A stolen laptop", honest.stolen_laptop),
    ("A12", "A password in a note", honest.secrets),
)
