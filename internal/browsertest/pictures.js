import { crc32, deflateSync } from "node:zlib";

const width = 640;
const height = 480;

// Each palette is a time of day: the sky from top to horizon, the sun, and the ridges
// from far to near.
const palettes = [
  { sky: ["#2b4a7f", "#8c7fb0", "#f6b98c"], sun: "#ffe9c4", ridges: ["#8d7fa6", "#665f8c", "#3f4570", "#1f2747"] }, // dawn
  { sky: ["#2f7fc4", "#7fb8e6", "#d9edf7"], sun: "#fffbe8", ridges: ["#86aebf", "#5b8f8a", "#3c6f58", "#234a34"] }, // noon
  { sky: ["#33295c", "#a8456b", "#ff9a5a"], sun: "#ffd9a0", ridges: ["#a3526f", "#723b66", "#452a55", "#20173a"] }, // dusk
  { sky: ["#0d1b3d", "#1f3a66", "#4d6f96"], sun: "#f2f4ff", ridges: ["#35557d", "#233f63", "#152a47", "#0a1730"] }, // night
  { sky: ["#c98f5a", "#e9bf86", "#fbe6bd"], sun: "#fff6dc", ridges: ["#d19a66", "#b3713f", "#8a4a2b", "#59291b"] }, // desert
  { sky: ["#5a8fa8", "#a9c9c9", "#eef0d8"], sun: "#fffce6", ridges: ["#9db8a3", "#c08a48", "#9a5426", "#5c2f1a"] }, // autumn
  { sky: ["#7d93a6", "#b3c1cb", "#e6e9ea"], sun: "#ffffff", ridges: ["#a9b7bf", "#84969f", "#5d727b", "#384b53"] }, // fog
  { sky: ["#1f6f78", "#6fb8a8", "#ffe3b0"], sun: "#fff2cf", ridges: ["#6ba59b", "#3f7f80", "#275d66", "#123c47"] }, // coast
];

// picture returns a PNG file, about 900 KB, of the sun above mountains and a lake. Each
// seed gives a different picture. The PNG is not compressed, so that its upload takes time.
export function picture(name, seed = 0) {
  const view = landscape(seed);
  const pixels = Buffer.alloc(height * (1 + 3 * width));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      pixels.set(view(x / width, y / height), y * (1 + 3 * width) + 1 + 3 * x);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8); // 8 bits per channel, RGB
  const png = Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(pixels, { level: 0 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
  return { name, mimeType: "image/png", buffer: png };
}

// landscape returns a function from a point to its color. Both coordinates are from 0
// to 1.
function landscape(seed) {
  const { sky, sun, ridges } = palettes[Math.floor(seed) % palettes.length];
  const stops = sky.map(rgb);
  const layers = ridges.map(rgb).map((color, i) => ({ color, line: ridge(seed, i) }));
  const [sunColor, sunX, sunY] = [rgb(sun), 0.25 + 0.5 * random(seed, 99), 0.22 + 0.1 * random(seed, 98)];
  const nearest = layers.toReversed();
  const shore = 0.74;

  const air = (x, y) => {
    const color = gradient(stops, y / 0.62);
    const distance = Math.hypot(1.33 * (x - sunX), y - sunY);
    return distance < 0.055 ? sunColor : mix(color, sunColor, 0.55 * Math.exp(-7 * distance));
  };
  const land = (x, y) => {
    for (const { color, line } of nearest) {
      const top = line(x);
      if (y > top) return mix(color, stops[2], 0.35 * Math.max(0, 1 - (shore - y) / (shore - top + 0.08))); // haze in the valleys
    }
    return air(x, y);
  };
  return (x, y) => {
    if (y < shore) return land(x, y).map(Math.round);
    const ripple = 0.004 * Math.sin(190 * Math.pow(y - shore + 0.02, 0.6)) * (1 + 8 * (y - shore));
    const mirrored = land(Math.min(Math.max(x + ripple, 0), 1), shore - 1.35 * (y - shore));
    return mix(mirrored, layers[3].color, 0.25 + 0.9 * (y - shore)).map(Math.round);
  };
}

// ridge returns the line of a layer of mountains: smooth hills with finer and finer
// peaks on them. Nearer layers are lower.
function ridge(seed, layer) {
  const line = Float64Array.from({ length: width + 1 }, (_, x) => {
    let y = 0.42 + 0.085 * layer;
    for (let octave = 0; octave < 6; octave++) {
      const at = (x / width) * 2.2 * 2 ** octave;
      const [left, right] = [0, 1].map((step) => random(seed + 10 * layer, octave * 1000 + Math.floor(at) + step));
      const part = at - Math.floor(at);
      const eased = octave < 2 ? part * part * (3 - 2 * part) : part;
      y -= (left + (right - left) * eased - 0.5) * 0.22 * 0.47 ** octave;
    }
    return y;
  });
  return (x) => line[Math.round(x * width)];
}

// random returns a number from 0 to 1 that depends on its arguments only.
function random(seed, n) {
  const value = Math.sin(12.9898 * (seed + 1) + 78.233 * (n + 1)) * 43758.5453;
  return value - Math.floor(value);
}

function rgb(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

function mix(a, b, share) {
  return a.map((channel, i) => channel + (b[i] - channel) * share);
}

function gradient(stops, at) {
  const scaled = Math.min(Math.max(at, 0), 0.9999) * (stops.length - 1);
  const i = Math.floor(scaled);
  return mix(stops[i], stops[i + 1], scaled - i);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
