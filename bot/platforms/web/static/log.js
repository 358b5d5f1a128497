// The lines of the chat, in order and each once, however often the server tells of them.

import { cardParts, isCard } from "./card.js";
import { dayOf, make, nearDay, say, timeOf } from "./words.js";

const NEAR_END = 80; // px from the end at which the log follows what comes

export class Log {
  /** `press` is called with the line and the button somebody chose. */
  constructor(root, older, newest, press) {
    this.root = root;
    this.olderButton = older;
    this.newestButton = newest;
    this.press = press;
    this.lines = new Map(); // by key: the element of every line told of
    this.cards = new Map(); // by card key: the element and row of the newest line of that card
    this.answers = new Map(); // by row: what was pressed on it
    this.cursor = "";
    newest.addEventListener("click", () => this.toEnd("smooth"));
    root.addEventListener("scroll", () => this.noticeEnd(), { passive: true });
    // What grows later, or a keyboard that takes half the screen, must not hide the last line.
    new ResizeObserver(() => this.following && this.toEnd()).observe(root);
    this.following = true;
  }

  // ---------------------------------------------------------- what the server tells

  /** The last lines, on coming or coming back. */
  catchUp(lines, cursor) {
    const known = lines.some((line) => this.lines.has(keyOf(line)));
    if (!known) {
      // Nothing in common with what is shown: lines between may be missing, so begin afresh.
      for (const line of this.all()) if (!isUnsent(line)) line.remove();
      this.lines = new Map([...this.lines].filter(([, element]) => element.isConnected));
      this.cards.clear();
      this.cursor = cursor;
    }
    const first = this.all().every(isUnsent);
    for (const line of lines) if (line.id) this.deliver(line.id, line.at);
    this.quietly(first, () => this.merge(lines, this.all().find(isUnsent) ?? null));
    this.olderButton.hidden = !this.cursor;
    this.olderButton.disabled = false;
    this.follow(first);
  }

  /** Lines from before those shown. */
  prepend(lines, cursor) {
    const { root } = this;
    const fromEnd = root.scrollHeight - root.scrollTop;
    this.quietly(true, () => this.merge(lines, this.all()[0] ?? null));
    root.scrollTop = root.scrollHeight - fromEnd;
    this.cursor = cursor;
    this.olderButton.hidden = !cursor;
    this.olderButton.disabled = false;
  }

  /** A line as it is said. */
  add(line) {
    const questions = this.root.querySelectorAll(".answered:not(.retired)");
    this.merge([line], null);
    // Whatever came did not take the question's place: it still wants an answer.
    if (line.row) for (const question of questions) if (!retired(question)) free(question);
    this.follow(false);
  }

  // ---------------------------------------------------------- what this person says

  /** Show a message that is on its way, with thumbnails of its files. */
  say(message, thumbnails) {
    const files = thumbnails ?? message.names?.map((name) => ({ name }));
    const shown = { id: message.id, at: Date.now(), text: message.label ?? message.text, files };
    const element = this.person(shown);
    element.classList.add("waiting");
    this.lines.set(message.id, element);
    this.root.append(element);
    this.state(element, say("sending"));
    this.days();
    this.follow(true);
  }

  deliver(id, at) {
    const element = this.lines.get(id);
    if (!element || !isWaiting(element)) return;
    element.classList.remove("waiting", "stuck");
    for (const earlier of this.root.querySelectorAll(".person .state")) earlier.textContent = "";
    this.state(element, say("delivered"));
    this.time(element, at);
    this.days();
  }

  /** Say of everything still on its way that it waits for the line to come back. */
  stall() {
    for (const line of this.all().filter(isWaiting)) {
      line.classList.add("stuck");
      this.state(line, say("waiting"));
    }
  }

  resume() {
    for (const line of this.root.querySelectorAll(".stuck")) {
      line.classList.remove("stuck");
      this.state(line, say("sending"));
    }
  }

  /** The server will not take a message: say why, and offer to change it. */
  refuse(id, words, takeBack) {
    const element = this.lines.get(id);
    if (!element) return;
    element.classList.remove("waiting", "stuck");
    element.classList.add("refused");
    this.state(element, `${say("not_sent")} · ${words}`);
    const again = make("button", { class: "quiet", type: "button" }, say("edit_again"));
    again.addEventListener("click", () => {
      element.remove();
      this.lines.delete(id);
      this.days();
      takeBack();
    });
    element.append(again);
    this.follow(false);
  }

  // ---------------------------------------------------------- putting lines in their places

