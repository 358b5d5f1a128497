// A card as the page draws it: title, fields, meters, items, note and clause, each in its own tag.

import { make, say } from "./words.js";

/** Whether a line says more than prose. */
export function isCard(line) {
  return ["title", "fields", "meters", "items", "note", "clause"].some((part) => line[part]?.length);
}

/**
 * The parts of a card, in the order in which they are read. `prose` makes paragraphs of text, and
 * `button` a button for a choice, with what it shows.
 */
export function cardParts(line, prose, button) {
  const parts = [];
  if (line.title) parts.push(make("h2", {}, line.title));
  if (line.text) parts.push(prose(line.text));
  if (line.fields) parts.push(fields(line.fields, prose, button));
  if (line.meters) parts.push(list("meters", line.meters, (one) => meter(one, button)));
  if (line.items) parts.push(list("items", line.items, (one) => item(one, button)));
  if (line.note) parts.push(make("div", { class: "note" }, prose(line.note)));
  if (line.clause) parts.push(make("div", { class: "clause" }, ...unbroken(line.clause)));
  return parts;
}

/** A clause, of which no number is broken at the end of a line: 附件2, 七(三). */
function unbroken(clause) {
  const parts = clause.split(/(\s+|(?<=[；、]))/).filter(Boolean);
  return parts.map((part) => (part.trim() ? make("span", {}, part) : part));
}

function list(name, parts, draw) {
  return make("ul", { class: name }, ...parts.map((part) => make("li", {}, ...draw(part))));
}

function fields(parts, prose, button) {
  const rows = parts.map((field) => {
    const drawn = field.tone ? state(field.value, field.tone) : prose(field.value ?? "");
    const value = field.copied ? copied(field) : drawn;
    const row = [make("dt", {}, field.label), make("dd", {}, value)];
    if (field.button) row[1].append(button(field.button, field.button.label));
    return make("div", { class: field.button ? "field changeable" : "field" }, ...row);
  });
  return make("dl", { class: "fields" }, ...rows);
}

/** A value that a tap copies, to be pasted elsewhere; it says so once it is copied. */
function copied(field) {
  const words = make("span", {}, field.value);
  const way = make("button", { type: "button", class: "copied", title: say("copy") }, words);
  way.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      getSelection().selectAllChildren(words);
      return;
    }
    way.dataset.told = say("copied");
    setTimeout(() => delete way.dataset.told, 2000);
  });
  return way;
}

function meter(part, button) {
  const head = make("div", { class: "head" }, make("h3", {}, part.what));
  if (part.state) head.append(state(part.state, part.tone));
  const drawn = [head];
  if (part.needed) drawn.push(bar(part));
  const foot = make("div", { class: "foot" }, make("span", { class: "numbers" }, part.words ?? ""));
  if (part.clause) foot.append(make("span", { class: "clause" }, ...unbroken(part.clause)));
  drawn.push(foot);
  if (part.button) drawn.push(make("div", { class: "way" }, button(part.button, part.button.label)));
  return drawn;
}

/** Approved and waiting are two stretches of the bar; it is full only if all is approved. */
function bar(part) {
  const approved = Math.min(part.approved ?? 0, part.needed);
  const waiting = Math.min(part.waiting ?? 0, part.needed - approved);
  const stretches = [
    ["approved", approved],
    ["pending", waiting],
    ["missing", part.needed - approved - waiting],
  ].filter(([, length]) => length);
  const drawn = stretches.map(([name, length]) => {
    const stretch = make("span", { class: name });
    stretch.style.flexGrow = length;
    return stretch;
  });
  return make(
    "div",
    {
      class: "meter",
      role: "meter",
      "aria-label": part.what,
      "aria-valuemin": 0,
      "aria-valuemax": part.needed,
      "aria-valuenow": approved,
      "aria-valuetext": [part.words, part.state].filter(Boolean).join(" · "),
    },
    ...drawn,
  );
}

function item(part, button) {
  const shown = [make("span", { class: "words" }, part.words)];
  if (part.state) shown.push(state(part.state, part.tone));
  if (part.press) return [button({ label: part.words, press: part.press }, ...shown)];
  return [make("div", { class: "item" }, ...shown)];
}

function state(words, tone) {
  return make("span", { class: `tone ${tone ?? "neutral"}` }, words);
}
