/* Which system and browser a phone says it has, and in which version: a copy of
   rules/phone_checks/platforms.py, which says why each line is as it is. Versions are
   [major, minor], or null where nobody knows them. */

/* older systems cannot run the app, whatever the browser */
export const SYSTEM_FLOOR = { android: [7, 0], ios: [16, 4] };
/* Chromium, for its last release on Android 7 */
export const CHROMIUM_FLOOR = [119, 0];

const ANDROID = /\bAndroid ([0-9]{1,3})(?:\.([0-9]{1,3}))?/;
const IOS = /\b(?:iPhone|iPad|iPod)\b[^)]*? OS ([0-9]{1,3})(?:_([0-9]{1,3}))?/;
const SAFARI = /\bVersion\/([0-9]{1,3})(?:\.([0-9]{1,3}))?/;
const CHROMIUM = /\bChrom(?:e|ium)\/([0-9]{1,4})(?:\.([0-9]{1,4}))?/;
const NUMBERS = /^([0-9]{1,4})(?:\.([0-9]{1,4}))?(?:\.[0-9.]*)?$/;
const FROZEN = 10;

const version = (found) => (found ? [Number(found[1]), Number(found[2] ?? 0)] : null);
export const older = (one, other) => one[0] < other[0] || (one[0] === other[0] && one[1] < other[1]);

/* What the phone says of itself: { system: "android", "ios" or "other"; version; chromium: of the
   browser's engine; within: the page runs inside of another app, not in a browser }. */
export function platform(seen) {
  const agent = seen.agent ?? "";
  const on = hinted(seen) ?? told(agent, seen.touch ?? 0);
  const engine = version(NUMBERS.exec(seen.chromium ?? "")) ?? version(CHROMIUM.exec(agent));
  const within = on.system === "android" && agent.includes("; wv)");
  return { ...on, chromium: on.system === "ios" ? null : engine, within };
}

/* By client hints; null: the browser gives none. No iOS browser does. */
function hinted(seen) {
  if (!seen.platform) return null;
  if (seen.platform !== "Android") return { system: "other", version: null };
  return { system: "android", version: version(NUMBERS.exec(seen.platform_version ?? "")) };
}

/* By the user agent. */
function told(agent, touch) {
  const android = version(ANDROID.exec(agent)), ios = version(IOS.exec(agent));
  if (android) {
    const frozen = android[0] === FROZEN && android[1] === 0;
    return { system: "android", version: frozen ? null : android };
  }
  if (ios) return { system: "ios", version: ios };
  if (agent.includes("Macintosh") && touch > 1)  /* no Mac has a touch screen */
    return { system: "ios", version: version(SAFARI.exec(agent)) };
  if (/\b(?:iPhone|iPad|iPod)\b/.test(agent)) return { system: "ios", version: null };
  return { system: agent.includes("Android") ? "android" : "other", version: null };
}
