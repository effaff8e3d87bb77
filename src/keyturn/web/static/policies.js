/* A directory's password policy, judged while somebody types: a copy of
   rules/directories/policies.py, held to the same vectors (tests/vectors/directory_policy.json).
   The directory has the last word. */

const LONGEST = 256, KINDS = 3, PART = 3;
/* Windows' own list (MS-SAMR 3.1.1.7.2); neither a space nor a currency sign is on it */
const SIGNS = new Set("~!@#$%^&*_-+=`|\\(){}[]:;\"'<>,.?/");
const DELIMITERS = /[,.\-_ #\t]+/;
/* half a surrogate pair, which no keyboard types and no encoding carries; or a NUL */
const NOT_TEXT = /\0|\p{Cs}/u;

function kind(character) {
  if (SIGNS.has(character)) return "sign";
  if (character >= "0" && character <= "9") return "digit";
  for (const [name, pattern] of [["Lu", /\p{Lu}/u], ["Ll", /\p{Ll}/u], ["letter", /\p{L}/u]])
    if (pattern.test(character)) return name;
  return "";
}

const complaint = (fault, more = {}) => ({ fault, limit: 0, found: 0, word: "", ...more });

/* What the directory will say against a new password; [] when it should take it.
   policy: { min_length, complexity }, null where nobody could read it.
   account: { name, display }, the sAMAccountName and the person's name as the directory has them.
   Lengths are UTF-16 code units, as Windows and JavaScript count. */
export function judge(password, policy, account) {
  if (NOT_TEXT.test(password)) return [complaint("not_text")];
  const least = Math.max(policy ? policy.min_length : 0, 1), found = [];
  if (password.length < least) found.push(complaint("too_short", { limit: least }));
  if (password.length > LONGEST) found.push(complaint("too_long", { limit: LONGEST }));
  if (policy?.complexity) found.push(...simple(password), ...named(password, account));
  return found;
}

function simple(password) {
  const kinds = new Set([...password].map(kind).filter(Boolean)).size;
  return kinds < KINDS ? [complaint("too_simple", { limit: KINDS, found: kinds })] : [];
}

function named(password, { name, display }) {
  const lowered = password.toLowerCase(), parts = new Map();
  for (const part of [name, ...display.split(DELIMITERS)])
    if (!parts.has(part.toLowerCase())) parts.set(part.toLowerCase(), part);
  return [...parts].filter(([lower, part]) => part.length >= PART && lowered.includes(lower))
    .map(([, word]) => complaint("has_name", { word }));
}

/* What is easily lost, or cannot be typed at a sign-in: to be asked about, never taken away.
   The names are those of rules.passwords.SpaceWarning; "white space" is Python's str.isspace. */
const SPACE = "\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const UNUSUAL = [
  ["starts-with-space", new RegExp(`^[${SPACE}]`)],
  ["ends-with-space", new RegExp(`[${SPACE}]$`)],
  ["no-break-space", /[\u00a0\u2007\u202f\u2060\ufeff]/],
  ["line-end", /[\n\r\v\f\u0085\u2028\u2029]/],
];
export const unusual = (password) =>
  UNUSUAL.filter(([, pattern]) => pattern.test(password)).map(([name]) => name);
/* The same without any of it. */
export const plain = (password) => password
  .replace(/[\n\r\v\f\u0085\u2028\u2029\u2060\ufeff]/g, "").replace(/[\u00a0\u2007\u202f]/g, " ")
  .replace(new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, "g"), "");
