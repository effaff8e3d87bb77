/* Passkeys (WebAuthn): shows the forms of templates/passkeys.html where the browser can fill
   them in. A press of the button fetches the question, has it answered by the phone, computer
   or key, and sends the answer as an ordinary form. */

import { answer, question } from "./webauthn.js";

const able = Boolean(window.PublicKeyCredential && navigator.credentials);
/* a question stands five minutes; one that waits in the name's field is renewed before */
const RENEW_MS = 3.5 * 60 * 1000;

/* ---- what goes wrong, by the names in templates/passkeys.html */

class Told extends Error {}
const NAMES = { NotAllowedError: "cancelled", InvalidStateError: "known", SecurityError: "elsewhere",
  NotSupportedError: "unable", ConstraintError: "unable" };

function tell(form, name) {
  for (const note of form.querySelectorAll("[data-told]")) note.hidden = note.dataset.told !== name;
}

/* ---- asking */

async function fetched(form) {
  const body = new URLSearchParams({ csrf: form.elements.csrf.value });
  let reply;
  try {
    reply = await fetch(form.action + "/options", { method: "POST", body });
  } catch {
    throw new Told("unreachable");
  }
  if (reply.status === 429) throw new Told("paused");
  if (reply.status >= 500) throw new Told("unreachable");
  if (!reply.ok) throw new Told("gone");
  return question(await reply.json());
}

let waiting = null;  /* what an offer in the name's field is stopped with */

async function ask(form, extra) {
  const publicKey = await fetched(form);
  const make = form.dataset.passkey === "create";
  const credential = await navigator.credentials[make ? "create" : "get"]({ publicKey, ...extra });
  form.elements.credential.value = JSON.stringify(answer(credential));
  form.submit();
}

async function pressed(event) {
  event.preventDefault();
  const form = event.target, button = form.querySelector("button");
  waiting?.abort();
  tell(form, "");
  button.disabled = true;
  try {
    await ask(form, {});
  } catch (error) {
    const name = error instanceof Told ? error.message : NAMES[error.name] || "cancelled";
    if (name === "gone") return location.reload();  /* signed out, too late, proof needed: the page says */
    tell(form, name);
    button.disabled = false;
    if (form.hasAttribute("data-waits")) offer(form);
  }
}

/* Passkeys among the suggestions of the name's field ("conditional mediation"). */
async function offer(form) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  if (document.visibilityState !== "visible") {
    document.addEventListener("visibilitychange", () => offer(form), { once: true });
    return;
  }
  const stop = waiting = new AbortController();
  const renew = setTimeout(() => { stop.abort(); offer(form); }, RENEW_MS);
  try {
    await ask(form, { mediation: "conditional", signal: stop.signal });
  } catch {
    clearTimeout(renew);  /* no offer, then: the button is still there */
  }
}

for (const node of document.querySelectorAll("[data-passkey], [data-passkey-able]")) node.hidden = !able;
for (const node of document.querySelectorAll("[data-passkey-unable]")) node.hidden = able;
if (able) for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.addEventListener("submit", pressed);
  if (form.hasAttribute("data-waits")) offer(form);
}
/* coming back by the browser's "back": the form is as it was left */
window.addEventListener("pageshow", (event) => {
  if (event.persisted) for (const button of document.querySelectorAll("[data-passkey] button")) button.disabled = false;
});
