// The socket: comes back by itself, and sends again whatever the server has not confirmed.
//
// Unconfirmed messages lie in the browser's storage, one entry each, so that neither a reload nor a second
// page of the same person loses or overwrites them. Their ids make sending twice harmless.

import { page, store } from "./words.js";

const HEARTBEAT = 25_000; // ms between signs of life
const PATIENCE = 12_000; // ms for an answer, after which the line counts as dead
const SLOWEST = 15_000; // ms between attempts at most
const SIGNED_OUT = 4401;
const STORE = `unsent:${page.who}:`;

/** Random, in the shape of a UUID; crypto.randomUUID is missing on plain http. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export class Connection {
  /** `hear` takes what the server says, and the message it settles; `change` hears "open", "closed" or "signed-out". */
  constructor(hear, change) {
    this.hear = hear;
    this.change = change;
    this.attempts = 0;
    this.unsent = restore();
    addEventListener("online", () => this.hurry());
    addEventListener("offline", () => this.socket && this.drop());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.hurry();
    });
  }

  open() {
    clearTimeout(this.again);
    // The first time, nothing is on the screen yet.
    const url = new URL(this.loaded ? "/ws" : "/ws?new", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    this.socket = socket;
    this.greeted = false;
    this.expect();
    socket.onmessage = (event) => this.receive(JSON.parse(event.data));
    socket.onclose = (event) => {
      if (socket === this.socket) this.closed(event.code);
    };
  }

  closed(code) {
    clearTimeout(this.deadline);
    clearInterval(this.beat);
    this.greeted = false;
    if (code === SIGNED_OUT) this.end();
    if (this.over) return;
    this.change("closed");
    const wait = Math.min(SLOWEST, 400 * 2 ** this.attempts++);
    this.again = setTimeout(() => this.open(), wait * (0.5 + Math.random() / 2));
  }

  /** The session has ended, however the page has learned of it. */
  end() {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.again);
    this.change("signed-out");
  }

  /** Give the line up for dead, without waiting for the network to notice. */
  drop() {
    const { socket } = this;
    this.socket = null;
    socket.close();
    this.closed(0);
  }

  /** Try at once: the network is back, or somebody looks. */
  hurry() {
    if (this.over) return;
    if (this.greeted) this.ping();
    else if (!this.socket || this.socket.readyState > WebSocket.OPEN) this.open();
  }

  ping() {
    this.socket.send('{"ping":1}');
    this.expect();
  }

  expect() {
    clearTimeout(this.deadline);
    this.deadline = setTimeout(() => this.drop(), PATIENCE);
  }

  receive(said) {
    clearTimeout(this.deadline);
    if ("hello" in said) {
      this.greeted = this.loaded = true;
      this.recovered();
      this.beat = setInterval(() => this.ping(), HEARTBEAT);
      this.hear(said);
      this.change("open");
      // What the history already holds was stored; only its confirmation was lost.
      for (const message of this.unsent.values()) this.transmit(message);
      return;
    }
    const settled = said.ack ?? said.refused;
    const message = this.unsent.get(settled);
    if (settled) {
      this.settle(settled);
      this.recovered();
    }
    this.hear(said, message);
    if (this.unsent.size) this.expect();
  }

  /** A line that lets nothing through is no better than none: go on trying more slowly. */
  recovered() {
    if (!this.unsent.size) this.attempts = 0;
  }

  /** Send a message, now or as soon as there is a line; gives it with its id. Its files' `names`
      stay here. */
  send(message) {
    const whole = { id: newId(), ...message };
    this.unsent.set(whole.id, whole);
    try {
      store.setItem(STORE + whole.id, JSON.stringify({ when: Date.now(), ...whole }));
    } catch {
      // No room, or storage is switched off: it is kept for as long as the page lives.
    }
    if (this.greeted) this.transmit(whole);
    return whole;
  }

  transmit({ when, names, ...body }) {
    this.socket.send(JSON.stringify(body));
    this.expect();
  }

  /** The server has it, or will never take it. */
  settle(id) {
    this.unsent.delete(id);
    store.removeItem(STORE + id);
  }

  ask(cursor) {
    if (this.greeted) this.socket.send(JSON.stringify({ older: cursor }));
    return this.greeted;
  }
}

function restore() {
  const found = Object.keys(store)
    .filter((key) => key.startsWith(STORE))
    .map((key) => JSON.parse(store.getItem(key)))
    .sort((a, b) => a.when - b.when);
  return new Map(found.map((message) => [message.id, message]));
}
