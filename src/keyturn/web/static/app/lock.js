/* The app's lock: a PIN is chosen once, and asked for before something is changed; or, where the
   owner wants it so, the phone's own lock is, and the PIN is the other way. */

import { Refused, Unheard, say } from "./door.js";
import * as own from "./own.js";
import * as pin from "./pin.js";
import { show } from "./screens.js";
import * as store from "./store.js";
import { clock } from "./times.js";
import { failed, ways } from "./ways.js";

/* Have a PIN chosen and kept by the server; then `done` with the proof. old: of the PIN before. */
export function choose(phone, done, old = undefined) {
  const screen = show("choose-pin", { acts: { send: (here) => keep(here, phone, done, old) } });
  screen.part("pin").focus();
}

async function keep(screen, phone, done, old) {
  const digits = pin.digits(screen.part("pin").value), again = pin.digits(screen.part("again").value);
  const fault = !digits ? "digits" : pin.plain(digits) ? "plain" : digits !== again ? "differs" : "";
  screen.only("told", fault);
  if (fault) return screen.part(fault === "differs" ? "again" : "pin").focus();
  screen.busy(true);
  try {
    const secret = await pin.secret(digits, phone.id);
    await say("pin", { pin: secret, ...old && { proof: old } });
    return await done({ pin: secret });
  } catch (error) {
    screen.busy(false);
    if (error instanceof Unheard && error.why !== "changed") return screen.only("told", "offline");
    /* the proof of the one before has grown old */
    return error instanceof Refused && error.code === "lock" ? ways.pin() : failed(error);
  }
}

/* Do what needs the lock: `work` is given the proof, and what it gives back is given to `done`.
   why: the operation, which names the screen's sentence, too; about: id of what it is about. */
export async function proved(why, work, done, about = "") {
  const { phone, own: turned } = await store.read("phone", "own"), task = { why, work, done, about, phone };
  return turned ? byOwn(task) : byPin(task);
}

/* What came instead of a proof that was taken; the rest is told elsewhere. */
function hindrance(screen, error) {
  screen.busy(false);
  if (error instanceof Unheard && error.why !== "changed") screen.only("told", "offline");
  else return error;
}

/* ---- by the phone's own lock */

function byOwn(task) {
  const screen = show("ask-own", { acts: {
    send: (here) => touched(here, task), pin: () => byPin(task), home: () => ways.home(),
  } });
  screen.only("why", task.why);
  screen.announce();
  return touched(screen, task);
}

async function touched(screen, task) {
  screen.only("told", "");
  screen.busy(true);
  try {
    const proof = await own.opened(task.why, task.about);
    if (!proof) return await byPinAgain(task);
    return await task.done(await task.work(proof), proof);
  } catch (error) {
    if (error instanceof DOMException) {
      screen.busy(false);
      return screen.only("told", "cancelled");
    }
    if (!hindrance(screen, error)) return;
    if (!(error instanceof Refused && error.code === "lock")) return failed(error);
    return error.data.key ? screen.only("told", "wrong") : byPinAgain(task);
  }
}

/* The server has no key of this phone's lock any more. */
async function byPinAgain(task) {
  await store.write({ own: undefined });
  const screen = byPin(task);
  screen.only("told", "gone");
}

/* ---- by the PIN */

function byPin(task) {
  const screen = show("ask-pin", { acts: { send: (here) => ask(here, task), home: () => ways.home() } });
  screen.only("why", task.why);
  screen.announce();
  screen.part("pin").focus();
  return screen;
}

async function ask(screen, task) {
  const digits = pin.digits(screen.part("pin").value);
  screen.only("told", digits ? "" : "digits");
  if (!digits) return screen.part("pin").focus();
  screen.busy(true);
  try {
    const proof = { pin: await pin.secret(digits, task.phone.id) };
    return await task.done(await task.work(proof), proof);
  } catch (error) {
    return hindrance(screen, error) && refused(screen, error, task);
  }
}

async function refused(screen, error, { phone, work, done }) {
  if (!(error instanceof Refused && error.code === "lock")) return failed(error);
  const { set, until, left, closed } = error.data, { offset = 0 } = await store.read("offset");
  if (!set) return choose(phone, async (proof) => done(await work(proof), proof));
  screen.fill({ left: left ?? "", until: until ? clock(until, Date.now() + offset) : "" });
  screen.only("told", closed ? "closed" : until ? "locked" : "wrong");
  screen.part("pin").value = "";
  screen.part("pin").focus();
}

/* A new PIN in place of the present one. */
ways.pin = () => proved("pin", async (proof) => proof, async (_, old) => {
  const { phone } = await store.read("phone");
  choose(phone, () => ways.home(), old);
});

/* ---- the phone's own lock, turned on and off */

ways.own = async (told = "") => {
  const { own: turned } = await store.read("own"), standing = turned ? "on" : await own.hindered() || "off";
  const screen = show("own", { acts: {
    home: () => ways.home(), on: (here) => turnOn(here),
    off: () => proved("lock-forget", (proof) => say("lock-forget", { proof }), () => settled(false)),
  } });
  screen.only("own", standing);
  screen.only("told", told);
  screen.announce();
};

async function settled(turned, told = "") {
  await store.write({ own: turned || undefined });
  return ways.own(told);
}

/* Whether the server keeps what the platform has made: it is none any more if it came late. */
async function kept(made, proof) {
  try {
    await say("lock-key", { made, proof });
    return true;
  } catch (error) {
    if (error instanceof Refused && error.code === "key") return false;
    throw error;
  }
}

/* Made first, while the press is fresh; kept once the PIN was typed. */
async function turnOn(screen) {
  screen.only("told", "");
  screen.busy(true);
  try {
    const made = await own.made();
    return await proved("lock-key", (proof) => kept(made, proof), (is) => settled(is, is ? "" : "late"));
  } catch (error) {
    if (error instanceof DOMException) {
      screen.busy(false);
      return screen.only("told", "cancelled");
    }
    return hindrance(screen, error) && failed(error);
  }
}
