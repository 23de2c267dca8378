import { crc32, deflateSync } from "node:zlib";

const width = 640;
const height = 480;

// picture returns a PNG, about 900 KB, of the sun above hills, in colours that hue
// turns. It is stored without compression: there shall be something to upload.
export function picture(name, hue = 0) {
  const pixels = Buffer.alloc(height * (1 + 3 * width));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      pixels.set(colour(x / width, y / height, hue), y * (1 + 3 * width) + 1 + 3 * x);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8); // bits a channel, RGB
  const png = Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(pixels, { level: 0 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
  return { name, mimeType: "image/png", buffer: png };
}

function colour(x, y, hue) {
  const hill = 0.72 + 0.1 * Math.sin(4 * x + hue);
  const mountain = 0.6 + 0.13 * Math.sin(7 * x + 2 * hue);
  const sun = Math.hypot(1.33 * (x - 0.3 - 0.1 * hue), y - 0.3) < 0.12;
  if (y > hill) return tint(hue, 0.25);
  if (y > mountain) return tint(hue + 0.6, 0.45);
  return sun ? [255, 240, 200] : tint(hue + 2.2 + y, 0.6 + 0.35 * y);
}

function tint(angle, light) {
  return [0, 2.1, 4.2].map((shift) => Math.round(255 * light * (0.72 + 0.28 * Math.cos(angle + shift))));
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
