/* Who says what, and that it is what they said: requests and answers of the signed door
   (docs/design/14-signed-door.md; RFC 9421, RFC 9530; tests/vectors/phone_requests.json). */

import { encoded, sha256, toBase64 } from "./bytes.js";
import { verifyAsync } from "../vendor/sealing.js";

const LABEL = "keyturn";
const SIGNATURE = /^keyturn=:([A-Za-z0-9+/]{86}==):$/;
const P256 = { name: "ECDSA", hash: "SHA-256" };

export const contentDigest = async (body) => `sha-256=:${toBase64(await sha256(body))}:`;

/* What is signed (RFC 9421 §2.5): components as [identifier, value], and the parameters. */
const base = (components, params) => encoded(
  [...components, ['"@signature-params"', params]].map(([name, value]) => `${name}: ${value}`).join("\n"));

const names = (components) => components.map(([name]) => name).join(" ");

/* The headers of a request, and its signature, to which the answer is bound.
   asked: { authority, path, keyid, sequence, created (s), body (bytes) }. */
export async function sign(key, asked) {
  const digest = await contentDigest(asked.body), sequence = String(asked.sequence);
  const components = [
    ['"@method"', "POST"], ['"@authority"', asked.authority], ['"@path"', asked.path],
    ['"content-digest"', digest], ['"keyturn-sequence"', sequence],
  ];
  const params = `(${names(components)});created=${asked.created};keyid="${asked.keyid}"` +
    ';alg="ecdsa-p256-sha256";tag="keyturn-phone"';
  const made = await crypto.subtle.sign(P256, key, base(components, params));
  const signature = toBase64(new Uint8Array(made));
  const headers = {
    "content-type": "application/json", "content-digest": digest, "keyturn-sequence": sequence,
    "signature-input": `${LABEL}=${params}`, signature: `${LABEL}=:${signature}:`,
  };
  return { headers, signature };
}

/* Whether the installation gave this answer to that very request.
   key: the installation's, 32 bytes; answer: { status, headers (of a Response), body (bytes) };
   signature: of the request, as `sign` gave it. */
export async function genuine(key, answer, signature) {
  const digest = await contentDigest(answer.body);
  const found = SIGNATURE.exec(answer.headers.get("signature") ?? "");
  if (!found || answer.headers.get("content-digest") !== digest) return false;
  const components = [
    ['"@status"', String(answer.status)], ['"content-digest"', digest],
    [`"signature";req;key="${LABEL}"`, `:${signature}:`],
  ];
  const params = `(${names(components)});alg="ed25519";keyid="installation";tag="keyturn-phone"`;
  if (answer.headers.get("signature-input") !== `${LABEL}=${params}`) return false;
  const bytes = Uint8Array.from(atob(found[1]), (letter) => letter.charCodeAt(0));
  if (toBase64(bytes) !== found[1]) return false;  /* one spelling of each signature */
  return verifyAsync(bytes, base(components, params), key, { zip215: false }).catch(() => false);
}
