// The page's script: uploads, the gallery, and the selection of files.

import { ask, Problem, send, wrongType } from "./servers.js";

const parallel = 3; // uploads at a time

const $ = (id) => document.getElementById(id);
const readable = (size) => (size < 1e6 ? `${Math.ceil(size / 1e3)} KB` : `${(size / 1e6).toFixed(1)} MB`);

// fill returns a copy of a template, with properties of its parts set.
function fill(template, parts) {
  const copy = $(template).content.firstElementChild.cloneNode(true);
  for (const [selector, properties] of Object.entries(parts)) Object.assign(copy.querySelector(selector), properties);
  return copy;
}

// announce makes a screen reader read a message.
function announce(text) {
  $("news").append(Object.assign(document.createElement("p"), { textContent: text }));
  if ($("news").childElementCount > 10) $("news").firstElementChild.remove();
}

// remove removes an item of a list, and moves the focus to a neighbour's button.
function remove(item, button, otherwise) {
  const neighbour = item.nextElementSibling ?? item.previousElementSibling;
  item.remove();
  (neighbour?.querySelector(button) ?? $(otherwise)).focus();
}

const uploads = new Set();
const inState = (...states) => [...uploads].filter((upload) => states.includes(upload.state));
const retryable = () => inState("failed").filter((upload) => !upload.final);

// Upload is the upload of a file, and its row in the list. Its state is waiting,
// sending, done or failed.
class Upload {
  constructor(file) {
    Object.assign(this, { file, isPrivate: $("private")?.checked, canceled: new AbortController() });
    this.preview = URL.createObjectURL(file);
    this.row = fill("row", {
      ".name": { textContent: `${file.name} (${readable(file.size)})` },
      "progress": { ariaLabel: `Progress of ${file.name}` },
      ".retry": { ariaLabel: `Retry ${file.name}`, onclick: () => this.retry() },
      ".close": { ariaLabel: `Remove ${file.name} from the list`, onclick: () => this.close() },
      "img": { src: this.preview, onerror: ({ target }) => target.remove() }, // a format that the browser cannot show
    });
    this.to("waiting", "Waiting…");
  }

  to(state, text) {
    this.state = this.row.dataset.state = state;
    this.row.querySelector(".state").textContent = text;
    this.row.querySelector(".retry").hidden = state !== "failed" || this.final;
  }

  progress(part) {
    this.row.querySelector("progress").value = part;
    this.to("sending", part < 1 ? `${Math.floor(part * 100)} %` : "Checking…");
  }

  async run() {
    this.progress(0);
    try {
      const picture = (await this.completed()) ?? (await this.transfer());
      this.canceled.signal.throwIfAborted();
      this.to("done", "Uploaded");
      addCard(picture, "prepend");
      announce(`${this.file.name} was uploaded.`);
    } catch (problem) {
      if (this.canceled.signal.aborted) return;
      this.fail(problem);
    }
    pump();
  }

  // completed returns the picture if an earlier attempt completed and only its response
  // was lost.
  async completed() {
    try {
      return this.unsure ? await ask("POST", `uploads/${this.id}/done`) : null;
    } catch (problem) {
      if (problem.status === 404 || problem.status === 409) return null;
      throw problem;
    }
  }

  // transfer sends the file to a new one-time URL.
  async transfer() {
    this.unsure = false;
    const link = await ask("POST", "uploads", { title: this.file.name, private: this.isPrivate });
    this.canceled.signal.throwIfAborted();
    this.id = link.id;
    try {
      await send(this.file, link.uploadURL, this.canceled.signal, (part) => this.progress(part));
    } catch (problem) {
      this.unsure = problem.unsure;
      throw problem;
    }
    this.unsure = true; // until our server has verified the upload
    return ask("POST", `uploads/${this.id}/done`);
  }

  fail(problem) {
    if (!(problem instanceof Problem)) console.error(problem); // a bug in this script
    this.final = problem.final;
    this.to("failed", problem.message);
    announce(`${this.file.name}: ${problem.message}`);
  }

  retry() {
    this.row.focus(); // the button disappears
    this.to("waiting", "Waiting…");
    pump();
  }

  // close removes the upload from the list, and cancels it if it has not completed.
  close() {
    uploads.delete(this);
    remove(this.row, ".close", "files");
    URL.revokeObjectURL(this.preview);
    this.canceled.abort();
    if (this.id && this.state !== "done") ask("DELETE", `images/${this.id}`).catch(() => {}); // if this fails, the draft remains until it expires
    pump();
  }
}

