/** The first page: speak, see, listen. */

import { drawExplanation } from "./explanation.js";
import { $, announce, ask, clock, facts, make, nearest, percent, t, toast } from "./kit.js";
import { Live, together } from "./live.js";
import { openMicrophone, Trouble } from "./microphone.js";
import { placeOf, Plane } from "./plane.js";
import { player } from "./player.js";
import { Queue } from "./queue.js";
import { said } from "./sayings.js";
import { Wave } from "./wave.js";

/**
 * @typedef {import("./live.js").Reading} Reading
 * @typedef {import("./kit.js").Affect} Affect
 * @typedef {import("./player.js").Playlist} Playlist
 * @typedef {{entry: number | null, asking: Promise<unknown>}} Kept
 * @typedef {"idle" | "asking" | "listening" | "reading" | "heard"} State
 */

const MOST_SECONDS = 20;
const ENOUGH_SECONDS = 2.5; // after so much speech a pause ends the recording
const PAUSE_MS = 500;
const QUIET = 0.28;

class Page {
  /** @param {HTMLElement} main */
  constructor(main) {
    this.root = /** @type {HTMLElement} */ (main.querySelector(".listen"));
    this.plane = new Plane($("disc"), (affect, done) => this.#moved(affect, done));
    this.wave = new Wave($("wave"));
    this.queue = new Queue($("queue"), player);
    /** @type {State} */
    this.state = "idle";
    /** @type {Live | null} */
    this.live = null;
    /** @type {import("./microphone.js").Microphone | null} */
    this.microphone = null;
    /** What was heard last, or where the person put the dot. @type {any} */
    this.start = null;
    /** @type {Reading | null} */
    this.reading = null;
    /** @type {File | null} */
    this.recording = null;
    this.following = false;
    /** Whether music has come while it followed. */
    this.followed = false;
    this.gone = false;
    /** What is kept of the last reading: the entry of the journal that a correction puts right. @type {Kept} */
    this.kept = { entry: null, asking: Promise.resolve() };
    /** What music was last asked for. @type {object | null} */
    this.wish = null;
    this.change = () => this.#showMusic();
    this.failed = (/** @type {Event} */ event) => this.#noSound(/** @type {CustomEvent} */ (event));
    player.addEventListener("change", this.change);
    player.addEventListener("failed", this.failed);
    this.#listenToPage();
    this.#restore();
    /** @type {HTMLButtonElement} */ ($("speak")).disabled = false;
  }

  leave() {
    this.gone = true;
    this.#letGo();
    this.queue.leave();
    this.wave.leave();
    player.removeEventListener("change", this.change);
    player.removeEventListener("failed", this.failed);
  }

  #listenToPage() {
    $("speak").addEventListener("click", () => void this.#press());
    $("upload").addEventListener("click", () => $("file").click());
    $("file").addEventListener("change", (event) => void this.#upload(/** @type {HTMLInputElement} */ (event.target)));
    $("follow").addEventListener("click", () => void this.#toggleFollow());
    $("by-hand").addEventListener("click", () => this.#byHand($("hand").hidden === true));
    $("hand").addEventListener("submit", (event) => (event.preventDefault(), void this.#correct(this.#sliders())));
    for (const name of ["valence", "arousal"]) {
      $(name).addEventListener("input", () => (this.#labelSliders(), this.plane.show(this.#sliders(), true), this.#dotShown()));
    }
    for (const place of this.root.querySelectorAll(".place")) {
      const emotion = /** @type {HTMLElement} */ (place).dataset.emotion ?? "neutral";
      place.addEventListener("click", () => void this.#name(emotion));
    }
    $("why").addEventListener("toggle", () => void this.#explain());
    this.root.addEventListener("change", (event) => {
      const input = /** @type {HTMLInputElement} */ (event.target);
      if (input.name === "intent") this.#chooseIntent(input.value);
    });
  }

  /** What was there before the person went to another page. */
  #restore() {
    const intent = localStorage.getItem("intent") ?? "auto";
    const choice = /** @type {HTMLInputElement | null} */ (this.root.querySelector(`[name=intent][value="${CSS.escape(intent)}"]`));
    if (choice) choice.checked = true;
    $("intent-about").textContent = t(`intent.${this.intent ?? "auto"}.about`);
    this.#labelSliders();
    if (!player.playlist) return;
    const [first] = player.playlist.journey;
    this.plane.show(first ?? { valence: 0, arousal: 0 }, true);
    $("words").textContent = t("listen.again_title");
    $("lead").textContent = t("listen.lead");
    this.#set("heard");
    this.#showMusic();
  }

  /** @returns {string | null} */
  get intent() {
    const chosen = /** @type {HTMLInputElement | null} */ (this.root.querySelector("[name=intent]:checked"));
    return !chosen || chosen.value === "auto" ? null : chosen.value;
  }

  /** @param {State} state */
  #set(state) {
    this.state = state;
    this.root.dataset.state = state;
    const listening = state === "listening" || state === "asking";
    $("speak-label").textContent = t(listening ? "listen.stop" : state === "heard" ? "listen.again" : state === "reading" ? "listen.wait" : "listen.speak");
    $("speak-icon").setAttribute("href", listening ? "#i-stop" : "#i-listen");
    this.plane.letGrasp(state === "heard");
  }

  /** The dot is to be seen and taken without a reading. */
  #dotShown() {
    if (this.state === "idle") this.#set("heard");
  }

  async #press() {
    if (this.state === "listening") await this.#finish();
    else if (this.state === "idle" || this.state === "heard") await this.#speak();
  }

  async #speak() {
    this.#trouble(null);
    this.#set("asking");
    this.followed = false;
    if (!this.following) player.hush();
    $("words").textContent = t("listen.listening");
    $("lead").textContent = t(this.following ? "listen.following_hint" : "listen.hint");
    $("cues").hidden = true;
    this.plane.rest();
    this.wave.begin();
    this.#bars(null);
    /** @type {Reading[]} */
    const finals = [];
    /** @type {Reading | null} */
    let latest = null;
    const live = new Live(
      {
        onReading: (reading, final) => {
          if (final) finals.push(reading);
          if (!reading.abstained) latest = reading;
          this.#follow(reading, final);
        },
        onSpeech: (speaking) => this.following && player.duck(speaking),
        onPlaylist: (change) => this.#replanned(change),
        onConnection: (connected) => this.#connection(connected),
      },
      { follow: this.following ? { intent: this.intent } : null },
    );
    this.live = live;
    this.finals = finals;
    const began = performance.now();
    let quietSince = 0;
    const onFrame = (/** @type {Int16Array<ArrayBuffer>} */ frame) => {
      if (this.live !== live || live.ending) return;
      live.push(frame);
      const level = this.wave.add(frame);
      this.plane.sound(level);
      $("speak").style.setProperty("--level", level.toFixed(3));
      const seconds = (performance.now() - began) / 1000;
      $("clock").textContent = this.following ? clock(seconds) : `${clock(seconds)} / ${clock(MOST_SECONDS)}`;
      const now = performance.now();
      quietSince = level > QUIET ? 0 : quietSince || now;
      const paused = quietSince && now - quietSince > PAUSE_MS && (latest?.seconds ?? 0) >= ENOUGH_SECONDS - 1;
      if (!this.following && (paused || seconds > MOST_SECONDS)) void this.#finish();
    };
    live.connect(16000);
    try {
      const microphone = await openMicrophone({ onFrame, onEnd: () => void this.#finish(), cancelEcho: this.following });
      if (this.live !== live) {
        microphone.release();
        return;
      }
      this.microphone = microphone;
      if (microphone.rate !== live.rate) live.restart(microphone.rate);
    } catch (error) {
      live.abandon();
      this.#fail(error);
      return;
    }
    this.#applied(this.microphone.applied);
    this.#set("listening");
    announce(t("listen.listening"));
    live.ended.catch((error) => this.live === live && this.#fail(error));
  }

  /** Ends the recording, reads it to its end, lets go of the microphone, and answers. */
  async #finish() {
    const { live, finals } = this;
    if (!live || live.ending) return;
    const ended = live.end();
    this.microphone?.release();
    this.microphone = null;
    this.wave.finish();
    this.plane.sound(0);
    $("speak").style.setProperty("--level", "0");
    this.#set("reading");
    try {
      await ended;
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (this.live !== live) return;
    this.live = null;
    this.#stopFollowing();
    const reading = together(finals ?? []);
    if (!reading || reading.abstained) this.#fail(new Trouble("silent", reading?.reason ?? ""));
    else if (this.followed) this.#settle(reading, "voice"); // the music that followed goes on, and the journal has it
    else await this.#answer(reading, "voice");
  }

  /** @param {HTMLInputElement} input */
  async #upload(input) {
    const file = input.files?.[0];
    input.value = "";
    if (!file) return;
    this.#trouble(null);
    player.hush();
    this.#set("reading");
    $("words").textContent = t("listen.reading_file");
    $("lead").textContent = file.name;
    const body = new FormData();
    body.append("file", file);
    try {
      const { reading } = await ask("/v1/readings?cues=true", { body });
      if (reading.abstained) this.#fail(new Trouble("silent", reading.reason));
      else await this.#answer(reading, "file", file);
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * Shows the final reading and asks for the music.
   * @param {Reading} reading @param {"voice" | "file"} source
   * @param {File | null} file the recording, for as long as it can be asked why; a voice is not kept
   */
  async #answer(reading, source, file = null) {
    if (this.gone) return;
    this.kept = { entry: null, asking: Promise.resolve() };
    this.#settle(reading, source, file);
    await this.#play();
  }

  /** @param {Reading} reading @param {"voice" | "file"} source @param {File | null} file */
  #settle(reading, source, file = null) {
    if (this.gone) return;
    this.reading = reading;
    this.recording = file;
    this.start = { reading: { probabilities: reading.probabilities, seconds: reading.seconds }, source };
    this.#show(reading);
    $("lead").textContent = t("listen.correct_hint");
    this.#cues(reading.cues ?? []);
    this.#set("heard");
    announce(this.#sentence(reading));
  }

  /** Asks for a playlist from the present start and plays it, unless something else is asked for before it comes. */
  async #play() {
    try {
      if (await player.expect(this.#ask())) announce(t("listen.music_starts", { title: player.track?.title ?? "" }));
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * What is asked of one reading is asked in turn, since an answer names the entry of the journal that the next one
   * puts right; of what waits meanwhile only the last is asked.
   * @returns {Promise<Playlist | null>}
   */
  async #ask() {
    const { kept } = this;
    const wish = (this.wish = { ...this.start, intent: this.intent });
    await kept.asking;
    if (wish !== this.wish) return null;
    const answer = ask("/v1/me/playlists", { json: { ...wish, entry: kept.entry } }).then((playlist) => {
      kept.entry = playlist.entry;
      return playlist;
    });
    kept.asking = answer.catch(() => null);
    return answer;
  }

  /** @param {Reading} reading @param {boolean} final */
  #follow(reading, final) {
    if (this.state === "asking") return;
    if (reading.abstained) {
      if (final && this.following) $("lead").textContent = t("listen.following_hint");
      return;
    }
    this.root.dataset.partial = String(Number(this.root.dataset.partial ?? 0) + 1);
    this.#show(reading);
  }

  /** @param {Reading} reading */
  #show(reading) {
    this.plane.show(reading);
    this.#bars(reading.probabilities);
    this.#slide(reading);
    $("words").textContent = this.#sentence(reading);
    for (const place of this.root.querySelectorAll(".place")) place.classList.remove("chosen");
  }

  /** @param {Reading} reading */
  #sentence(reading) {
    const order = facts.emotions.toSorted((a, b) => reading.probabilities[b] - reading.probabilities[a]);
    const [first, second] = order.map((name) => t(`emotion.${name}`));
    const [likeliest, next] = order.map((name) => reading.probabilities[name]);
    if (likeliest >= 0.6) return t("listen.sounds", { first });
    if (likeliest >= 0.3) return next > 0.15 ? t("listen.sounds_maybe", { first, second }) : t("listen.sounds", { first });
    return t("listen.sounds_mixed", { first, second });
  }

  /** @param {Record<string, number> | null} probabilities */
  #bars(probabilities) {
    const most = probabilities && facts.emotions.reduce((best, name) => (probabilities[name] > probabilities[best] ? name : best));
    for (const bar of /** @type {NodeListOf<HTMLElement>} */ (this.root.querySelectorAll(".bar"))) {
      const name = bar.dataset.emotion ?? "";
      const share = probabilities?.[name] ?? 0;
      /** @type {HTMLElement} */ (bar.querySelector(".bar-fill")).style.setProperty("--share", share.toFixed(4));
      /** @type {HTMLElement} */ (bar.querySelector(".bar-value")).textContent = probabilities ? percent(share) : "–";
      bar.classList.toggle("most", name === most);
    }
  }

  /** Asks again with parts of the recording hidden, and draws what each of them weighed. */
  async #explain() {
    const { recording: file } = this;
    const drawing = /** @type {HTMLCanvasElement} */ ($("why-drawing"));
    if (!file || !drawing.hidden || !(/** @type {HTMLDetailsElement} */ ($("why")).open)) return;
    $("why-words").textContent = t("listen.why_wait");
    const body = new FormData();
    body.append("file", file);
    try {
      const { reading } = await ask("/v1/readings?explain=true", { body });
      if (this.gone || this.recording !== file) return;
      const { start, end } = reading.explanation.strongest;
      $("why-words").textContent = t("listen.why_about", { start: start.toFixed(1), end: end.toFixed(1) });
      drawing.hidden = false;
      drawExplanation(drawing, reading.explanation);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** @param {{words: string}[]} cues */
  #cues(cues) {
    $("cues").hidden = !cues.length && !this.recording;
    /** @type {HTMLDetailsElement} */ ($("why")).open = false;
    $("why").hidden = !this.recording;
    $("why-drawing").hidden = true;
    $("cue-list").replaceChildren(...cues.map((cue) => make("li", { text: said(cue.words) })));
  }

  /** @returns {Affect} */
  #sliders() {
    const value = (/** @type {string} */ name) => Number(/** @type {HTMLInputElement} */ ($(name)).value) / 100;
    return { valence: value("valence"), arousal: value("arousal") };
  }

  /** @param {Affect} affect */
  #slide(affect) {
    for (const name of /** @type {const} */ (["valence", "arousal"])) /** @type {HTMLInputElement} */ ($(name)).value = String(Math.round(100 * affect[name]));
    this.#labelSliders();
  }

  #labelSliders() {
    for (const name of ["valence", "arousal"]) {
      const slider = /** @type {HTMLInputElement} */ ($(name));
      slider.style.setProperty("--at", `${50 + Number(slider.value) / 2}%`);
      $(`${name}-value`).textContent = (Number(slider.value) / 100).toFixed(2);
    }
  }

  /** @param {boolean} open */
  #byHand(open) {
    $("hand").hidden = !open;
    $("by-hand").setAttribute("aria-expanded", String(open));
    if (!open) return;
    this.#dotShown();
    this.plane.show(this.#sliders(), true);
    $("valence").focus();
  }

  /** The person moves the dot. @param {Affect} affect @param {boolean} done */
  #moved(affect, done) {
    this.#slide(affect);
    $("words").textContent = t("listen.feels_like", { word: t(`emotion.${nearest(affect)}`) });
    if (done) void this.#correct(affect);
  }

  /** @param {Affect} affect */
  async #correct(affect) {
    this.#trouble(null);
    $("words").textContent = t("listen.feels_like", { word: t(`emotion.${nearest(affect)}`) });
    $("lead").textContent = t("listen.corrected");
    this.plane.show(affect);
    this.#bars(null);
    this.#set("heard");
    this.start = { affect: { valence: affect.valence, arousal: affect.arousal }, source: "hand", corrects: !!this.reading };
    await this.#play();
  }

  /** The person says which emotion it was. @param {string} emotion */
  async #name(emotion) {
    for (const place of this.root.querySelectorAll(".place")) place.classList.toggle("chosen", /** @type {HTMLElement} */ (place).dataset.emotion === emotion);
    const affect = placeOf(emotion);
    this.plane.show(affect);
    this.#slide(affect);
    this.#bars({ ...Object.fromEntries(facts.emotions.map((name) => [name, 0])), [emotion]: 1 });
    $("words").textContent = t("listen.sounds", { first: t(`emotion.${emotion}`) });
    $("lead").textContent = t("listen.corrected");
    this.start = { emotion, source: "hand", corrects: !!this.reading };
    await this.#play();
  }

