// Signing in and out: one press is one act, and leaving takes along what was typed here.

for (const form of document.forms) {
  form.addEventListener("submit", () => {
    if ("forget" in form.dataset) localStorage.clear();
    form.querySelector("button").disabled = true;
  });
}

// Coming back by the browser's own button shows the page as it was left.
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("form button")) button.disabled = false;
});
