// Takes the screenshot of the README: some uploads have completed, one is running, and
// the gallery has images. The only argument is the file to write.

import { picture } from "./pictures.js";
import { launch, Scene } from "./scene.js";

const [file] = process.argv.slice(2);

const browser = await launch();
const scene = await Scene.open(browser, { viewport: { width: 1200, height: 900 }, colorScheme: "light", reducedMotion: "reduce" });
const upload = async (name, seed) => {
  await scene.choose(picture(name, seed));
  await scene.waitFor(name, "Uploaded");
};

await scene.visit();
await upload("first-light.png", 0);
await upload("harbor-fog.png", 6);
await upload("red-canyon.png", 4);
await upload("larch-forest.png", 5);
await scene.page.getByLabel("Keep them private").check();
await upload("night-lake.png", 3);
await scene.page.getByLabel("Keep them private").uncheck();
await scene.page.getByRole("button", { name: "Clear list" }).click();
await upload("calm-bay.png", 7);
await upload("after-sunset.png", 2);
await upload("morning.png", 1);
await scene.slowDown(100_000);
await scene.choose(picture("old-reservoir.png", 8));
await scene.gallery();
await scene.page.evaluate(() => document.activeElement.blur());
await scene.row("old-reservoir.png").getByText(/^[56]\d %$/).waitFor();
await scene.page.screenshot({ path: file, fullPage: true });
await scene.slowDown(-1);
await scene.waitFor("old-reservoir.png", "Uploaded");
await scene.close();
await browser.close();
