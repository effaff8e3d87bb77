/* Bytes and text. */

const utf8 = new TextEncoder();
export const encoded = (text) => utf8.encode(text);

/* base64url (RFC 4648 §5), unpadded */
export function fromBase64url(given) {
  const plain = atob(given.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}
export const toBase64url = (bytes) =>
  toBase64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
/* base64 (§4), padded */
export function toBase64(bytes) {
  let plain = "";
  for (const byte of bytes) plain += String.fromCharCode(byte);
  return btoa(plain);
}

export function joined(...pieces) {
  const all = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) { all.set(piece, at); at += piece.length; }
  return all;
}

/* A number in `size` bytes, big-endian; it is at most 2^53 - 1. */
export function big(number, size) {
  const bytes = new Uint8Array(size);
  for (let at = size - 1, rest = number; at >= 0; at -= 1, rest = Math.floor(rest / 256)) bytes[at] = rest % 256;
  return bytes;
}

/* Bytes with their length in two bytes before them, so that no two lists run together. */
export function counted(bytes) {
  if (bytes.length > 0xffff) throw new RangeError("too long");
  return joined(big(bytes.length, 2), bytes);
}

export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/* As Python orders bytes and texts: by code points, where JavaScript's own order is by code units. */
export function byCodePoints(one, other) {
  const a = utf8.encode(one), b = utf8.encode(other);
  const at = a.findIndex((byte, place) => byte !== b[place]);
  return at < 0 ? a.length - b.length : a[at] - (b[at] ?? -1);
}

/* base32 (§6), padded or not: how secrets of one-time passwords are written. */
export function fromBase32(given) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", found = [];
  let bits = 0, size = 0;
  for (const letter of given.replace(/=+$/, "")) {
    const value = letters.indexOf(letter);
    if (value < 0) throw new RangeError("base32");
    bits = (bits << 5) | value;
    size += 5;
    if (size >= 8) { size -= 8; found.push((bits >> size) & 0xff); bits &= (1 << size) - 1; }
  }
  return Uint8Array.from(found);
}
