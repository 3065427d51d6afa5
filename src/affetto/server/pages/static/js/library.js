/** The library: a map, its regions as live playlists, search, corrections and scans. */

import { $, announce, ask, clock, icon, make, nearest, t, toast } from "./kit.js";
import { MusicMap } from "./map.js";
import { player } from "./player.js";
import { paintCover } from "./queue.js";
import { said } from "./sayings.js";

/** @typedef {import("./player.js").Track} Track */
/** @typedef {{name: string, size: number, valence: number, arousal: number, tempo: number | null}} Region */

const POLL_MS = 600;
const TYPING_MS = 180;

/** Puts a slider and its label at a value in [-1, 1]. @param {HTMLInputElement} input @param {number} value */
function slide(input, value) {
  input.value = String(Math.round(100 * value));
  input.style.setProperty("--at", `${50 + Number(input.value) / 2}%`);
  /** @type {HTMLElement} */ (input.closest("label")?.querySelector("output")).textContent = (Number(input.value) / 100).toFixed(2);
}

class Page {
  constructor() {
    this.map = new MusicMap($("map-canvas"), {
      onHover: (place, x, y) => void this.#tip(place, x, y),
      onChoose: (place) => void this.#choose(place),
      onMove: (valence, arousal, done) => this.#moved(valence, arousal, done),
    });
    /** @type {Region[]} */
    this.regions = [];
    this.own = false;
    /** @type {any} */
    this.track = null;
    /** @type {Map<string | number, any>} */
    this.known = new Map();
    this.timer = 0;
    this.typing = 0;
    /** Number of the last search: an answer to an earlier one is late. */
    this.searches = 0;
    /** The hits that the list shows, as they came. @type {string | null} */
    this.hits = null;
    this.gone = false;
    $("search").addEventListener("input", () => {
      clearTimeout(this.typing);
      this.typing = window.setTimeout(() => void this.#showList(), TYPING_MS);
    });
    $("map-closer").addEventListener("click", () => this.map.zoom(1.6));
    $("map-farther").addEventListener("click", () => this.map.zoom(1 / 1.6));
    $("scan").addEventListener("click", () => void this.#scan());
    $("add-folder").addEventListener("submit", (event) => (event.preventDefault(), void this.#add()));
    /** Whose music it is and where its tracks lie: without it no track can be chosen. @type {Promise<any>} */
    this.overview = Promise.resolve();
    void this.#load();
  }

  leave() {
    this.gone = true;
    clearTimeout(this.timer);
    clearTimeout(this.typing);
    this.map.leave();
  }

  async #load() {
    try {
      this.overview = this.#loadMap();
      const overview = await this.overview;
      if (this.gone) return;
      this.#overview(overview);
      const { regions, owner } = await ask("/v1/library/regions");
      if (this.gone) return;
      this.regions = regions;
      this.map.owner = owner;
      await this.#showList();
      if (overview.scan.state === "running") this.#watch();
    } catch (error) {
      if (!this.gone) toast(/** @type {Error} */ (error).message);
    }
  }

  async #loadMap() {
    const [overview, points] = await Promise.all([ask("/v1/library"), ask("/v1/library/map")]);
    this.own = overview.own;
    if (!this.gone) this.map.show(points);
    return overview;
  }

  /** @param {any} overview */
  #overview(overview) {
    const count = overview.tracks.toLocaleString();
    $("library-about").textContent = t(overview.own ? "library.about_own" : "library.about_starter", { count });
    const folders = overview.status?.folders ?? [];
    $("folders").replaceChildren(
      ...folders.map((/** @type {any} */ folder) =>
        make("li", {}, make("span", { text: folder.path }), make("span", { class: "small muted", text: folder.problem || t("library.files", { count: folder.files.toLocaleString() }) })),
      ),
    );
    $("scan").hidden = !folders.length;
    $("add-folder").hidden = !overview.may_add;
    $("folders-about").textContent = t(overview.may_add ? (folders.length ? "library.folders_more" : "library.folders_about") : "library.folders_there");
  }

  /** The regions, or what is found where somebody searches. */
  async #showList() {
    const words = /** @type {HTMLInputElement} */ ($("search")).value.trim();
    this.searches += 1;
    if (words) await this.#search(words, this.searches);
    else this.#showRegions();
  }

  #showRegions() {
    this.hits = null;
    $("list-title").textContent = t("library.regions");
    $("list-count").textContent = String(this.regions.length);
    $("list").replaceChildren(
      ...this.regions.map((region, number) => {
        const play = make("button", { class: "round", type: "button", "aria-label": t("library.play_region", { name: said(region.name) }) }, icon("i-play"));
        const name = make("button", { class: "region-name", type: "button", "aria-pressed": "false", text: said(region.name) });
        const row = make(
          "li",
          { class: "region" },
          make("span", { class: "region-dot", style: { "--hue": `var(--${nearest(region)})` } }),
          make("div", {}, name, make("div", { class: "small muted", text: t("library.region_about", { count: region.size, tempo: region.tempo ? Math.round(region.tempo) : "–" }) })),
          play,
        );
        play.addEventListener("click", () => void this.#playRegion(number));
        name.addEventListener("click", () => this.#lightRegion(this.map.lit === number ? null : number));
        row.addEventListener("pointerenter", () => this.map.light(number));
        row.addEventListener("pointerleave", () => this.map.light(this.pressed ?? null));
        return row;
      }),
    );
  }

  /** @param {number | null} number */
  #lightRegion(number) {
    this.pressed = number;
    this.map.light(number);
    document.querySelectorAll(".region-name").forEach((button, place) => button.setAttribute("aria-pressed", String(place === number)));
  }

