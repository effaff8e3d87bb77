/* Choosing a new directory password (templates/directory_choose.html). What is typed is choosing.js';
   when it is done, the password is sealed here (seal.js), and what leaves the browser is what only an
   agent of the directory can open. A form that is sent without this script holds nothing of it. */

/* what belongs together is fetched together: the same ?v= for all of a release's scripts */
const release = new URL(import.meta.url).search;
const [{ Choosing }, { able, repin, seal, Told }] = await Promise.all(
  ["choosing", "seal"].map((name) => import(`./${name}.js${release}`)),
);

const form = document.querySelector("form[data-choose]");
const box = new Choosing(form), one = (name) => box.one(name);
/* what the directory wants; null while it is not known */
let policy = JSON.parse(form.dataset.policy), account = JSON.parse(form.dataset.account);
const LOOK_AGAIN_MS = 1_000;

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
  box.learn(policy, account);
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

function busy(now) {
  one("send").disabled = now;
  one("sealing").hidden = !now;
}

let asked = null;  /* what the last attempt was told, for comparing fingerprints */
async function submit(event) {
  event.preventDefault();
  const wrong = box.complaint();
  if (wrong) {
    box.tell(wrong[0]);
    return wrong[1].focus();
  }
  box.tell("");
  busy(true);
  try {
    asked = await post(form.action + "/recipients", {});
    const envelopes = await seal(box.password, asked);
    await post(form.action + "/submit", { envelopes: JSON.stringify(envelopes) });
  } catch (error) {
    return failed(error);
  }
  box.forget();
  location.replace(form.action);
}

function failed(error) {
  const name = error instanceof Told ? error.message : "unsealed";
  busy(false);
  if (!box.note(name)) {  /* it went on without this page: too late, taken back; the page says what */
    box.forget();
    return location.reload();
  }
  if (error.kept) one('print="kept"').textContent = error.kept;
  box.tell(name);
  box.note(name).scrollIntoView({ block: "nearest" });
}

/* Somebody has read the directory's fingerprint out: is it what this browser is shown? */
async function compare() {
  const right = await repin(asked, one("spoken").value);
  one("misheard").hidden = right;
  if (right) box.tell("");
}

/* ---- the page */

function begin() {
  one("needs-script").hidden = false;
  form.addEventListener("submit", submit);
  one("repin").addEventListener("click", compare);
  box.learn(policy, account, Boolean(form.dataset.look));
  box.fresh.focus();
  ask();
}

if (able()) begin();
else box.tell("unable");
