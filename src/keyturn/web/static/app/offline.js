/* The offline code: shown without a network, made anew with one. */

import { fromBase32 } from "./bytes.js";
import { say } from "./door.js";
import { proved } from "./lock.js";
import { show } from "./screens.js";
import * as store from "./store.js";
import { left } from "./times.js";
import * as totp from "./totp.js";
import { ways } from "./ways.js";

const SECOND_MS = 1000;

/* A new secret in place of the one before; it is kept as a key that cannot be read. */
export async function renewCodes(proof) {
  const { secret } = await say("offline", { proof });
  await store.write({ offline: await totp.key(fromBase32(secret)) });
}

ways.offline = async () => {
  const { offline, offset = 0 } = await store.read("offline", "offset");
  const screen = show("offline", { acts: {
    home: () => ways.home(), make: () => proved("offline", renewCodes, () => ways.offline()),
  } });
  screen.only("code", offline ? "there" : "none");
  screen.announce();
  if (!offline) return;
  const tick = async () => {
    const now = Date.now() + offset, code = await totp.code(offline, now);
    screen.fill({ code: `${code.slice(0, 3)} ${code.slice(3)}`, left: left(totp.left(now)) });
  };
  await tick();
  const ticking = setInterval(tick, SECOND_MS);
  screen.leaving.push(() => clearInterval(ticking));
};