  /** Put lines, oldest first, before an element; those already shown keep their place. */
  merge(lines, before) {
    let next = before;
    for (const entry of fold(lines).reverse()) next = this.place(entry, next) ?? next;
    for (const line of lines) {
      if (!line.on) continue;
      this.answers.set(line.on, line.press);
      this.showAnswer(line.on);
    }
    this.days();
  }

  /** Show one entry; gives its element, or nothing if it went into a card that stands elsewhere. */
  place(entry, before) {
    const { keys, line } = entry;
    const card = line.card ? this.cards.get(line.card) : undefined;
    const newer = !card || line.row > card.row;
    let element = keys.map((key) => this.lines.get(key)).find(Boolean);
    let elsewhere = false;
    if (element) {
      if (line.row > element.row) this.fill(element, line);
    } else if (card && newer && redraws(line)) {
      ({ element } = card);
      elsewhere = true;
      this.fill(element, line);
    } else if (card && !newer && card.drawnBefore) {
      ({ element } = card);
      elsewhere = true;
      card.drawnBefore = entry.drawnBefore;
    } else {
      element = line.row ? this.assistant(line, entry.at) : this.person(line);
      this.root.insertBefore(element, before);
      if (card) retire(newer ? card.element : element);
      if (line.card && newer) this.cards.set(line.card, { element, drawnBefore: entry.drawnBefore });
    }
    if (line.card && newer) this.cards.get(line.card).row = line.row;
    for (const key of keys) this.lines.set(key, element);
    return elsewhere ? null : element;
  }

  /** Where the day changes, say which day it is. */
  days() {
    let last = "";
    for (const line of this.all()) {
      const at = Number(line.dataset.at);
      const day = dayOf(at);
      const previous = line.previousElementSibling;
      const mark = previous.classList.contains("day") ? previous : null;
      if (day === last) mark?.remove();
      else if (!mark) line.before(make("div", { class: "day" }, nearDay(at)));
      else if (mark.textContent !== nearDay(at)) mark.textContent = nearDay(at);
      last = day;
    }
    for (const mark of this.root.querySelectorAll(".day:last-child, .day + .day")) mark.remove();
  }

  all() {
    return Array.from(this.root.querySelectorAll(".line"));
  }

  // ---------------------------------------------------------- what a line looks like

  person(line) {
    const body = make("div", { class: "body" });
    if (line.text) body.append(make("p", {}, ...withLinks(line.text)));
    if (line.files?.length) body.append(pictures(line.files));
    return this.line("person", say("you"), line.at, body);
  }

  assistant(line, at) {
    const element = this.line("assistant", say("assistant"), at, make("div", { class: "body" }));
    this.fill(element, line);
    return element;
  }

  line(side, who, at, body) {
    const element = make("article", { class: `line ${side}` });
    const foot = make("footer", {}, make("time"), make("span", { class: "state" }));
    element.append(make("span", { class: "hidden" }, `${who}：`), body, foot);
    this.time(element, at);
    return element;
  }

  /** Put what the assistant says into its element, in place of what it said there before. */
  fill(element, line) {
    const again = element.row !== undefined;
    element.row = line.row;
    element.classList.remove("question", "card", "text", "answered", "retired");
    element.classList.add(line.kind ?? "text");
    const body = make("div", { class: "body" });
    if (isCard(line)) {
      body.append(...cardParts(line, prose, (choice, ...shown) => this.button(element, line, choice, shown)));
    } else {
      if (line.text) body.append(prose(line.text));
    }
    if (line.files?.length) body.append(pictures(line.files));
    if (line.rows?.length) body.append(this.choices(element, line));
    body.classList.toggle("wide", Boolean(line.rows?.length) || line.kind === "card" || isCard(line));
    element.querySelector(".body").replaceWith(body);
    if (again) this.state(element, say("updated", { time: timeOf(line.at) }));
    this.showAnswer(line.row);
  }

  choices(element, line) {
    const choices = make("div", { class: "choices", role: "group", "aria-label": say("choices") });
    for (const row of line.rows) {
      const buttons = row.map((choice) => this.button(element, line, choice, [choice.label]));
      choices.append(make("div", { class: "choice-row" }, ...buttons));
    }
    return choices;
  }

  button(element, line, choice, shown) {
    const button = make("button", { type: "button", class: choice.weight ?? "plain" }, ...shown);
    button.press = choice.press;
    button.addEventListener("click", () => {
      if (button.getAttribute("aria-disabled") !== "true") {
        this.choose(element, line, button, choice);
      }
    });
    return button;
  }

