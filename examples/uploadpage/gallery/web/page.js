// The page's script: first talking to the servers, then the uploads, then the
// shelf, at last the choosing of files.

const parallel = 3; // uploads at a time
const askPatience = 20_000; // ms for an answer of our server
const silence = 30_000; // ms without progress until an upload counts as lost

const $ = (id) => document.getElementById(id);
const clone = (id) => $(id).content.firstElementChild.cloneNode(true);
const readable = (size) => (size < 2 ** 20 ? `${Math.ceil(size / 2 ** 10)} KB` : `${(size / 2 ** 20).toFixed(1)} MB`);

const wrongType = "This is not an image of a kind that can be kept.";

// Problem is a failure that a person is told of.
class Problem extends Error {
  // final: trying again will not help. unsure: the file may have arrived.
  constructor(message, { status = 0, final = false, unsure = false } = {}) {
    super(message);
    Object.assign(this, { status, final, unsure });
  }

  static lost() {
    return new Problem(navigator.onLine ? "The connection was lost." : "You are offline.", { unsure: true });
  }
}

// ask calls our server, and returns its answer.
async function ask(method, path, body) {
  let response, reply;
  try {
    response = await fetch(path, {
      method,
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(askPatience),
    });
    reply = response.status === 204 ? {} : await response.text();
  } catch {
    throw Problem.lost();
  }
  if (typeof reply === "string") reply = parse(reply);
  if (!response.ok) {
    throw new Problem(reply.error ?? `The server failed (${response.status}).`, { status: response.status });
  }
  return reply;
}

function parse(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

// send uploads a file to a one-time URL. It uses XMLHttpRequest because fetch
// does not tell how much was sent.
function send(file, url, signal, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let watchdog;
    const alive = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => request.abort(), silence);
    };
    request.upload.onprogress = (event) => {
      alive();
      onProgress(event.loaded / event.total);
    };
    request.onload = () => (request.status < 300 ? resolve() : reject(refusal(request)));
    request.onerror = request.onabort = () => reject(Problem.lost());
    request.onloadend = () => clearTimeout(watchdog);
    signal.addEventListener("abort", () => request.abort(), { once: true });
    const form = new FormData();
    form.append("file", file, file.name);
    request.open("POST", url);
    request.send(form);
    alive();
  });
}

// refusal puts the answer to an upload in words. Cloudflare does not publish
// these statuses: those of links are of its local simulator.
function refusal({ status, responseText }) {
  switch (status) {
    case 404:
    case 410:
      return new Problem("The upload link has expired.");
    case 409:
      return new Problem("The upload link was used already.", { unsure: true });
    case 413:
      return new Problem("The image service does not take files this large.", { final: true });
    case 415:
      return new Problem(wrongType, { final: true });
  }
  if (status === 429 || status >= 500) {
    return new Problem(`The image service is busy (${status}).`, { unsure: status >= 500 });
  }
  const reason = parse(responseText).errors?.[0]?.message ?? status;
  return new Problem(`The image service refused the file: ${reason}`, { final: true });
}

// announce tells a screen reader what happened.
function announce(text) {
  const line = document.createElement("p");
  line.textContent = text;
  $("news").append(line);
  if ($("news").childElementCount > 10) $("news").firstElementChild.remove();
}

const uploads = new Set();

// Upload is one file on its way, and its row in the list. Its state is waiting,
// sending, done or failed.
class Upload {
  constructor(file, isPrivate) {
    Object.assign(this, { file, isPrivate, id: "", unsure: false, final: false });
    this.preview = URL.createObjectURL(file);
    this.build();
    this.to("waiting", "Waiting…");
  }

  build() {
    this.row = clone("row");
    this.part = (selector) => this.row.querySelector(selector);
    this.part(".name").textContent = this.file.name;
    this.part(".size").textContent = readable(this.file.size);
    this.part("progress").ariaLabel = `Progress of ${this.file.name}`;
    this.part(".retry").ariaLabel = `Try again: ${this.file.name}`;
    this.part(".close").ariaLabel = `Take ${this.file.name} off the list`;
    this.part(".retry").onclick = () => this.retry();
    this.part(".close").onclick = () => this.close();
    const img = this.part("img");
    img.onerror = () => img.replaceWith(this.file.name.split(".").at(-1).slice(0, 4)); // a kind that the browser cannot show
    img.src = this.preview;
  }

