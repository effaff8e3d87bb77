/* What goes on elsewhere, shown as it happens: an element with data-watch (an address that
   answers with text/event-stream) is filled anew with each event "shown". "end": there is nothing
   more to come; "pause": there may be, later. What follows an end stands in data-then:
   "reload"; or "go", which sends the form with data-go, if what came has one. What a screen reader
   is told is one sentence, the one in data-told of what came; the rest may be read at leisure. */

const AGAIN_MS = 4_000, LATER_MS = 60_000;

function show(box, html) {
  const open = [...box.querySelectorAll("details[open]")].map((kept) => kept.dataset.keep);
  box.innerHTML = html;  /* our own server's page, under a policy that runs no script in it */
  for (const kept of box.querySelectorAll("details[data-keep]")) kept.open ||= open.includes(kept.dataset.keep);
  /* app.js writes the times of what came in this browser's zone, as it does for htmx */
  box.dispatchEvent(new CustomEvent("htmx:afterSettle", { bubbles: true }));
  const told = box.querySelector("[data-told]")?.dataset.told, voice = document.getElementById("voice");
  if (told && voice.textContent !== told) voice.textContent = told;
}

function watch(box) {
  const stream = new EventSource(box.dataset.watch);
  const again = (ms) => { stream.close(); setTimeout(() => location.reload(), ms); };
  stream.addEventListener("shown", (event) => show(box, event.data));
  stream.addEventListener("end", () => {
    stream.close();
    if (box.dataset.then === "reload") location.reload();
    if (box.dataset.then === "go") box.querySelector("form[data-go]")?.requestSubmit();
  });
  stream.addEventListener("pause", () => again(LATER_MS));
  stream.addEventListener("error", () => {
    /* the browser connects again by itself, unless it was refused */
    if (stream.readyState === EventSource.CLOSED) again(AGAIN_MS);
  });
  window.addEventListener("pagehide", () => stream.close());
}

for (const box of document.querySelectorAll("[data-watch]")) watch(box);
/* coming back by the browser's "back": what was shown may be long over */
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
