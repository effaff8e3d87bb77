"""Two words that a technician's page and a phone show for one and the same question.

Whoever is called by "the help desk" has them read out, and compares.  They are drawn from a keyed
digest of what both sides know of the question, so nothing is stored; somebody who is not behind
the console's door cannot know them (16 bits, good for the one question).

The words are short, common, spelled as they sound, and differ from each other in their first four
letters, so that they can be told apart on a bad line.
"""

from __future__ import annotations

import base64
from typing import Final

#: 256, so that one octet of a digest picks one, each as likely
WORDS: Final = tuple(
    """
    acid acorn actor album alley amber anchor angel ankle apple apron arch arrow atlas
    autumn axis bacon badge baker bamboo banjo barn basket beach beard bell bench berry
    bicycle bishop blanket blue bone bottle bread brick bridge broom brown bucket bullet
    butter cabin cactus camel candle canoe carpet castle cedar cello chain cheese cherry
    chess chimney cider cinema circle clock cloud clown cobra coffee comet copper coral corn
    cotton cowboy crab crown cube curtain daisy dance desert diamond dinner doctor dolphin
    donkey door dragon dream drum duck eagle earth echo eight elbow elephant empire engine
    evening fabric falcon farm feather fence fiddle finger fire flag flute forest fossil
    fountain fox frog fruit funnel garden garlic ghost giant ginger giraffe glass globe goat
    golden gorilla grape green guitar hammer harbor harp hazel helmet hero hill hockey honey
    horse hotel iceberg igloo indigo insect iron island ivory jacket jaguar jelly jewel
    jigsaw judge jungle kettle king kitchen kite ladder lagoon lamp lantern lava leaf lemon
    leopard letter lilac lime lion lobster lunch magnet mango maple marble market meadow
    melon metal milk mirror monkey moon mosaic mother mouse music napkin needle nest noodle
    north novel nurse oasis ocean olive onion opera orange orchid otter oval owl oyster
    paddle palace panda paper parrot peanut pearl pencil pepper piano picnic pilot pirate
    planet plum pocket poem pony potato prince puzzle pyramid quartz queen rabbit radio rain
    raven ribbon river robin rocket rose saddle salmon sandal school shadow silver snow
    spider spoon sugar table teapot tiger tomato tulip umbrella violin window zebra
    """.split()  # noqa: SIM905  read as words
)


def pair(digest: str) -> str:
    """The two words that a digest picks.

    Args:
        digest: base64url of at least two octets, as ports.secrets.Sealer.digest makes them.
    """
    first, second = base64.urlsafe_b64decode(digest[:4])[:2]
    return f"{WORDS[first]} {WORDS[second]}"
