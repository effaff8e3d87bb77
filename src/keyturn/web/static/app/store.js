/* What the phone keeps, in IndexedDB: one drawer for each tenant's app.

     key        the phone's key pair; its private half cannot be read, only used
     sequence   number of the last request; it only rises
     offset     the server's clock minus the phone's, ms
     offer      a code that was scanned, until its number is said
     phone      what was bound: id, name, account, tenant
     trusted    { installation, directories }: what is believed from then on
     offline    the key that makes offline codes; usable, not readable
     own        the phone's own lock opens the app, as the server said last
     notices    words for messages, for the service worker
     asked      the question about notifications has been put */

import { toBase64url } from "./bytes.js";

const SCOPE = new URL(".", location.href).pathname;
const DATABASE = `keyturn-app:${SCOPE}`, DRAWER = "kept";

let opening = null;
function database() {
  opening ??= new Promise((done, failed) => {
    const asked = indexedDB.open(DATABASE, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(DRAWER);
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
    asked.onblocked = asked.onerror;
  });
  opening.catch(() => { opening = null; });
  return opening;
}

/* One transaction; what `work` gives back is asked for before it ends. */
async function within(mode, work) {
  const transaction = (await database()).transaction(DRAWER, mode);
  return new Promise((done, failed) => {
    let found;
    transaction.oncomplete = () => done(found);
    transaction.onabort = () => failed(transaction.error);
    work(transaction.objectStore(DRAWER), (value) => { found = value; });
  });
}

/* Several at once, by name; undefined for what is not there. */
export const read = (...wanted) => within("readonly", (drawer, answer) => {
  const found = {};
  for (const name of wanted)
    drawer.get(name).onsuccess = ({ target }) => { found[name] = target.result; };
  answer(found);
});

/* All of it or nothing; undefined takes a thing away. */
export const write = (changes) => within("readwrite", (drawer) => {
  for (const [name, value] of Object.entries(changes))
    if (value === undefined) drawer.delete(name);
    else drawer.put(value, name);
});

/* Now, by the server's clock, ms. */
export const moment = async () => Date.now() + ((await read("offset")).offset ?? 0);

export const forget = () => within("readwrite", (drawer) => drawer.clear());

/* The next number, stored before it is used: no two requests ever have the same. */
export const rise = () => within("readwrite", (drawer, answer) => {
  drawer.get("sequence").onsuccess = ({ target }) => {
    const next = (target.result ?? 0) + 1;
    drawer.put(next, "sequence");
    answer(next);
  };
});

const P256 = { name: "ECDSA", namedCurve: "P-256" };

/* The phone's key pair, made when it is first wanted. */
export async function keys() {
  const { key } = await read("key");
  if (key) return key;
  const made = await crypto.subtle.generateKey(P256, false, ["sign", "verify"]);
  await write({ key: made });
  return made;
}

/* The public half as it travels: the uncompressed point, base64url. */
export async function publicKey() {
  const point = await crypto.subtle.exportKey("raw", (await keys()).publicKey);
  return toBase64url(new Uint8Array(point));
}
