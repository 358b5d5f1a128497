// Where one writes: the text, kept as a draft, and the files that go with it.

import { make, page, say } from "./words.js";

const DRAFT = `draft:${page.who}`;
const MEGABYTE = 1024 * 1024;
const PHOTO_SIDE = 2560; // px of the longer side: a page of writing stays legible
/** On a phone Enter makes a new line, as a diary needs, and the button sends. */
const TOUCH = matchMedia("(hover: none) and (pointer: coarse)").matches;

export class Composer {
  /** `send` is called with the text, and the uploaded files with their local thumbnails. */
  constructor(form, send) {
    this.form = form;
    this.send = send;
    this.text = form.querySelector("textarea");
    this.list = form.querySelector("#files");
    this.notice = form.querySelector("#notice");
    this.limits = form.querySelector("#limits");
    this.picker = form.querySelector("#pick");
    this.files = [];
    this.text.enterKeyHint = TOUCH ? "enter" : "send";
    this.text.value = localStorage.getItem(DRAFT) ?? "";
    this.text.addEventListener("input", () => this.changed());
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
    this.changed();
  }

  /** Put words back to be written again, if nothing else is being written. */
  takeBack(words) {
    this.text.value = [words, this.text.value].filter(Boolean).join("\n");
    this.changed();
    this.text.focus();
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
    if (this.files.some((file) => !file.ref)) {
      this.warn(say("wait_for_upload"));
      return;
    }
    // Leaves room for the id, the references and what else goes with it.
    if (JSON.stringify(text).length > page.frameLimit - 2000) {
      this.warn(say("too_long"));
      return;
    }
    this.send(text, this.files);
    this.warn("");
    this.files = [];
    this.list.replaceChildren();
    this.text.value = "";
    this.changed();
  }

  // ---------------------------------------------------------- files

  dropped(event, data) {
    if (!data?.files.length) return;
    event.preventDefault();
    this.add(data.files);
  }

  add(chosen) {
    this.warn("");
    for (const content of chosen) {
      if (this.files.length >= page.filesAtOnce) {
        this.warn(this.limits.textContent);
        break;
      }
      const file = { content, name: content.name, image: content.type.startsWith("image/") };
      if (tooLarge(content) && !isPhoto(content)) {
        this.warn(say("too_large", limitOf(file)));
        continue;
      }
      if (file.image) file.url = URL.createObjectURL(content);
      this.files.push(file);
      this.show(file);
      this.upload(file);
    }
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
      else this.failed(file, request.response?.words);
    };
    request.onerror = () => this.failed(file);
    request.send(content);
  }

  uploaded(file, ref) {
    file.ref = ref;
    file.progress.remove();
    if (this.files.every((other) => other.ref)) this.warn("");
  }

  failed(file, words) {
    const { name } = file;
    this.warn(words ?? say("upload_failed", { name }));
    const called = { class: "retry", "aria-label": say("upload_retry_file", { name }) };
    const retry = make("button", { type: "button", ...called }, say("upload_retry"));
    file.progress.replaceWith(retry);
    retry.addEventListener("click", () => {
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
    if (words) localStorage.setItem(DRAFT, words);
    else localStorage.removeItem(DRAFT);
  } catch {
    // Storage is full: the draft lives as long as the page.
  }
}