  /** @param {string} intent */
  #chooseIntent(intent) {
    localStorage.setItem("intent", intent);
    $("intent-about").textContent = t(`intent.${intent}.about`);
    if (this.start && this.state === "heard") void this.#play();
  }

  async #toggleFollow() {
    if (this.following) {
      await this.#finish();
      this.#stopFollowing();
      return;
    }
    this.following = true;
    $("follow").setAttribute("aria-pressed", "true");
    if (this.state === "idle" || this.state === "heard") await this.#speak();
  }

  #stopFollowing() {
    if (!this.following) return;
    this.following = false;
    player.duck(false);
    $("follow").setAttribute("aria-pressed", "false");
  }

  /** @param {{playlist: Playlist, emotion: string | null, before: string | null, words: string}} change */
  #replanned(change) {
    player.follow(change.playlist);
    this.followed = true;
    this.kept = { entry: change.playlist.entry ?? null, asking: Promise.resolve() };
    if (change.before) toast(t("listen.replanned", { emotion: t(`emotion.${change.emotion ?? "neutral"}`) }));
  }

  #showMusic() {
    const { playlist } = player;
    $("music").hidden = !playlist;
    if (!playlist) return;
    const intents = [playlist.intent, ...playlist.then].map((name) => t(`intent.${name}`));
    $("music-title").textContent = intents.length > 1 ? t("queue.then", { first: intents[0], second: intents[1].toLowerCase() }) : intents[0];
    $("music-why").textContent = said(playlist.explanation);
    $("music-source").textContent = t(playlist.library === "your library" ? "queue.own" : "queue.starter");
    const credits = new Set(playlist.tracks.map((track) => track.credit.replace(`"${track.title}" `, "")).filter(Boolean));
    $("credits").textContent = [...credits].join(" ");
    this.plane.journey(playlist.journey, playlist.tracks, player.index);
  }

  /** @param {CustomEvent} event */
  #noSound(event) {
    if (!event.detail.often) return;
    const note = $("music-note");
    note.hidden = false;
    /** @type {HTMLElement} */ (note.querySelector("p")).textContent = t(
      event.detail.track.stream.startsWith("https://") ? "player.starter_offline" : "player.unreadable",
    );
  }

  /** @param {string[]} applied */
  #applied(applied) {
    $("capture").hidden = !applied.length;
    $("capture").textContent = applied.length ? t("listen.applied", { what: applied.map((name) => t(`capture.${name}`)).join(", ") }) : "";
  }

  /** @param {boolean} connected */
  #connection(connected) {
    if (connected) {
      if (this.lost) announce(t("listen.reconnected"));
      this.#trouble(null);
    } else this.#trouble("reconnecting");
    this.lost = !connected;
  }

  /** @param {unknown} error */
  #fail(error) {
    if (this.gone) return;
    this.#letGo();
    const name = error instanceof Trouble ? error.trouble : /** @type {any} */ (error).kind === "unreachable" ? "unreachable" : "refused";
    this.#trouble(name, /** @type {Error} */ (error).message);
    $("words").textContent = t(name === "silent" ? "listen.unheard" : "listen.title");
    $("lead").textContent = t("listen.lead");
    this.plane.rest();
    this.#bars(null);
    this.#set("idle");
  }

  /** @param {string | null} name @param {string} [detail] */
  #trouble(name, detail = "") {
    $("trouble").hidden = !name;
    if (!name) return;
    $("trouble-title").textContent = t(`trouble.${name}.title`);
    $("trouble-text").textContent = name === "refused" ? detail : t(`trouble.${name}`);
  }

  #letGo() {
    this.microphone?.release();
    this.microphone = null;
    this.live?.abandon();
    this.live = null;
    this.wave.finish();
    this.#stopFollowing();
  }
}

/** @param {HTMLElement} main */
export function mount(main) {
  const page = new Page(main);
  return () => page.leave();
}

