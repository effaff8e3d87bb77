/* The checks of a phone in their order: a copy of rules/phone_checks/checks.py, held to the same
   vectors (tests/vectors/phone_checks.json). Each answers "well", "untold" (it cannot be told from
   here, which is no cause) or the cause. Features come first, versions only say why. */

import { CHROMIUM_FLOOR, SYSTEM_FLOOR, older, platform } from "./platforms.js";

/* how far the phone's clock may be off: one step of its offline codes */
const CLOCK_MS = 30_000;
/* the app, its keys and what it keeps offline */
const ROOM_BYTES = 5_000_000;
const WELL = "well", UNTOLD = "untold";

/* All of what follows, by name and in order. seen: as rules/phone_checks/seen.py says; whatever is
   missing or null was not tried. */
export function results(seen) {
  const on = platform(seen);
  return Object.fromEntries(Object.entries(JUDGES).map(([check, judge]) => [check, judge(seen, on)]));
}

/* What is to be mended first, as [check, cause]: what comes later may come of it. */
export const first = (found) =>
  Object.entries(found).find(([, answer]) => answer !== WELL && answer !== UNTOLD) ?? null;

/* Whether all that the app needs of a browser was tried, and works. */
export const able = (seen) =>
  Boolean(seen.worker && seen.push && seen.notices && seen.database && seen.keys);

/* Whether a feature is known to be missing; storage has a check of its own. */
const lacks = (seen) => [seen.worker, seen.push, seen.notices, seen.keys].includes(false);

function system(seen, on) {
  if (able(seen)) return WELL;
  const floor = SYSTEM_FLOOR[on.system];
  if (!floor || !on.version) return UNTOLD;
  return older(on.version, floor) ? "old" : WELL;
}

function browser(seen, on) {
  if (able(seen)) return WELL;
  if (!lacks(seen)) return seen.worker && seen.push && seen.notices && seen.keys ? WELL : UNTOLD;
  if (on.system === "ios") return iosBrowser(seen, on);
  if (on.within) return "within";
  if (on.chromium && older(on.chromium, CHROMIUM_FLOOR)) return "old";
  return on.chromium ? "unable" : UNTOLD;
}

/* On iOS every browser is the system's, and has no push but on the home screen. */
function iosBrowser(seen, on) {
  if (!on.version) return UNTOLD;
  return !older(on.version, SYSTEM_FLOOR.ios) && seen.home ? "unable" : WELL;
}

function home(seen, on) {
  if (on.system !== "ios") return WELL;
  return told(seen.home, "not-added");
}

const told = (flag, cause) => (flag == null ? UNTOLD : flag ? WELL : cause);

function storage(seen) {
  if (seen.database == null) return UNTOLD;
  if (seen.free_bytes != null && seen.free_bytes < ROOM_BYTES) return "full";
  return told(seen.database, "off");
}

const network = (seen) => told(seen.online, "offline");

/* The answer may have been signed anywhere within the trip: half of it is doubt. */
function clock(seen) {
  if (seen.ahead_ms == null || seen.trip_ms == null) return UNTOLD;
  const off = Math.abs(seen.ahead_ms), doubt = Math.floor(Math.abs(seen.trip_ms) / 2);
  if (off - doubt > CLOCK_MS) return seen.ahead_ms > 0 ? "ahead" : "behind";
  return off + doubt <= CLOCK_MS ? WELL : UNTOLD;
}

function camera(seen) {
  if (seen.camera == null) return UNTOLD;
  return seen.camera === "works" ? WELL : seen.camera;
}

function notifications(seen) {
  if (seen.permission === "granted") return WELL;
  if (seen.permission === "denied") return "denied";
  if (seen.permission == null || seen.asked == null) return UNTOLD;
  return seen.asked ? "dismissed" : "unasked";
}

function push(seen) {
  if (seen.test === "arrived") return WELL;
  if (seen.subscription === "dead" || seen.subscription === "none") return seen.subscription;
  return seen.test === "lost" ? "lost" : UNTOLD;
}

const JUDGES = { system, browser, home, storage, network, clock, camera, notifications, push };
export const CHECKS = Object.keys(JUDGES);
