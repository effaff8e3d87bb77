/* Speaking with the server: one signed POST at a time, and nothing believed that the
   installation's key has not signed (docs/design/14-signed-door.md). */

import { directoriesPin, installationPin } from "./address.js";
import { encoded, fromBase64url } from "./bytes.js";
import { genuine, sign } from "./signed.js";
import * as store from "./store.js";

const ROOT = new URL("v1/", new URL(".", location.href));
const LOCK = "keyturn-door";
const PATIENCE_MS = 15_000;
/* once more for the clock, once more for the number; never in a circle */
const ROUNDS = 3;

/* The server said no, and signed it. `code` and what comes with it are those of the design. */
export class Refused extends Error {
  constructor({ code, ...data }) {
    super(code);
    this.code = code;
    this.data = data;
  }
}

/* Nothing was heard that can be believed: "offline" (no answer came), "later" (the server is busy,
   or asks to wait), "changed" (an answer that is not the installation's). */
export class Unheard extends Error {
  constructor(why) {
    super(why);
    this.why = why;
  }
}

/* Say something as the phone that is bound; its result. Throws Refused, Unheard. */
export async function say(operation, body = {}) {
  const { phone, trusted } = await store.read("phone", "trusted");
  return turn(operation, body, phone.id, fromBase64url(trusted.installation));
}

/* The first contact: whose key answers (nothing vouches for it yet), how far this phone's clock is
   ahead, and how long the trip took, ms. */
export async function meet() {
  const { said, offset, trip } = await taking(async () => once("time", { key: await store.publicKey() }, "new"));
  return { installation: said.result.installation, ahead_ms: -offset, trip_ms: trip };
}

/* A code was scanned (address.read): what it offers. Whoever answers must be by the very key, and
   name the very directories, whose fingerprints were scanned. */
export async function scan(content) {
  const { installation } = await meet(), key = fromBase64url(installation);
  if (await installationPin(key) !== content.installation) throw new Unheard("changed");
  const body = { key: await store.publicKey(), code: content.codeId.toLowerCase(), secret: content.secret };
  const offer = await turn("scan", body, "new", key);
  const named = offer.directories.filter(({ identity }) => identity)
    .map(({ id, identity }) => [id, fromBase64url(identity)]);
  if (await directoriesPin(named) !== content.directories) throw new Unheard("changed");
  return keep({ ...offer, installation });
}

/* Ten letters were typed in place of a scan: they carry no fingerprint, TLS vouches this once. */
export async function type(letters) {
  const { installation } = await meet();
  const body = { key: await store.publicKey(), letters };
  return keep({ ...await turn("type", body, "new", fromBase64url(installation)), installation });
}

async function keep(offer) {
  await store.write({ offer });
  return offer;
}

/* The number on the page was said: the phone is bound, and trusts what it was offered, whatever the
   answer now lists: that alone was vouched for by the code. */
export async function number(offer, said, model) {
  const { installation } = offer, key = fromBase64url(installation);
  const { phone: id, ...bound } = await turn("number", { said, model }, offer.code, key);
  const phone = { id, name: bound.name, bound_at: bound.bound_at, tenant: bound.tenant,
    account: bound.account, push: bound.push };
  await store.write({ phone, trusted: { installation, directories: offer.directories }, offer: undefined });
  return phone;
}

/* ---- one request at a time, in every tab */

const taking = (work) => navigator.locks.request(LOCK, work);

const turn = (operation, body, keyid, installation) => taking(async () => {
  let heard;
  for (let round = 0; round < ROUNDS; round += 1) {
    heard = await once(operation, body, keyid, installation);
    if (!["clock", "sequence"].includes(heard.said.error?.code)) break;
  }
  if (heard.said.error) throw new Refused(heard.said.error);
  return heard.said.result;
});

/* installation: whose answers are believed; without one, whoever the answer itself names. */
async function once(operation, body, keyid, installation) {
  const { key, offset = 0 } = await store.read("key", "offset");
  const address = new URL(operation, ROOT), bytes = encoded(JSON.stringify(body));
  const asked = { authority: location.host, path: address.pathname, keyid, body: bytes,
    sequence: await store.rise(), created: Math.floor((Date.now() + offset) / 1000) };
  const { headers, signature } = await sign(key.privateKey, asked);
  const left = Date.now(), answer = await post(address, headers, bytes), trip = Date.now() - left;
  const said = await believed(answer, signature, installation);
  const measured = said.now - Math.round(left + trip / 2);
  await store.write({ offset: measured });
  return { said, offset: measured, trip };
}

async function post(address, headers, body) {
  try {
    const answer = await fetch(address, { method: "POST", headers, body, cache: "no-store",
      credentials: "omit", redirect: "error", signal: AbortSignal.timeout(PATIENCE_MS) });
    return { status: answer.status, headers: answer.headers, body: new Uint8Array(await answer.arrayBuffer()) };
  } catch {
    throw new Unheard("offline");
  }
}

/* What an answer says, if it is genuine. */
async function believed(answer, signature, installation) {
  if (answer.status !== 200) throw new Unheard("later");
  try {
    const said = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(answer.body));
    const key = installation ?? fromBase64url(said.result.installation);
    if (await genuine(key, answer, signature)) return said;
  } catch {
    /* no JSON, no key: not the installation's, whatever it is */
  }
  throw new Unheard("changed");
}
