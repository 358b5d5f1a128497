// Keeps the chat's own page and files, so that it opens without a line. What the server says now
// always comes first; what was said in the chat is kept by the page itself.

const KEPT = "yingcai";
const FILES = [
  "card", "chat", "composer", "connection", "arrived", "door", "history", "log", "words",
].map((name) => `/static/${name}.js`).concat("/static/look.css", "/static/mark.svg");

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll(["/", ...FILES])));
});

addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  const ours = method === "GET" && origin === location.origin;
  if (ours && (pathname === "/" ? mode === "navigate" : pathname.startsWith("/static/"))) {
    event.respondWith(answer(event.request, pathname));
  }
});

async function answer(request, pathname) {
  const kept = await caches.open(KEPT);
  try {
    const response = await fetch(request);
    if (response.ok) await kept.put(pathname, response.clone());
    return response;
  } catch (error) {
    const known = await kept.match(pathname);
    if (known) return known;
    throw error;
  }
}
