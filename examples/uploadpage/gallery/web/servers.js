// Calls to the two servers: our server, and Cloudflare for uploads.

const responseTimeout = 20_000; // ms, of our server
const idleTimeout = 30_000; // ms without progress, after which an upload has stalled

export const wrongType = "This is not an image in a supported format.";

// Problem is a failure that is shown to the user. Its details are: status, the status of
// our server's response; final, whether a retry is useless; unsure, whether the upload
// may have completed.
export class Problem extends Error {
  constructor(message, details) {
    super(message);
    Object.assign(this, details);
  }
}

const lost = () => new Problem(navigator.onLine ? "The connection was lost." : "You are offline.", { unsure: true });

// ask calls our server, and returns its response.
export async function ask(method, path, body) {
  let response, text;
  try {
    response = await fetch(path, { method, body: body && JSON.stringify(body), signal: AbortSignal.timeout(responseTimeout) });
    text = await response.text();
  } catch {
    throw lost();
  }
  const result = parse(text);
  if (response.ok) return result;
  throw new Problem(result.error ?? `The server failed (${response.status}).`, { status: response.status });
}

function parse(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

// send uploads a file to a one-time URL. It uses XMLHttpRequest because fetch
// does not report how much was sent.
export function send(file, url, signal, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let timer;
    const restartTimer = () => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), idleTimeout);
    };
    request.upload.onprogress = (event) => {
      restartTimer();
      onProgress(event.loaded / event.total);
    };
    request.onload = () => (request.status < 300 ? resolve() : reject(rejection(request)));
    request.onerror = request.onabort = () => reject(lost());
    request.onloadend = () => clearTimeout(timer);
    signal.addEventListener("abort", () => request.abort(), { once: true });
    const form = new FormData();
    form.append("file", file);
    request.open("POST", url);
    request.send(form);
    restartTimer();
  });
}

// rejection returns the problem that the response to a failed upload describes.
// Cloudflare does not document these statuses. Those for links are the statuses of its
// local simulator.
function rejection({ status, responseText }) {
  switch (status) {
    case 404:
    case 410:
      return new Problem("The upload link has expired.");
    case 409:
      return new Problem("The upload link was already used.", { unsure: true });
    case 413:
      return new Problem("The file is too large for the image service.", { final: true });
    case 415:
      return new Problem(wrongType, { final: true });
  }
  if (status === 429 || status >= 500) return new Problem(`The image service is busy (${status}).`, { unsure: status >= 500 });
  const reason = parse(responseText).errors?.[0]?.message ?? status;
  return new Problem(`The image service rejected the file: ${reason}`, { final: true });
}
