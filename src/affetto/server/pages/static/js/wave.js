/** The level as it is spoken: a bar for each twentieth of a second, newest on the right. */

const WIDTH = 3;
const GAP = 2;

/** A drawing of levels. */
export class Wave {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    /** @type {number[]} */
    this.levels = [];
    this.frame = 0;
    this.live = false;
    this.resize = new ResizeObserver(() => this.#soon());
    this.resize.observe(canvas);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.repaint = () => this.#soon();
    this.scheme.addEventListener("change", this.repaint);
  }

  leave() {
    this.resize.disconnect();
    this.scheme.removeEventListener("change", this.repaint);
  }

  begin() {
    this.levels = [];
    this.live = true;
    this.#soon();
  }

  /** Takes a frame and gives its level, 0 to 1. @param {Int16Array} frame */
  add(frame) {
    let sum = 0;
    for (const sample of frame) sum += sample * sample;
    const decibels = 10 * Math.log10(sum / frame.length / 2 ** 30 + 1e-9);
    const level = Math.min(1, Math.max(0, (decibels + 62) / 52));
    this.levels.push(level);
    this.#soon();
    return level;
  }

  /** The whole recording stays to be seen. */
  finish() {
    this.live = false;
    this.#soon();
  }

  #soon() {
    if (!this.frame) this.frame = requestAnimationFrame(() => ((this.frame = 0), this.#paint()));
  }

  #paint() {
    const { canvas } = this;
    const ratio = devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
    if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const style = getComputedStyle(canvas);
    const count = Math.floor((width + GAP) / (WIDTH + GAP));
    const shown = this.live ? this.levels.slice(-count) : this.#squeezed(count);
    const first = this.live ? count - shown.length : 0;
    for (let place = 0; place < count; place++) {
      const level = place >= first ? (shown[place - first] ?? 0) : 0;
      const tall = Math.max(WIDTH, level * height);
      context.fillStyle = level > 0.04 ? style.color : style.outlineColor;
      context.beginPath();
      context.roundRect(place * (WIDTH + GAP), (height - tall) / 2, WIDTH, tall, WIDTH / 2);
      context.fill();
    }
  }

  /** @param {number} count */
  #squeezed(count) {
    const { levels } = this;
    if (levels.length <= count) {
      const side = Math.floor((count - levels.length) / 2);
      return levels.length ? [...Array(side).fill(0), ...levels] : [];
    }
    return Array.from({ length: count }, (_, place) => {
      const from = Math.floor((place * levels.length) / count);
      const to = Math.max(from + 1, Math.floor(((place + 1) * levels.length) / count));
      return Math.max(...levels.slice(from, to));
    });
  }
}
