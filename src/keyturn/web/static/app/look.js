/* What this phone can do, found out by trying it: as rules/phone_checks/seen.py reads it. */

import { Unheard, meet } from "./door.js";
import * as store from "./store.js";

/* somebody who is asked by the phone and does not answer has not refused */
const ANSWER_MS = 60_000;
const CAMERA = {
  NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "absent",
  OverconstrainedError: "absent", NotReadableError: "busy", AbortError: "busy",
};

const within = (ms, work, otherwise) =>
  Promise.race([work, new Promise((done) => setTimeout(() => done(otherwise), ms))]);

/* Everything but what a message tells. camera: try it, which may ask the phone's owner. */
export async function look({ camera = false } = {}) {
  const database = await keeps();
  return {
    worker: "serviceWorker" in navigator, push: "PushManager" in window, notices: "Notification" in window,
    database, keys: await signs(), home: standing(), free_bytes: await room(),
    camera: camera ? await films() : null,
    permission: globalThis.Notification?.permission ?? null,
    asked: database ? Boolean((await store.read("asked")).asked) : null,
    ...await hints(), agent: navigator.userAgent, touch: navigator.maxTouchPoints,
    ...database ? await reached() : {},
  };
}

/* Ask for notifications; only ever from a tap. */
export async function allow() {
  if (!("Notification" in window)) return;
  if (Notification.permission === "default") await within(ANSWER_MS, Notification.requestPermission());
  await store.write({ asked: true }).catch(() => {});
}

/* The model that the browser tells, "" where it tells none. */
export async function model() {
  const told = await navigator.userAgentData?.getHighEntropyValues(["model"]).catch(() => null);
  return (told?.model ?? "").slice(0, 40);
}

async function keeps() {
  try {
    const probe = Date.now();
    await store.write({ probe });
    return (await store.read("probe")).probe === probe;
  } catch {
    return false;
  }
}

async function signs() {
  const how = { name: "ECDSA", namedCurve: "P-256" };
  try {
    const { privateKey } = await crypto.subtle.generateKey(how, false, ["sign"]);
    const made = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, new Uint8Array(1));
    return !privateKey.extractable && made.byteLength === 64;
  } catch {
    return false;
  }
}

export const standing = () => matchMedia("(display-mode: standalone)").matches || navigator.standalone === true;

async function room() {
  const told = await navigator.storage?.estimate?.().catch(() => null);
  return told?.quota == null ? null : Math.max(Math.floor(told.quota - (told.usage ?? 0)), 0);
}

async function films() {
  if (!navigator.mediaDevices?.getUserMedia) return null;
  try {
    const asked = navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    const stream = await within(ANSWER_MS, asked, null);
    for (const track of stream?.getTracks() ?? []) track.stop();
    return stream ? "works" : null;
  } catch (error) {
    return CAMERA[error.name] ?? null;
  }
}

/* The camera without asking anybody. before: how it went; that holds where nothing is decided. */
export async function unasked(before) {
  const status = await navigator.permissions?.query({ name: "camera" }).catch(() => null);
  if (status?.state === "denied") return "refused";
  return status?.state === "granted" && before !== "works" ? films() : before;
}

/* An answer that a key has signed says what time it is; any other says that there is no way. */
async function reached() {
  try {
    const { ahead_ms, trip_ms } = await meet();
    return { online: true, ahead_ms, trip_ms };
  } catch (error) {
    return { online: error instanceof Unheard && error.why === "later" };
  }
}

async function hints() {
  const data = navigator.userAgentData;
  if (!data) return {};
  const told = await data.getHighEntropyValues(["platformVersion", "fullVersionList"]).catch(() => data);
  const engine = (told.fullVersionList ?? told.brands ?? []).find(({ brand }) => brand === "Chromium");
  return { platform: data.platform, platform_version: told.platformVersion ?? null, chromium: engine?.version ?? null };
}

/* What Keyturn is told of it: without what was not tried. */
export const told = (seen) => Object.fromEntries(Object.entries(seen).filter(([, value]) => value != null));