// pump starts waiting uploads, up to the limit, and updates the bar above the list.
function pump() {
  const free = Math.max(parallel - inState("sending").length, 0);
  for (const upload of inState("waiting").slice(0, free)) upload.run();
  $("uploads").hidden = uploads.size === 0;
  $("tally").textContent = `${inState("done").length} of ${uploads.size} uploaded`;
  $("again").hidden = retryable().length < 2;
  $("clear").hidden = inState("done", "failed").length === 0;
}

function addFiles(files) {
  for (const file of files) {
    const upload = new Upload(file);
    uploads.add(upload);
    $("rows").append(upload.row);
    const message = check(file);
    if (message) upload.fail(new Problem(message, { final: true }));
  }
  pump();
}

// check returns why a file cannot be uploaded, or "" if it can. If the browser does not
// know the type of the file, Cloudflare checks it.
function check(file) {
  const limit = $("files").dataset.maxMegabytes;
  if (file.size === 0) return "The file is empty.";
  if (file.type && !$("files").accept.split(",").includes(file.type)) return wrongType;
  return file.size > limit * 1e6 ? `The file is too large: the limit is ${limit} MB.` : "";
}

const cards = new Map(); // by image ID
let next = ""; // the continuation token of the next page

async function loadGallery() {
  $("more").disabled = true;
  try {
    const page = await ask("GET", `images?after=${encodeURIComponent(next)}`);
    next = page.next;
    for (const picture of page.images) addCard(picture, "append");
    showCount();
    Object.assign($("more"), { textContent: "Show more", hidden: !next });
  } catch (problem) {
    note(`The images could not be loaded. ${problem.message}`);
    Object.assign($("more"), { textContent: "Retry", hidden: false });
  }
  $("more").disabled = false;
}

function addCard(picture, place) {
  if (cards.has(picture.id)) return;
  const uploaded = new Date(picture.uploaded).toLocaleDateString([], { dateStyle: "medium" });
  const card = fill("card", {
    ".name": { textContent: picture.title, title: picture.title },
    ".quiet": { textContent: picture.private ? `Private, ${uploaded}` : uploaded },
    "button": { ariaLabel: `Delete ${picture.title}`, onclick: () => deleteCard(picture) },
    "img": { alt: picture.title, srcset: picture.srcset ?? "", src: picture.src ?? "", onerror: imageFailed }, // an empty src fires an error event
  });
  cards.set(picture.id, card);
  $("gallery")[place](card);
  showCount();
}

// imageFailed falls back to the variant in src, because flexible variants may be
// disabled. If that fails too, it replaces the image by a text.
function imageFailed({ target }) {
  if (target.srcset) target.srcset = "";
  else target.replaceWith("No preview");
}

function showCount() {
  $("count").textContent = cards.size === 0 ? "" : next ? `${cards.size} shown` : `${cards.size} in total`;
  note(cards.size > 0 || next ? "" : "No images yet. Uploaded images appear here.");
}

// note shows a sentence above the gallery.
function note(text) {
  $("gallery-note").textContent = text;
}

async function deleteCard(picture) {
  $("confirm-text").textContent = `“${picture.title}” will be deleted permanently.`;
  $("confirm").returnValue = "";
  $("confirm").showModal();
  await new Promise((resolve) => ($("confirm").onclose = resolve));
  if ($("confirm").returnValue !== "delete") return;
  try {
    await ask("DELETE", `images/${picture.id}`);
  } catch (problem) {
    if (problem.status !== 404) return note(`${picture.title} could not be deleted. ${problem.message}`);
  }
  remove(cards.get(picture.id), "button", "gallery-title");
  cards.delete(picture.id);
  showCount();
  announce(`${picture.title} was deleted.`);
}

// Files may be dropped anywhere in the window. Without this, the browser would open a
// file that is dropped outside the marked area, and leave the page.
for (const kind of ["dragover", "dragleave", "drop"]) {
  addEventListener(kind, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    $("drop").classList.toggle("over", kind === "dragover");
    if (kind === "drop") addFiles(event.dataTransfer.files);
  });
}
addEventListener("beforeunload", (event) => {
  if (inState("waiting", "sending").length > 0) event.preventDefault();
});

$("files").onchange = (event) => {
  addFiles(event.target.files);
  event.target.value = ""; // so that the same file can be chosen again
};
$("again").onclick = () => {
  for (const upload of retryable()) upload.retry();
};
$("clear").onclick = () => {
  for (const upload of inState("done", "failed")) upload.close();
};
$("more").onclick = loadGallery;

loadGallery();
