// The last lines of this chat, kept in the browser so that it can be read without a line.

import { page, store } from "./words.js";

const STORE = `history:${page.who}`;
const MOST = 60;

let lines = read();
let over = false; // the session has ended: nothing more is kept

/** The lines as they were told, oldest first. */
export function remembered() {
  return lines;
}

/** Lines as the server tells of them; what came before them is kept as far as it hangs together. */
export function remember(told) {
  if (over || !told.length) return; // a press on a card is no line
  const known = new Set(told.map(keyOf));
  const joined = lines.some((line) => known.has(keyOf(line))) || told.length === 1;
  const before = joined ? lines.filter((line) => !known.has(keyOf(line))) : [];
  lines = [...before, ...told].slice(-MOST);
  try {
    store.setItem(STORE, JSON.stringify(lines));
  } catch {
    // No room, or storage is switched off: without a line there is no history.
  }
}

export function forget() {
  lines = [];
  over = true;
  store.removeItem(STORE);
  localStorage.removeItem(STORE);
  globalThis.caches?.delete("yingcai"); // the page bears the name
}

function keyOf(line) {
  return line.row ? `r${line.row}` : line.id;
}

function read() {
  try {
    return JSON.parse(store.getItem(STORE)) ?? [];
  } catch {
    return [];
  }
}
