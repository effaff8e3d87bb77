/* The app's lock: a PIN is chosen once, and asked for before something is changed. */

import { Refused, Unheard, say } from "./door.js";
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
    return failed(error);
  }
}

/* Do what needs the PIN: `work` is given the proof, and what it gives back is given to `done`. */
export async function proved(why, work, done) {
  const { phone } = await store.read("phone");
  const screen = show("ask-pin", { acts: {
    send: (here) => ask(here, phone, work, done), home: () => ways.home(),
  } });
  screen.only("why", why);
  screen.announce();
  screen.part("pin").focus();
}

async function ask(screen, phone, work, done) {
  const digits = pin.digits(screen.part("pin").value);
  screen.only("told", digits ? "" : "digits");
  if (!digits) return screen.part("pin").focus();
  screen.busy(true);
  try {
    const proof = { pin: await pin.secret(digits, phone.id) };
    return await done(await work(proof), proof);
  } catch (error) {
    screen.busy(false);
    return refused(screen, error, phone, work, done);
  }
}

async function refused(screen, error, phone, work, done) {
  if (error instanceof Unheard && error.why !== "changed") return screen.only("told", "offline");
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
