// A messenger opened this page within itself: what vouches for the reader stands after the address's
// #, which no server sees. It is handed on once, and taken out of the address.

const told = new URLSearchParams(location.hash.slice(1)).get("tgWebAppData");
const form = document.getElementById("arrived");

if (told) {
  form.elements.data.value = told;
  form.elements.to.value = new URLSearchParams(location.search).get("to") ?? "";
  history.replaceState(null, "", location.pathname + location.search);
  form.submit();
} else {
  document.getElementById("waiting").hidden = true;
  document.getElementById("alone").hidden = false;
}
