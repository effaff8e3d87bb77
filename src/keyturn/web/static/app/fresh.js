/* A new directory password: typed, sealed here by the key that this phone pinned when it was set up,
   handed in. Nothing of it is kept, and nothing of it leaves the phone that Keyturn could read. */

import { Choosing } from "../choosing.js";
import { Told, sealBy } from "../seal.js";
import { Refused, say } from "./door.js";
import { proved } from "./lock.js";
import { follow } from "./progress.js";
import { show } from "./screens.js";
import * as store from "./store.js";
import { failed, ways } from "./ways.js";

/* why nothing was handed in, by the door's codes; the rest goes its usual way */
const NOTES = { unsealed: "stale", spent: "spent", agent_silent: "nobody", no_agent: "nobody" };
const UNKNOWN = { name: "", display: "" };

/* The form for the account `at` (directory.js). typed, told: what was typed before, and why it was
   not handed in. */
export async function fresh(at, { typed = "", told = "" } = {}) {
  if (!await pinned(at)) return unpinned(at);
  const screen = show("fresh", {
    texts: { name: at.name, domain: at.domain, by: at.by ?? "" },
    acts: { home: () => ways.home(), cancel: () => cancel(at), send: (here) => send(at, box, here) },
  });
  const box = new Choosing(screen.node);
  screen.only("whose", at.job && at.by ? "started" : "own");
  screen.part("username").value = at.name;
  screen.leaving.push(() => box.forget());
  box.learn(at.policy ?? null, at.names ?? UNKNOWN);
  if (typed) box.keep(typed);
  screen.announce();
  if (!told) return;
  box.tell(told);
  box.note(told).scrollIntoView({ block: "nearest" });
}

/* The directory's identity key as it was pinned with this phone; undefined: it was added since. */
async function pinned(at) {
  const { trusted } = await store.read("trusted");
  return trusted.directories.find(({ id }) => id === at.directory)?.identity;
}

const unpinned = (at) => show("unpinned", {
  texts: { domain: at.domain },
  acts: { home: () => ways.home(), anew: () => ways.anew() },
});

async function cancel(at) {
  if (!at.job) return ways.home();
  try {
    await say("cancel", { id: at.job });
    at.job = "";
    return ways.home();
  } catch (error) {
    return failed(error, () => cancel(at));
  }
}

function send(at, box) {
  const wrong = box.complaint();
  if (wrong) {
    box.tell(wrong[0]);
    return wrong[1].focus();
  }
  const typed = box.password;
  return proved("choose", (proof) => handIn(at, typed, proof), (found) => {
    if (found.told) fresh(at, { typed, told: found.told });
    else follow(found, { ...at, fresh: () => fresh({ ...at, job: "", sent: "" }) });
  }, at.directory);
}

/* Sealed and handed in: the job, or why not. What was handed in without an answer is not handed in
   again, if it went on. */
async function handIn(at, password, proof) {
  try {
    const before = at.sent ? await say("job", { id: at.sent }) : null;
    if (before && before.state !== "choosing") return before;
    const asked = await say("choose", { directory: at.directory, proof }), identity = await pinned(at);
    if (asked.identity !== identity) return { told: "identity" };
    const envelopes = await sealBy(identity, password, { ...asked, directory: at.directory }, await store.moment());
    at.sent = asked.job;
    return await say("submit", { id: asked.job, envelopes, proof });
  } catch (error) {
    const told = error instanceof Told ? error.message : error instanceof Refused && NOTES[error.data.why ?? error.code];
    if (told) return { told };
    throw error;
  }
}
