/* The demo's push service in the browser: in the place of the maker's, which may be out of reach,
   and to which a demo need not tell anything. Loaded before the app, in a demo alone; SERVICE says
   where it is, OWN whether it comes first.

   What a push service does for a browser is done here while the app is open: an address is drawn,
   messages are fetched each second, opened (RFC 8291), and given to the service worker. */
"use strict";

(() => {
  /* an iPhone's browser has none before the app is on the home screen */
  if (!("PushManager" in globalThis)) return;
  const { SERVICE, OWN, BOX } = globalThis.KEYTURN_DEMO;
  const EVERY_MS = 1000, REAL_MS = 8000, KEPT = `keyturn-demo-push:${new URL(".", location.href).pathname}`;
  const P256 = { name: "ECDH", namedCurve: "P-256" };
  const text = (octets) => btoa(String.fromCharCode(...new Uint8Array(octets)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const raw = (told) => Uint8Array.from(atob(told.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const joined = (...parts) => new Uint8Array(parts.flatMap((part) => [...new Uint8Array(part)]));
  const words = (told) => new TextEncoder().encode(told);

  /* ---- what this browser keeps: its key, its secret, its address, how much it has read */

  function kept() {
    const found = JSON.parse(localStorage.getItem(KEPT) ?? "null");
    return found?.service === SERVICE ? found : null;
  }
  const keep = (what) => localStorage.setItem(KEPT, JSON.stringify(what));

  async function drawn(key) {
    const pair = await crypto.subtle.generateKey(P256, true, ["deriveBits"]);
    const made = {
      service: SERVICE, name: text(crypto.getRandomValues(new Uint8Array(16))), key, read: 0,
      auth: text(crypto.getRandomValues(new Uint8Array(16))),
      point: text(await crypto.subtle.exportKey("raw", pair.publicKey)),
      secret: await crypto.subtle.exportKey("jwk", pair.privateKey),
    };
    keep(made);
    return made;
  }

  /* As PushSubscription (Push API). */
  const shown = ({ name, key, auth, point }) => ({
    endpoint: `${SERVICE}${name}/${key}`, expirationTime: null,
    options: { userVisibleOnly: true, applicationServerKey: raw(key).buffer },
    toJSON() { return { endpoint: this.endpoint, expirationTime: null, keys: { p256dh: point, auth } }; },
    unsubscribe: async () => { localStorage.removeItem(KEPT); return true; },
  });

  const { subscribe, getSubscription } = PushManager.prototype;
  const late = () => new Promise((_, no) => setTimeout(() => no(new Error("late")), REAL_MS));

  PushManager.prototype.subscribe = async function (asked) {
    if (!OWN) {
      try { return await Promise.race([subscribe.call(this, asked), late()]); } catch { /* ours, then */ }
    }
    if (Notification.permission !== "granted") throw new DOMException("not allowed", "NotAllowedError");
    const key = text(asked.applicationServerKey), old = kept();
    return shown(old?.key === key ? old : await drawn(key));
  };
  PushManager.prototype.getSubscription = async function () {
    const real = OWN ? null : await getSubscription.call(this), mine = kept();
    return real ?? (mine && shown(mine));
  };

  /* ---- messages */

  async function derived(material, salt, info, length) {
    const key = await crypto.subtle.importKey("raw", material, "HKDF", false, ["deriveBits"]);
    return crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, key, 8 * length);
  }

  async function opened({ auth, point, secret }, body) {
    const salt = body.slice(0, 16), sender = body.slice(21, 21 + body[20]), record = body.slice(21 + body[20]);
    const own = await crypto.subtle.importKey("jwk", secret, P256, false, ["deriveBits"]);
    const theirs = await crypto.subtle.importKey("raw", sender, P256, false, []);
    const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, own, 256);
    const about = joined(words("WebPush: info\0"), raw(point), sender);
    const material = await derived(shared, raw(auth), about, 32);
    const key = await derived(material, salt, words("Content-Encoding: aes128gcm\0"), 16);
    const iv = await derived(material, salt, words("Content-Encoding: nonce\0"), 12);
    const aes = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["decrypt"]);
    const plain = new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, aes, record));
    return new TextDecoder().decode(plain.slice(0, plain.lastIndexOf(2)));
  }

  async function look() {
    const mine = kept();
    if (!mine || Notification.permission !== "granted") return;
    const { bodies } = await (await fetch(`${BOX}${mine.name}?after=${mine.read}`)).json();
    if (!bodies.length) return;
    keep({ ...mine, read: mine.read + bodies.length });
    const { active } = await navigator.serviceWorker.ready;
    for (const body of bodies) active.postMessage({ demoPush: await opened(mine, raw(body)) });
  }

  /* one window at a time, for as long as it is open */
  navigator.locks?.request(KEPT, async () => {
    for (;;) {
      await look().catch(() => {});
      await new Promise((again) => setTimeout(again, EVERY_MS));
    }
  });
})();
