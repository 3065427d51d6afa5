/** A long recording: its readings, pitch, level and pauses along the time. */

import { $, announce, ask, clock, draw, icon, language, make, percent, t } from "./kit.js";
import { said } from "./sayings.js";

/**
 * @typedef {import("./live.js").Reading} Reading
 * @typedef {{utterance: number, audio_start_ms: number, audio_end_ms: number, reading: Reading}} Utterance
 * @typedef {{times: number[], pitch: (number | null)[], level: number[], speech_share: number, syllables_per_second: number | null, pitch_median: number | null, pitch_range_semitones: number | null, pauses: number, longest_pause: number}} Delivery
 * @typedef {{file: string, seconds: number, reading: Reading, utterances: Utterance[], delivery: Delivery}} Report
 */

const [WIDTH, LEFT, RIGHT] = [1000, 64, 8];
const LANES = { emotion: [8, 40], affect: [62, 150], pitch: [172, 250], level: [268, 318] };
const HEIGHT = 344;

/** @param {number} seconds */
function tickStep(seconds) {
  return [1, 2, 5, 10, 15, 30, 60, 120, 300, 600].find((step) => seconds / step <= 9) ?? 1200;
}

/**
 * @param {Report} report
 * @param {(seconds: number) => void} seek
 */
function drawTimeline(report, seek) {
  const { seconds, utterances, delivery } = report;
  const x = (/** @type {number} */ time) => LEFT + ((WIDTH - LEFT - RIGHT) * time) / seconds;
  /** @param {string} text @param {number} y */
  const label = (text, y) => {
    const element = draw("text", { x: 0, y });
    element.textContent = text;
    return element;
  };
  const parts = [label(t("analyse.emotion"), 28), label(t("analyse.affect"), 110), label(t("analyse.pitch"), 214), label(t("analyse.level"), 297)];
  for (let time = 0; time <= seconds; time += tickStep(seconds)) {
    const tick = draw("text", { x: x(time), y: HEIGHT - 4, "text-anchor": "middle" });
    tick.textContent = clock(time);
    parts.push(draw("line", { class: "grid", x1: x(time), x2: x(time), y1: 8, y2: LANES.level[1] }), tick);
  }
  const [top, bottom] = LANES.affect;
  const y = (/** @type {number} */ value) => (top + bottom) / 2 - (value * (bottom - top)) / 2;
  parts.push(draw("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(0), y2: y(0) }));
  const heard = utterances.filter(({ reading }) => !reading.abstained);
  for (const { audio_start_ms: start, audio_end_ms: end, reading } of utterances) {
    const hue = reading.emotion ? `var(--${reading.emotion})` : "var(--line)";
    const wide = Math.max(2, x(end / 1000) - x(start / 1000) - 1);
    const block = draw("rect", { class: "speech", x: x(start / 1000), y: LANES.emotion[0], width: wide, height: LANES.emotion[1] - LANES.emotion[0], fill: hue, opacity: 0.35 + 0.65 * reading.confidence });
    block.append(draw("title"));
    block.firstElementChild?.append(reading.emotion ? `${t(`emotion.${reading.emotion}`)} ${percent(reading.confidence)}` : said(reading.reason ?? ""));
    parts.push(block);
  }
  for (const axis of /** @type {const} */ (["valence", "arousal"])) {
    const points = heard.map(({ audio_start_ms: start, audio_end_ms: end, reading }) => `${x((start + end) / 2000).toFixed(1)} ${y(reading[axis]).toFixed(1)}`);
    if (points.length) parts.push(draw("path", { class: `line ${axis}`, d: `M${points.join("L")}` }));
    for (const point of points) parts.push(draw("circle", { cx: point.split(" ")[0], cy: point.split(" ")[1], r: 3, fill: `var(--${axis === "valence" ? "happy" : "sad"})` }));
  }
  parts.push(...drawDelivery(delivery, x));
  const now = draw("line", { class: "now", x1: LEFT, x2: LEFT, y1: 4, y2: LANES.level[1] + 4 });
  const chart = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": t("analyse.chart_about") }, ...parts, now);
  chart.addEventListener("click", (event) => {
    const box = chart.getBoundingClientRect();
    const place = ((/** @type {MouseEvent} */ (event).clientX - box.left) / box.width) * WIDTH;
    seek(Math.max(0, ((place - LEFT) / (WIDTH - LEFT - RIGHT)) * seconds));
  });
  $("timeline").replaceChildren(chart);
  return (/** @type {number} */ time) => {
    now.setAttribute("x1", x(time).toFixed(1));
    now.setAttribute("x2", x(time).toFixed(1));
  };
}

/** @param {Delivery} delivery @param {(time: number) => number} x */
function drawDelivery({ times, pitch, level }, x) {
  const parts = [];
  const voiced = pitch.filter((value) => value !== null);
  const step = Math.max(1, Math.ceil(times.length / 1600));
  if (voiced.length) {
    const low = Math.log2(Math.min(...voiced));
    const high = Math.log2(Math.max(...voiced));
    const [top, bottom] = LANES.pitch;
    for (let place = 0; place < times.length; place += step) {
      const value = pitch[place];
      if (value === null) continue;
      const share = (Math.log2(value) - low) / (high - low || 1);
      parts.push(draw("circle", { class: "pitch", cx: x(times[place]).toFixed(1), cy: (bottom - share * (bottom - top)).toFixed(1), r: 1.5 }));
    }
  }
  const [top, bottom] = LANES.level;
  const loudest = Math.max(...level, -20);
  let path = `M${x(times[0] ?? 0).toFixed(1)} ${bottom}`;
  let before = times[0] ?? 0;
  for (let place = 0; place < times.length; place += step) {
    const share = Math.max(0, 1 - (loudest - level[place]) / 45);
    const at = x(times[place]).toFixed(1);
    if (times[place] - before > 0.4) path += `L${x(before).toFixed(1)} ${bottom}L${at} ${bottom}`;
    path += `L${at} ${(bottom - share * (bottom - top)).toFixed(1)}`;
    before = times[place];
  }
  if (times.length) parts.push(draw("path", { class: "level", d: `${path}L${x(before).toFixed(1)} ${bottom}Z` }));
  return parts;
}

class Page {
  constructor() {
    const input = /** @type {HTMLInputElement} */ ($("recording"));
    const drop = $("drop");
    $("choose").addEventListener("click", () => input.click());
    input.addEventListener("change", () => input.files?.[0] && void this.#read(input.files[0]));
    drop.addEventListener("dragover", (event) => (event.preventDefault(), drop.classList.add("over")));
    drop.addEventListener("dragleave", () => drop.classList.remove("over"));
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      drop.classList.remove("over");
      const file = event.dataTransfer?.files[0];
      if (file) void this.#read(file);
    });
    this.stop = new AbortController();
    /** @type {string[]} */
    this.addresses = [];
  }

  leave() {
    this.stop.abort();
    for (const address of this.addresses) URL.revokeObjectURL(address);
  }

  /** @param {File} file */
  async #read(file) {
    $("analyse-trouble").hidden = true;
    $("report").hidden = true;
    $("reading-bar").hidden = false;
    $("drop-title").textContent = t("analyse.reading");
    $("drop-about").textContent = file.name;
    const body = new FormData();
    body.append("file", file);
    try {
      /** @type {Report} */
      const report = await ask("/v1/analyses", { body, signal: this.stop.signal });
      this.#show(report, file);
      announce(t("analyse.done"));
    } catch (error) {
      if (this.stop.signal.aborted) return;
      $("analyse-trouble").hidden = false;
      /** @type {HTMLElement} */ ($("analyse-trouble").querySelector("p")).textContent = /** @type {Error} */ (error).message;
    } finally {
      if (!this.stop.signal.aborted) {
        $("reading-bar").hidden = true;
        $("drop-title").textContent = t("analyse.drop");
        $("drop-about").textContent = t("analyse.drop_about");
      }
    }
  }

  /** @param {Blob} blob */
  #address(blob) {
    const address = URL.createObjectURL(blob);
    this.addresses.push(address);
    return address;
  }

  /** @param {Report} report @param {File} file */
  #show(report, file) {
    const { reading, delivery } = report;
    $("report-title").textContent = report.file;
    $("report-words").textContent = reading.emotion ? t("analyse.whole", { emotion: t(`emotion.${reading.emotion}`), share: percent(reading.confidence) }) : t("listen.unheard");
    /** @type {HTMLAnchorElement} */ ($("report-save")).href = this.#address(new Blob([JSON.stringify(report, null, 1)], { type: "application/json" }));
    const number = (/** @type {number | null} */ value, digits = 1) => (value === null ? "–" : value.toLocaleString(language, { maximumFractionDigits: digits }));
    const figures = [
      [t("analyse.length"), clock(report.seconds)],
      [t("analyse.speech"), percent(delivery.speech_share)],
      [t("analyse.pace"), `${number(delivery.syllables_per_second)} /s`],
      [t("analyse.pitch_median"), `${number(delivery.pitch_median, 0)} Hz`],
      [t("analyse.pitch_range"), `${number(delivery.pitch_range_semitones, 0)} st`],
      [t("analyse.longest_pause"), `${number(delivery.longest_pause)} s`],
    ];
    $("figures").replaceChildren(...figures.map(([name, value]) => make("div", {}, make("dt", { text: name }), make("dd", { text: value }))));
    const audio = /** @type {HTMLAudioElement} */ ($("playback"));
    audio.src = this.#address(file);
    const follow = drawTimeline(report, (time) => (audio.currentTime = time));
    audio.ontimeupdate = () => follow(audio.currentTime);
    /** @type {HTMLElement} */ ($("utterances").querySelector("tbody")).replaceChildren(...report.utterances.map((one) => this.#row(one, audio)));
    $("report").hidden = false;
    $("report").scrollIntoView({ block: "start" });
  }

  /** @param {Utterance} utterance @param {HTMLAudioElement} audio */
  #row({ audio_start_ms: start, reading }, audio) {
    const go = make("button", { class: "when", type: "button", text: clock(start / 1000), on: { click: () => ((audio.currentTime = start / 1000), void audio.play()) } });
    const word = reading.emotion
      ? make("span", { class: `heard-word ${reading.emotion}` }, icon(`g-${reading.emotion}`), `${t(`emotion.${reading.emotion}`)} ${percent(reading.confidence)}`)
      : make("span", { class: "muted", text: said(reading.reason ?? "") });
    const value = (/** @type {number} */ number) => (reading.abstained ? "–" : number.toLocaleString(language, { maximumFractionDigits: 2, minimumFractionDigits: 2 }));
    return make(
      "tr",
      {},
      make("td", {}, go),
      make("td", {}, word),
      make("td", { class: "number", text: value(reading.valence) }),
      make("td", { class: "number", text: value(reading.arousal) }),
      make("td", { class: "small muted", text: (reading.cues ?? []).map((cue) => said(cue.words)).join("; ") }),
    );
  }
}

/** @param {HTMLElement} _main */
export function mount(_main) {
  const page = new Page();
  return () => page.leave();
}
