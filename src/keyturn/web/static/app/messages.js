/* Messages (Web Push): this phone's address for them, and a test that must come round. */

import { fromBase64url, toBase64url } from "./bytes.js";
import { say } from "./door.js";

/* a browser that cannot reach its maker's push service lets one wait for ever */
const SUBSCRIBE_MS = 15_000;
const ARRIVE_MS = 20_000;

const late = (ms) => new Promise((done) => setTimeout(() => done(null), ms));
/* none where the browser does not take the worker: that of a certificate it does not trust */
const manager = async () =>
  (await Promise.race([navigator.serviceWorker.ready, late(SUBSCRIBE_MS)]))?.pushManager;

/* This phone's subscription by that key, made or renewed; null where none can be had. dead: the push
   service has forgotten the one there is, which the browser need not know. */
async function subscribed(push, dead) {
  const pushes = await manager(), applicationServerKey = fromBase64url(push);
  if (!pushes) return null;
  const old = await pushes.getSubscription(), by = old?.options?.applicationServerKey;
  if (old && (dead || (by && toBase64url(new Uint8Array(by)) !== push))) await old.unsubscribe();
  const asked = pushes.subscribe({ userVisibleOnly: true, applicationServerKey });
  return Promise.race([asked.catch(() => null), late(SUBSCRIBE_MS)]);
}

/* Hand in the address of this phone, or say why there is none; whether it has one. push: the
   server's key; dead: see subscribed. Throws as `say`. */
export async function renew(push, dead = false) {
  const permission = globalThis.Notification?.permission ?? "default";
  const subscription = permission === "granted" ? await subscribed(push, dead) : null;
  if (subscription) await say("subscribe", { subscription: subscription.toJSON() });
  else await say("push", { permission });
  return subscription !== null;
}

/* Have a message sent to this phone: "arrived" or "lost". Throws as `say`. */
export async function test() {
  const heard = new Set();
  let wake = () => {};
  const listen = ({ data }) => { if (data.arrived) { heard.add(data.arrived.id); wake(); } };
  navigator.serviceWorker.addEventListener("message", listen);
  try {
    const { id } = await say("test-push"), end = late(ARRIVE_MS);
    const came = () => new Promise((done) => { wake = () => done(true); });
    for (let going = true; going && !heard.has(id);) going = await Promise.race([came(), end]);
    if (!heard.has(id)) return "lost";
    await say("arrived", { id });
    return "arrived";
  } finally {
    navigator.serviceWorker.removeEventListener("message", listen);
  }
}
