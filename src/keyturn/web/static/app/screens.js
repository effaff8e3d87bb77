/* Screens: one at a time, each a <template> of the shell, which holds every word in it.

     data-text="name"    a place that is filled in
     data-part="name"    an element that the app looks for
     data-only="group:name"   of each group one is shown
     data-do="name"      a button or a form, and what happens then */

const stage = document.querySelector("[data-stage]");
const title = document.title;
let current = null;
let pressed = 0;

export class Screen {
  constructor(node) {
    this.node = node;
    this.leaving = [];
  }

  /* The element of a name; all of a name. */
  part(name) { return this.node.querySelector(`[data-part="${name}"]`); }
  fill(texts) {
    for (const [name, text] of Object.entries(texts))
      for (const place of this.node.querySelectorAll(`[data-text="${name}"]`)) write(place, text);
  }

  /* Of a group show the one of this name; "" for none. */
  only(group, name) {
    for (const each of this.node.querySelectorAll(`[data-only^="${group}:"]`))
      each.hidden = !each.dataset.only.slice(group.length + 1).split(" ").includes(name);
  }

  /* Whether a group has words for a name. */
  knows(group, name) {
    return [...this.node.querySelectorAll(`[data-only^="${group}:"]`)]
      .some((each) => each.dataset.only.slice(group.length + 1).split(" ").includes(name));
  }

  /* While something goes on, nothing can be pressed twice. */
  busy(now) {
    this.node.setAttribute("aria-busy", String(now));
    for (const button of this.node.querySelectorAll("button")) button.disabled = now;
  }

  /* Say what the screen is about, again: its sentence has changed. */
  announce() {
    const heading = [...this.node.querySelectorAll("h1")].find((each) => each.getClientRects().length);
    document.title = heading ? `${heading.textContent.trim().replace(/\s+/g, " ")} · ${title}` : title;
    heading?.focus();
    window.scrollTo(0, 0);
  }
}

/* Unchanged text is not written again: some screen readers read any change. */
function write(place, text) {
  if (place.textContent !== String(text)) place.textContent = text;
}

/* Show a screen. texts: what is filled in; acts: by name, what a button or a form does. */
export function show(name, { texts = {}, acts = {} } = {}) {
  for (const leave of current?.leaving ?? []) leave();
  const screen = new Screen(copy(name));
  current = screen;
  screen.fill(texts);
  screen.node.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-do]");
    if (button) pressed += 1;
    if (button) acts[button.dataset.do]?.(screen, button);
  });
  screen.node.addEventListener("submit", (event) => {
    event.preventDefault();
    pressed += 1;
    acts[event.target.dataset.do]?.(screen, event.target);
  });
  stage.replaceChildren(screen.node);
  screen.announce();
  return screen;
}

/* Whether a screen is still the one that is shown: what came late has nothing to say any more. */
export const shown = (screen) => screen === current;

/* How often something was pressed: who has pressed something else since does not wait any more. */
export const presses = () => pressed;

/* A copy of what a template holds. */
export const copy = (name) => document.getElementById(`s-${name}`).content.firstElementChild.cloneNode(true);

/* Data that the shell carries. */
export const data = (name) => JSON.parse(document.getElementById(name).textContent);
