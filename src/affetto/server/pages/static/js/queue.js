/** The queue as a list: covers, why each track is there, and what the person may say to it. */

import { clock, icon, make, nearest, t } from "./kit.js";
import { said } from "./sayings.js";

/** @typedef {import("./player.js").Track} Track */

/** A neighbour on the wheel for the second colour of a cover. @type {Record<string, string>} */
const BESIDE = {
  neutral: "calm",
  calm: "sad",
  happy: "surprised",
  sad: "disgust",
  angry: "surprised",
  fearful: "angry",
  disgust: "fearful",
  surprised: "happy",
};

/**
 * The cover of a track, over colours of its mood, which stay where there is no picture.
 * @param {HTMLElement} place
 * @param {Track} track
 */
export function paintCover(place, track) {
  const mood = nearest(track);
  place.style.setProperty("--one", `var(--${mood})`);
  place.style.setProperty("--two", `color-mix(in oklab, var(--${BESIDE[mood]}) 70%, var(--ink))`);
  place.style.setProperty("--x", `${50 + 32 * track.valence}%`);
  place.style.setProperty("--y", `${50 - 32 * track.arousal}%`);
  place.querySelector("img")?.remove();
  if (!track.cover) return;
  const picture = /** @type {HTMLImageElement} */ (make("img", { src: track.cover, alt: "", loading: "lazy", decoding: "async" }));
  picture.addEventListener("error", () => picture.remove());
  place.append(picture);
}

/** The queue on the page. */
export class Queue {
  /**
   * @param {HTMLElement} list
   * @param {typeof import("./player.js").player} player
   */
  constructor(list, player) {
    this.list = list;
    this.player = player;
    /** @type {HTMLElement | null} */
    this.menu = null;
    /** What the rows are of: a list that is asked for anew may hold the same tracks, and has likes of its own. @type {Track[]} */
    this.shown = [];
    this.change = () => this.show();
    this.outside = (/** @type {Event} */ event) => this.#away(event);
    player.addEventListener("change", this.change);
    player.addEventListener("sounding", this.change);
    document.addEventListener("click", this.outside);
    document.addEventListener("keydown", this.outside);
    this.show();
  }

  leave() {
    this.player.removeEventListener("change", this.change);
    this.player.removeEventListener("sounding", this.change);
    document.removeEventListener("click", this.outside);
    document.removeEventListener("keydown", this.outside);
  }

  show() {
    const tracks = this.player.playlist?.tracks ?? [];
    const held = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.key : undefined;
    if (this.shown.length === tracks.length && tracks.every((track, place) => this.shown[place] === track)) {
      tracks.forEach((track, place) => this.#update(/** @type {HTMLElement} */ (this.#row(place)), track, place));
      return;
    }
    this.menu = null;
    this.shown = [...tracks];
    this.list.replaceChildren(...tracks.map((track, place) => this.#make(track, place)));
    if (held) /** @type {HTMLElement | null} */ (this.list.querySelector(`[data-key="${CSS.escape(held)}"]`))?.focus();
  }

  /** @param {number} place */
  #row(place) {
    return /** @type {HTMLElement | undefined} */ (this.list.children[place]);
  }

  /** @param {Track} track @param {number} place */
  #make(track, place) {
    const play = make("button", { class: "cover", type: "button", data: { act: "play", key: `play ${track.id}` } }, icon("i-play"));
    paintCover(play, track);
    const like = make("button", { class: "round", type: "button", data: { act: "like", key: `like ${track.id}` }, "aria-label": t("queue.like_title", { title: track.title }) }, icon("i-heart"));
    const more = make("button", { class: "round", type: "button", data: { act: "more", key: `more ${track.id}` }, "aria-haspopup": "true", "aria-expanded": "false", "aria-label": t("queue.more", { title: track.title }) }, icon("i-more"));
    const row = make(
      "li",
      { class: `track${track.stream ? "" : " unplayable"}`, data: { id: track.id } },
      play,
      make(
        "div",
        { class: "track-text" },
        make("span", { class: "track-title" }, track.title, " ", make("span", { class: "track-by", text: track.artist })),
        make("span", { class: "track-why", text: track.stream ? track.reasons.map(said).join(" · ") : t("queue.elsewhere") }),
      ),
      make("span", { class: "track-length number small muted", text: track.seconds ? clock(track.seconds) : "" }),
      make("div", { class: "track-actions" }, like, more),
    );
    play.addEventListener("click", () => this.player.play(this.player.playlist?.tracks.indexOf(track) ?? -1));
    like.addEventListener("click", () => void this.player.like(track));
    more.addEventListener("click", (event) => (event.stopPropagation(), this.#open(more, row, track)));
    this.#update(row, track, place);
    return row;
  }

  /** @param {HTMLElement} row @param {Track} track @param {number} place */
  #update(row, track, place) {
    const current = place === this.player.index;
    const sounds = current && !this.player.audio.paused;
    if (current) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
    const play = /** @type {HTMLButtonElement} */ (row.querySelector("[data-act=play]"));
    play.disabled = !track.stream;
    play.setAttribute("aria-label", t(sounds ? "player.pause_title" : "player.play_title", { title: track.title }));
    play.querySelector("use")?.setAttribute("href", sounds ? "#i-pause" : "#i-play");
    row.querySelector("[data-act=like]")?.setAttribute("aria-pressed", String(!!track.liked));
  }

  /** @param {HTMLElement} button @param {HTMLElement} row @param {Track} track */
  #open(button, row, track) {
    const again = this.menu?.parentElement === row;
    this.#close();
    if (again) return;
    const choice = (/** @type {string} */ name, /** @type {string} */ label, /** @type {() => void} */ run) =>
      make("button", { type: "button", on: { click: () => (this.#close(), run()) } }, icon(name), label);
    this.menu = make(
      "div",
      { class: "menu", role: "group", "aria-label": t("queue.more", { title: track.title }) },
      choice("i-mood", t("queue.not_this_mood"), () => void this.player.drop(track, "not_this_mood")),
      choice("i-never", t("queue.never"), () => void this.player.drop(track, "never")),
    );
    row.append(this.menu);
    button.setAttribute("aria-expanded", "true");
    this.menu.querySelector("button")?.focus();
  }

  #close() {
    const row = this.menu?.parentElement;
    row?.querySelector("[data-act=more]")?.setAttribute("aria-expanded", "false");
    this.menu?.remove();
    this.menu = null;
  }

  /** @param {Event} event */
  #away(event) {
    if (!this.menu) return;
    if (event instanceof KeyboardEvent) {
      if (event.key !== "Escape") return;
      const more = /** @type {HTMLElement | null} */ (this.menu.parentElement?.querySelector("[data-act=more]"));
      this.#close();
      more?.focus();
    } else if (!this.menu.contains(/** @type {Node} */ (event.target))) this.#close();
  }
}
