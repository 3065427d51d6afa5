/** The circumplex: a dot that glides, its doubt as an ellipse, and the journey of the music. */

import { $, draw, facts, nearest, still, within } from "./kit.js";

/** @typedef {import("./kit.js").Affect} Affect */

const UNIT = 100;
const RIM = 1.03;
const GLIDE = 0.16; // seconds in which the dot comes 63 % closer

/** @param {Affect} affect @returns {[number, number]} */
function place({ valence, arousal }) {
  const shrink = Math.min(1, RIM / (Math.hypot(valence, arousal) || 1));
  return [UNIT * valence * shrink, -UNIT * arousal * shrink];
}

/** Half axes and turn of the ellipse of one standard deviation. @param {number[][]} covariance */
export function ellipse([[vv, va], [, aa]]) {
  const middle = (vv + aa) / 2;
  const apart = Math.hypot((vv - aa) / 2, va);
  const turn = Math.atan2(2 * va, vv - aa) / 2;
  return { wide: Math.sqrt(Math.max(0, middle + apart)), narrow: Math.sqrt(Math.max(0, middle - apart)), turn: (-turn * 180) / Math.PI };
}

/** The field of the first page. */
export class Plane {
  /**
   * @param {HTMLElement} field
   * @param {(affect: Affect, done: boolean) => void} onMove the person moves the dot
   */
  constructor(field, onMove) {
    this.field = field;
    this.onMove = onMove;
    this.plane = $("plane");
    this.dot = $("dot");
    this.halo = $("halo");
    this.doubt = $("doubt");
    /** x, y, half axes and turn: where it is, and where it goes */
    this.now = [0, 0, 0, 0, 0];
    this.aim = [0, 0, 0, 0, 0];
    this.level = 0;
    this.frame = 0;
    this.last = 0;
    this.graspable = false;
    field.addEventListener("pointerdown", (event) => this.#grasp(event));
  }

  /** Lets the dot glide to a place. @param {Affect} affect @param {boolean} [atOnce] */
  show(affect, atOnce = false) {
    const [x, y] = place(affect);
    const { wide, narrow, turn } = affect.covariance ? ellipse(affect.covariance) : { wide: 0, narrow: 0, turn: 0 };
    this.aim = [x, y, UNIT * wide, UNIT * narrow, turn];
    const apart = turn - this.now[4];
    if (Math.abs(apart) > 90) this.now[4] += 180 * Math.round(apart / 180); // an ellipse turned by half is itself
    if (atOnce || still.matches) this.now = [...this.aim];
    this.#tint(affect);
    this.#run();
  }

  /** How loud it is, 0 to 1. @param {number} level */
  sound(level) {
    this.level = still.matches ? 0 : level;
    this.#run();
  }

  /** Back to the middle. */
  rest() {
    this.now = [0, 0, 0, 0, 0];
    this.aim = [0, 0, 0, 0, 0];
    this.#paint();
  }

  /** @param {boolean} can */
  letGrasp(can) {
    this.graspable = can;
    this.field.classList.toggle("graspable", can);
  }

  /**
   * Draws the way of a playlist and where its tracks are.
   * @param {Affect[]} waypoints
   * @param {Affect[]} tracks
   * @param {number} current
   */
  journey(waypoints, tracks, current) {
    const points = waypoints.map(place);
    $("journey").setAttribute("d", points.length ? `M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}` : "");
    const stops = tracks.map((track, number) => {
      const [x, y] = place(track);
      return draw("circle", { class: `stop${number === current ? " current" : ""}`, cx: x.toFixed(1), cy: y.toFixed(1), r: number === current ? 4.6 : 2.3 });
    });
    $("stops").replaceChildren(...stops);
  }

  /** @param {Affect} affect */
  #tint(affect) {
    this.field.closest(".listen")?.setAttribute("data-tint", nearest(affect));
    /** @type {HTMLElement} */ (this.field).style.setProperty("--affect", `var(--${nearest(affect)})`);
  }

  #run() {
    if (!this.frame) {
      this.last = performance.now();
      this.frame = requestAnimationFrame((time) => this.#step(time));
    }
  }

  /** @param {number} time */
  #step(time) {
    const share = 1 - Math.exp(-Math.max(0, time - this.last) / 1000 / GLIDE);
    this.last = time;
    this.now = this.now.map((value, index) => value + (this.aim[index] - value) * share);
    this.#paint();
    const moving = this.now.some((value, index) => Math.abs(value - this.aim[index]) > 0.05) || this.level > 0.01;
    this.level *= 0.92;
    this.frame = moving ? requestAnimationFrame((next) => this.#step(next)) : 0;
  }

  #paint() {
    const [x, y, wide, narrow, turn] = this.now.map((value) => value.toFixed(2));
    for (const circle of [this.dot, this.halo]) {
      circle.setAttribute("cx", x);
      circle.setAttribute("cy", y);
    }
    this.halo.setAttribute("r", (9 + 12 * this.level).toFixed(2));
    this.doubt.setAttribute("rx", wide);
    this.doubt.setAttribute("ry", narrow);
    this.doubt.setAttribute("transform", `translate(${x} ${y}) rotate(${turn})`);
  }

  /** @param {PointerEvent} event @returns {Affect} */
  #under(event) {
    const box = this.field.getBoundingClientRect();
    const valence = ((event.clientX - box.left) / box.width - 0.5) * 2.4;
    const arousal = (0.5 - (event.clientY - box.top) / box.height) * 2.4;
    const shrink = Math.min(1, 1 / (Math.hypot(valence, arousal) || 1));
    return { valence: within(valence * shrink, -1, 1), arousal: within(arousal * shrink, -1, 1) };
  }

  /** @param {PointerEvent} event */
  #grasp(event) {
    if (!this.graspable || /** @type {Element} */ (event.target).closest("button")) return;
    const start = this.#under(event);
    if (Math.hypot(start.valence, start.arousal) > 0.999) return;
    event.preventDefault();
    this.field.setPointerCapture(event.pointerId);
    const move = (/** @type {PointerEvent} */ moved) => this.#take(this.#under(moved), false);
    const end = (/** @type {PointerEvent} */ ended) => {
      this.field.removeEventListener("pointermove", move);
      if (ended.type === "pointerup") this.#take(this.#under(ended), true);
    };
    this.#take(start, false);
    this.field.addEventListener("pointermove", move);
    this.field.addEventListener("pointerup", end, { once: true });
    this.field.addEventListener("pointercancel", end, { once: true });
  }

  /** @param {Affect} affect @param {boolean} done */
  #take(affect, done) {
    this.show(affect, true);
    this.onMove(affect, done);
  }
}

/** The place of an emotion. @param {string} emotion @returns {Affect} */
export const placeOf = (emotion) => ({ valence: facts.circumplex[emotion][0], arousal: facts.circumplex[emotion][1] });
