/* What people type: the two digits (rules/matching.py), the ten letters that stand in for a scan
   (rules/crockford.py, rules/enrolment.py). */

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const DIGITS = 2, LETTERS = 10, TYPED_MOST = 100, NUMBER_MOST = 20;
const SEPARATORS = /[ \t\r\n\-.,:;/_'"()#\u2010-\u2014]/g;
const MISTAKEN = { O: "0", I: "1", L: "1" };

/* The number meant: two digits, in any script's digits, spaces around them ignored; null: that can
   be no number, and is no try. */
export function number(typed) {
  const plain = [...typed].slice(0, NUMBER_MOST).join("").normalize("NFKC").trim();
  const digits = [...plain].map(digit);
  return digits.length === DIGITS && !digits.includes(null) ? digits.join("") : null;
}

/* Unicode keeps the ten digits of each script in a row, the zero first. */
function digit(letter) {
  if (!/^\p{Nd}$/u.test(letter)) return null;
  let zero = letter.codePointAt(0);
  while (/^\p{Nd}$/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String((letter.codePointAt(0) - zero) % 10);
}

/* The ten letters as they are digested; null: these are no ten letters, and it is no try. */
export function letters(typed) {
  if ([...typed].length > TYPED_MOST) return null;
  const plain = typed.normalize("NFKC").replace(SEPARATORS, "").toUpperCase()
    .replace(/[OIL]/g, (letter) => MISTAKEN[letter]);
  const fit = plain.length === LETTERS && [...plain].every((letter) => ALPHABET.includes(letter));
  return fit ? plain : null;
}
