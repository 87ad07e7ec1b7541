
"use strict";
// What the pages share: reading their data and drawing masks. Everything that comes from the shards is written with
// textContent or as an attribute of a number; nothing is parsed as HTML.
const $ = (id) => document.getElementById(id);
const read = (id) => JSON.parse($(id).textContent);
const words = (text) => String(text ?? "").replaceAll("_", " ");

function make(tag, fields = {}, ...children) {
  const made = Object.assign(document.createElement(tag), fields);
  made.append(...children.filter((child) => child != null));
  return made;
}

function swatch(colour) {
  const made = make("i");
  made.style.background = colour;
  return made;
}

const decoded = new Map(); // view -> { files, bits: Map(index -> Uint8Array) }; the last few views

function filesOf(n) {
  if (!decoded.has(n)) decoded.set(n, { files: read(`view-${n}`), bits: new Map() });
  while (decoded.size > 6) decoded.delete(decoded.keys().next().value);
  return decoded.get(n);
}

async function bitsOf(n, view, index) {
  const { files, bits } = filesOf(n);
  if (!bits.has(index)) {
    const image = new Image();
    image.src = files.masks[index];
    await image.decode();
    const canvas = make("canvas", { width: view.width, height: view.height });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0);
    const pixels = context.getImageData(0, 0, view.width, view.height).data;
    bits.set(index, Uint8Array.from({ length: view.width * view.height }, (_, p) => pixels[4 * p] > 127 ? 1 : 0));
  }
  return bits.get(index);
}

const channels = (colour) => [1, 3, 5].map((n) => parseInt(colour.slice(n, n + 2), 16));

function tint({ data }, bits, colour) {
  const [r, g, b] = channels(colour);
  for (let p = 0; p < bits.length; p++) if (bits[p]) data.set([r, g, b, 120], 4 * p);
}

function outline({ data, width, height }, bits, colour, alpha) {
  const [r, g, b] = channels(colour);
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++, p++) {
      const inside = x && y && x < width - 1 && y < height - 1 && bits[p - 1] && bits[p + 1] && bits[p - width] && bits[p + width];
      if (bits[p] && !inside) data.set([r, g, b, alpha], 4 * p);
    }
  }
}

let paintings = 0;

// Draws structures of the n-th view on the canvas, some of them filled; false where it was asked to draw others meanwhile.
async function paint(n, view, outlined, filled) {
  const mine = ++paintings;
  const shapes = await Promise.all([...outlined, ...filled].map(async (index) => ({ index, bits: await bitsOf(n, view, index) })));
  if (mine !== paintings) return false;
  const context = $("masks").getContext("2d");
  const image = context.createImageData(view.width, view.height);
  const colour = (index) => view.structures[index].colour;
  for (const { index, bits } of shapes) if (filled.includes(index)) tint(image, bits, colour(index));
  for (const { index, bits } of shapes) outline(image, bits, colour(index), filled.includes(index) ? 255 : 170);
  context.putImageData(image, 0, 0);
  $("masks").hidden = !$("overlay").checked;
  $("masks").style.opacity = $("opacity").value / 100;
  return true;
}

function theme() {
  const root = document.documentElement;
  root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
}
