/* Choosing a new directory password (templates/directory_choose.html). While somebody types, the
   directory's policy is judged here; when they are done, the password is sealed here (seal.js),
   and what leaves the browser is what only an agent of the directory can open. The fields have no
   name: a form that is sent without this script holds nothing of them. */

/* what belongs together is fetched together: the same ?v= for all of a release's scripts */
const release = new URL(import.meta.url).search;
const [{ judge, plain, unusual }, { make }, { able, repin, seal, Told }] = await Promise.all(
  ["policies", "passphrases", "seal"].map((name) => import(`./${name}.js${release}`)),
);

const form = document.querySelector("form[data-choose]");
const one = (name, scope = form) => scope.querySelector(`[data-${name}]`);
const fresh = one("fresh"), again = one("again"), meant = one("meant");
/* what the directory wants; null while it is not known */
let policy = JSON.parse(form.dataset.policy), account = JSON.parse(form.dataset.account);
const LOOK_AGAIN_MS = 1_000;

/* ---- words: all of them stand in the page, and are shown or hidden here */

const notes = () => form.querySelectorAll("[data-told]");
const note = (name) => form.querySelector(`[data-told="${name}"]`);
function telling(name) {
  for (const each of notes()) each.hidden = each.dataset.told !== name;
}
const write = (node, text) => { if (node.textContent !== text) node.textContent = text; };

/* ---- what the directory wants */

function showPolicy() {
  const asking = Boolean(form.dataset.look);
  one("asking").hidden = !asking;
  one("rules").hidden = asking;
  one("unknown").hidden = asking || Boolean(policy);
  write(one("least"), String(Math.max(policy?.min_length ?? 0, 1)));
  for (const name of ["too_simple", "has_name"]) one(`rule="${name}"`).hidden = !policy?.complexity;
  for (const line of form.querySelectorAll("[data-history]")) {
    const checked = Boolean(policy?.history && policy.history_on_reset);
    line.hidden = !policy?.history || (line.dataset.history === "checked") !== checked;
  }
  write(one("remembered"), String(policy?.history ?? ""));
  changed();
}

/* The question is on its way to the directory: its answer is waited for, typing goes on. */
async function ask() {
  while (form.dataset.look) {
    const reply = await fetch(form.dataset.look).catch(() => null);
    const answer = reply?.ok ? await reply.json() : { over: Boolean(reply) };
    if (answer.over) {
      delete form.dataset.look;
      policy = answer.policy ?? null;
      account = answer.account ?? account;
    } else await new Promise((again) => setTimeout(again, LOOK_AGAIN_MS));
  }
  showPolicy();
}

/* ---- what is wrong with what is typed */

let pastedEnd = false;  /* a field of one line drops line ends, and says nothing */

const hidden = () => fresh.type === "password";
const differs = () => hidden() && fresh.value !== again.value;

function faults() {
  const found = judge(fresh.value, policy, account).map((complaint) => complaint.fault);
  for (const line of form.querySelectorAll("[data-rule]")) {
    const broken = found.includes(line.dataset.rule), met = fresh.value !== "" && !broken;
    line.classList.toggle("met", met);
    write(one("word", line), met ? one("word", line).dataset.met : one("word", line).dataset.unmet);
    /* two that hardly anybody ever breaks */
    if (["too_long", "not_text"].includes(line.dataset.rule)) line.hidden = !broken;
  }
  write(one("count"), String(fresh.value.length));
  return found;
}

function warnings() {
  const found = unusual(fresh.value);
  if (pastedEnd && fresh.value && !found.includes("line-end")) found.push("line-end");
  for (const line of form.querySelectorAll("[data-unusual]"))
    line.hidden = !found.includes(line.dataset.unusual);
  one("ask").hidden = !found.length;
  if (!found.length) meant.checked = false;
  return found;
}

function changed() {
  faults();
  warnings();
  one("repeat").hidden = !hidden();
  one("take").hidden = !fresh.value;
  for (const name of ["unfit", "differs", "unasked", "long"]) note(name).hidden = true;
}

