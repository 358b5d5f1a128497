// What the server says about this page, and its sentences, dates and times.

export const page = JSON.parse(document.getElementById("page").textContent);

/** What outlives the window; on a shared computer nothing does. */
export const store = page.shared ? sessionStorage : localStorage;

/** A sentence with its gaps filled; `{month:.3}` takes the first three letters, as in Python. */
export function say(key, gaps = {}) {
  return page.words[key].replace(/\{(\w+)(?::\.(\d+))?\}/g, (gap, name, most) =>
    name in gaps ? String(gaps[name]).slice(0, most) : gap,
  );
}

const beijing = new Intl.DateTimeFormat("en-US", {
  timeZone: "Asia/Shanghai",
  year: "numeric", month: "numeric", day: "numeric", weekday: "short",
  hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});
const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

function parts(at) {
  return Object.fromEntries(beijing.formatToParts(at).map((part) => [part.type, part.value]));
}

/** The day in China of a moment in milliseconds, in words. */
export function dayOf(at, key = "calendar.day") {
  const { year, month, day, weekday } = parts(at);
  return say(key, {
    year,
    month: say(`calendar.month_${month}`),
    day,
    weekday: say(`calendar.weekday_${WEEKDAYS.indexOf(weekday) + 1}`),
  });
}

/** The same without the year if it is this one, or today or yesterday. */
export function nearDay(at) {
  const day = dayOf(at);
  if (day === dayOf(Date.now())) return say("today");
  if (day === dayOf(Date.now() - 24 * 3600 * 1000)) return say("yesterday");
  const here = parts(at).year === parts(Date.now()).year;
  return here ? dayOf(at, "calendar.brief") : day;
}

/** The time of day in China. */
export function timeOf(at) {
  const { hour, minute } = parts(at);
  return `${hour}:${minute}`;
}

/** An element with its text and attributes; nothing is ever read as markup. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}
