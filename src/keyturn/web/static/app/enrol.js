/* From a phone that nobody knows to one that is bound: check, scan or type, number, PIN, message. */

import { fragmentOf, read } from "./address.js";
import { watch } from "./camera.js";
import { check, words } from "./checking.js";
import { Refused, Unheard, number, scan, type } from "./door.js";
import { choose } from "./lock.js";
import { model } from "./look.js";
import * as own from "./own.js";
import { renew, test } from "./messages.js";
import { renewCodes } from "./offline.js";
import { platform } from "./platforms.js";
import { data, show, shown } from "./screens.js";
import * as store from "./store.js";
import * as typed from "./typed.js";
import { failed, ways } from "./ways.js";

const APP = new URL(".", location.href);
const TYPED = ["letters", "wrong", "spent", "too-many"];

/* content: what was scanned already, by the phone's own camera; null without it. */
export function begin(content = null) {
  const screen = show("start", { acts: { check: () => check((seen) => onward(content, seen)) } });
  screen.only("code", content ? "yes" : "no");
}

/* What this phone kept is deleted; the old set-up ends when the new one is done. */
export async function anew(content = null) {
  await store.forget();
  await store.write({ notices: data("notices") });
  begin(content);
}

function onward(content, seen) {
  if (content) return taken(() => scan(content));
  return seen.camera === "works" ? scanning() : typing();
}

/* ---- the code */

async function scanning() {
  const screen = show("scan", { acts: { type: typing } });
  try {
    const stop = await watch(screen.part("video"), (text) => seen(screen, text));
    if (shown(screen)) screen.leaving.push(stop);
    else stop();
  } catch {
    screen.only("told", "camera");
  }
}

/* Whether what the camera saw is a code of ours; then it is taken. */
function seen(screen, text) {
  let content;
  try {
    content = read(fragmentOf(text, APP));
  } catch (error) {
    screen.only("told", error.message);
    return false;
  }
  if (shown(screen)) taken(() => scan(content));
  return true;
}

async function taken(ask) {
  show("wait").only("wait", "code");
  try {
    saying(await ask());
  } catch (error) {
    refused(error, () => taken(ask));
  }
}

function typing() {
  const screen = show("type", { acts: { scan: scanning, send } });
  screen.part("letters").focus();
}

async function send(screen) {
  const letters = typed.letters(screen.part("letters").value);
  screen.only("told", letters ? "" : "letters");
  if (!letters) return screen.part("letters").focus();
  screen.busy(true);
  try {
    saying(await type(letters));
  } catch (error) {
    screen.busy(false);
    if (!(error instanceof Refused && TYPED.includes(error.code))) return refused(error, () => send(screen));
    screen.only("told", error.code);
    screen.part("letters").focus();
  }
}

/* Why a code leads no further. */
function refused(error, retry) {
  const name = error instanceof Refused ? error.data.why ?? error.code : error.why;
  if (error instanceof Unheard && name !== "changed") return failed(error, retry);
  const screen = show("over", { acts: { again: scanning } });
  if (!screen.knows("over", name)) return failed(error, retry);
  screen.only("over", name);
  screen.announce();
  return store.write({ offer: undefined });
}

/* ---- the number */

export function saying(offer) {
  const { tenant, account } = offer;
  const screen = show("number", {
    texts: { tenant: tenant.name, name: account.name, identifier: account.identifier },
    acts: { send: (here) => say(here, offer), stop },
  });
  screen.part("number").focus();
}

async function stop() {
  await store.write({ offer: undefined });
  const screen = show("over", { acts: { again: scanning } });
  screen.only("over", "stopped");
  screen.announce();
}

async function say(screen, offer) {
  const said = typed.number(screen.part("number").value);
  screen.only("told", said ? "" : "number");
  if (!said) return screen.part("number").focus();
  screen.busy(true);
  try {
    const phone = await number(offer, said, await model());
    /* not waited for: Firefox asks its owner, who may leave it at that */
    navigator.storage?.persist?.().catch(() => {});
    choose(phone, (proof) => prepared(phone, proof));
  } catch (error) {
    screen.busy(false);
    wrong(screen, error, () => say(screen, offer));
  }
}

function wrong(screen, error, retry) {
  if (error instanceof Unheard && error.why !== "changed") screen.only("told", "offline");
  else if (error instanceof Refused && ["wrong", "number"].includes(error.code)) {
    screen.fill({ left: error.data.left ?? "" });
    screen.only("told", error.code);
    screen.part("number").value = "";
  } else return refused(error, retry);
  screen.part("number").focus();
}

/* ---- bound: codes for when there is no network, and a message that comes round */

async function prepared(phone, proof) {
  /* what does not come off now is offered again at home */
  await renewCodes(proof).catch(() => {});
  await message(phone);
}

async function message(phone) {
  show("wait").only("wait", "message");
  let cause = "none";
  try {
    if (await renew(phone.push)) cause = await test();
  } catch (error) {
    if (error instanceof Refused && error.data.why === "gone") cause = "dead";
  }
  done(phone, cause);
}

function done(phone, cause) {
  const screen = show("bound", { acts: {
    home: () => ways.home(), test: () => message(phone), install: (here) => install(here), own: () => ways.own(),
  } });
  screen.only("message", cause === "arrived" ? "arrived" : "cause");
  if (cause !== "arrived") screen.fill(mend(cause));
  screen.only("install", ways.install ? "offer" : "");
  screen.announce();
  own.hindered().then((why) => screen.only("own", why ? "" : "offer"));
}

/* Notifications that are off keep messages away, whatever else does. */
function mend(cause) {
  const on = platform({ agent: navigator.userAgent, touch: navigator.maxTouchPoints,
    platform: navigator.userAgentData?.platform });
  const denied = globalThis.Notification?.permission === "denied";
  const { title, do: what } = denied ? words("notifications", "denied", on) : words("push", cause, on);
  return { title, do: what };
}

async function install(screen) {
  const asked = ways.install;
  ways.install = null;
  screen.only("install", "");
  await asked.prompt();
}

ways.begin = anew;
