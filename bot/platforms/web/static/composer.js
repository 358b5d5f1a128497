// Where one writes: the text, kept as a draft, and the files that go with it.

import { make, page, say, store } from "./words.js";

const DRAFT = `draft:${page.who}`;
const MEGABYTE = 1024 * 1024;
const NEVER = [403, 413, 422]; // not now, too large, empty: trying again is in vain
const PHOTO_SIDE = 2560; // px of the longer side: a page of writing stays legible
/** On a phone Enter makes a new line, as a diary needs, and the button sends. */
const TOUCH = matchMedia("(hover: none) and (pointer: coarse)").matches;

export class Composer {
  /** `send` is called with the text, and the uploaded files with their local thumbnails;
      `signedOut` when the server no longer knows who this is. */
  constructor(form, send, signedOut) {
    this.form = form;
    this.send = send;
    this.signedOut = signedOut;
    this.text = form.querySelector("textarea");
    this.list = form.querySelector("#files");
    this.notice = form.querySelector("#notice");
    this.limits = form.querySelector("#limits");
    this.picker = form.querySelector("#pick");
    this.files = [];
    this.begun = ""; // the words that stood there to be edited
    this.sendWhenUploaded = false; // pressed while files were still under way
    this.text.enterKeyHint = TOUCH ? "enter" : "send";
    // What was typed while the page was still loading stays.
    this.text.value ||= store.getItem(DRAFT) ?? "";
    this.text.addEventListener("input", () => {
      if (this.sendWhenUploaded) this.warn("");
      this.sendWhenUploaded = false; // it is written on: it goes when it is sent again
      this.changed();
    });
    this.text.addEventListener("keydown", (event) => this.key(event));
    this.text.addEventListener("paste", (event) => this.dropped(event, event.clipboardData));
    addEventListener("dragover", (event) => event.preventDefault());
    addEventListener("drop", (event) => this.dropped(event, event.dataTransfer));
    form.querySelector("#attach").addEventListener("click", () => {
      this.limits.hidden = false;
      this.picker.click();
    });
    this.picker.addEventListener("change", () => {
      this.add(this.picker.files);
      this.picker.value = "";
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    form.querySelector("#send").disabled = false;
    this.changed();
  }

  /** Put words back to be written again, if nothing else is being written. */
  takeBack(words) {
    this.text.value = [words, this.text.value].filter(Boolean).join("\n");
    this.changed();
    this.text.focus();
  }

  /** Put words there to be edited, unless something is being written; what was put there before
      goes, if nobody has touched it. */
  beginWith(words = "") {
    const { text } = this;
    if (text.value === words) this.begun = words; // it was put there before a reload
    if (text.value !== "" && text.value !== this.begun) return;
    if (text.value === words) return;
    this.begun = words;
    text.value = words;
    this.changed();
    if (words) text.focus();
  }

  warn(words) {
    this.notice.textContent = words;
    this.notice.hidden = !words;
  }

  key(event) {
    // 229: a key that the input method took, also where it says it has finished composing.
    const composing = event.isComposing || event.keyCode === 229;
    if (event.key !== "Enter" || event.shiftKey || composing || TOUCH) return;
    event.preventDefault();
    this.submit();
  }

  changed() {
    const { text } = this;
    keepDraft(text.value);
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight + text.offsetHeight - text.clientHeight}px`;
    this.ready();
  }

  ready() {
    const something = this.text.value.trim() || this.files.length;
    this.form.classList.toggle("ready", Boolean(something));
    this.limits.hidden = !this.files.length;
    this.list.hidden = !this.files.length;
  }

  submit() {
    const text = this.text.value.trim();
    if (!text && !this.files.length) return;
    this.sendWhenUploaded = this.uploading();
    if (this.sendWhenUploaded) {
      this.warn(say("wait_for_upload"));
      return;
    }
    // What did not get through holds up nothing: it stays here, to be tried again.
    const ready = this.files.filter((file) => file.ref);
    const left = this.files.filter((file) => !file.ref);
    if (!text && !ready.length) {
      this.warn(say("upload_failed", { name: left[0].name }));
      return;
    }
    // Leaves room for the id, the references and what else goes with it.
    if (JSON.stringify(text).length > page.frameLimit - 2000) {
      this.warn(say("too_long"));
      return;
    }
    this.send(text, ready);
    this.warn("");
    this.files = left;
    this.list.replaceChildren(...left.map((file) => file.item));
    this.text.value = "";
    this.begun = "";
    this.changed();
  }

  // ---------------------------------------------------------- files

  uploading() {
    return this.files.some((file) => !file.ref && !file.failed);
  }

  dropped(event, data) {
    if (!data?.files.length) return;
    event.preventDefault();
    this.add(data.files);
  }

  add(chosen) {
    const warnings = [];
    const leftOut = [];
    for (const content of chosen) {
      if (this.files.length >= page.filesAtOnce) {
        leftOut.push(content.name);
        continue;
      }
      const file = { content, name: content.name, image: isShown(content) };
      if (!content.size) {
        warnings.push(say("empty_file", { name: file.name }));
        continue;
      }
      if (tooLarge(content) && !isPhoto(content)) {
        warnings.push(say("too_large", limitOf(file)));
        continue;
      }
      if (file.image) file.url = URL.createObjectURL(content);
      this.files.push(file);
      this.show(file);
      this.upload(file);
    }
    if (leftOut.length) {
      const names = leftOut.join(say("comma"));
      warnings.push(say("left_out", { names, count: page.filesAtOnce }));
    }
    this.warn(warnings.join(" "));
    this.ready();
  }

  show(file) {
    const { name } = file;
    file.progress = make("progress", { max: 1, value: 0, "aria-label": say("uploading", { name }) });
    const remove = make("button", { type: "button", "aria-label": say("remove", { name }) }, "×");
    remove.addEventListener("click", () => this.remove(file));
    const preview = file.image ? make("img", { src: file.url, alt: "" }) : "";
    file.item = make("li", {}, preview, make("span", { class: "name" }, name), file.progress, remove);
    this.list.append(file.item);
  }

  remove(file) {
    this.sendWhenUploaded = false; // the person decides what goes without it
    file.request?.abort();
    file.item.remove();
    this.files = this.files.filter((other) => other !== file);
    this.warn("");
    this.ready();
    this.text.focus();
  }

  /** Send the bytes at once, while the words are still being written. */
  async upload(file) {
    const content = await smaller(file.content);
    if (!this.files.includes(file)) return;
    if (tooLarge(content)) {
      this.remove(file);
      this.warn(say("too_large", limitOf(file)));
      return;
    }
    const request = new XMLHttpRequest(); // fetch cannot tell how far an upload is
    file.request = request;
    request.open("POST", "/upload");
    request.setRequestHeader("X-File-Name", encodeURIComponent(file.name));
    request.setRequestHeader("Content-Type", content.type || "application/octet-stream");
    request.responseType = "json";
    request.upload.onprogress = (event) => {
      file.progress.value = event.loaded / event.total;
    };
    request.onload = () => {
      if (request.status === 200) this.uploaded(file, request.response.ref);
      else if (request.status === 401) this.signedOut();
      else if (NEVER.includes(request.status)) this.refused(file, request.response?.words);
      else this.failed(file, request.response?.words);
    };
    request.onerror = () => this.failed(file);
    request.send(content);
  }

  uploaded(file, ref) {
    file.ref = ref;
    file.progress.remove();
    if (this.sendWhenUploaded && !this.uploading()) this.submit();
  }

  /** It will never be taken, so it must not hold up the rest. */
  refused(file, words) {
    this.remove(file);
    this.warn(words ?? say("upload_failed", { name: file.name }));
  }

  failed(file, words) {
    const { name } = file;
    file.failed = true;
    this.sendWhenUploaded = false; // the person decides what goes without it
    this.warn(words ?? say("upload_failed", { name }));
    const called = { class: "retry", "aria-label": say("upload_retry_file", { name }) };
    const retry = make("button", { type: "button", ...called }, say("upload_retry"));
    file.progress.replaceWith(retry);
    retry.addEventListener("click", () => {
      file.failed = false;
      retry.replaceWith(file.progress);
      this.warn("");
      this.upload(file);
    });
  }
}

function tooLarge(content) {
  return content.size > page.fileLimit;
}

function limitOf({ name }) {
  return { name, limit: Math.floor(page.fileLimit / MEGABYTE) };
}

/** Whether browsers show it: few can draw what iPhones store. */
function isShown(content) {
  return content.type.startsWith("image/") && !/hei[cf]/.test(content.type);
}

function isPhoto(content) {
  return content.type === "image/jpeg" && content.size > MEGABYTE;
}

/** A camera's photo, no larger than it need be: quick on a phone's line, and without the place
    where it was taken, which cameras write into it. Anything else is sent as it is. */
async function smaller(content) {
  if (!isPhoto(content)) return content;
  try {
    const picture = await createImageBitmap(content, { imageOrientation: "from-image" });
    const scale = Math.min(1, PHOTO_SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    return await new Promise((done) => {
      canvas.toBlob((photo) => done(photo ?? content), "image/jpeg", 0.85);
    });
  } catch {
    return content; // this browser cannot read it; the assistant may
  }
}

function keepDraft(words) {
  try {
    if (words) store.setItem(DRAFT, words);
    else store.removeItem(DRAFT);
  } catch {
    // Storage is full: the draft lives as long as the page.
  }
}
