/* Moments and lengths of time in the page's language; the browser has the words. */

const LANGUAGE = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;
const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const UNITS = [["day", DAY], ["hour", HOUR], ["minute", MINUTE]];
const HOURS = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

const formatted = (ms, options) => new Intl.DateTimeFormat(LANGUAGE, options).format(ms);
const counted = (count, unit) =>
  new Intl.NumberFormat(LANGUAGE, { style: "unit", unit, unitDisplay: "long" }).format(count);
const midnight = (ms) => new Date(ms).setHours(0, 0, 0, 0);

/* "14:07", and the day where it is not today's: "tomorrow 14:07", "3 May, 14:07". */
export function clock(ms, now) {
  const hour = formatted(ms, HOURS), days = Math.round((midnight(ms) - midnight(now)) / DAY);
  if (days === 0) return hour;
  if (Math.abs(days) === 1)
    return `${new Intl.RelativeTimeFormat(LANGUAGE, { numeric: "auto" }).format(days, "day")} ${hour}`;
  return formatted(ms, { day: "numeric", month: "long", ...HOURS });
}

/* "dc1, dc2 and dc3" */
export const listed = (names) => new Intl.ListFormat(LANGUAGE, { type: "conjunction" }).format(names);

/* What is left, rounded up: "6 minutes", and seconds in the last minute: nobody who waits that
   long is too early. */
export function left(ms) {
  const rest = Math.max(ms, 0);
  return rest <= MINUTE ? counted(Math.ceil(rest / SECOND), "second") : counted(Math.ceil(rest / MINUTE), "minute");
}

/* How far two clocks are apart, in one unit: "40 seconds", "3 hours". */
export function span(ms) {
  const [unit, size] = UNITS.find(([, each]) => ms >= each) ?? ["second", SECOND];
  return counted(Math.round(ms / size), unit);
}
