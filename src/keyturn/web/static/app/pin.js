/* The PIN of the app lock. It never leaves the phone: what does is made of it by PBKDF2 (RFC 8018)
   with the phone's id, and the server counts the tries. */

import { encoded, toBase64url } from "./bytes.js";

const ROUNDS = 600_000, SECRET_BITS = 256;
export const LEAST = 6, MOST = 12;

/* Digits as they are typed, in ASCII; null: these are none, or too few or too many. */
export const digits = (typed) => {
  const plain = typed.normalize("NFKC").trim();
  return /^[0-9]+$/.test(plain) && plain.length >= LEAST && plain.length <= MOST ? plain : null;
};

/* What stands for a PIN at the door: 43 letters. */
export async function secret(pin, phoneId) {
  const key = await crypto.subtle.importKey("raw", encoded(pin), "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: "SHA-256", iterations: ROUNDS, salt: encoded(`keyturn-pin-v1|${phoneId}`) };
  return toBase64url(new Uint8Array(await crypto.subtle.deriveBits(how, key, SECRET_BITS)));
}

/* One digit over and over, or digits in a row: what everybody tries first. */
export function plain(pin) {
  const steps = new Set([...pin].slice(1).map((digit, at) => digit - pin[at]));
  return steps.size === 1 && [0, 1, -1].includes([...steps][0]);
}
