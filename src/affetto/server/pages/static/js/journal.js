/** The journal: what was heard and played, day by day, and how it felt afterwards. */

import { $, announce, ask, draw, icon, language, make, nearest, t, toast } from "./kit.js";
import { player } from "./player.js";
import { paintCover } from "./queue.js";

/**
 * @typedef {object} Entry
 * @property {number} id
 * @property {number} at milliseconds since 1970
 * @property {string | null} emotion
 * @property {number} valence
 * @property {number} arousal
 * @property {"voice" | "file" | "hand"} source
 * @property {{id: number, title: string, tracks: number, outcome: string | null} | null} playlist
 */

const WEEKS = 16;
const DAY = 86_400_000;
const REACH = 0.7; // of the trend, to each side of the middle
const SAYINGS = ["better", "same", "worse"];

/** @param {number} at */
const dayOf = (at) => new Date(at).toDateString();

/** @param {Date} day */
const longDay = (day) => new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" }).format(day);

/** @param {Entry[]} entries */
function mean(entries) {
  const sum = (/** @type {"valence" | "arousal"} */ axis) => entries.reduce((total, entry) => total + entry[axis], 0) / entries.length;
  return { valence: sum("valence"), arousal: sum("arousal") };
}

/** The last weeks, a square a day, in the hue of the day. @param {Map<string, Entry[]>} days */
function drawCalendar(days) {
  const today = new Date();
  const monday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - ((today.getDay() + 6) % 7) - 7 * (WEEKS - 1));
  const squares = Array.from({ length: 7 * WEEKS }, (_, place) => {
    const day = new Date(monday.getFullYear(), monday.getMonth(), monday.getDate() + place);
    const entries = days.get(day.toDateString()) ?? [];
    const future = day > today;
    if (!entries.length) return make("span", { class: `day${future ? " future" : ""}` });
    const mood = nearest(mean(entries));
    const about = `${longDay(day)}: ${t(`emotion.${mood}`)}, ${entries.length}`;
    return make("span", { class: `day filled ${mood}`, role: "img", title: about, "aria-label": about, style: { "--share": Math.min(1, entries.length / 4) } });
  });
  $("calendar").replaceChildren(...squares);
}

/** The mean of each day. @param {Entry[]} entries oldest first @returns {Entry[]} */
function byDay(entries) {
  /** @type {Map<string, Entry[]>} */
  const days = new Map();
  for (const entry of entries) days.set(dayOf(entry.at), [...(days.get(dayOf(entry.at)) ?? []), entry]);
  return [...days.values()].map((day) => ({ ...day[0], ...mean(day) }));
}

/** Valence and arousal along the days. @param {Entry[]} entries oldest first */
function drawTrend(entries) {
  const [width, height, left] = [Math.max(260, $("trend").clientWidth), 190, 30];
  const shown = byDay(entries).slice(-80);
  const first = shown[0].at;
  const span = Math.max(shown[shown.length - 1].at - first, 1);
  const x = (/** @type {Entry} */ entry) => left + ((width - left - 8) * (entry.at - first)) / span;
  const y = (/** @type {number} */ value) => (height - 22) / 2 - (value * (height - 30)) / (2 * REACH);
  const line = (/** @type {"valence" | "arousal"} */ axis) => {
    let slow = shown[0][axis];
    const points = shown.map((entry) => {
      slow += 0.5 * (entry[axis] - slow);
      return `${x(entry).toFixed(1)} ${y(slow).toFixed(1)}`;
    });
    return draw("path", { class: `line ${axis}`, d: `M${points.join("L")}` });
  };
  const grid = [-0.5, 0, 0.5].flatMap((value) => {
    const label = draw("text", { x: 0, y: y(value) + 4 });
    label.textContent = value.toLocaleString(language);
    return [draw("line", { class: "grid", x1: left, x2: width, y1: y(value), y2: y(value) }), label];
  });
  const ends = [shown[0], shown[shown.length - 1]].map((entry, place) => {
    const label = draw("text", { x: place ? width - 8 : left, y: height - 1, "text-anchor": place ? "end" : "start" });
    label.textContent = new Date(entry.at).toLocaleDateString(language, { day: "numeric", month: "short" });
    return label;
  });
  const dots = shown.map((entry) => draw("circle", { cx: x(entry).toFixed(1), cy: y(entry.valence).toFixed(1), r: 2.6, fill: "var(--happy)", opacity: 0.55 }));
  const chart = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": t("journal.trend_about", { count: shown.length }) }, ...grid, ...dots, line("valence"), line("arousal"), ...ends);
  $("trend").replaceChildren(chart);
}

class Page {
  constructor() {
    /** @type {Entry[]} */
    this.entries = [];
    this.gone = false;
    $("forget").addEventListener("click", () => /** @type {HTMLDialogElement} */ ($("forget-dialog")).showModal());
    $("forget-dialog").addEventListener("close", () => {
      if (/** @type {HTMLDialogElement} */ ($("forget-dialog")).returnValue === "yes") void this.#forget();
    });
    void this.#load();
  }

  leave() {
    this.gone = true;
  }

