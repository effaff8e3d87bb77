/* What is typed as a new directory password (templates/_choosing.html), on a page and in the phone
   app: the directory's policy is judged while somebody types, what is easily lost is asked about, a
   pass-phrase is made. The fields have no name: a form that is sent holds nothing of them. */

/* what belongs together is fetched together: the same ?v= for all of a release's scripts */
const release = new URL(import.meta.url).search;
const [{ judge, plain, unusual }, { make }] = await Promise.all(
  ["policies", "passphrases"].map((name) => import(`./${name}.js${release}`)),
);

const write = (node, text) => { if (node.textContent !== text) node.textContent = text; };
/* what only concerns the fields: it is over as soon as somebody types */
const OF_FIELDS = ["unfit", "differs", "unasked", "long", "unmade"];

export class Choosing {
  #pastedEnd = false;  /* a field of one line drops line ends, and says nothing */
  #policy = null;
  #account = { name: "", display: "" };

  /* box: what holds the fields and the notes (data-told). */
  constructor(box) {
    this.box = box;
    this.fresh = this.one("fresh");
    this.again = this.one("again");
    this.meant = this.one("meant");
    box.addEventListener("input", (event) => this.#typed(event));
    this.fresh.addEventListener("paste", (event) => this.#pasted(event));
    this.fresh.addEventListener("beforeinput", (event) => {
      if (event.inputType !== "insertFromPaste") this.#pastedEnd = false;
    });
    this.one("toggle").addEventListener("click", () => this.#reveal(this.#hidden));
    this.one("make").addEventListener("click", () => this.#suggest().catch(() => this.tell("unmade")));
    this.one("take").addEventListener("click", () => this.#copy());
    this.one("tidy").addEventListener("click", () => this.#tidy());
    window.addEventListener("pagehide", () => this.forget());
  }

  one(name) { return this.box.querySelector(`[data-${name}]`); }

  /* ---- words: all of them stand in the page, and are shown or hidden here */

  note(name) { return this.box.querySelector(`[data-told="${name}"]`); }
  tell(name) {
    for (const each of this.box.querySelectorAll("[data-told]")) each.hidden = each.dataset.told !== name;
  }

  /* ---- what the directory wants: policy, null while it is not known; asking: it is being asked */

  learn(policy, account, asking = false) {
    this.#policy = policy;
    this.#account = account;
    this.one("asking").hidden = !asking;
    this.one("rules").hidden = asking;
    this.one("unknown").hidden = asking || Boolean(policy);
    write(this.one("least"), String(Math.max(policy?.min_length ?? 0, 1)));
    for (const name of ["too_simple", "has_name"]) this.one(`rule="${name}"`).hidden = !policy?.complexity;
    for (const line of this.box.querySelectorAll("[data-history]")) {
      const checked = Boolean(policy?.history && policy.history_on_reset);
      line.hidden = !policy?.history || (line.dataset.history === "checked") !== checked;
    }
    write(this.one("remembered"), String(policy?.history ?? ""));
    this.#changed();
  }

  /* ---- what is wrong with what is typed */

  get password() { return this.fresh.value; }
  get #hidden() { return this.fresh.type === "password"; }
  get #differs() { return this.#hidden && this.fresh.value !== this.again.value; }

  #faults() {
    const found = judge(this.fresh.value, this.#policy, this.#account).map((complaint) => complaint.fault);
    for (const line of this.box.querySelectorAll("[data-rule]")) {
      const broken = found.includes(line.dataset.rule), met = this.fresh.value !== "" && !broken;
      const word = line.querySelector("[data-word]");
      line.classList.toggle("met", met);
      write(word, met ? word.dataset.met : word.dataset.unmet);
      /* two that hardly anybody ever breaks */
      if (["too_long", "not_text"].includes(line.dataset.rule)) line.hidden = !broken;
    }
    write(this.one("count"), String(this.fresh.value.length));
    return found;
  }

  #warnings() {
    const found = unusual(this.fresh.value);
    if (this.#pastedEnd && this.fresh.value && !found.includes("line-end")) found.push("line-end");
    for (const line of this.box.querySelectorAll("[data-unusual]"))
      line.hidden = !found.includes(line.dataset.unusual);
    this.one("ask").hidden = !found.length;
    if (!found.length) this.meant.checked = false;
    return found;
  }

  #changed() {
    this.#faults();
    this.#warnings();
    this.one("repeat").hidden = !this.#hidden;
    this.one("take").hidden = !this.fresh.value;
    for (const name of OF_FIELDS) this.note(name).hidden = true;
  }

  #typed(event) {
    if (event.target === this.fresh) this.one("made").hidden = true;
    if ([this.fresh, this.again].includes(event.target)) this.#changed();
  }
  #pasted(event) {
    this.#pastedEnd = /[\r\n\u2028\u2029]/.test(event.clipboardData?.getData("text") ?? "");
  }

  /* Only when somebody asks for it: what was typed is theirs. */
  #tidy() {
    for (const field of [this.fresh, this.again]) field.value = plain(field.value);
    this.#pastedEnd = false;
    this.#changed();
    this.fresh.focus();
  }

  #reveal(shown) {
    const word = this.one("shows");
    this.fresh.type = shown ? "text" : "password";
    write(word, shown ? word.dataset.hide : word.dataset.show);
    this.#changed();
  }

  /* What keeps it from being sent, and the field to mend it in; null: nothing does. */
  complaint() {
    const broken = this.#faults().length, strange = this.#warnings().length;
    if (broken) return ["unfit", this.fresh];
    if (this.#differs) return ["differs", this.again];
    return strange && !this.meant.checked ? ["unasked", this.meant] : null;
  }

  /* ---- a pass-phrase */

  async #suggest() {
    const { words } = await import(`./vendor/words.js${release}`);
    const made = make(words, this.#policy, this.#account);
    this.fresh.value = made.text;
    this.again.value = "";
    this.#pastedEnd = false;
    this.#reveal(true);
    write(this.one("bits"), String(Math.floor(made.bits)));
    this.one("made").hidden = false;
    write(this.one("copied"), "");
    this.fresh.focus();
  }

  /* Exactly what is in the field: what is selected by hand brings a space along. */
  async #copy() {
    const said = this.one("copied");
    try {
      await navigator.clipboard.writeText(this.fresh.value);
      write(said, said.dataset.done);
    } catch {
      write(said, said.dataset.failed);
      this.fresh.select();
    }
  }

  /* What was typed before stands there again. */
  keep(password) {
    this.fresh.value = this.again.value = password;
    this.#changed();
  }

  /* Out of the page at least; the browser's memory is its own. */
  forget() {
    this.fresh.value = this.again.value = "";
  }
}
