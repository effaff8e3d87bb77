/* A pass-phrase that a directory takes: words of the EFF's short list, chosen by the browser's
   own random source. Short words, because somebody types them on a phone, often twice.

   "Clamp-ritzy-oven-fable-duck-7": capital, small letters, signs and a digit, so that it has
   four of the five kinds of character a directory may ask for (MS-SAMR 3.1.1.7.2). */

import { judge } from "./policies.js";

/* five words and a digit: about 55 bits, which is beyond guessing where five tries lock */
const WORDS_LEAST = 5;
const DIGITS = 10;
/* a password travels in 256 bytes; no policy asks for more than 128 characters */
const LONGEST = 128;
const AGAIN_MOST = 100;

/* A whole number from 0 to n - 1, each as likely as the others: what a remainder would favour is
   thrown away. */
export function below(n) {
  const fair = 2 ** 32 - (2 ** 32 % n), drawn = new Uint32Array(1);
  do crypto.getRandomValues(drawn); while (drawn[0] >= fair);
  return drawn[0] % n;
}

const drawn = (words) => words[below(words.length)];
const capital = (word) => word[0].toUpperCase() + word.slice(1);

/* How much a guesser who knows how it was made has to try, in bits; the capital and the signs
   stand where they always stand and count nothing. */
export const bits = (words, count) => count * Math.log2(words.length) + Math.log2(DIGITS);

function once(words, minimum) {
  const chosen = [capital(drawn(words))];
  while (chosen.length < WORDS_LEAST || chosen.join("-").length + 2 < minimum) chosen.push(drawn(words));
  return { text: chosen.join("-") + "-" + below(DIGITS), bits: bits(words, chosen.length) };
}

/* policy, account: as for judge. Throws if no pass-phrase of ours can satisfy the policy. */
export function make(words, policy, account) {
  for (let round = 0; round < AGAIN_MOST; round += 1) {
    const made = once(words, policy ? policy.min_length : 0);
    if (made.text.length <= LONGEST && !judge(made.text, policy, account).length) return made;
  }
  throw new Error("no pass-phrase fits");
}
