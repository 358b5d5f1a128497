// Reads a certificate's token, verifies its signature, and says what it says. What is sent to the
// server, if there is one, is the token's hash alone: no name leaves this page.

const told = JSON.parse(document.getElementById("told").textContent);
const language = navigator.language.startsWith("en") ? "en" : "zh";
const words = told.words[language];
const at = (id) => document.getElementById(id);
const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const fromHex = (text) => Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));

/** A certificate's number, perhaps after what it is called; a token is far longer. */
const NUMBER = /^[^A-Za-z0-9]{0,10}[A-Za-z0-9-]{1,40}-\d{2}-\d{4,6}$/;

function fill(words, gaps) {
  return words.replace(/\{(\w+)\}/g, (_, name) => gaps[name]);
}

function bytesOf(token) {
  try {
    const plain = atob(token.replace(/-/g, "+").replace(/_/g, "/"));
    const again = btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
    // Only the one form that was signed: another of the same bytes is not on the list of revoked.
    return again === token ? Uint8Array.from(plain, (sign) => sign.charCodeAt(0)) : null;
  } catch {
    return null;
  }
}

/** A token, or one that was cut or changed: everything else is something else. */
const TOKEN = /^[\w~-]{60,}$/;

/** The facts that a token certifies, and the key; null if none of our keys signed it. */
function read(token) {
  const whole = bytesOf(token);
  if (!whole || whole.length < 74 || whole[0] !== 1) return null;
  const [data, signature] = [whole.slice(0, -64), whole.slice(-64)];
  const key = told.keys.find((one) => one.name === hex(data.slice(1, 9)));
  if (!key || !verified(fromHex(key.public), signature, data)) return null;
  const listed = JSON.parse(new TextDecoder().decode(data.slice(9)));
  // What is left out at the end is empty.
  return { key, facts: told.facts.map((name, place) => [name, listed[place] ?? ""]) };
}

function show(state, title, note, facts = []) {
  at("result").className = state;
  at("title").textContent = title;
  at("note").textContent = note;
  const rows = facts.filter(([, value]) => value !== null && value !== "");
  at("facts").replaceChildren(
    ...rows.flatMap(([name, value]) => {
      const [label, said] = [document.createElement("dt"), document.createElement("dd")];
      label.textContent = words[`fact_${name}`] ?? words[name];
      said.textContent = value;
      return [label, said];
    }),
  );
  at("result").hidden = false;
}

/** The one form of some JSON that is signed (RFC 8785); all names of members are plain letters. */
function canonical(told) {
  if (Array.isArray(told)) return `[${told.map(canonical)}]`;
  if (told === null || typeof told !== "object") return JSON.stringify(told);
  const members = Object.keys(told).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(told[name])}`)}}`;
}

/** A dossier and the key that signed it; null if none of our keys did. Of two members of one name
 * readers take either: what does not read back as it stands, white space apart, is refused. */
function readDossier(text) {
  try {
    const whole = JSON.parse(text);
    const bare = text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, "$1");
    if (bare !== JSON.stringify(whole) || whole.form !== told.form) return null;
    const { signature, ...data } = whole;
    const key = told.keys.find((one) => one.name === whole.key);
    const signed = new TextEncoder().encode(canonical(data));
    if (!key || !verified(fromHex(key.public), bytesOf(signature), signed)) return null;
    return { key, dossier: whole.dossier };
  } catch {
    return null;
  }
}

function verifyDossier(file) {
  const text = file.replace(/^\ufeff/, "");
  const found = readDossier(text);
  if (!found && !text.includes(`"${told.form}"`)) {
    show("waits", words.no_token, words.no_token_note);
    return;
  }
  if (!found) {
    show("bad", words.forged, words.dossier_forged_note);
    return;
  }
  const { key, dossier } = found;
  const facts = [
    ...["name", "school", "programme", "cohort", "office"].map((name) => [name, dossier[name]]),
    ["entries", String(dossier.entries.length)],
    ["evaluations", dossier.evaluations.map((one) => `${one.stage} ${one.outcome}`.trim()).join("、")],
    ["certificates", dossier.certificates.map((one) => one.number).join("、")],
    ["as_of", dossier.as_of],
    ["made_by", dossier.made_by],
  ].map(([name, value]) => [`dossier_${name}`, value]);
  // Of a dossier nobody keeps a list: whoever stole a key also chooses the day that stands in it.
  if (key.stolen) doubt(words.dossier_doubtful, key, facts);
  else show("good", words.signed, fill(words.dossier_note, { day: dossier.as_of }), facts);
}

async function verify(typed) {
  if (/^[\s\ufeff]*\{/.test(typed)) {
    verifyDossier(typed);
    return;
  }
  const token = typed.replace(/\s/g, "").replace(/^.*#/, "");
  if (!token) return;
  const found = read(token);
  if (!found && NUMBER.test(token)) {
    show("waits", words.number, words.number_note);
    return;
  }
  if (!found) {
    if (TOKEN.test(token)) show("bad", words.forged, words.forged_note);
    else show("waits", words.no_token, words.no_token_note);
    return;
  }
  const { key, facts } = found;
  const hash = hex(sha512(new TextEncoder().encode(token)).slice(0, 32));
  if (!told.online) {
    if (told.revoked.includes(hash)) show("bad", words.revoked, words.revoked_note, facts);
    // Whoever stole a key also chooses which day stands in what it signs.
    else if (key.stolen && !told.vouched.includes(hash)) doubt(words.doubtful_offline, key, facts);
    else show("good", words.signed, fill(words.as_of, { day: told.day }), facts);
    return;
  }
  show("waits", words.signed, words.asking, facts);
  let state = "";
  try {
    const answer = await fetch(told.online, { method: "POST", body: hash });
    if (answer.ok) ({ state } = await answer.json());
  } catch {
    // Said below.
  }
  if (state === "valid") show("good", words.valid, words.valid_note, facts);
  else if (state === "revoked") show("bad", words.revoked, words.revoked_note, facts);
  else if (state === "unknown") show("bad", words.unknown, words.unknown_note, facts);
  else if (state === "doubtful") doubt(words.doubtful_note, key, facts);
  else if (key.stolen) doubt(words.doubtful_offline, key, facts);
  else show("waits", words.signed, words.not_reached, facts);
}

function doubt(note, key, facts) {
  show("bad", words.doubtful, fill(note, { day: key.stolen }), facts);
}

document.documentElement.lang = language === "en" ? "en" : "zh-CN";
document.title = words.heading;
for (const id of ["heading", "lead", "label", "verify", "dossier_label", "how"]) {
  at(id).textContent = words[id];
}
at("form").addEventListener("submit", (event) => {
  event.preventDefault();
  verify(at("token").value);
});
at("dossier").addEventListener("change", async ({ target }) => {
  if (target.files.length) verifyDossier(await target.files[0].text());
});
const given = () => verify(location.hash.slice(1));
addEventListener("hashchange", given);
given();
