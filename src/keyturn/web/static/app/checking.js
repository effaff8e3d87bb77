/* Check my phone: everything is tried, the first cause is told with its mend, the rest is listed. */

import { anything } from "./changes.js";
import { able, first, results } from "./checks.js";
import { Refused, Unheard, say } from "./door.js";
import { allow, look, told, unasked } from "./look.js";
import { renew, test } from "./messages.js";
import { platform } from "./platforms.js";
import { data, show, shown } from "./screens.js";
import * as store from "./store.js";
import { ways } from "./ways.js";

const CAUSES = data("causes");
/* without these the app works all the same, if less well */
const BEARABLE = ["clock", "camera", "notifications", "push"];
const ASKABLE = ["unasked", "dismissed"];

/* The words for a cause on this phone's system. */
export const words = (check, cause, on) =>
  CAUSES.find((one) => one.check === check && one.cause === cause && [null, on.system].includes(one.system));

/* Only ever from a tap: the phone may ask its owner. onward: where to go when nothing is in the
   way; none for a phone that is bound. */
export async function check(onward) {
  const asking = allow(), screen = show("looking");
  await asking;
  await found(screen, await look({ camera: true }), onward);
}

/* What was seen is told, unless whoever looked has gone on from that screen. */
async function found(screen, seen, onward) {
  const bound = seen.database ? Boolean((await store.read("phone")).phone) : false;
  if (bound && seen.online) Object.assign(seen, await messages());
  if (bound && seen.online) await say("checks", { seen: told(seen) }).catch(() => {});
  if (shown(screen)) mending(tell(seen, bound, onward), seen, onward);
}

/* Whatever its owner changes meanwhile is looked at anew; nobody is asked, and what stays as it was
   is not told twice. */
function mending(screen, seen, onward) {
  const answers = (which) => JSON.stringify(results(which));
  let going = Promise.resolve();
  const again = async () => {
    if (!shown(screen)) return;
    const now = { ...seen, ...await look(), camera: await unasked(seen.camera) };
    if (answers(now) !== answers(seen)) await found(screen, now, onward);
  };
  screen.leaving.push(anything(() => { going = going.then(again); }));
}

/* What becomes of a message to this phone. */
async function messages() {
  try {
    const { phone } = await store.read("phone");
    if (!await renew(phone.push)) return { subscription: "none" };
    return { subscription: "lives", test: await test() };
  } catch (error) {
    if (error instanceof Refused && error.code === "push")
      return { subscription: error.data.why === "gone" ? "dead" : "none" };
    if (error instanceof Refused || error instanceof Unheard) return {};
    throw error;
  }
}

function tell(seen, bound, onward) {
  const on = platform(seen), all = results(seen), worst = first(all);
  const causes = Object.entries(all).filter(([, answer]) => !["well", "untold"].includes(answer));
  const screen = show("checked", { acts: {
    check: () => check(onward), allow: () => check(onward), home: () => ways.home(),
    onward: () => onward?.(seen),
  } });
  for (const [name, answer] of Object.entries(all)) screen.only(name, shownAs(name, answer, bound));
  const hidden = Object.entries(all).some(([name, answer]) => answer === "untold" && (bound || name !== "push"));
  screen.only("found", worst ? "cause" : hidden ? "untold" : "well");
  if (worst) screen.fill(texts(words(...worst, on), causes.length - 1));
  const bearable = causes.every(([name]) => BEARABLE.includes(name)) && able(seen);
  screen.only("onward", !onward ? "" : !worst ? "main" : bearable ? "second" : "");
  screen.only("mend", !worst ? "" : ASKABLE.includes(worst[1]) ? "allow" : "again");
  screen.only("then", causes.length > 1 ? "more" : "");
  screen.only("again", worst ? "" : "also");
  screen.only("back", bound ? "home" : "");
  screen.part("all").open = Boolean(worst || hidden);
  screen.announce();
  return screen;
}

const texts = ({ title, what, do: mend }, more) => ({ title, what, do: mend, more });

const shownAs = (name, answer, bound) => {
  if (answer === "untold" && name === "push" && !bound) return "later";
  return ["well", "untold"].includes(answer) ? answer : "cause";
};

ways.check = () => check();
