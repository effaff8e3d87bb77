/* Ways from screen to screen, by name; each part of the app adds its own, and main.js loads them
   all. */

import { Refused, Unheard } from "./door.js";
import { show } from "./screens.js";
import * as store from "./store.js";

export const ways = {};

/* refusals that end what the phone may do, by the words that tell them */
const ENDED = { signature: "known", account: "account", frozen: "frozen" };
const RETRY = ["offline", "later", "changed"];

/* What did not go on, and why. retry: does the same again. */
export async function failed(error, retry) {
  const name = await named(error), { phone, offline } = await store.read("phone", "offline").catch(() => ({}));
  const screen = show("trouble", { acts: {
    retry, anew: () => ways.begin(), check: () => ways.check(), offline: () => ways.offline(),
  } });
  screen.only("trouble", name);
  screen.only("retry", RETRY.includes(name) && retry ? "yes" : "");
  screen.only("anew", phone && name !== "known" ? "" : "yes");
  screen.only("offline", phone && offline ? "yes" : "");
  screen.announce();
}

async function named(error) {
  if (error instanceof Unheard) return error.why;
  if (!(error instanceof Refused)) {
    console.error(error);  /* a fault of ours: nowhere else would it be seen */
    return "other";
  }
  if (error.code !== "unbound") return ENDED[error.code] ?? "other";
  await store.forget();
  return error.data.why;
}
