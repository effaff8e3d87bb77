/* A job on a directory account, followed to its end: set, proved on one controller, then on each. */

import { Refused, say } from "./door.js";
import { Screen, copy, data, show, shown } from "./screens.js";
import * as store from "./store.js";
import { clock, left, listed, span } from "./times.js";
import { failed, ways } from "./ways.js";

const REMEDIES = data("remedies");
const AGAIN_MS = 1000, LATER_MS = 3000, MOST_MS = 15_000;
const GOING = ["queued", "permitted", "unsettled"];
const NUMBERS = ["minimum", "history", "min_age_ms"];

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const hosts = (names) => listed(names.map((name) => name.split(".")[0]));

/* job: as the door told it; at: its account (directory.js). fresh, unlock: what trying again does. */
export async function follow(job, at) {
  const screen = show("job", { acts: {
    home: () => ways.home(), unlock: () => at.unlock?.(),
    fresh: () => (at.fresh ? at.fresh() : ways.directory(at)),
  } });
  let seen = job, wait = AGAIN_MS;
  draw(screen, seen, await store.moment());
  screen.announce();
  while (!seen.over) {
    await pause(wait);
    if (!shown(screen)) return;
    const next = document.visibilityState === "visible" ? await asked(screen, job.id) : seen;
    if (!shown(screen)) return;
    /* a line that is gone for a while is not asked again and again */
    wait = next ? (next.state === "done" ? LATER_MS : AGAIN_MS) : Math.min(wait * 2, MOST_MS);
    if (next && JSON.stringify(next) !== JSON.stringify(seen)) {
      const other = next.state !== seen.state;
      draw(screen, seen = next, await store.moment());
      if (other) screen.announce();
    }
  }
}

/* The job as it is now; null: nothing was heard, which changes nothing about it. */
async function asked(screen, id) {
  try {
    const found = await say("job", { id });
    screen.only("line", "");
    return found;
  } catch (error) {
    if (error instanceof Refused) failed(error);
    else screen.only("line", "lost");
    return null;
  }
}

/* ---- what is shown */

function draw(screen, job, now) {
  const { kind, state, reason } = job, done = state === "done", missed = state === "not_done";
  screen.fill(texts(job, now));
  screen.only("verdict", state);
  screen.only("standing", done ? reach(job) : `${kind}-${state}`);
  screen.only("lead", leading(job));
  const why = screen.knows("reason", word(job)) ? word(job) : "other";
  screen.only("reason", missed ? why : "");
  screen.only("wants", missed ? NUMBERS.find((name) => job.data[name]) ?? "" : "");
  screen.only("remedy", REMEDIES[job.cause] && state !== "unsettled" ? "yes" : "");
  screen.only("kept", missed && kind === "reset" ? "yes" : "");
  screen.only("going", GOING.includes(state) ? "yes" : "");
  /* whether another try may help stands beside the reason's words */
  const again = screen.node.querySelector(`[data-only="reason:${why}"]`).dataset.again;
  screen.only("next", missed ? again && kind : state === "changed" && kind === "reset" ? "changed" : "");
  screen.only("kind", kind);
  screen.only("asks", job.read_only.length ? "yes" : "");
  screen.only("proofs", job.proofs.length ? "yes" : "");
  screen.only("stopped", job.stopped ? job.stopped === "overtaken" ? "overtaken" : "late" : job.over ? "" : "goes-on");
  screen.only("old", done && kind === "reset" ? "yes" : "");
  screen.only("copies", job.directory_kind);
  screen.only("contacts", missed || state === "changed" ? "yes" : "");
  screen.only("by", job.by ? "yes" : "");
  screen.only("reason-word", reason ? "yes" : "");
  screen.part("proofs").replaceChildren(...job.proofs.map((proof) => controller(proof, kind)));
}

function texts(job, now) {
  const at = (ms) => (ms ? clock(ms, now) : "");
  return { domain: job.domain, name: job.account, by: job.by, job: job.id, reason: job.reason,
    there: hosts(job.there), coming: hosts(job.coming), arrived: hosts(job.arrived),
    read_only: hosts(job.read_only), soon: job.soon ? left(job.soon) : "",
    started: at(job.started_at), old_until: at(job.old_until), remedy: REMEDIES[job.cause] ?? "",
    minimum: job.data.minimum ?? "", history: job.data.history ?? "",
    min_age_ms: job.data.min_age_ms ? span(job.data.min_age_ms) : "" };
}

/* How far it has come. */
function reach({ kind, everywhere, there, arrived, coming, soon }) {
  if (!there.length) return kind === "reset" && arrived.length ? "reset-arrived" : `${kind}-done`;
  if (everywhere && !arrived.length) return there.length > 1 ? `${kind}-everywhere` : `${kind}-on`;
  return coming.length ? soon ? `${kind}-soon` : `${kind}-follows` : `${kind}-on`;
}

function leading({ kind, state, must_change: must, unbound, unlocks, reason }) {
  if (state === "changed") return reason === "untried" ? "untried" : kind === "reset" ? "reset-changed" : "";
  if (state !== "done") return state;
  if (kind === "unlock") return "unlock";
  return must ? "reset-must" : unbound ? "reset-unbound" : unlocks ? "reset-unlocks" : "reset";
}

/* The reason, by its word: what could not be reached is one thing to a person. */
const word = ({ reason, cause }) =>
  /controller-|tls/.test(cause ?? "") && !["busy", "too_late"].includes(reason) ? "unreachable" : reason;

function controller(proof, kind) {
  const row = new Screen(copy("controller")), came = proof.delay_ms && ["proved", "arrived"].includes(proof.state);
  row.fill({ host: hosts([proof.host]), site: proof.site ? `${proof.site}.` : "", after: came ? span(proof.delay_ms) : "" });
  row.only("seen", `${kind}-${proof.state}`);
  row.only("after", came ? "yes" : "");
  row.only("proof", proof.state);
  return row.node;
}
