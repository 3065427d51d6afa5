/** The collection as points on a canvas: ten thousand of them in some milliseconds. */

import { facts, nearest, still, within } from "./kit.js";

/** @typedef {{ids: (string | number)[], valence: number[], arousal: number[]}} Points */

const EDGE = 1.04; // of the circumplex on each side
const NEAR = 14; // pixels from a point that count as on it
const MOST = 24;

/** A map that is zoomed with wheel, buttons and keys, and dragged. */
export class MusicMap {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{onHover: (place: number | null, x: number, y: number) => void, onChoose: (place: number | null) => void, onMove: (valence: number, arousal: number, done: boolean) => void}} listener
   */
  constructor(canvas, listener) {
    this.canvas = canvas;
    this.listener = listener;
    /** @type {Points} */
    this.points = { ids: [], valence: [], arousal: [] };
    /** Hue of each point. @type {string[]} */
    this.hues = [];
    /** @type {number[]} */
    this.owner = [];
    /** @type {number | null} */
    this.lit = null;
    /** @type {number | null} */
    this.chosen = null;
    this.movable = false;
    this.view = { x: 0, y: 0, zoom: 1 };
    this.frame = 0;
    this.colours = "";
    this.resize = new ResizeObserver(() => this.paint());
    this.resize.observe(canvas);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.repaint = () => ((this.colours = ""), this.paint());
    this.scheme.addEventListener("change", this.repaint);
    this.theme = new MutationObserver(this.repaint);
    this.theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    canvas.addEventListener("pointermove", (event) => this.#hover(event));
    canvas.addEventListener("pointerleave", () => listener.onHover(null, 0, 0));
    canvas.addEventListener("pointerdown", (event) => this.#grasp(event));
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener("keydown", (event) => this.#key(event));
  }

  leave() {
    this.resize.disconnect();
    this.theme.disconnect();
    this.scheme.removeEventListener("change", this.repaint);
  }

  /** @param {Points} points */
  show(points) {
    this.points = points;
    this.hues = points.valence.map((valence, place) => nearest({ valence, arousal: points.arousal[place] }));
    this.owner = [];
    this.chosen = null;
    this.paint();
  }

  /** Lets one region stand out. @param {number | null} region */
  light(region) {
    this.lit = region;
    this.paint();
  }

  /** @param {number | null} place @param {boolean} movable */
  choose(place, movable) {
    this.chosen = place;
    this.movable = movable;
    this.paint();
  }

  /** @param {number} factor @param {[number, number]} [at] where on the canvas to stay */
  zoom(factor, at) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const [x, y] = at ?? [width / 2, height / 2];
    const [valence, arousal] = this.under(x, y);
    const zoom = within(this.view.zoom * factor, 1, MOST);
    this.view.zoom = zoom;
    this.view.x = valence - ((x / width - 0.5) * 2 * EDGE) / zoom;
    this.view.y = arousal - ((0.5 - y / height) * 2 * EDGE) / zoom;
    this.#keepInside();
    this.paint();
  }

  #keepInside() {
    const room = EDGE * (1 - 1 / this.view.zoom);
    this.view.x = within(this.view.x, -room, room);
    this.view.y = within(this.view.y, -room, room);
  }

  /** Valence and arousal at a place of the canvas. @param {number} x @param {number} y @returns {[number, number]} */
  under(x, y) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const { view } = this;
    return [view.x + ((x / width - 0.5) * 2 * EDGE) / view.zoom, view.y + ((0.5 - y / height) * 2 * EDGE) / view.zoom];
  }

  /** @param {number} valence @param {number} arousal @returns {[number, number]} */
  at(valence, arousal) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const { view } = this;
    return [width * (0.5 + ((valence - view.x) * view.zoom) / (2 * EDGE)), height * (0.5 - ((arousal - view.y) * view.zoom) / (2 * EDGE))];
  }

  paint() {
    if (!this.frame) this.frame = requestAnimationFrame(() => ((this.frame = 0), this.#paint()));
  }

  #paint() {
    const { canvas, points } = this;
    const ratio = devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = canvas;
    if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
    if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const style = getComputedStyle(canvas);
    this.#axes(context, style.color, width, height);
    const count = points.ids.length;
    const radius = within((count > 3000 ? 2 : count > 600 ? 2.8 : 4) * Math.sqrt(this.view.zoom), 1.5, 7);
    const probe = this.#palette();
    for (const hue of facts.emotions) {
      context.fillStyle = probe[hue];
      for (const faint of [true, false]) {
        context.globalAlpha = faint ? 0.12 : count > 3000 ? 0.62 : 0.85;
        context.beginPath();
        for (let place = 0; place < count; place++) {
          if (this.hues[place] !== hue || (this.lit !== null && this.owner[place] !== this.lit) !== faint) continue;
          const [x, y] = this.at(points.valence[place], points.arousal[place]);
          if (x < -9 || y < -9 || x > width + 9 || y > height + 9) continue;
          context.moveTo(x + radius, y);
          context.arc(x, y, radius, 0, 7);
        }
        context.fill();
      }
    }
    context.globalAlpha = 1;
    if (this.chosen !== null) {
      const [x, y] = this.at(points.valence[this.chosen], points.arousal[this.chosen]);
      context.beginPath();
      context.arc(x, y, 9, 0, 7);
      context.lineWidth = 3;
      context.strokeStyle = style.outlineColor;
      context.stroke();
    }
    if (count && !canvas.dataset.painted) {
      canvas.dataset.painted = String(Math.round(performance.now()));
      performance.mark("map");
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {string} colour @param {number} width @param {number} height */
  #axes(context, colour, width, height) {
    const [x, y] = this.at(0, 0);
    context.strokeStyle = colour;
    context.globalAlpha = 0.14;
    context.lineWidth = 1;
    context.setLineDash([2, 5]);
    context.beginPath();
    context.moveTo(0, y);
    context.lineTo(width, y);
    context.moveTo(x, 0);
    context.lineTo(x, height);
    context.stroke();
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  /** The colours of the emotions as this theme has them. @returns {Record<string, string>} */
  #palette() {
    const probe = document.createElement("i");
    document.body.append(probe);
    /** @type {Record<string, string>} */
    const found = {};
    for (const hue of facts.emotions) {
      probe.style.color = `var(--${hue})`;
      found[hue] = getComputedStyle(probe).color;
    }
    probe.remove();
    return found;
  }

  /** @param {number} x @param {number} y */
  #nearestTo(x, y) {
    const { points } = this;
    let best = null;
    let apart = NEAR ** 2;
    for (let place = 0; place < points.ids.length; place++) {
      if (this.lit !== null && this.owner[place] !== this.lit) continue;
      const [left, top] = this.at(points.valence[place], points.arousal[place]);
      const distance = (left - x) ** 2 + (top - y) ** 2;
      if (distance < apart) [best, apart] = [place, distance];
    }
    return best;
  }

  /** @param {PointerEvent} event */
  #hover(event) {
    if (event.buttons) return;
    const place = this.#nearestTo(event.offsetX, event.offsetY);
    const [x, y] = place === null ? [0, 0] : this.at(this.points.valence[place], this.points.arousal[place]);
    this.canvas.style.cursor = place === null ? (this.view.zoom > 1 ? "grab" : "crosshair") : "pointer";
    this.listener.onHover(place, x, y);
  }

  /** @param {PointerEvent} event */
  #grasp(event) {
    const { canvas, points, chosen } = this;
    const from = { x: event.offsetX, y: event.offsetY };
    const [left, top] = chosen === null ? [NaN, NaN] : this.at(points.valence[chosen], points.arousal[chosen]);
    const onChosen = chosen !== null && this.movable && Math.hypot(left - from.x, top - from.y) < NEAR;
    const view = { ...this.view };
    let moved = false;
    canvas.setPointerCapture(event.pointerId);
    const move = (/** @type {PointerEvent} */ now) => {
      moved ||= Math.hypot(now.offsetX - from.x, now.offsetY - from.y) > 4;
      if (!moved) return;
      if (onChosen && chosen !== null) {
        const [valence, arousal] = this.under(now.offsetX, now.offsetY);
        points.valence[chosen] = within(valence, -1, 1);
        points.arousal[chosen] = within(arousal, -1, 1);
        this.listener.onMove(points.valence[chosen], points.arousal[chosen], false);
      } else {
        this.view.x = view.x - ((now.offsetX - from.x) / canvas.clientWidth) * ((2 * EDGE) / view.zoom);
        this.view.y = view.y + ((now.offsetY - from.y) / canvas.clientHeight) * ((2 * EDGE) / view.zoom);
        this.#keepInside();
      }
      this.listener.onHover(null, 0, 0);
      this.paint();
    };
    const end = (/** @type {PointerEvent} */ ended) => {
      canvas.removeEventListener("pointermove", move);
      if (ended.type !== "pointerup") return;
      if (onChosen && moved && chosen !== null) this.listener.onMove(points.valence[chosen], points.arousal[chosen], true);
      else if (!moved) this.listener.onChoose(this.#nearestTo(ended.offsetX, ended.offsetY));
    };
    canvas.addEventListener("pointermove", move);
    canvas.addEventListener("pointerup", end, { once: true });
    canvas.addEventListener("pointercancel", end, { once: true });
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    if (!event.ctrlKey && this.view.zoom === 1 && event.deltaY > 0) return; // the page scrolls on
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY / (still.matches ? 200 : 400)), [event.offsetX, event.offsetY]);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = 0.25 / this.view.zoom;
    /** @type {Record<string, () => void>} */
    const keys = {
      "+": () => this.zoom(1.5),
      "-": () => this.zoom(1 / 1.5),
      ArrowLeft: () => (this.view.x -= step),
      ArrowRight: () => (this.view.x += step),
      ArrowUp: () => (this.view.y += step),
      ArrowDown: () => (this.view.y -= step),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
    this.#keepInside();
    this.paint();
  }
}