  /** @param {number} region */
  async #playRegion(region) {
    try {
      await player.expect(ask("/v1/library/playlists", { json: { region } }));
    } catch (error) {
      toast(/** @type {Error} */ (error).message);
    }
  }

  /** @param {string} words @param {number} number */
  async #search(words, number) {
    let tracks;
    try {
      // Hits that could not be chosen yet would do nothing when pressed.
      [{ tracks }] = await Promise.all([ask(`/v1/library/tracks?limit=60&words=${encodeURIComponent(words)}`), this.overview]);
    } catch (error) {
      if (!this.gone && number === this.searches) toast(/** @type {Error} */ (error).message);
      return;
    }
    const hits = JSON.stringify(tracks);
    // What is there already stays, so that nothing is pulled away from under a pointer or the focus.
    if (this.gone || number !== this.searches || hits === this.hits) return;
    this.hits = hits;
    $("list-title").textContent = t("library.found");
    $("list-count").textContent = String(tracks.length);
    announce(t("library.found_count", { count: tracks.length }));
    $("list").replaceChildren(
      ...(tracks.length ? tracks.map((/** @type {Track} */ track, /** @type {number} */ place) => this.#hit(track, tracks, place)) : [make("li", { class: "muted", text: t("library.nothing") })]),
    );
  }

  /** @param {Track} track @param {Track[]} all @param {number} place */
  #hit(track, all, place) {
    const play = make("button", { class: "cover", type: "button", "aria-label": t("player.play_title", { title: track.title }) }, icon("i-play"));
    paintCover(play, track);
    play.addEventListener("click", () => this.#playAll(all, place));
    const name = make("button", { class: "hit-name", type: "button", text: track.title });
    name.addEventListener("click", () => void this.#choose(this.map.points.ids.findIndex((id) => String(id) === String(track.id))));
    return make(
      "li",
      { class: "hit" },
      play,
      make("div", { class: "hit-text" }, name, make("span", { class: "small muted", text: track.artist })),
      make("span", { class: "small muted number", text: track.seconds ? clock(track.seconds) : "" }),
    );
  }

  /** @param {Track[]} tracks @param {number} place */
  #playAll(tracks, place) {
    const own = this.own;
    player.load({
      id: null,
      intent: "stay",
      then: [],
      explanation: t("library.chosen_by_you"),
      journey: [],
      notes: [],
      library: own ? "your library" : "the starter catalog",
      // the same tracks, so that the list knows which of them are liked since it was found
      tracks: tracks.slice(place).map((track) => Object.assign(track, { reasons: [track.genre, track.tempo ? `${Math.round(track.tempo)} bpm` : ""].filter(Boolean) })),
    });
  }

  /** What is known of a point. @param {number} place */
  async #about(place) {
    const { ids, valence, arousal } = this.map.points;
    const id = ids[place];
    if (!this.known.has(id)) {
      const found = this.own ? await ask(`/v1/library/tracks/${id}`) : (await ask(`/v1/library/tracks?limit=40&valence=${valence[place]}&arousal=${arousal[place]}`)).tracks;
      for (const track of this.own ? [found] : found) this.known.set(this.own ? id : track.id, track);
    }
    return this.known.get(id);
  }

  /** @param {number | null} place @param {number} x @param {number} y */
  async #tip(place, x, y) {
    const tip = $("map-tip");
    this.hovered = place;
    if (place === null) {
      tip.hidden = true;
      return;
    }
    const track = await this.#about(place).catch(() => null);
    if (this.hovered !== place || !track) return;
    tip.textContent = track.artist ? `${track.title} · ${track.artist}` : track.title;
    tip.style.left = `${x}px`;
    tip.style.top = `${y}px`;
    tip.hidden = false;
  }

  /** @param {number | null} place */
  async #choose(place) {
    const panel = $("chosen");
    this.wanted = place;
    if (place === null || place < 0) {
      panel.hidden = true;
      this.track = null;
      this.map.choose(null, false);
      return;
    }
    const track = await this.#about(place).catch((error) => toast(error.message));
    if (this.gone || this.wanted !== place || !track) return;
    this.track = track;
    this.map.choose(place, this.own);
    const cover = make("span", { class: "cover" });
    paintCover(cover, track);
    const play = make("button", { class: "round play", type: "button", "aria-label": t("player.play_title", { title: track.title }), on: { click: () => this.#playAll([track], 0) } }, icon("i-play"));
    const facts = [track.genre, track.tempo ? `${Math.round(track.tempo)} bpm` : "", track.key, track.seconds ? clock(track.seconds) : ""].filter(Boolean).join(" · ");
    panel.replaceChildren(
      make("div", { class: "chosen-head" }, cover, make("div", { class: "hit-text" }, make("strong", { text: track.title }), make("span", { class: "muted", text: track.artist })), play),
      make("p", { class: "small muted", text: facts }),
      ...(this.own ? this.#correction(track) : []),
    );
    panel.hidden = false;
  }

  /** Sliders that put a track where the person hears it. @param {any} track */
  #correction(track) {
    const slider = (/** @type {"valence" | "arousal"} */ name) => {
      const output = make("output", { class: "number" });
      const input = /** @type {HTMLInputElement} */ (make("input", { type: "range", min: -100, max: 100, id: `fix-${name}` }));
      const label = make("label", { class: "field" }, make("span", { class: "row spread small" }, make("span", { text: t(`axis.${name}`) }), output), input);
      slide(input, track[name]);
      input.addEventListener("input", () => {
        slide(input, Number(input.value) / 100);
        if (this.map.chosen === null) return;
        this.map.points[name][this.map.chosen] = Number(input.value) / 100;
        this.map.paint();
      });
      input.addEventListener("change", () => void this.#fix());
      return label;
    };
    const back = make("button", { class: "button plain", type: "button", text: t("library.unfix"), on: { click: () => void this.#unfix() } });
    return [make("p", { class: "small muted", text: t("library.fix_about") }), slider("valence"), slider("arousal"), back];
  }

  /** @param {number} valence @param {number} arousal @param {boolean} done */
  #moved(valence, arousal, done) {
    this.#slideTo({ valence, arousal });
    if (done) void this.#fix();
  }

  /** Shows where the chosen track lies now; the sliders stay, with the focus that one may have. @param {{valence: number, arousal: number}} mood */
  #slideTo(mood) {
    for (const name of /** @type {const} */ (["valence", "arousal"])) {
      const input = /** @type {HTMLInputElement | null} */ (document.getElementById(`fix-${name}`));
      if (input) slide(input, mood[name]);
    }
  }

  async #fix() {
    const { chosen, points } = this.map;
    if (chosen === null) return;
    await this.#put("POST", { valence: points.valence[chosen], arousal: points.arousal[chosen] }, t("library.fixed", { title: this.track.title }));
  }

  async #unfix() {
    await this.#put("DELETE", undefined, t("library.unfixed", { title: this.track.title }));
  }

  /** @param {string} method @param {unknown} json @param {string} said */
  async #put(method, json, said) {
    const { track } = this;
    const { chosen, points } = this.map;
    if (chosen === null) return;
    try {
      const { valence, arousal } = await ask(`/v1/library/tracks/${points.ids[chosen]}/mood`, { method, json });
      Object.assign(track, { valence, arousal });
      toast(said);
      if (this.gone || this.map.points !== points) return;
      points.valence[chosen] = valence;
      points.arousal[chosen] = arousal;
      this.map.hues[chosen] = nearest(track);
      this.map.paint();
      if (this.track !== track) return;
      this.#slideTo(track);
      paintCover(/** @type {HTMLElement} */ ($("chosen").querySelector(".cover")), track);
    } catch (error) {
      toast(/** @type {Error} */ (error).message);
    }
  }

  async #add() {
    const path = /** @type {HTMLInputElement} */ ($("path"));
    try {
      await ask("/v1/library/folders", { json: { path: path.value } });
      path.value = "";
      this.#watch();
    } catch (error) {
      toast(/** @type {Error} */ (error).message);
    }
  }

  async #scan() {
    const stop = this.scanning;
    try {
      await ask("/v1/library/scan", { method: stop ? "DELETE" : "POST" });
      if (!stop) this.#watch();
    } catch (error) {
      toast(/** @type {Error} */ (error).message);
    }
  }

  /** Follows the scan to its end. */
  async #watch() {
    clearTimeout(this.timer);
    const state = await ask("/v1/library/scan").catch(() => null);
    if (this.gone || !state) return;
    const running = state.state === "running";
    this.scanning = running;
    $("progress").hidden = !running;
    const label = /** @type {HTMLElement} */ ($("scan").querySelector("span"));
    label.textContent = t(running ? "library.stop" : "library.scan");
    if (running) {
      const bar = /** @type {HTMLProgressElement} */ ($("progress-bar"));
      if (state.total) bar.value = state.done / state.total;
      else bar.removeAttribute("value");
      $("progress-text").textContent = t(`library.stage.${state.stage}`);
      $("progress-count").textContent = state.total ? `${state.done.toLocaleString()} / ${state.total.toLocaleString()}` : state.done.toLocaleString();
      $("scan").hidden = false;
      this.timer = window.setTimeout(() => void this.#watch(), POLL_MS);
      return;
    }
    if (state.state === "failed") toast(state.problem);
    else if (state.report) toast(t("library.scanned", { new: state.report.new, failed: Object.keys(state.report.failed).length }));
    this.known.clear();
    await this.#load();
  }
}

/** @param {HTMLElement} _main */
export function mount(_main) {
  const page = new Page();
  return () => page.leave();
}
