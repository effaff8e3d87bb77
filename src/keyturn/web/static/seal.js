/* Sealing a directory password in the browser, so that the server relays what it cannot read.

   Who may open it is decided by the directory, not by the server: each agent's sealing key comes
   with a certificate (wire/certificates.py) signed by the directory's identity key, which never
   leaves the agents. This browser keeps the identity it saw first and refuses another one.
   The seal (wire/seals.py) is HPKE base mode (RFC 9180) with X25519, HKDF-SHA256, AES-256-GCM;
   its `info` binds job, user, directory, agent and expiry, so that it opens for nothing else.

   X25519 and Ed25519 are pure script: browsers down to Chrome 119 and Safari 16.4 have neither in
   WebCrypto. What this cannot do: help against a server that sends another script than this. */

const release = new URL(import.meta.url).search;
const { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256, verifyAsync } =
  await import(`./vendor/sealing.js${release}`);

const DAY_MS = 86_400_000;
const PADDED = 256;
const text = new TextEncoder();

/* What went wrong, by the names in templates/directory_choose.html. */
export class Told extends Error {
  constructor(name, more = {}) {
    super(name);
    Object.assign(this, more);
  }
}

/* WebCrypto is there only where the page came over TLS, or from this very machine. */
export const able = () => Boolean(globalThis.crypto?.subtle && globalThis.EventSource);

/* ---- bytes */

/* base64url (RFC 4648 §5), unpadded */
export function decode(given) {
  const plain = atob(given.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (c) => c.charCodeAt(0));
}
export function encode(bytes) {
  let plain = "";
  for (const byte of bytes) plain += String.fromCharCode(byte);
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

const same = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);

function joined(...pieces) {
  const all = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) { all.set(piece, at); at += piece.length; }
  return all;
}
function big(number, size) {
  const bytes = new Uint8Array(size);
  let rest = BigInt(number);
  for (let at = size - 1; at >= 0; at -= 1, rest >>= 8n) bytes[at] = Number(rest & 0xffn);
  return bytes;
}
const counted = (given) => { const bytes = text.encode(given); return joined(big(bytes.length, 2), bytes); };

/* ---- certificates: what the directory's identity vouches for (wire/certificates.py) */

const MAGIC = text.encode("keyturn-certificate-v1\0");
const SIGNATURE = 64, KEY = 32;

/* What a certificate says, if `identity` has signed it and it vouches for this very key of this
   agent now (ms). Throws an Error that names the fault as wire/certificates.py does. */
export async function verify(identity, data, { directory, agent, key, now }) {
  const body = data.subarray(0, -SIGNATURE), found = read(body);
  const genuine = await verifyAsync(data.subarray(-SIGNATURE), body, identity, { zip215: false })
    .catch(() => false);
  if (!genuine) throw new Error("signature");
  if (found.directory !== directory) throw new Error("directory");
  if (found.agent !== agent) throw new Error("agent");
  if (!same(found.key, key)) throw new Error("key");
  if (now >= found.notAfter) throw new Error("expired");
  return found;
}

function read(body) {
  let at = 0;
  const take = (size) => {
    if (at + size > body.length) throw new Error("layout");
    return body.subarray(at, (at += size));
  };
  const number = (size) => take(size).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const name = () => {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(take(Number(number(2))));
    } catch {
      throw new Error("layout");
    }
  };
  if (body.length < MAGIC.length || !same(take(MAGIC.length), MAGIC)) throw new Error("layout");
  const found = { directory: name(), agent: name(), key: take(KEY), serial: number(8),
    notAfter: Number(number(8)) };
  if (at !== body.length) throw new Error("layout");
  return found;
}

/* What two people compare: as fingerprint() in wire/certificates.py. */
export async function fingerprint(...keys) {
  const pieces = keys.map((key) => joined(big(key.length, 2), key));
  const digest = await crypto.subtle.digest("SHA-256",
    joined(text.encode("keyturn-fingerprint-v1\0"), ...pieces));
  const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.slice(0, 30).match(/.{5}/g).join(" ");
}