  to(state, text) {
    this.state = this.row.dataset.state = state;
    this.part(".state").textContent = text;
    this.part(".retry").hidden = state !== "failed" || this.final;
  }

  async run() {
    this.canceled = new AbortController();
    this.progress(0);
    try {
      const picture = (await this.arrived()) ?? (await this.transfer(this.canceled.signal));
      if (!uploads.has(this)) return;
      this.to("done", "Uploaded");
      addCard(picture, true);
      announce(`${this.file.name} was uploaded.`);
    } catch (problem) {
      if (!uploads.has(this)) return;
      this.fail(problem);
    }
    pump();
  }

  // arrived returns the picture if an earlier try came through after all: its
  // answer may have been lost.
  async arrived() {
    if (!this.unsure) return null;
    try {
      return await ask("POST", `uploads/${this.id}/done`);
    } catch (problem) {
      if (problem.status === 404 || problem.status === 409) return null;
      throw problem;
    }
  }

  // transfer sends the file to a fresh one-time URL.
  async transfer(signal) {
    this.unsure = false;
    const link = await ask("POST", "uploads", { title: this.file.name, private: this.isPrivate });
    signal.throwIfAborted();
    this.id = link.id;
    try {
      await send(this.file, link.uploadURL, signal, (part) => this.progress(part));
    } catch (problem) {
      this.unsure = problem.unsure;
      throw problem;
    }
    this.unsure = true; // until our server has seen it
    return ask("POST", `uploads/${this.id}/done`);
  }

  progress(part) {
    this.part("progress").value = part;
    this.to("sending", part < 1 ? `${Math.floor(part * 100)} %` : "Checking…");
  }

  fail(problem) {
    if (!(problem instanceof Problem)) console.error(problem); // a mistake of ours
    this.final = problem.final;
    this.to("failed", problem.message);
    announce(`${this.file.name}: ${problem.message}`);
  }

  retry() {
    this.row.focus(); // the button goes
    this.to("waiting", "Waiting…");
    pump();
  }

  // close takes the row off the list. What was on its way is called back.
  close() {
    const next = this.row.nextElementSibling ?? this.row.previousElementSibling;
    this.drop();
    (next?.querySelector(".close") ?? $("files")).focus();
    pump();
  }

  drop() {
    uploads.delete(this);
    this.row.remove();
    URL.revokeObjectURL(this.preview);
    this.canceled?.abort();
    if (this.id && this.state !== "done") ask("DELETE", `images/${this.id}`).catch(() => {}); // at worst a draft remains
  }
}

const inState = (...states) => [...uploads].filter((upload) => states.includes(upload.state));

// pump starts as many uploads as may run, and brings the list's bar up to date.
function pump() {
  const free = Math.max(parallel - inState("sending").length, 0);
  for (const upload of inState("waiting").slice(0, free)) upload.run();
  $("uploads").hidden = uploads.size === 0;
  $("tally").textContent = `${inState("done").length} of ${uploads.size} uploaded`;
  $("again").hidden = retryable().length < 2;
  $("clear").hidden = inState("done", "failed").length === 0;
}

const retryable = () => inState("failed").filter((upload) => !upload.final);

function addFiles(files) {
  for (const file of files) {
    const upload = new Upload(file, $("private")?.checked ?? false);
    uploads.add(upload);
    $("rows").append(upload.row);
    const problem = check(file);
    if (problem) upload.fail(problem);
  }
  pump();
}

// check refuses what need not be sent. A browser does not know every type: a
// file without one is left to the service.
function check(file) {
  const limit = Number($("files").dataset.maxSize);
  if (file.size === 0) return new Problem("The file is empty.", { final: true });
  if (file.type && !$("files").accept.split(",").includes(file.type)) return new Problem(wrongType, { final: true });
  if (file.size <= limit) return null;
  return new Problem(`The file is too large: the limit is ${limit / 2 ** 20} MB.`, { final: true });
}

