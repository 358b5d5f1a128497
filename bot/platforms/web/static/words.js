// What the server says about this page, and its sentences, dates and times.

export const page = JSON.parse(document.getElementById("page").textContent);

export function say(key, gaps = {}) {
  return page.words[key].replace(/\{(\w+)\}/g, (gap, name) => gaps[name] ?? gap);
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
export function dayOf(at) {
  const { year, month, day, weekday } = parts(at);
  return say("calendar.day", {
    year,
    month: say(`calendar.month_${month}`),
    day,
    weekday: say(`calendar.weekday_${WEEKDAYS.indexOf(weekday) + 1}`),
  });
}

/** The same, or today or yesterday. */
export function nearDay(at) {
  const day = dayOf(at);
  if (day === dayOf(Date.now())) return say("today");
  if (day === dayOf(Date.now() - 24 * 3600 * 1000)) return say("yesterday");
  return day;
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
