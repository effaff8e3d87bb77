
/* ---- in a demo: messages of its own push service, which an open window brings (push.js) */

self.addEventListener("message", (event) => {
  const { demoPush } = event.data ?? {};
  if (demoPush) event.waitUntil(arrived(said({ json: () => JSON.parse(demoPush) })));
});
