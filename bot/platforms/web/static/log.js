// The lines of the chat, in order and each once, however often the server tells of them.

import { cardParts, isCard } from "./card.js";
import { dayOf, make, nearDay, say, timeOf } from "./words.js";

const NEAR_END = 80; // px from the end at which the log follows what comes
const TOGETHER = 3000; // ms within which what comes after an act is one answer
const SETTLING = 500; // ms for which a new line takes no press: a second tap was meant for another

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
    this.recalled = false;
    newest.addEventListener("click", () => this.toEnd("smooth"));
    root.addEventListener("scroll", () => this.noticeEnd(), { passive: true });
    // What grows later, or a keyboard that takes half the screen, must not hide the last line.
    new ResizeObserver(() => this.following && this.toEnd()).observe(root);
    this.following = true;
    this.awaiting = false; // what one has just done is to be answered, and the answer to be seen
    this.answer = null; // the first line of that answer, and when it came
  }

  // ---------------------------------------------------------- what the server tells

  /** Lines that this browser remembers, until the server tells of them. */
  recall(lines) {
    this.catchUp(lines, "");
    this.recalled = true;
  }

  /** The last lines, on coming or coming back. */
  catchUp(lines, cursor) {
    const known = !this.recalled && lines.some((line) => this.lines.has(keyOf(line)));
    this.recalled = false;
    if (!known) {
      // Nothing in common with what is shown: lines between may be missing, so begin afresh.
      for (const line of this.all()) if (!isUnsent(line)) line.remove();
      this.lines = new Map([...this.lines].filter(([, element]) => element.isConnected));
      this.cards.clear();
      this.cursor = "";
    }
    this.cursor ||= cursor;
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
    if (!line.row) {
      this.follow(false);
      return;
    }
    // Whatever came did not take the question's place: it still wants an answer.
    for (const question of questions) if (!retired(question)) free(question);
    const element = this.lines.get(keyOf(line));
    settle(element);
    // What comes in one answer stays in view together, from its beginning.
    if (this.awaiting) this.answer = { element, at: Date.now() };
    const together = this.answer && Date.now() - this.answer.at < TOGETHER;
    const first = together && this.answer.element.isConnected ? this.answer.element : element;
    this.follow(this.awaiting, first);
    this.awaiting = false;
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
    this.awaiting = true;
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
    for (const entry of fold(lines).reverse()) next = this.place(entry, next);
    for (const line of lines) {
      if (!line.on) continue;
      this.answers.set(line.on, line.press);
      this.showAnswer(line.on);
    }
    this.days();
  }

  /** Show one entry before an element, unless it is shown already; gives where it stands. */
  place({ keys, line, at }, before) {
    let element = keys.map((key) => this.lines.get(key)).find(Boolean);
    if (!element) {
      element = line.row ? this.assistant(line, at) : this.person(line);
      this.root.insertBefore(element, before);
    } else if (line.row > element.row) {
      this.fill(element, line);
    }
    for (const key of keys) this.lines.set(key, element);
    if (line.card) this.stand(line, element);
    return element;
  }

  /** Of two elements that are one thing, only the newer can be pressed. */
  stand({ card, row }, element) {
    const known = this.cards.get(card);
    const newer = !known || row > known.row;
    if (known && known.element !== element) retire(newer ? known.element : element);
    if (newer) this.cards.set(card, { element, row });
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
    if (line.links?.length) body.append(links(line.links));
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
    this.awaiting = true;
    this.press(line, choice);
  }

  showAnswer(row) {
    const element = this.lines.get(`r${row}`);
    const pressed = this.answers.get(row);
    if (!element || pressed === undefined || element.row !== row) return;
    for (const button of buttonsOf(element)) {
      button.setAttribute("aria-pressed", String(button.press === pressed));
      // What was chosen before bears its tick in its words.
      button.classList.toggle("ticked", button.textContent.startsWith("✓"));
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

  /** Go to the end if that is where one was; else say that there is something new. Of an element
      that is taller than the window the beginning is shown. */
  follow(always, element) {
    if (always || this.following) this.toEnd("auto", element);
    else this.newestButton.hidden = false;
  }

  toEnd(behavior = "auto", element = null) {
    const { root } = this;
    const end = root.scrollHeight - root.clientHeight;
    const top = element ? Math.min(end, element.offsetTop - root.offsetTop - 8) : end;
    root.scrollTo({ top, behavior });
    this.following = end - top < NEAR_END;
    this.newestButton.hidden = true;
  }

  /** Put the keyboard on the newest line; its buttons are next. */
  focusNewest() {
    const newest = this.all().at(-1) ?? this.root;
    newest.tabIndex = newest === this.root ? 0 : -1;
    newest.focus();
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

/** Lines as entries, each line that took an earlier one's place in that one's entry. */
function fold(lines) {
  const entries = [];
  const places = new Map();
  for (const line of lines) {
    const keys = [keyOf(line)];
    if (line.replace) keys.push(`r${line.replace}`);
    let entry = keys.map((key) => places.get(key)).find(Boolean);
    if (entry) {
      entry.line = line;
      entry.keys.push(...keys);
    } else {
      entry = { line, keys, at: line.at };
      entries.push(entry);
    }
    for (const key of keys) places.set(key, entry);
  }
  return entries;
}

/** Let a new line take no press for a moment. */
function settle(element) {
  element.classList.add("new");
  setTimeout(() => element.classList.remove("new"), SETTLING);
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

// Not the attribute `disabled`: that would throw away the keyboard's place in the page. But who
// goes on by keyboard passes it over.
function disable(button) {
  button.setAttribute("aria-disabled", "true");
  button.tabIndex = -1;
}

function enable(button) {
  button.removeAttribute("aria-disabled");
  button.removeAttribute("tabindex");
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
    place % 2 ? outside(part, part) : part,
  );
}

/** Pages to open. Only addresses of the web become links: no other kind is to run on a press. */
function links(pages) {
  const web = pages.filter((page) => /^https?:\/\//.test(page.url));
  return make("div", { class: "links" }, ...web.map((page) => outside(page.url, page.label)));
}

function outside(href, words) {
  return make("a", { href, target: "_blank", rel: "noopener noreferrer" }, words);
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
