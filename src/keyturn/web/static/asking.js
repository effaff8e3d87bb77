/* Signing in with a directory password (templates/directory_signin.html). It is sealed here
   (seal.js), handed in, and the answer is asked for until there is one. The fields have no name: a
   form that is sent without this script holds nothing of them. */

const release = new URL(import.meta.url).search;
const { able, repin, seal, Told } = await import(`./seal.js${release}`);

const form = document.querySelector("form[data-ask]");
const one = (name, scope = form) => scope.querySelector(`[data-${name}]`);
const who = one("identifier"), secret = one("password"), directory = one("directory");
/* answers come at whole steps of two seconds; the longest try takes less than two minutes */
const AGAIN_MS = 700, LONGEST_MS = 150_000;

/* ---- words: all of them stand in the page, and are shown or hidden here */

const note = (name) => form.querySelector(`[data-told="${name}"]`);
function telling(name) {
  for (const each of form.querySelectorAll("[data-told]")) each.hidden = each.dataset.told !== name;
}
const write = (node, text) => { if (node.textContent !== text) node.textContent = text; };

function waiting(now) {
  one("form").hidden = now;
  one("asking").hidden = !now;
}

function reveal(shown) {
  secret.type = shown ? "text" : "password";
  write(one("shows"), shown ? one("shows").dataset.hide : one("shows").dataset.show);
}

/* Of several directories the one whose name stands after the @. */
function chosen() {
  if (directory.tagName !== "SELECT") return;
  const domain = who.value.trim().toLowerCase().split("@")[1];
  const named = [...directory.options].find((option) => option.dataset.name === domain);
  if (named) directory.value = named.value;
}
const domain = () => (directory.selectedOptions?.[0] ?? directory).dataset.name;

/* ---- sending */

async function post(address, fields) {
  const body = new URLSearchParams({ csrf: form.elements.csrf.value, ...fields });
  let reply;
  try {
    reply = await fetch(form.action + address, { method: "POST", body });
  } catch {
    throw new Told("unreachable");
  }
  const answer = await reply.json().catch(() => ({}));
  if (reply.ok && !answer.code) return answer;
  throw new Told(answer.code ?? (reply.status === 503 ? "busy" : reply.status >= 500 ? "unreachable" : "gone"), answer);
}

const pause = (ms) => new Promise((again) => setTimeout(again, ms));

async function outcome(attempt) {
  const end = Date.now() + LONGEST_MS;
  while (Date.now() < end) {
    const answer = await post("/answer", { attempt });
    if (answer.to) return answer.to;
    await pause(AGAIN_MS);
  }
  throw new Told("trouble");
}

let asked = null;  /* what the last attempt was told, for comparing fingerprints */
async function submit(event) {
  event.preventDefault();
  if (!who.value.trim() || !secret.value) {
    telling("empty");
    return (who.value.trim() ? secret : who).focus();
  }
  telling("");
  waiting(true);
  try {
    asked = await post("/recipients", { directory: directory.value });
    const envelopes = JSON.stringify(await seal(secret.value, asked));
    await post("/submit", { attempt: asked.job, identifier: who.value, envelopes });
    const to = await outcome(asked.job);
    forget();
    location.replace(to);
  } catch (error) {
    failed(error);
  }
}

/* What was not tried is still in its field; what was is not. */
const TRIED = ["wrong", "change", "barred", "gone"];

function failed(error) {
  const name = error instanceof Told && note(error.message) ? error.message : "unsealed";
  if (TRIED.includes(name)) forget();
  waiting(false);
  if (name === "barred") because(error.reason);
  if (name === "identity") write(one("domain"), domain());
  if (error.kept) write(one('print="kept"'), error.kept);
  telling(name);
  if (name === "wrong") secret.focus();
  note(name).scrollIntoView({ block: "nearest" });
}

function because(reason) {
  const lines = [...form.querySelectorAll("[data-reason]")];
  const known = lines.some((line) => line.dataset.reason === reason);
  for (const line of lines) line.hidden = line.dataset.reason !== (known ? reason : "other");
}

/* Somebody has read the directory's fingerprint out: is it what this browser is shown? */
async function compare() {
  const right = await repin(asked, one("spoken").value);
  one("misheard").hidden = right;
  if (right) telling("");
}

/* Out of the page at least; the browser's memory is its own. */
function forget() {
  secret.value = "";
  reveal(false);
}

/* ---- the page */

function begin() {
  one("needs-script").hidden = false;
  form.addEventListener("submit", submit);
  who.addEventListener("change", chosen);
  one("toggle").addEventListener("click", () => reveal(secret.type === "password"));
  one("repin").addEventListener("click", compare);
  window.addEventListener("pagehide", forget);
  who.focus();
}

if (able()) begin();
else telling("unable");
