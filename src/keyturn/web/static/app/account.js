/* What hangs on the account: where it is signed in, what happened to it, this phone itself. */

import { say } from "./door.js";
import { proved } from "./lock.js";
import { Screen, copy, data, presses, show } from "./screens.js";
import * as store from "./store.js";
import { clock } from "./times.js";
import { failed, ways } from "./ways.js";

const EVENTS = data("events");

/* Show a screen of what the server answers, to who still waits for it; the way back is always home. */
async function asked(operation, body, draw) {
  const before = presses();
  try {
    const found = await say(operation, body), { offset = 0 } = await store.read("offset");
    if (presses() === before) draw(found, Date.now() + offset);
  } catch (error) {
    failed(error, () => asked(operation, body, draw));
  }
}

function row(name, texts) {
  const made = new Screen(copy(name));
  made.fill(texts);
  return made;
}

/* ---- where it is signed in */

ways.sessions = () => asked("sessions", {}, ({ sessions, clients }, now) => {
  const screen = show("sessions", { acts: {
    home: () => ways.home(),
    end: (_, button) => changed("end-session", { id: button.closest("li").dataset.id }),
    forget: (_, button) => changed("forget-client", { id: button.closest("li").dataset.id }),
    "end-all": () => changed("end-sessions", {}),
  } });
  screen.only("sessions", sessions.length ? "some" : "none");
  screen.only("clients", clients.length ? "some" : "");
  const listed = (name, found) => found.map((one) => {
    const line = row(name, { client: one.client ?? one.name, ip: one.ip, seen: clock(one.seen_at, now) });
    line.node.dataset.id = one.id;
    return line.node;
  });
  screen.part("sessions").replaceChildren(...listed("session", sessions));
  screen.part("clients").replaceChildren(...listed("client", clients));
  screen.announce();
});

const changed = (operation, body) => asked(operation, body, () => ways.sessions());

/* ---- what happened */

ways.happened = () => {
  const entries = [];
  const older = (before) => asked("happened", before ? { before } : {}, (found, now) => {
    entries.push(...found.entries);
    const screen = show("happened", { acts: { home: () => ways.home(), older: () => older(found.before) } });
    screen.part("entries").replaceChildren(...entries.map((one) => {
      const line = row("entry", { event: EVENTS[one.event] ?? one.event, at: clock(one.at, now),
        client: one.client ?? "", ip: one.ip ?? "" });
      line.only("by", one.by);
      return line.node;
    }));
    screen.only("older", found.before ? "more" : "");
  });
  return older(null);
};

/* ---- this phone */

ways.phone = async () => {
  const { phone, offset = 0 } = await store.read("phone", "offset");
  show("phone", {
    texts: { phone: phone.name, bound: clock(phone.bound_at, Date.now() + offset), identifier: phone.account.identifier },
    acts: { home: () => ways.home(), pin: () => ways.pin(), own: () => ways.own(), unbind,
      anew: () => ways.anew() },
  });
};

ways.anew = () => show("anew", { acts: { home: () => ways.home(), anew: () => ways.begin() } });

const unbind = () => proved("unbind", (proof) => say("unbind", { proof }), async () => ways.begin());
