// The chat: puts together the line to the server, the log, the menu and where one writes.

import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { forget, remember, remembered } from "./history.js";
import { Log } from "./log.js";
import { make, page, say } from "./words.js";

const BRIEFLY = 700; // ms without a line that nobody need hear of

const IDLE = 20 * 60_000; // ms without a sign of life, on a shared computer

const $ = (id) => document.getElementById(id);
const menu = $("menu");
const menuButton = $("menu-button");
const older = $("older");

const connection = new Connection(hear, changed);

const log = new Log($("log"), older, $("newest"), (line, choice) => {
  // A question's answer is shown as said; what a card's button does, the card shows.
  const shown = line.kind === "question" ? { label: choice.label } : {};
  speak({ press: choice.press, on: line.row, ...shown });
});

const composer = new Composer($("composer"), (text, files) => {
  const message = text ? { text } : {};
  if (files.length) {
    message.files = files.map((file) => file.ref);
    message.names = files.map((file) => file.name);
  }
  speak(message, files);
}, () => connection.end());

function speak(message, files) {
  const sent = connection.send(message);
  if (!sent.press || sent.label) log.say(sent, files);
  lookEmpty();
}

// ------------------------------------------------------------ what the server says

function hear(said, message) {
  if ("hello" in said) {
    if (outdated(said.hello)) return;
    log.catchUp(said.lines, said.cursor);
    remember(said.lines);
    recognise(said);
    offer(said.commands);
    composer.beginWith(said.lines.at(-1)?.draft);
  } else if ("line" in said) {
    log.add(said.line);
    remember([said.line]);
    if (said.line.row) composer.beginWith(said.line.draft);
    if (said.line.row) unseen(1);
  } else if ("ack" in said) {
    log.deliver(said.ack, said.at);
    if (message) remember(asLine(message, said.at));
  } else if ("refused" in said) {
    if (message) log.refuse(said.refused, said.words, () => composer.takeBack(message.text));
    else composer.warn(said.words);
  } else if ("older" in said) {
    log.prepend(said.lines, said.cursor);
  } else if ("commands" in said) {
    offer(said.commands);
  } else if ("name" in said) {
    recognise(said);
  }
  lookEmpty();
}

/** What this page has sent, as the server would tell of it: a press without words is no line. */
function asLine({ id, text, label, names, on, press }, at) {
  if (!text && !label && !names) return [];
  const files = names?.map((name) => ({ name }));
  return [{ id, at, text: label ?? text ?? "", on, press, files }];
}

/** Load the page again if the server has a newer one: once, and losing nothing. */
function outdated(version) {
  if (version === page.version || composer.files.length) return false;
  if (sessionStorage.getItem("loaded") === version) return false;
  sessionStorage.setItem("loaded", version);
  location.reload();
  return true;
}

/** Show whose chat this is, in the language they now want. */
function recognise({ name, language }) {
  $("name").textContent = name;
  if (language !== page.language && !composer.files.length) location.reload();
}

function lookEmpty() {
  $("empty").hidden = log.all().length > 0 || !connection.greeted;
}

const { title } = document;
let count = 0;

/** Say in the tab's title how much came while nobody looked. */
function unseen(more) {
  count = document.visibilityState === "visible" ? 0 : count + more;
  document.title = count ? say("new_title", { count, title }) : title;
}

document.addEventListener("visibilitychange", () => unseen(0));

// ------------------------------------------------------------ the line

let soon;

function changed(state) {
  clearTimeout(soon);
  if (state === "open") {
    log.resume();
    show("connected");
  } else if (state === "signed-out") {
    log.stall();
    forget();
    show("signed_out");
    composer.warn(say("signed_out"));
  } else {
    log.stall();
    if (navigator.onLine) soon = setTimeout(() => show("reconnecting"), BRIEFLY);
    else show("offline");
  }
}

function show(state) {
  $("state").textContent = say(state);
  $("state").className = state;
}

// ------------------------------------------------------------ history and menu

function fetchOlder() {
  if (older.hidden || older.disabled) return;
  older.disabled = connection.ask(log.cursor);
}

older.addEventListener("click", fetchOlder);
new IntersectionObserver(([button]) => button.isIntersecting && fetchOlder(), {
  root: $("log"),
}).observe(older);

$("skip").addEventListener("click", (event) => {
  event.preventDefault();
  log.focusNewest();
});

let offered = "";

function offer(commands) {
  if (offered === JSON.stringify(commands)) return;
  offered = JSON.stringify(commands);
  const items = commands.map(([name, description]) => {
    const button = make("button", { type: "button" }, description);
    button.addEventListener("click", () => {
      openMenu(false);
      speak({ text: `/${name}`, label: description });
    });
    return make("li", {}, button);
  });
  const empty = make("p", { class: "soft" }, say("menu_empty"));
  menu.replaceChildren(items.length ? make("ul", {}, ...items) : empty);
}

function openMenu(open) {
  menu.hidden = !open;
  menuButton.setAttribute("aria-expanded", String(open));
  if (open) menu.querySelector("button")?.focus();
}

menuButton.addEventListener("click", () => openMenu(menu.hidden));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || menu.hidden) return;
  openMenu(false);
  menuButton.focus();
});
document.addEventListener("click", (event) => {
  if (!menu.hidden && !event.target.closest("#menu, #menu-button")) openMenu(false);
});

// ------------------------------------------------------------ a shared computer

/** Keep no page for a time without a line, and leave when nobody is there any more. */
function keepNothing() {
  navigator.serviceWorker?.getRegistrations().then((every) => {
    for (const one of every) one.unregister();
  });
  globalThis.caches?.delete("yingcai");
  let idle;
  const wait = () => {
    clearTimeout(idle);
    idle = setTimeout(leave, IDLE);
  };
  for (const sign of ["pointerdown", "keydown"]) addEventListener(sign, wait);
  wait();
}

async function leave() {
  await fetch("/out", { method: "POST" }).catch(() => {});
  forget();
  sessionStorage.clear();
  location.replace("/");
}

// ------------------------------------------------------------ begin

// A phone's keyboard takes its space from the page, also where the browser does not say so.
visualViewport?.addEventListener("resize", () => {
  document.body.style.setProperty("--height", `${visualViewport.height}px`);
});

if (remembered().length) log.recall(remembered());
if (page.shared) keepNothing();
else navigator.serviceWorker?.register("/sw.js");

for (const message of connection.unsent.values()) {
  if (!message.press || message.label) log.say(message);
}
if (matchMedia("(hover: hover)").matches) composer.text.focus();
connection.open();