  async #load() {
    try {
      const { entries } = await ask("/v1/me/journal");
      this.entries = entries;
      this.#show();
    } catch (error) {
      toast(/** @type {Error} */ (error).message);
    }
  }

  #show() {
    if (this.gone) return;
    const { entries } = this;
    const some = entries.length > 0;
    $("empty").hidden = some;
    $("charts").hidden = !some;
    $("export").hidden = !some;
    $("forget").hidden = !some;
    $("journal-about").hidden = !some;
    /** @type {Map<string, Entry[]>} */
    const days = new Map();
    for (const entry of entries) days.set(dayOf(entry.at), [...(days.get(dayOf(entry.at)) ?? []), entry]);
    $("entries").replaceChildren(...[...days.values()].map((day) => this.#day(day)));
    if (!some) return;
    drawCalendar(days);
    drawTrend(entries.toReversed());
  }

  /** @param {Entry[]} entries */
  #day(entries) {
    const list = make("ul", {}, ...entries.map((entry) => this.#entry(entry)));
    const day = new Date(entries[0].at);
    const title = dayOf(Date.now()) === day.toDateString() ? t("journal.today") : dayOf(Date.now() - DAY) === day.toDateString() ? t("journal.yesterday") : longDay(day);
    return make("section", {}, make("h2", { text: title }), list);
  }

  /** @param {Entry} entry */
  #entry(entry) {
    const picture = make("span", { class: "cover" });
    paintCover(picture, /** @type {any} */ ({ ...entry, cover: null }));
    const time = new Date(entry.at).toLocaleTimeString(language, { hour: "numeric", minute: "2-digit" });
    const word = t(`emotion.${entry.emotion ?? nearest(entry)}`);
    const remove = make("button", { class: "round", type: "button", "aria-label": t("journal.delete", { time }) }, icon("i-trash"));
    remove.addEventListener("click", () => void this.#delete(entry));
    const said = t(`journal.source.${entry.source}`);
    return make(
      "li",
      { class: "entry", data: { id: String(entry.id) } },
      make("span", { class: "number muted", text: time }),
      picture,
      make(
        "div",
        { class: "hit-text" },
        make("strong", { class: "entry-words", text: word }),
        make("span", { class: "small muted" }, entry.playlist ? `${said} · ${this.#intents(entry.playlist.title)}` : said),
      ),
      make("div", { class: "row outcome-cell" }, entry.playlist ? this.#again(entry) : null, entry.playlist ? this.#outcome(entry) : null, remove),
    );
  }

  /** The intents of a playlist in the language of the page. @param {string} title */
  #intents(title) {
    const names = title.replace(/^Affetto: /, "").split(", then ").map((name) => name.replaceAll(" ", "_"));
    const known = names.map((name) => t(`intent.${name}`)).filter((name) => !name.startsWith("intent."));
    if (!known.length) return title;
    return known.length > 1 ? t("queue.then", { first: known[0], second: known[1].toLowerCase() }) : known[0];
  }

  /** @param {Entry} entry */
  #again(entry) {
    const button = make("button", { class: "round", type: "button", "aria-label": t("journal.again") }, icon("i-play"));
    button.addEventListener("click", async () => {
      try {
        await player.expect(ask(`/v1/me/playlists/${entry.playlist?.id}`));
      } catch (error) {
        toast(/** @type {Error} */ (error).message);
      }
    });
    return button;
  }

  /** Better, same or worse. @param {Entry} entry */
  #outcome(entry) {
    const group = make("div", { class: "outcome", role: "group", "aria-label": t("journal.outcome") });
    const show = () => {
      for (const button of group.children) button.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (button).dataset.said === entry.playlist?.outcome));
    };
    for (const said of SAYINGS) {
      const button = make("button", { type: "button", data: { said }, text: t(`journal.${said}`) });
      button.addEventListener("click", async () => {
        try {
          await ask(`/v1/me/playlists/${entry.playlist?.id}/outcome`, { json: { said } });
          if (entry.playlist) entry.playlist.outcome = said;
          show();
          announce(t("journal.noted"));
        } catch (error) {
          toast(/** @type {Error} */ (error).message);
        }
      });
      group.append(button);
    }
    show();
    return group;
  }

  /** @param {Entry} entry */
  async #delete(entry) {
    try {
      await ask(`/v1/me/journal/${entry.id}`, { method: "DELETE" });
      this.entries = this.entries.filter((one) => one !== entry);
      this.#show();
      announce(t("journal.deleted"));
      navigator.serviceWorker?.controller?.postMessage("forget");
    } catch (error) {
      toast(/** @type {Error} */ (error).message);
    }
  }

  async #forget() {
    try {
      await ask("/v1/me", { method: "DELETE" });
      navigator.serviceWorker?.controller?.postMessage("forget");
      this.entries = [];
      this.#show();
      toast(t("journal.forgotten"));
    } catch (error) {
      toast(/** @type {Error} */ (error).message);
    }
  }
}

/** @param {HTMLElement} _main */
export function mount(_main) {
  const page = new Page();
  return () => page.leave();
}
