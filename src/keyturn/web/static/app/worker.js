/* The app's service worker: its files for when there is no network, and messages that arrive.

   It keeps what files.json lists, each with the hash that is published, and the shell; never an
   answer of the signed door, which it does not even touch. It has no words either: those of a
   message were left by the shell in the app's own store (store.js), in the person's language. */
"use strict";

const SCOPE = new URL(self.registration.scope);
const RELEASE = new URL(self.location.href).searchParams.get("v");
const KEPT = `keyturn-app:${SCOPE.pathname}:`;
const CACHE = KEPT + RELEASE;
/* a network that does not answer for so long is none, for the shell */
const SHELL_MS = 4000;

/* ---- files */

/* Those of the first load; with `later`, the others. */
async function wanted(later) {
  const { files } = await (await fetch(new URL("files.json", SCOPE), { cache: "no-store" })).json();
  return files.filter((file) => Boolean(file.later) === later).map(({ address, integrity }) =>
    new Request(new URL(address, SCOPE), integrity ? { integrity } : {}));
}

async function keep() {
  const cache = await caches.open(CACHE);
  await cache.addAll([...await wanted(false), new Request(SCOPE, { cache: "no-cache" })]);
}

/* What does not come now is fetched when it is used. */
async function keepMore() {
  const cache = await caches.open(CACHE);
  await cache.addAll(await wanted(true)).catch(() => {});
}

async function forget() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(KEPT) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(keep());
});
self.addEventListener("activate", (event) => event.waitUntil(forget().then(keepMore)));

self.addEventListener("fetch", (event) => {
  const { request } = event, address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== SCOPE.origin) return;
  if (request.mode === "navigate") {
    if (address.pathname === SCOPE.pathname) event.respondWith(shell(request));
  } else if (!address.pathname.startsWith(`${SCOPE.pathname}v1/`)) {
    event.respondWith(file(request));
  }
});

async function file(request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(request)) ?? fetch(request);
}

/* The newest shell that can be had; the one that was kept, where there is no network. */
async function shell(request) {
  const stop = new AbortController(), patience = setTimeout(() => stop.abort(), SHELL_MS);
  try {
    return await fetch(request, { signal: stop.signal });
  } catch {
    return (await caches.match(SCOPE.href)) ?? Response.error();
  } finally {
    clearTimeout(patience);
  }
}

/* ---- messages: an id and a kind, and nothing of anybody */

function said(data) {
  try {
    const { id, kind } = data.json();
    return { id: String(id), kind: String(kind) };
  } catch {
    return { id: "", kind: "" };
  }
}

function words() {
  return new Promise((done) => {
    const opening = indexedDB.open(`keyturn-app:${SCOPE.pathname}`);
    opening.onerror = () => done({});
    /* a store that is not there yet holds no words, and must not be made here */
    opening.onupgradeneeded = () => opening.transaction.abort();
    opening.onsuccess = () => {
      const asked = opening.result.transaction("kept").objectStore("kept").get("notices");
      asked.onsuccess = () => { opening.result.close(); done(asked.result ?? {}); };
      asked.onerror = () => { opening.result.close(); done({}); };
    };
  });
}

async function arrived(message) {
  const all = await words(), { title = "Keyturn", body = "" } = all[message.kind] ?? all.other ?? {};
  await self.registration.showNotification(title, {
    body, tag: message.id, data: message, icon: new URL("icon-192.png", SCOPE).href,
  });
  await tell({ arrived: message });
}

async function tell(what) {
  const open = await self.clients.matchAll({ type: "window" });
  for (const client of open) client.postMessage(what);
  return open;
}

async function opened(message) {
  const [client] = await tell({ opened: message });
  if (client) await client.focus();
  else await self.clients.openWindow(SCOPE.href);
}

self.addEventListener("push", (event) => event.waitUntil(arrived(said(event.data))));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(opened(event.notification.data));
});
