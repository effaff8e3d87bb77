/* What the code to scan carries, and what the app trusts by it: a copy of
   rules/enrolment_address.py, held to the same vectors (tests/vectors/enrolment_address.json).

   The code is an address of the app with everything behind its #: version, the code's id, its
   secret, and fingerprints of the installation's key and of the directories' identity keys. */

import { byCodePoints, counted, encoded, joined, sha256, toBase64url } from "./bytes.js";

const MOST = 200, PIN_BYTES = 16;
const PART = "([A-Za-z0-9_-]{21}[AQgw])";
const SHAPE = new RegExp(`^1\\.([0-7][0-9A-HJKMNP-TV-Z]{25})\\.${PART}\\.${PART}\\.${PART}$`);
const VERSIONED = /^[1-9][0-9]{0,3}\.[^]*$/;
const MAGIC = encoded("keyturn-pin-v1\0");

/* A fragment, read strictly, without its #. Throws an Error that says why it is not taken: "shape"
   (no code of Keyturn's, or a damaged one), "version" (made by a newer Keyturn). */
export function read(text) {
  /* lengths are code points, as Python counts */
  if ([...text].length > MOST) throw new Error("shape");
  const found = SHAPE.exec(text);
  if (found) {
    const [, codeId, secret, installation, directories] = found;
    return { codeId, secret, installation, directories };
  }
  throw new Error(VERSIONED.test(text) && !text.startsWith("1.") ? "version" : "shape");
}

/* The fragment of what a camera saw, if it is an address of this very app; whatever else a code
   may hold is no code of ours. `app`: the app's own address, without # and query. */
export function fragmentOf(seen, app) {
  let address;
  try {
    address = new URL(seen);
  } catch {
    throw new Error("shape");
  }
  const ours = new URL(app);
  if (address.origin !== ours.origin || address.pathname !== ours.pathname) throw new Error("elsewhere");
  return address.hash.slice(1);
}

/* The fingerprint of the installation's signing key (Ed25519 public, 32 bytes). */
export const installationPin = (key) => pin("installation", [["", key]]);

/* The fingerprint of the tenant's directories. keys: [[id, identity key], …], in any order. */
export const directoriesPin = (keys) =>
  pin("directories", [...keys].sort(([one], [other]) => byCodePoints(one, other)));

async function pin(about, keys) {
  const pieces = keys.flatMap(([name, key]) => [counted(encoded(name)), counted(key)]);
  const digest = await sha256(joined(MAGIC, counted(encoded(about)), ...pieces));
  return toBase64url(digest.subarray(0, PIN_BYTES));
}
