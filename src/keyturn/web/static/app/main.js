/* The phone app's beginning: what this phone is, and what it was opened for. */

import { read } from "./address.js";
import "./account.js";
import { anew, begin, saying } from "./enrol.js";
import "./home.js";
import "./question.js";
import { data, show } from "./screens.js";
import * as store from "./store.js";
import { ways } from "./ways.js";

const { release } = document.body.dataset;

/* What stands behind # was scanned by the phone's own camera. It is taken out of the address: it
   is a secret, and a second look at it opens nothing. */
function scanned() {
  const fragment = location.hash.slice(1);
  if (!fragment) return null;
  history.replaceState(null, "", location.pathname);
  try {
    return read(fragment);
  } catch {
    return null;
  }
}

/* The worker keeps the app for when there is no network; without it the app works with one. */
async function worker() {
  if (!("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register(`worker.js?v=${release}`).catch(() => {});
  navigator.serviceWorker.addEventListener("message", ({ data: said }) => { if (said.opened) opened(said.opened); });
}

async function start() {
  const content = scanned();
  const { phone, offer, offset = 0 } = await kept();
  if (phone && content) return again(phone, content);
  if (phone) return ways.home();
  if (offer && !content && offer.ends_at > Date.now() + offset) return saying(offer);
  return begin(content);
}

/* messages about a change in a directory, whose id they carry */
const CHANGES = ["refused", "everywhere", "late", "choose"];

/* A message was tapped. */
async function opened({ kind, id }) {
  const { phone } = await kept();
  if (phone) return CHANGES.includes(kind) ? ways.job(id) : ways.home();
}

/* A browser that keeps nothing is told of by Check my phone. */
async function kept() {
  try {
    await store.write({ notices: data("notices") });
    return await store.read("phone", "offer", "offset");
  } catch {
    return {};
  }
}

const again = (phone, content) => show("again", {
  texts: { identifier: phone.account.identifier },
  acts: { home: () => ways.home(), anew: () => anew(content) },
});

window.addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  ways.install = event;
});
window.addEventListener("hashchange", () => { if (location.hash.length > 1) start(); });
worker();
start();
