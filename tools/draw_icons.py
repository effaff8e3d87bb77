"""Draw the icons of the phone app: Keyturn's mark in 16 shades of one colour on another.

    python tools/draw_icons.py

A PNG of 4 bits a pixel whose palette goes from ground to ink: the server puts a tenant's colours
into the palette (web/app_shell/icons.py) and leaves the picture alone.  The mark stays within the
circle that Android may cut out (80 % of the width: W3C, Web Application Manifest, maskable).
Run once per change of the mark; what it writes is committed.
"""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path

from playwright.sync_api import sync_playwright

STATIC = Path(__file__).resolve().parent.parent / "src/keyturn/web/static"
#: 180 for the home screen of iOS, the others as Chrome asks for them
SIZES = (180, 192, 512)
SHADES = 16
_PIXELS = """async ([svg, size]) => {
  const image = new Image(size, size);
  image.src = "data:image/svg+xml," + encodeURIComponent(svg);
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const drawing = canvas.getContext("2d");
  drawing.drawImage(image, 0, 0, size, size);
  return Array.from(drawing.getImageData(0, 0, size, size).data.filter((_, at) => at % 4 === 0));
}"""


def mark() -> str:
    """The mark of the favicon, white on black, without its round corners."""
    svg = (STATIC / "favicon.svg").read_text("utf-8")
    plain, changed = re.subn(r"<rect [^>]*/>", '<rect width="32" height="32"/>', svg)
    if changed != 1:
        raise ValueError(changed)
    return plain


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG (ISO 15948 §5.3)."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(reds: list[int], size: int) -> bytes:
    """The picture, two pixels in a byte; its palette is grey."""
    shades = [red * (SHADES - 1) // 255 for red in reds]
    rows = (shades[at : at + size] for at in range(0, len(shades), size))
    lines = b"".join(
        b"\0" + bytes(a << 4 | b for a, b in zip(row[::2], row[1::2], strict=True)) for row in rows
    )
    head = struct.pack(">IIBBBBB", size, size, 4, 3, 0, 0, 0)
    greys = b"".join(bytes([at * 17] * 3) for at in range(SHADES))
    return b"\x89PNG\r\n\x1a\n" + b"".join((
        chunk(b"IHDR", head), chunk(b"PLTE", greys), chunk(b"IDAT", zlib.compress(lines, 9)),
        chunk(b"IEND", b""),
    ))  # fmt: skip


def main() -> None:
    """Write each size."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path="/usr/bin/chromium-headless-shell", args=["--no-sandbox"]
        )
        page = browser.new_page()
        for size in SIZES:
            data = png(page.evaluate(_PIXELS, [mark(), size]), size)
            (STATIC / f"app/icon-{size}.png").write_bytes(data)
            print(f"icon-{size}.png: {len(data)} bytes")
        browser.close()


if __name__ == "__main__":
    main()