/* ---- the identity: trusted on first use, and then only that one */

/* By the name that people know: a server could make up a new number for a directory, but would
   have to show another name for it. */
const pinName = (asked) => `keyturn-identity:${asked.tenant}:${asked.domain}`;

function pinned(asked) {
  try {
    return localStorage.getItem(pinName(asked));
  } catch {
    throw new Told("forgetful");  /* nothing can be kept, so nothing could be compared next time */
  }
}

async function check(asked) {
  const kept = pinned(asked);
  if (kept === null || kept === asked.identity) return;
  throw new Told("identity", { kept: await fingerprint(decode(kept)) });
}

function pin(asked) {
  try {
    localStorage.setItem(pinName(asked), asked.identity);
  } catch {
    throw new Told("forgetful");
  }
}

/* Trust the identity that is offered in place of the one that is kept, if `spoken` is its
   fingerprint: somebody of the directory has read it out. The page itself never shows it. */
export async function repin(asked, spoken) {
  const bare = (given) => given.toLowerCase().replace(/[^0-9a-f]/g, "");
  if (bare(spoken) !== bare(await fingerprint(decode(asked.identity)))) return false;
  pin(asked);
  return true;
}

/* ---- sealing */

/* Two bytes of length, UTF-8, zeros: every sealed password is equally long. */
export function pad(password) {
  if (/\p{Cs}/u.test(password)) throw new Told("unfit");
  const padded = new Uint8Array(PADDED), room = padded.subarray(2);
  const { read: taken, written } = text.encodeInto(password, room);
  if (taken < password.length) { padded.fill(0); throw new Told("long"); }
  padded.set(big(written, 2));
  return padded;
}

export const info = (asked, agent) => joined(text.encode("keyturn-password-v1\0"),
  ...[asked.job, asked.user, asked.directory, agent].map(counted), big(asked.expires_at, 8));

async function sealed(suite, padded, asked, recipient) {
  const recipientPublicKey = await suite.kem.deserializePublicKey(decode(recipient.key));
  const sender = await suite.createSenderContext({ recipientPublicKey, info: info(asked, recipient.agent) });
  const ciphertext = new Uint8Array(await sender.seal(padded));
  return { agent: recipient.agent, enc: encode(new Uint8Array(sender.enc)), ciphertext: encode(ciphertext) };
}

/* One envelope for each agent that can take it.

   asked: what the server says of the job: tenant, domain (name of the directory), job, user,
     directory, expires_at (ms since the epoch), identity (base64url) and recipients
     [{ agent, key, certificate }]. Nothing of it is believed that no certificate bears out.
   A recipient whose certificate does not hold is left out; with none left it is Told. */
export async function seal(password, asked, now = Date.now()) {
  await check(asked);
  const made = await sealBy(asked.identity, password, asked, now);
  pin(asked);
  return made;
}

/* The same by an identity (base64url) that was pinned elsewhere, whatever `asked` says it is. */
export async function sealBy(identity, password, asked, now) {
  if (!asked.recipients.length) throw new Told("nobody");
  /* this computer's clock may be wrong by hours, not by a day */
  if (asked.expires_at > now + DAY_MS) throw new Told("unproved");
  const trusted = decode(identity), good = [];
  for (const one of asked.recipients) {
    const wanted = { directory: asked.directory, agent: one.agent, key: decode(one.key), now: now - DAY_MS };
    await verify(trusted, decode(one.certificate), wanted).then(() => good.push(one), () => {});
  }
  if (!good.length) throw new Told("unproved");
  const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
  const padded = pad(password);
  try {
    return await Promise.all(good.map((one) => sealed(suite, padded, asked, one)));
  } finally {
    padded.fill(0);  /* the string itself is the browser's to forget */
  }
}