function typed(event) {
  if (event.target === fresh) one("made").hidden = true;
  if (event.target === fresh || event.target === again) changed();
}
function pasted(event) {
  pastedEnd = /[\r\n\u2028\u2029]/.test(event.clipboardData?.getData("text") ?? "");
}
function before(event) {
  if (event.inputType !== "insertFromPaste") pastedEnd = false;
}

/* Only when somebody asks for it: what was typed is theirs. */
function tidy() {
  for (const field of [fresh, again]) field.value = plain(field.value);
  pastedEnd = false;
  changed();
  fresh.focus();
}

function reveal(shown) {
  fresh.type = shown ? "text" : "password";
  write(one("shows"), shown ? one("shows").dataset.hide : one("shows").dataset.show);
  changed();
}

/* ---- a pass-phrase */

async function suggest() {
  const { words } = await import(`./vendor/words.js${release}`);
  const made = make(words, policy, account);
  fresh.value = made.text;
  again.value = "";
  pastedEnd = false;
  reveal(true);
  write(one("bits"), String(Math.floor(made.bits)));
  one("made").hidden = false;
  write(one("copied"), "");
  fresh.focus();
}

/* Exactly what is in the field: what is selected by hand brings a space along. */
async function copy() {
  const said = one("copied");
  try {
    await navigator.clipboard.writeText(fresh.value);
    write(said, said.dataset.done);
  } catch {
    write(said, said.dataset.failed);
    fresh.select();
  }
}

/* ---- sending */

async function post(address, fields) {
  const body = new URLSearchParams({ csrf: form.elements.csrf.value, ...fields });
  let reply;
  try {
    reply = await fetch(address, { method: "POST", body });
  } catch {
    throw new Told("unreachable");
  }
  if ([429, 503].includes(reply.status)) throw new Told("busy");
  if (reply.status >= 500) throw new Told("unreachable");
  const answer = reply.status === 204 ? {} : await reply.json().catch(() => ({}));
  if (!reply.ok) throw new Told(answer.code ?? "gone");
  return answer;
}

function complaint() {
  const broken = faults().length, strange = warnings().length;
  if (broken) return ["unfit", fresh];
  if (differs()) return ["differs", again];
  return strange && !meant.checked ? ["unasked", meant] : null;
}

function busy(now) {
  one("send").disabled = now;
  one("sealing").hidden = !now;
}

let asked = null;  /* what the last attempt was told, for comparing fingerprints */
async function submit(event) {
  event.preventDefault();
  const wrong = complaint();
  if (wrong) {
    telling(wrong[0]);
    return wrong[1].focus();
  }
  telling("");
  busy(true);
  try {
    asked = await post(form.action + "/recipients", {});
    const envelopes = await seal(fresh.value, asked);
    await post(form.action + "/submit", { envelopes: JSON.stringify(envelopes) });
  } catch (error) {
    return failed(error);
  }
  forget();
  location.replace(form.action);
}

function failed(error) {
  const name = error instanceof Told ? error.message : "unsealed";
  busy(false);
  if (!note(name)) {  /* it went on without this page: too late, taken back; the page says what */
    forget();
    return location.reload();
  }
  if (error.kept) write(one('print="kept"'), error.kept);
  telling(name);
  note(name).scrollIntoView({ block: "nearest" });
}

/* Somebody has read the directory's fingerprint out: is it what this browser is shown? */
async function compare() {
  const right = await repin(asked, one("spoken").value);
  one("misheard").hidden = right;
  if (right) telling("");
}

/* Out of the page at least; the browser's memory is its own. */
function forget() {
  fresh.value = again.value = "";
}

/* ---- the page */

function begin() {
  one("needs-script").hidden = false;
  form.addEventListener("submit", submit);
  form.addEventListener("input", typed);
  fresh.addEventListener("paste", pasted);
  fresh.addEventListener("beforeinput", before);
  one("toggle").addEventListener("click", () => reveal(hidden()));
  one("make").addEventListener("click", () => suggest().catch(() => telling("unmade")));
  one("take").addEventListener("click", copy);
  one("tidy").addEventListener("click", tidy);
  one("repin").addEventListener("click", compare);
  window.addEventListener("pagehide", forget);
  showPolicy();
  fresh.focus();
  ask();
}

if (able()) begin();
else telling("unable");