const shortTime = { month: "short", day: "numeric", hour: "numeric", minute: "numeric" };
const cards = new Map(); // by image ID
let next = ""; // where the rest of the gallery begins

async function loadShelf() {
  $("more").disabled = true;
  try {
    const page = await ask("GET", `images?after=${encodeURIComponent(next)}`);
    next = page.next;
    for (const picture of page.images) addCard(picture, false);
    $("more").textContent = "Show more";
    $("more").hidden = !next;
    showCount();
  } catch (problem) {
    $("more").textContent = "Try again";
    $("more").hidden = false;
    tell(`The images could not be loaded. ${problem.message}`);
  }
  $("more").disabled = false;
}

function addCard(picture, first) {
  if (cards.has(picture.id)) return;
  const card = clone("card");
  const part = (selector) => card.querySelector(selector);
  part(".name").textContent = part(".name").title = picture.title;
  part("time").dateTime = picture.uploaded;
  part("time").textContent = new Date(picture.uploaded).toLocaleString([], shortTime);
  part(".badge").hidden = !picture.private;
  part("button").ariaLabel = `Delete ${picture.title}`;
  part("button").onclick = () => deleteCard(picture);
  part("img").onerror = () => part(".frame").replaceChildren("No preview");
  part("img").alt = picture.title;
  if (picture.src) part("img").src = picture.src;
  else part(".frame").replaceChildren("No preview");
  cards.set(picture.id, card);
  first ? $("shelf").prepend(card) : $("shelf").append(card);
  showCount();
}

function showCount() {
  $("count").textContent = cards.size === 0 ? "" : next ? `${cards.size} shown` : `${cards.size} in all`;
  tell(cards.size > 0 || next ? "" : "Nothing here yet. Images appear here when they are uploaded.");
}

// tell shows a sentence above the gallery.
function tell(text) {
  $("shelf-note").textContent = text;
  $("shelf-note").hidden = !text;
}

async function deleteCard(picture) {
  if (!(await confirmed(picture))) return;
  try {
    await ask("DELETE", `images/${picture.id}`);
  } catch (problem) {
    if (problem.status !== 404) return tell(`${picture.title} could not be deleted. ${problem.message}`);
  }
  const card = cards.get(picture.id);
  const neighbour = card.nextElementSibling ?? card.previousElementSibling;
  cards.delete(picture.id);
  card.remove();
  showCount();
  (neighbour?.querySelector("button") ?? $("shelf-title")).focus();
  announce(`${picture.title} was deleted.`);
}

function confirmed(picture) {
  const dialog = $("confirm");
  $("confirm-text").textContent = `“${picture.title}” will be gone for good.`;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => resolve(dialog.returnValue === "delete");
  });
}

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
const highlight = (on) => $("drop").classList.toggle("over", on);

// The whole window takes files: one that misses the marked area must not make
// the browser leave the page.
addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  highlight(true);
});
addEventListener("dragleave", (event) => event.relatedTarget ?? highlight(false));
addEventListener("drop", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  highlight(false);
  addFiles(event.dataTransfer.files);
});
addEventListener("beforeunload", (event) => {
  if (inState("waiting", "sending").length > 0) event.preventDefault();
});

$("files").onchange = (event) => {
  addFiles(event.target.files);
  event.target.value = ""; // so that the same file can be chosen again
};
$("again").onclick = () => {
  $("uploads-title").focus();
  for (const upload of retryable()) upload.retry();
};
$("clear").onclick = () => {
  for (const upload of inState("done", "failed")) upload.drop();
  pump();
  (uploads.size ? $("uploads-title") : $("files")).focus();
};
$("keep").onclick = () => $("confirm").close();
$("delete").onclick = () => $("confirm").close("delete");
$("more").onclick = () => loadShelf();

pump();
loadShelf();
