/** What a reading rests on, drawn: the spectrogram, what the network went by laid over it, and the moment that weighed most. */

/**
 * @typedef {{
 *   strongest: {start: number, end: number, weight: number},
 *   saliency: {start: number, step: number, span: number, seconds: number[], curve: number[], edges: number[], map: number[][]},
 *   spectrogram: {step: number, hertz: number[], decibels: number[][]},
 * }} Explanation
 */

const QUIETEST = -60; // dB below the loudest
const STRONG = 0.75; // opacity of the strongest cell
const CURVE = 0.24; // share of the height below the spectrogram

/** Paints cells into a picture of their own, the lowest row at the bottom. @param {number[][]} rows @param {(value: number) => number[]} colour */
function picture(rows, colour) {
  const canvas = new OffscreenCanvas(rows[0].length, rows.length);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(canvas.width, canvas.height);
  rows.toReversed().forEach((row, y) => row.forEach((value, x) => image.data.set(colour(value), 4 * (y * row.length + x))));
  context.putImageData(image, 0, 0);
  return canvas;
}

/** A colour of the page as red, green and blue. @param {HTMLCanvasElement} canvas @param {string} name */
function shade(canvas, name) {
  const one = new OffscreenCanvas(1, 1);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (one.getContext("2d", { willReadFrequently: true }));
  canvas.style.color = `var(${name})`; // as the page resolves it, light or dark
  context.fillStyle = getComputedStyle(canvas).color;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
}

/** @param {HTMLCanvasElement} canvas @param {Explanation} explanation */
export function drawExplanation(canvas, { saliency, spectrogram }) {
  const ratio = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  const [ink, pro, con] = ["--ink", "--angry", "--sad"].map((name) => shade(canvas, name));
  const tall = height * (1 - CURVE);
  const most = Math.max(...saliency.map.flat().map(Math.abs), 1e-9);
  context.drawImage(picture(spectrogram.decibels, (level) => [...ink, 255 * (1 - level / QUIETEST)]), 0, 0, width, tall);
  context.drawImage(picture(saliency.map, (value) => [...(value > 0 ? pro : con), (255 * STRONG * Math.abs(value)) / most]), 0, 0, width, tall);

  const seconds = saliency.step * saliency.map[0].length;
  const x = (/** @type {number} */ time) => (width * time) / seconds;
  const begin = saliency.step * saliency.curve.indexOf(Math.max(...saliency.curve));
  context.strokeStyle = `rgb(${pro.join(" ")})`;
  context.lineWidth = 2;
  context.strokeRect(x(begin) + 1, 1, x(saliency.span) - 2, tall - 2);
  const scale = (height * CURVE) / 2 / Math.max(...saliency.curve.map(Math.abs), 1e-9);
  const middle = height * (1 - CURVE / 2);
  context.beginPath();
  saliency.curve.forEach((value, place) => context.lineTo(x(place * saliency.step + saliency.span / 2), middle - 0.8 * scale * value));
  context.stroke();
  context.strokeStyle = `rgb(${ink.join(" ")} / 40%)`;
  context.lineWidth = 1;
  context.strokeRect(0, middle, width, 0);
}
