/* The bytes that the phone signs: what the person saw, and what they said. A copy of
   `statement` in rules/approvals.py (tests/vectors/approvals.json). */

import { counted, encoded, joined } from "./bytes.js";

const MAGIC = encoded("keyturn-approval-v1\0");
const PARTS = ["tenant_id", "user_id", "phone_id", "id", "kind", "asker", "place"];

/* asked: the question as it was shown; verdict: "approve" or "deny"; said: the number typed, ""
   with a denial. Throws RangeError for a text of 64 KiB or more. */
export function statement(asked, verdict, said) {
  const texts = [...PARTS.map((name) => asked[name]), verdict, said];
  return joined(MAGIC, ...texts.map((text) => counted(encoded(text))));
}
