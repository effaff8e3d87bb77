/* The offline code: a time-based one-time password (RFC 6238, with HOTP of RFC 4226), of six
   digits and steps of 30 s, by a key that cannot be read. */

import { big } from "./bytes.js";

export const STEP_MS = 30_000;
const DIGITS = 6;

/* The key that makes codes, of its secret (20 bytes of HMAC-SHA-1): usable, and never readable. */
export const key = (secret) =>
  crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-1" }, false, ["sign"]);

/* The code of a moment (ms since the epoch). */
export async function code(made, now) {
  const counter = big(Math.floor(now / STEP_MS), 8);
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", made, counter));
  const at = mac[mac.length - 1] & 0x0f;  /* RFC 4226 §5.3, dynamic truncation */
  const drawn = new DataView(mac.buffer).getUint32(at) & 0x7fff_ffff;
  return String(drawn % 10 ** DIGITS).padStart(DIGITS, "0");
}

/* How long the code of a moment still holds, ms. */
export const left = (now) => STEP_MS - (now % STEP_MS);
