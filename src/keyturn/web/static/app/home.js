/* The account at a glance: one sentence on how things stand, one main action, then the rest. */

import { say } from "./door.js";
import { proved } from "./lock.js";
import { renew } from "./messages.js";
import { show, shown } from "./screens.js";
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
    await store.write({ account: state.account });
    if (state.waiting) return await ways.questions();
    await draw(await mended(state), after);
  } catch (error) {
    failed(error, () => ways.home(after));
  }
};

/* A dead address for messages is made anew whenever the app opens: the state after that. */
async function mended(state) {
  const allowed = globalThis.Notification?.permission === "granted";
  if (!allowed || state.push.state === "works") return state;
  const renewed = await renew(state.push_key).catch(() => false);
  return renewed ? say("state") : state;
}

const moment = async () => Date.now() + ((await store.read("offset")).offset ?? 0);

/* Until when the account is locked, on whatever way in; null: it is not. */
function locked({ locked_until: until, lanes }, now) {
  const ends = [until, ...lanes.map((lane) => lane.locked_until)].filter((end) => end && end > now);
  return ends.length ? Math.max(...ends) : null;
}

function standing(state, now, after) {
  if (state.frozen_at) return "frozen";
  if (state.lanes.some(({ closed }) => closed)) return "closed";
  if (locked(state, now)) return "locked";
  if (after) return after;
  return state.push.state === "works" ? "well" : "silent";
}

async function draw(state, after) {
  const now = await moment(), stands = standing(state, now, after), until = locked(state, now);
  const { name, identifier } = state.account;
  const screen = show("home", {
    texts: { identifier: name === identifier ? name : `${name} · ${identifier}`,
      since: state.frozen_at ? clock(state.frozen_at, now) : "" },
    acts: { unlock, offline: () => ways.offline(), sessions: () => ways.sessions(),
      happened: () => ways.happened(), check: () => ways.check(), phone: () => ways.phone() },
  });
  screen.only("stands", stands);
  screen.only("push", state.push.state === "works" || stands === "silent" ? "" : "silent");
  if (until) counting(screen, until, until - now);
  screen.announce();
  renewing(screen, stands, after);
}

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
function renewing(screen, stands, after) {
  const look = async () => {
    if (document.visibilityState !== "visible") return;
    const state = await say("state").catch(() => null);
    if (!state || !shown(screen)) return;
    if (state.waiting) ways.questions();
    else if (standing(state, await moment(), after) !== stands) draw(state, after);
  };
  const asked = async () => {
    if (document.visibilityState !== "visible") return;
    const found = await say("questions").catch(() => null);
    if (found?.questions.length && shown(screen)) ways.questions();
  };
  const looking = setInterval(look, AGAIN_MS), asking = setInterval(asked, ASKED_MS);
  document.addEventListener("visibilitychange", look);
  navigator.serviceWorker?.addEventListener("message", look);
  screen.leaving.push(() => {
    clearInterval(looking);
    clearInterval(asking);
    document.removeEventListener("visibilitychange", look);
    navigator.serviceWorker?.removeEventListener("message", look);
  });
}

const unlock = () => proved("unlock", (proof) => say("unlock", { proof }), () => ways.home("opened"));
