/** The library: a map, its regions as live playlists, search, corrections and scans. */

import { $, announce, ask, clock, icon, make, nearest, t, toast } from "./kit.js";
import { MusicMap } from "./map.js";
import { player } from "./player.js";
import { paintCover } from "./queue.js";

/** @typedef {import("./player.js").Track} Track */
/** @typedef {{name: string, size: number, valence: number, arousal: number, tempo: number | null}} Region */

const POLL_MS = 600;
const TYPING_MS = 180;

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
    this.gone = false;
    $("search").addEventListener("input", () => {
      clearTimeout(this.typing);
      this.typing = window.setTimeout(() => void this.#search(), TYPING_MS);
    });
    $("map-closer").addEventListener("click", () => this.map.zoom(1.6));
    $("map-farther").addEventListener("click", () => this.map.zoom(1 / 1.6));
    $("scan").addEventListener("click", () => void this.#scan());
    $("add-folder").addEventListener("submit", (event) => (event.preventDefault(), void this.#add()));
    void this.#load();
  }

  leave() {
    this.gone = true;
    clearTimeout(this.timer);
    this.map.leave();
  }

  async #load() {
    try {
      const [overview, points] = await Promise.all([ask("/v1/library"), ask("/v1/library/map")]);
      if (this.gone) return;
      this.own = overview.own;
      this.map.show(points);
      this.#overview(overview);
      const { regions, owner } = await ask("/v1/library/regions");
      if (this.gone) return;
      this.regions = regions;
      this.map.owner = owner;
      this.#showRegions();
      if (overview.scan.state === "running") this.#watch();
    } catch (error) {
      if (!this.gone) toast(/** @type {Error} */ (error).message);
    }
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

  #showRegions() {
    $("list-title").textContent = t("library.regions");
    $("list-count").textContent = String(this.regions.length);
    $("list").replaceChildren(
      ...this.regions.map((region, number) => {
        const play = make("button", { class: "round", type: "button", "aria-label": t("library.play_region", { name: region.name }) }, icon("i-play"));
        const name = make("button", { class: "region-name", type: "button", "aria-pressed": "false", text: region.name });
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
      player.load(await ask("/v1/library/playlists", { json: { region } }));
    } catch (error) {
      toast(/** @type {Error} */ (error).message);
    }
  }

  async #search() {
    const words = /** @type {HTMLInputElement} */ ($("search")).value.trim();
    if (!words) {
      this.#showRegions();
      return;
    }
    const { tracks } = await ask(`/v1/library/tracks?limit=60&words=${encodeURIComponent(words)}`);
    if (this.gone) return;
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
      tracks: tracks.slice(place).map((track) => ({ ...track, reasons: [track.genre, track.tempo ? `${Math.round(track.tempo)} bpm` : ""].filter(Boolean) })),
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
    if (place === null || place < 0) {
      panel.hidden = true;
      this.track = null;
      this.map.choose(null, false);
      return;
    }
    const track = await this.#about(place);
    if (!track) return;
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
      const output = make("output", { class: "number", text: track[name].toFixed(2) });
      const input = /** @type {HTMLInputElement} */ (make("input", { type: "range", min: -100, max: 100, id: `fix-${name}` }));
      input.value = String(Math.round(100 * track[name]));
      const label = make("label", { class: "field" }, make("span", { class: "row spread small" }, make("span", { text: t(`axis.${name}`) }), output), input);
      const fill = () => {
        input.style.setProperty("--at", `${50 + Number(input.value) / 2}%`);
        output.textContent = (Number(input.value) / 100).toFixed(2);
      };
      fill();
      input.addEventListener("input", () => {
        fill();
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
    for (const [name, value] of Object.entries({ valence, arousal })) {
      const input = /** @type {HTMLInputElement | null} */ (document.getElementById(`fix-${name}`));
      if (input) input.value = String(Math.round(100 * value));
    }
    if (done) void this.#fix();
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
    const { chosen, points } = this.map;
    if (chosen === null) return;
    try {
      const mood = await ask(`/v1/library/tracks/${points.ids[chosen]}/mood`, { method, json });
      points.valence[chosen] = mood.valence;
      points.arousal[chosen] = mood.arousal;
      this.map.hues[chosen] = nearest(mood);
      this.known.delete(points.ids[chosen]);
      toast(said);
      await this.#choose(chosen);
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
