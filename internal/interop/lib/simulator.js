// Cloudflare's local simulator, reached through the Images binding of a Worker.
import { Miniflare } from "miniflare";

/** The key with which the simulator signs, from its source. */
export const SIGNING_KEY = "miniflare-local-dev-images-signing-key";

// The calls run inside the Worker: a handle of an image cannot be passed out of it.
const worker = `
const calls = {
  upload: ({ hosted }, text, options) => hosted.upload(new TextEncoder().encode(text).buffer, options),
  list: ({ hosted }, options) => hosted.list(options),
  createDirectUpload: ({ hosted }, options) => hosted.createDirectUpload(options),
  details: ({ hosted }, id) => hosted.image(id).details(),
  update: ({ hosted }, id, options) => hosted.image(id).update(options),
  signedUrl: ({ hosted }, id, options) => hosted.image(id).signedUrl(options),
};
export default {
  async fetch(request, env) {
    const { name, args } = await request.json();
    try {
      return Response.json({ result: await calls[name](env.IMAGES, ...args) });
    } catch (error) {
      return Response.json({ error: String(error) });
    }
  },
};`;

/** Starts the simulator, empty and in memory. */
export async function startSimulator() {
  const miniflare = new Miniflare({
    cf: false, // otherwise it requests its location from the network
    workers: [{
      config: {
        name: "interop",
        compatibilityDate: "2026-10-01",
        env: { IMAGES: { type: "images" } },
        manifest: { mainModule: "worker.js", modules: { "worker.js": { type: "esm", contents: worker } } },
      },
    }],
  });
  await miniflare.ready;
  return {
    /** Calls the binding, or the handle of an image. */
    async call(name, ...args) {
      const response = await miniflare.dispatchFetch("http://simulator/", { method: "POST", body: JSON.stringify({ name, args }) });
      const { result, error } = await response.json();
      if (error) throw new Error(`simulator: ${name}: ${error}`);
      return result;
    },
    stop: () => miniflare.dispose(),
  };
}
