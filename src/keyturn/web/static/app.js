/* Keyturn's pages work without this. It adds what only a browser can know: the person's own
   clock and time zone, whether Caps Lock is on, a space that cannot be seen. It sends nothing
   by itself, and submits no form. */
"use strict";
(() => {
  const root = document.documentElement;
  const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
  /* As words/speech.py says times; other languages than English come with the page. */
  const forms = (unit) => ({ one: "{0} " + unit, other: "{0} " + unit + "s" });
  const SPEECH = root.dataset.speech ? JSON.parse(root.dataset.speech) : {
    months: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    units: { day: forms("day"), hour: forms("hour"), minute: forms("minute"), second: forms("second") },
    hour: "{hour}", tomorrow: "{hour} tomorrow", yesterday: "{hour} yesterday", on: "{hour} on {date}",
    date: "{day} {month}", dated: "{day} {month} {year}", at: "{date}, {hour}",
    just_now: "just now", ago: "{span} ago", wait: " in {left}",
  };
  const MONTHS = SPEECH.months;
  const plural = new Intl.PluralRules(root.lang);
  const fill = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  /* The server's clock decides; a person's own may be wrong by hours. */
  const skew = Number(root.dataset.now) - Date.now();
  const now = () => Date.now() + skew;
  const count = (n, unit) => fill(SPEECH.units[unit][plural.select(n)] ?? SPEECH.units[unit].other, [n]);

  /* ---- times: the same three forms as web/rendering.py */

  function parts(ms) {
    const options = { year: "numeric", month: "numeric", day: "numeric", hour: "2-digit",
      minute: "2-digit", second: "2-digit", hourCycle: "h23" };
    if (root.dataset.zone) options.timeZone = root.dataset.zone;
    const out = {};
    for (const p of new Intl.DateTimeFormat("en-GB", options).formatToParts(ms)) out[p.type] = p.value;
    out.month = MONTHS[Number(out.month) - 1];
    out.day = String(Number(out.day));
    return out;
  }
  const dayNumber = (p) => Date.UTC(p.year, MONTHS.indexOf(p.month), p.day) / DAY;

  function clock(ms) {
    const then = parts(ms), today = parts(now());
    const hour = hourOf(then);
    const days = dayNumber(then) - dayNumber(today);
    if (days === 0) return hour;
    if (days === 1) return fill(SPEECH.tomorrow, { hour });
    if (days === -1) return fill(SPEECH.yesterday, { hour });
    return fill(SPEECH.on, { hour, date: dateOf(then, today) });
  }
  const hourOf = (p, seconds = "") => fill(SPEECH.hour, { hour: p.hour + ":" + p.minute + seconds });
  const dateOf = (p, today) => fill(p.year === today?.year ? SPEECH.date : SPEECH.dated, p);

  function span(ms) {
    for (const [unit, size] of [["day", DAY], ["hour", HOUR], ["minute", MINUTE]])
      if (ms >= size) return count(Math.floor((ms + size / 2) / size), unit);
    return count(Math.floor(Math.max(ms, 0) / SECOND), "second");
  }
  function ago(ms) {
    const passed = now() - ms;
    if (passed < 45 * SECOND) return SPEECH.just_now;
    if (passed < DAY) return fill(SPEECH.ago, { span: span(passed) });
    const then = parts(ms);
    return fill(SPEECH.at, { date: dateOf(then, parts(now())), hour: hourOf(then) });
  }
  function full(ms) {
    const p = parts(ms);
    return fill(SPEECH.at, { date: dateOf(p), hour: hourOf(p, ":" + p.second) });
  }
  const FORMS = { clock, ago, full };
  function showTimes(scope) {
    for (const node of scope.querySelectorAll("time[data-ms]"))
      node.textContent = FORMS[node.dataset.form](Number(node.dataset.ms));
  }

  /* ---- countdowns: [data-until] holds .running and .over; [data-left] says minutes in words,
     [data-digits] shows 5:42; [data-enable-at] is a button that opens at a time */

  function left(ms) {
    return ms <= MINUTE ? count(Math.ceil(ms / SECOND), "second") : count(Math.ceil(ms / MINUTE), "minute");
  }
  function digits(ms) {
    const s = Math.ceil(ms / SECOND);
    return Math.floor(s / 60) + ":" + String(s % 60).padStart(2, "0");
  }
  function tick() {
    for (const box of document.querySelectorAll("[data-until]")) {
      const rest = Math.max(Number(box.dataset.until) - now(), 0);
      for (const node of box.querySelectorAll("[data-left]")) set(node, left(rest));
      for (const node of box.querySelectorAll("[data-digits]")) {
        node.closest("[hidden]")?.removeAttribute("hidden");
        set(node, digits(rest));
      }
      for (const node of box.querySelectorAll("[data-running]")) node.hidden = rest === 0;
      for (const node of box.querySelectorAll("[data-over]")) node.hidden = rest > 0;
      if (rest === 0) for (const node of box.querySelectorAll("details[data-open-over]")) {
        node.open = true;
        node.removeAttribute("data-open-over");
      }
    }
    for (const button of document.querySelectorAll("[data-enable-at]")) {
      const rest = Math.max(Number(button.dataset.enableAt) - now(), 0);
      button.disabled = rest > 0;
      const note = button.querySelector("[data-wait]");
      if (note) set(note, rest > 0 ? fill(SPEECH.wait, { left: digits(rest) }) : "");
    }
  }
  /* Unchanged text is not written again: some screen readers read any change. */
  function set(node, text) { if (node.textContent !== text) node.textContent = text; }

  /* ---- fields */

  const hint = (input, name) =>
    input.closest(".field")?.querySelector("[data-hint='" + name + "']");
  function capsLock(event) {
    const note = event.target.closest?.("[data-secret]") && hint(event.target, "caps");
    if (note && event.getModifierState) note.hidden = !event.getModifierState("CapsLock");
  }
  function spaces(event) {
    const value = event.target.value;
    const note = event.target.matches?.("[data-spaces]") && hint(event.target, "space");
    if (note) note.hidden = value === value.trim();
  }
  function oneTimeCode(event) {
    const input = event.target;
    if (!input.matches?.("[data-otp]") || input.inputMode !== "numeric") return;
    const clean = input.value.replace(/\D/g, "").slice(0, 6);
    if (clean !== input.value && /^[\d\s.-]*$/.test(input.value)) input.value = clean;
  }
  function showPassword(button) {
    const input = document.getElementById(button.getAttribute("aria-controls"));
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.querySelector("[data-word]").textContent = shown ? button.dataset.hide : button.dataset.show;
  }
  function swapKeyboard(button) {
    const input = document.getElementById(button.getAttribute("aria-controls"));
    const letters = input.inputMode === "numeric";
    input.inputMode = letters ? "text" : "numeric";
    input.closest(".otp").classList.toggle("long", letters);
    button.textContent = letters ? button.dataset.asDigits : button.dataset.asLetters;
    input.focus();
  }
  async function copy(button) {
    const source = document.getElementById(button.dataset.copy);
    const text = source.dataset.plain || source.innerText.trim();
    const word = button.querySelector("[data-word]");
    try {
      await navigator.clipboard.writeText(text);
      word.textContent = button.dataset.done;
    } catch {
      word.textContent = button.dataset.failed;
    }
  }
  function click(event) {
    const button = event.target.closest?.("button");
    for (const menu of document.querySelectorAll("details.menu[open]"))
      if (!menu.contains(event.target)) menu.open = false;
    if (!button) return;
    if (button.hasAttribute("data-show")) showPassword(button);
    if (button.hasAttribute("data-as-letters")) swapKeyboard(button);
    if (button.hasAttribute("data-copy")) copy(button);
    if (button.hasAttribute("data-print")) window.print();
  }
  function escape(event) {
    if (event.key !== "Escape") return;
    const menu = document.querySelector("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  }

  /* what a reader has opened stays open when that part of the page is renewed */
  let opened = [];
  function keepOpen() {
    opened = [...document.querySelectorAll("details[id][open]")].map((node) => node.id);
  }
  function openAgain() {
    for (const id of opened.splice(0)) document.getElementById(id)?.setAttribute("open", "");
  }

  function start(scope) {
    for (const node of scope.querySelectorAll("[data-js]")) node.hidden = false;
    for (const node of scope.querySelectorAll("input[data-otp='numeric']")) node.inputMode = "numeric";
    for (const node of scope.querySelectorAll("input[data-timezone]"))
      node.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
    showTimes(scope);
  }
  start(document);
  tick();
  setInterval(tick, SECOND);
  document.addEventListener("keydown", capsLock);
  document.addEventListener("keyup", capsLock);
  document.addEventListener("keydown", escape);
  document.addEventListener("input", spaces);
  document.addEventListener("input", oneTimeCode);
  document.addEventListener("click", click);
  document.addEventListener("htmx:beforeSwap", keepOpen);
  document.addEventListener("htmx:afterSwap", openAgain);
  document.addEventListener("htmx:afterSettle", (event) => start(event.target));
})();
