/* The account at a glance: one sentence on how things stand, one main action, then the rest. */

import { permissions } from "./changes.js";
import { Unheard, say } from "./door.js";
import { proved } from "./lock.js";
import { renew } from "./messages.js";
import { Screen, copy, show, shown } from "./screens.js";
import * as store from "./store.js";
import { clock, left } from "./times.js";
import { failed, ways } from "./ways.js";

const SECOND_MS = 1000, AGAIN_MS = 20_000;
/* a question waits for one minute, and its push may never come */
const ASKED_MS = 2000;

ways.home = async (after = "") => {
  show("wait").only("wait", "home");
  try {
    const state = await say("state");
    await store.write({ account: state.account, own: state.lock.key || undefined });
    if (state.waiting) return await ways.questions();
    await draw(await mended(state), after);
  } catch (error) {
    failed(error, () => ways.home(after));
  }
};

/* Whether messages reach this phone follows what its owner allows, whenever the app opens: a dead
   address is made anew, and one that may show nothing any more is told as such. */
async function mended(state) {
  const allowed = globalThis.Notification?.permission === "granted";
  if (allowed === (state.push.state === "works")) return state;
  const told = await renew(state.push_key, state.push.state === "dead").then(() => true, () => false);
  return told ? say("state") : state;
}

/* Until when the account is locked, on whatever way in; null: it is not. */
function locked({ locked_until: until, lanes }, now) {
  const ends = [until, ...lanes.map((lane) => lane.locked_until)].filter((end) => end && end > now);
  return ends.length ? Math.max(...ends) : null;
}

function standing(state, now, after) {
  if (state.frozen_at) return "frozen";
  if (state.lost) return "lost";
  if (state.lanes.some(({ closed }) => closed)) return "closed";
  if (locked(state, now)) return "locked";
  if (after) return after;
  return state.push.state === "works" ? "well" : "silent";
}

async function draw(state, after) {
  const now = await store.moment(), stands = standing(state, now, after), until = locked(state, now);
  const { name, identifier } = state.account;
  const screen = show("home", {
    texts: { identifier: name === identifier ? name : `${name} · ${identifier}`,
      since: state.frozen_at ? clock(state.frozen_at, now) : "", ref: state.lost?.ref ?? "",
      due: state.lost ? clock(state.lost.due_at, now) : "" },
    acts: { unlock, stop: () => stop(state.lost.id), offline: () => ways.offline(), sessions: () => ways.sessions(),
      happened: () => ways.happened(), check: () => ways.check(), phone: () => ways.phone(),
      directory: (_, button) => ways.directory(at(state, button.closest("li").dataset.id)) },
  });
  screen.part("directories").replaceChildren(...state.directories.map((one) => directory(one, now)));
  screen.only("stands", stands);
  screen.only("push", state.push.state === "works" || stands === "silent" ? "" : "silent");
  if (until) counting(screen, until, until - now);
  screen.announce();
  renewing(screen, state, stands, after);
}

/* ---- accounts in directories */

/* What directory.js goes by. */
function at({ directories }, id) {
  const { name, account, job } = directories.find((one) => one.id === id);
  return { directory: id, domain: name, name: account, last: job && job.state !== "choosing" ? job.id : "" };
}

function directory({ id, name, account, kind, known, job }, now) {
  const row = new Screen(copy("home-directory"));
  row.node.dataset.id = id;
  row.fill({ name: account, domain: name, by: job?.by ?? "", until: known?.until ? clock(known.until, now) : "" });
  row.only("kind", kind);
  const what = news(known, job, now);
  row.only("news", row.knows("news", what) ? what : "none");
  return row.node;
}

/* What is worth a word before anybody asks the directory. */
function news(known, job, now) {
  if (job?.state === "choosing") return job.by ? "started" : "chosen";
  if (["queued", "permitted", "unsettled"].includes(job?.state)) return "going";
  if (known?.state !== "locked") return known?.state ?? "none";
  return !known.until ? "locked" : known.until > now ? "locked-until" : "none";
}

/* What a directory takes is loaded when somebody goes there. */
async function there(name, ...given) {
  try {
    await (await import("./directory.js"))[name](...given);
  } catch (error) {
    failed(error instanceof TypeError ? new Unheard("offline") : error, () => there(name, ...given));
  }
}
ways.directory = (account) => there("open", account);
ways.job = (id) => there("job", id);

/* The lock's end comes nearer while somebody looks; then it is over. */
function counting(screen, until, rest) {
  const end = performance.now() + rest, now = until - rest;
  const tick = () => {
    const still = end - performance.now();
    screen.fill({ until: clock(until, now), left: left(still) });
    if (still <= 0) ways.home("unlocked");
  };
  tick();
  const ticking = setInterval(tick, SECOND_MS);
  screen.leaving.push(() => clearInterval(ticking));
}

/* While it is looked at, the screen asks by itself: a push may never come. */
function renewing(screen, given, stands, after) {
  const before = JSON.stringify(given.directories);
  const look = async () => {
    if (document.visibilityState !== "visible") return;
    const state = await say("state").catch(() => null);
    if (!state || !shown(screen)) return;
    if (state.waiting) ways.questions();
    else if (standing(state, await store.moment(), after) !== stands) draw(state, after);
    else if (JSON.stringify(state.directories) !== before) draw(state, after);
  };
  const asked = async () => {
    if (document.visibilityState !== "visible") return;
    const found = await say("questions").catch(() => null);
    if (found?.questions.length && shown(screen)) ways.questions();
  };
  const looking = setInterval(look, AGAIN_MS), asking = setInterval(asked, ASKED_MS);
  document.addEventListener("visibilitychange", look);
  navigator.serviceWorker?.addEventListener("message", look);
  screen.leaving.push(permissions(() => ways.home(), ["notifications"]), () => {
    clearInterval(looking);
    clearInterval(asking);
    document.removeEventListener("visibilitychange", look);
    navigator.serviceWorker?.removeEventListener("message", look);
  });
}

/* The phone is no more lost than whoever opens its lock. */
const stop = (id) => proved("stop-lost", (proof) => say("stop-lost", { id, proof }),
  ({ stopped }) => ways.home(stopped ? "kept" : ""), id);

const unlock = () => proved("unlock", (proof) => say("unlock", { proof }), () => ways.home("opened"));
