// Signing in and out: one press is one act, and leaving takes along what was typed here.

for (const form of document.forms) {
  form.addEventListener("submit", () => {
    if ("forget" in form.dataset) {
      localStorage.clear();
      sessionStorage.clear();
      globalThis.caches?.delete("yingcai");
    }
    form.querySelector("button").disabled = true;
  });
}

// Nobody is signed in, or somebody else is about to be: what was said before is not theirs to read.
for (const store of [localStorage, sessionStorage]) {
  for (const key of Object.keys(store)) {
    if (key.startsWith("history:")) store.removeItem(key);
  }
}

// Coming back by the browser's own button shows the page as it was left.
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("form button")) button.disabled = false;
});
