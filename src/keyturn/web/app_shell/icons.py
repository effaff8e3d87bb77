"""The app's icon in a tenant's colour.

The picture is the same for everybody (tools/draw_icons.py): 16 shades from ground to ink, which
the palette of the PNG names.  So only the palette is written here.
"""

from __future__ import annotations

import struct
import zlib
from importlib.resources import files
from typing import Final

from keyturn.web import colours

#: widths: iOS, Chrome's least, Chrome's largest
SIZES: Final = (180, 192, 512)
_SHADES: Final = 16
#: signature of 8 bytes, IHDR of 25, then PLTE (ISO 15948 §11.2)
_PALETTE_AT: Final = 33
_PALETTE_END: Final = _PALETTE_AT + 12 + 3 * _SHADES


def icon(size: int, accent: str) -> bytes:
    """A PNG.

    Args:
        size: one of SIZES.
        accent: the tenant's colour, "#rrggbb"; it is made dark enough for the white mark.
    """
    picture = files("keyturn.web").joinpath("static", "app", f"icon-{size}.png").read_bytes()
    return picture[:_PALETTE_AT] + _palette(accent) + picture[_PALETTE_END:]


def _palette(accent: str) -> bytes:
    ground = colours.shades(colours.parse(accent), "light")["accent"]
    steps = (colours.mix(ground, colours.WHITE, at / (_SHADES - 1)) for at in range(_SHADES))
    data = b"PLTE" + b"".join(map(bytes, steps))
    return struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
