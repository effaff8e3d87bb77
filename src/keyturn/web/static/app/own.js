/* The phone's own lock (finger, face, screen) as a key of the app, by WebAuthn: the platform makes
   sure who it is, the server asks for each thing by itself and judges the answer. */

import { answer, question } from "../webauthn.js";
import { say } from "./door.js";

/* an address of numbers, under which browsers make no keys */
const NUMBERS = /^[0-9.]+$|:/;

/* Why it cannot be, by the names in templates/app/lock.html; "": it can. */
export async function hindered() {
  if (!globalThis.PublicKeyCredential || !navigator.credentials) return "browser";
  if (NUMBERS.test(location.hostname)) return "address";
  return await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable() ? "" : "none";
}

/* What the platform has made, for the server to keep. Throws DOMException if it was not to be. */
export async function made() {
  const { options } = await say("lock-new");
  return answer(await navigator.credentials.create({ publicKey: question(options) }));
}

/* Have it opened for one thing (names of operations, id of what it is about): what proves it;
   null: the server has no such key. Throws DOMException if it was not opened. */
export async function opened(does, about) {
  const { options } = await say("lock-ask", about ? { does, about } : { does });
  if (!options) return null;
  return { key: answer(await navigator.credentials.get({ publicKey: question(options) })) };
}
