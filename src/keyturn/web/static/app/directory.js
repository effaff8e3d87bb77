/* A directory account: how it stands there, unlocking, and the ways to a new password. What it takes
   is loaded when somebody comes here. */

import { Refused, say } from "./door.js";
import { fresh } from "./fresh.js";
import { proved } from "./lock.js";
import { follow } from "./progress.js";
import { show, shown } from "./screens.js";
import * as store from "./store.js";
import { clock, span } from "./times.js";
import { failed, ways } from "./ways.js";

const AGAIN_MS = 1000;
/* states in which somebody else has to do something */
const HELPLESS = ["silent", "gone", "disabled", "ended"];

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
export const host = (name) => name.split(".")[0];

/* The account in the directory `at` ({ directory, domain, name, last }), asked for there. last: id of
   the newest job of the day, or "". */
export async function open(at) {
  const screen = show("directory", { texts: { domain: at.domain, name: at.name }, acts: {
    home: () => ways.home(), again: () => open(at), fresh: () => fresh(at),
    unlock: () => unlock(at), last: () => job(at.last),
  } });
  screen.only("verdict", "asking");
  try {
    let told = await say("look", { directory: at.directory });
    while (!told.over && shown(screen)) {
      await pause(AGAIN_MS);
      if (shown(screen)) told = await say("looked", { id: told.look });
    }
    if (shown(screen)) draw(screen, Object.assign(at, told), await store.moment());
  } catch (error) {
    if (shown(screen)) failed(error, () => open(at));
  }
}

/* What matters most about it, by the names in templates/app/directory.html. */
function standing({ state, until, expires_at: ends }) {
  if (state === "locked") return until ? "locked-until" : "locked";
  return state === "well" && ends ? "expires" : state;
}

function draw(screen, told, now) {
  screen.fill({ ...texts(told, now), domain: told.domain, name: told.name, by: told.by });
  screen.only("verdict", told.state);
  screen.only("state", standing(told));
  screen.only("advice", told.protected ? "" : standing(told));
  screen.only("cause", screen.knows("cause", told.cause) ? told.cause : "timeout");
  screen.only("waits", told.job && !told.protected ? told.by ? "started" : "chosen" : "");
  screen.only("protected", told.protected ? "yes" : "");
  screen.only("can", told.can.length > 1 ? "both" : told.can[0] ?? (told.state === "silent" ? "ask" : ""));
  screen.only("last", told.last ? "yes" : "");
  screen.only("contacts", told.protected || HELPLESS.includes(told.state) ? "yes" : "");
  screen.only("detail", told.controller ? "yes" : "");
  screen.only("set", told.set_at ? "known" : "never");
  screen.announce();
}

function texts(told, now) {
  const at = (ms) => (ms ? clock(ms, now) : "");
  return { until: at(told.until), set: at(told.set_at), asked: at(told.asked_at), bad: told.bad_count,
    left: told.expires_at ? span(told.expires_at - now) : "", controller: host(told.controller) };
}

/* ---- unlocking */

const unlock = (at) => proved("unlock-account", (proof) => begun(at, proof), (found) => {
  if (found.hindered) hindered(at, found.hindered);
  else follow(found, { ...at, unlock: () => unlock(at) });
}, at.directory);

async function begun(at, proof) {
  try {
    return await say("unlock-account", { directory: at.directory, proof });
  } catch (error) {
    if (error instanceof Refused && error.code === "directory") return { hindered: error.data };
    throw error;
  }
}

async function hindered(at, { why, until }) {
  const screen = show("hindered", { acts: { home: () => ways.home(), again: () => open(at) } });
  screen.fill({ until: until ? clock(until, await store.moment()) : "" });
  screen.only("why", why);
  screen.announce();
}

/* ---- a job, by its id: from home, from a message */

export async function job(id) {
  show("wait").only("wait", "home");
  try {
    const found = await say("job", { id });
    const at = { directory: found.directory, domain: found.domain, name: found.account, by: found.by,
      job: found.id, last: found.id };
    if (found.state === "choosing") return await open(at);
    follow(found, { ...at, unlock: () => unlock(at) });
  } catch (error) {
    failed(error, () => job(id));
  }
}
