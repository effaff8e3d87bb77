/* A temporary directory password (templates/console/case_temporary.html): made here by chance,
   sealed (seal.js), handed in, and shown once the directory has taken it; never before, so that
   nobody reads out what does not work. It stands in this page alone, and goes with it. */

/* what belongs together is fetched together: the same ?v= for all of a release's scripts */
const release = new URL(import.meta.url).search;
const [{ make }, { able, repin, seal, Told }] = await Promise.all(
  ["passphrases", "seal"].map((name) => import(`./${name}.js${release}`)),
);

const form = document.querySelector("form[data-temporary]");
const one = (name) => document.querySelector(`[data-${name}]`);
const note = (name) => document.querySelector(`[data-told="${name}"]`);
const policy = JSON.parse(form.dataset.policy), account = JSON.parse(form.dataset.account);
const AGAIN_MS = 700;
let password = "", asked = null;

function tell(name) {
  for (const each of document.querySelectorAll("[data-told]")) each.hidden = each.dataset.told !== name;
}
function busy(now) {
  one("send").disabled = now;
  one("setting").hidden = !now;
}
function forget() {
  password = "";
  one("word").textContent = "";
  one("shown").hidden = true;
}

async function ask(address, options) {
  let reply;
  try {
    reply = await fetch(address, options);
  } catch {
    throw new Told("unreachable");
  }
  if ([429, 503].includes(reply.status)) throw new Told("busy");
  if (reply.status >= 500) throw new Told("unreachable");
  if (reply.redirected) throw new Told("gone");  /* to a proof, which the page asks for when it is opened */
  const answer = await reply.json().catch(() => ({}));
  if (!reply.ok) throw new Told(note(answer.code) ? answer.code : "gone");
  return answer;
}
const post = (place, fields) => ask(form.action + place, {
  method: "POST", body: new URLSearchParams({ csrf: form.elements.csrf.value, ...fields }),
});

/* Until the directory has said how it went; a look that fails is made again. */
async function ended(job) {
  for (;;) {
    const now = await ask(`${form.action}/${job.job}`).catch(() => job);
    if (now.over) return now.state;
    await new Promise((again) => setTimeout(again, AGAIN_MS));
  }
}

async function set() {
  const { words } = await import(`./vendor/words.js${release}`);
  password = make(words, policy, account).text;
  asked = await post("/recipients", {});
  const envelopes = await seal(password, asked);
  const job = await post("/submit", { job: asked.job, envelopes: JSON.stringify(envelopes) });
  one("job").href = one("job").dataset.jobs + job.job;
  return ended(job);
}

async function submit(event) {
  event.preventDefault();
  tell("");
  busy(true);
  try {
    finished(await set());
  } catch (error) {
    forget();
    tell(error instanceof Told ? error.message : "unsealed");
    if (error.kept) one('print="kept"').textContent = error.kept;
    busy(false);
  }
}

function finished(state) {
  one("ask").hidden = true;
  one("over").hidden = false;
  if (state !== "done") {
    forget();
    return tell("not-done");
  }
  one("word").textContent = password;
  one("shown").hidden = false;
  one("shown").focus();
}

/* Exactly the password: what is selected by hand brings a space along. */
async function copy() {
  const said = one("copied");
  await navigator.clipboard.writeText(password).then(
    () => { said.textContent = said.dataset.done; },
    () => { said.textContent = said.dataset.failed; },
  );
}

async function compare() {
  const right = await repin(asked, one("spoken").value);
  one("misheard").hidden = right;
  if (right) tell("");
}

if (able()) {
  one("needs-script").hidden = false;
  form.addEventListener("submit", submit);
  one("take").addEventListener("click", copy);
  one("hide").addEventListener("click", forget);
  one("repin").addEventListener("click", compare);
  window.addEventListener("pagehide", forget);
} else tell("unable");
