/* Somebody asks whether it is you: a sign-in, the help desk, a technician. What was shown is what
   is signed (statement.js). Yes needs the number and the lock; no needs nothing. */

import { toBase64url } from "./bytes.js";
import { Refused, Unheard, say } from "./door.js";
import { proved } from "./lock.js";
import { show } from "./screens.js";
import { statement } from "./statement.js";
import * as store from "./store.js";
import * as typed from "./typed.js";
import { failed, ways } from "./ways.js";

/* refusals that are told on these screens, and do not end the phone */
const TOLD = ["wrong", "number", "over", "unknown", "forged"];

/* The newest question that waits; home, where none does. */
ways.questions = async () => {
  try {
    const [asked] = (await say("questions")).questions;
    if (asked) put(asked);
    else ended("gone");
  } catch (error) {
    failed(error, () => ways.questions());
  }
};

function put(asked, told = "") {
  const screen = show("question", {
    texts: { asker: asked.asker, place: asked.place, words: asked.words, left: asked.left },
    acts: { yes: (here) => yes(here, asked), no: (here) => no(here, asked) },
  });
  screen.only("kind", asked.kind);
  screen.only("place", asked.place ? "known" : "");
  screen.only("words", asked.words ? "known" : "");
  screen.only("told", told);
  screen.announce();
  if (told) screen.part("said").focus();
}

function yes(screen, asked) {
  const said = typed.number(screen.part("said").value);
  screen.only("told", said ? "" : "number");
  if (!said) return screen.part("said").focus();
  return proved("answer", (proof) => answer(asked, "approve", said, { proof }), (why) => after(asked, why), asked.id);
}

async function no(screen, asked) {
  screen.busy(true);
  try {
    after(asked, await answer(asked, "deny", "", {}));
  } catch (error) {
    screen.busy(false);
    if (error instanceof Unheard && error.why !== "changed") screen.only("told", "offline");
    else failed(error, () => ways.questions());
  }
}

/* Sign what was shown with what is said; what came of it. */
async function answer(asked, verdict, said, more) {
  const { id, kind, asker, place, tenant, user, phone } = asked;
  const shown = { id, kind, asker, place, tenant_id: tenant, user_id: user, phone_id: phone };
  const { key } = await store.read("key");
  const made = await crypto.subtle.sign(
    { name: "ECDSA", hash: "SHA-256" }, key.privateKey, statement(shown, verdict, said));
  const signature = toBase64url(new Uint8Array(made));
  try {
    await say("answer", { id, verdict, said, signature, ...more });
    return { end: verdict };
  } catch (error) {
    if (!(error instanceof Refused && TOLD.includes(error.code))) throw error;
    return { end: error.data.why ?? error.code, left: error.data.left };
  }
}

function after(asked, { end, left }) {
  if (end === "wrong" || (end === "number" && left)) put({ ...asked, left }, end);
  else ended(end);
}

function ended(why) {
  const screen = show("answered", { acts: { home: () => ways.home() } });
  screen.only("end", screen.knows("end", why) ? why : "gone");
  screen.announce();
}