  choose(element, line, button, choice) {
    if (line.kind === "question") {
      this.answers.set(line.row, choice.press);
      this.showAnswer(line.row);
      element.classList.add("answered");
      for (const other of buttonsOf(element)) disable(other);
    } else {
      // A card stays as it is, and may be pressed again in a moment: only a double tap is none.
      disable(button);
      button.classList.add("busy");
      setTimeout(() => {
        button.classList.remove("busy");
        if (!retired(element)) enable(button);
      }, 1200);
    }
    this.press(line, choice);
  }

  showAnswer(row) {
    const element = this.lines.get(`r${row}`);
    const pressed = this.answers.get(row);
    if (!element || pressed === undefined || element.row !== row) return;
    for (const button of buttonsOf(element)) {
      button.setAttribute("aria-pressed", String(button.press === pressed));
    }
  }

  time(element, at) {
    element.dataset.at = at;
    const time = element.querySelector("time");
    time.textContent = timeOf(at);
    time.dateTime = new Date(at).toISOString();
    time.title = dayOf(at);
  }

  state(element, words) {
    element.querySelector(".state").textContent = words;
  }

  // ---------------------------------------------------------- where one looks

  noticeEnd() {
    const { root } = this;
    this.following = root.scrollHeight - root.scrollTop - root.clientHeight < NEAR_END;
    if (this.following) this.newestButton.hidden = true;
  }

  /** Go to the end if that is where one was; else say that there is something new. */
  follow(always) {
    if (always || this.following) this.toEnd();
    else this.newestButton.hidden = false;
  }

  toEnd(behavior = "auto") {
    this.root.scrollTo({ top: this.root.scrollHeight, behavior });
    this.following = true;
    this.newestButton.hidden = true;
  }

  /** History is not read out: it was heard before. */
  quietly(quiet, act) {
    if (quiet) this.root.setAttribute("aria-live", "off");
    act();
    if (quiet) setTimeout(() => this.root.setAttribute("aria-live", "polite"), 1000);
  }
}

function keyOf(line) {
  return line.row ? `r${line.row}` : line.id;
}

/** Whether a line is a card drawn again, to stand where it stood before. */
function redraws(line) {
  return line.kind === "card" && Boolean(line.replace);
}

/** Lines as entries, with each redrawn card in the place where it first stood. */
function fold(lines) {
  const entries = [];
  const cards = new Map();
  for (const line of lines) {
    const earlier = line.card ? cards.get(line.card) : undefined;
    if (earlier && redraws(line)) {
      earlier.line = line;
      earlier.keys.push(keyOf(line));
      continue;
    }
    // A card that was drawn before these lines begin belongs to an entry not told of yet.
    const entry = { line, keys: [keyOf(line)], at: line.at, drawnBefore: redraws(line) };
    entries.push(entry);
    if (line.card) cards.set(line.card, entry);
  }
  return entries;
}

function isWaiting(element) {
  return element.classList.contains("waiting");
}

/** On its way, or refused: the server's history does not have it. */
function isUnsent(element) {
  return isWaiting(element) || element.classList.contains("refused");
}

function retired(element) {
  return element.classList.contains("retired");
}

function retire(element) {
  element.classList.add("retired");
  for (const button of buttonsOf(element)) disable(button);
}

function free(question) {
  question.classList.remove("answered");
  for (const button of buttonsOf(question)) enable(button);
}

// Not the attribute `disabled`: that would throw away the keyboard's place in the page.
function disable(button) {
  button.setAttribute("aria-disabled", "true");
}

function enable(button) {
  button.removeAttribute("aria-disabled");
}

function buttonsOf(element) {
  return element.querySelectorAll(".body button");
}

function prose(text) {
  return make("p", {}, ...withLinks(text));
}

/** Text with its web addresses made into links; the rest stays text. */
function withLinks(text) {
  return text.split(/(https?:\/\/[\w\-.~:/?#[\]@!$&'()*+,;=%]*[\w\-~/#@$&*+=%])/).map((part, place) =>
    place % 2 ? make("a", { href: part, target: "_blank", rel: "noopener noreferrer" }, part) : part,
  );
}

function pictures(files) {
  const list = make("div", { class: "pictures" });
  for (const file of files) list.append(file.image ? picture(file) : attachment(file));
  return list;
}

function picture(file) {
  const image = make("img", { src: file.url, alt: say("image", { name: file.name }), loading: "lazy" });
  const link = make("a", { href: file.url, target: "_blank", rel: "noopener", class: "picture" }, image);
  image.addEventListener("error", () => link.replaceWith(attachment({ name: file.name })));
  return link;
}

function attachment(file) {
  return file.url
    ? make("a", { href: file.url, class: "attachment", download: file.name }, file.name)
    : make("span", { class: "attachment" }, file.name);
}
