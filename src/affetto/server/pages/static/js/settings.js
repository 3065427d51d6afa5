/** Settings: the voice profile, the looks, the music and what is kept. */

import { setTheme } from "./app.js";
import { $, announce, ask, facts, remember, t, toast } from "./kit.js";
import { openMicrophone, Trouble } from "./microphone.js";
import { player } from "./player.js";

const SECONDS = 15;

/** Frames as a WAV file. @param {Int16Array[]} frames @param {number} rate */
function wav(frames, rate) {
  const samples = frames.reduce((sum, frame) => sum + frame.length, 0);
  const head = new DataView(new ArrayBuffer(44));
  const write = (/** @type {number} */ at, /** @type {string} */ text) => [...text].forEach((letter, place) => head.setUint8(at + place, letter.charCodeAt(0)));
  write(0, "RIFF");
  head.setUint32(4, 36 + 2 * samples, true);
  write(8, "WAVEfmt ");
  head.setUint32(16, 16, true);
  head.setUint16(20, 1, true);
  head.setUint16(22, 1, true);
  head.setUint32(24, rate, true);
  head.setUint32(28, 2 * rate, true);
  head.setUint16(32, 2, true);
  head.setUint16(34, 16, true);
  write(36, "data");
  head.setUint32(40, 2 * samples, true);
  return new Blob([head, .../** @type {BlobPart[]} */ (frames)], { type: "audio/wav" });
}

class Page {
  /** @param {HTMLElement} main */
  constructor(main) {
    /** @type {import("./microphone.js").Microphone | null} */
    this.microphone = null;
    /** @type {Int16Array[]} */
    this.frames = [];
    this.gone = false;
    main.addEventListener("change", (event) => this.#choose(/** @type {HTMLInputElement} */ (event.target)));
    const intent = localStorage.getItem("intent") ?? "auto";
    const chosen = /** @type {HTMLInputElement | null} */ (main.querySelector(`[name=intent][value="${CSS.escape(intent)}"]`));
    if (chosen) chosen.checked = true;
    const theme = /** @type {HTMLInputElement | null} */ (main.querySelector(`[name=theme][value="${document.documentElement.dataset.theme}"]`));
    if (theme) theme.checked = true;
    $("enrol").addEventListener("click", () => void (this.microphone ? this.#finish() : this.#enrol()));
    $("voice-delete").addEventListener("click", () => void this.#change("/v1/me/voice", "settings.voice_deleted"));
    $("voice-undo").addEventListener("click", () => void this.#change("/v1/me/voice/corrections", "settings.correction_undone"));
    void this.#load();
    void this.#about();
  }

  leave() {
    this.gone = true;
    this.microphone?.release();
    this.microphone = null;
  }

  /** @param {HTMLInputElement} input */
  #choose(input) {
    if (input.name === "theme") setTheme(input.value);
    if (input.name === "intent") localStorage.setItem("intent", input.value);
    if (input.name === "language") {
      remember("language", input.value);
      location.reload();
    }
  }

  async #load() {
    try {
      this.#show(await ask("/v1/me/voice"));
    } catch (error) {
      if (!this.gone) $("enrol-text").textContent = /** @type {Error} */ (error).message;
    }
  }

  async #about() {
    const health = await ask("/v1/health").catch(() => null);
    if (health && !this.gone) $("about-server").textContent = t("settings.about", { version: health.version });
  }

  /** @param {any} profile */
  #show(profile) {
    facts.profile = profile?.name ?? null;
    if (this.gone) return;
    $("voice-actions").hidden = !profile;
    $("voice-undo").hidden = !profile?.corrections.length;
    $("enrol-label").textContent = t(profile ? "settings.enrol_again" : "settings.enrol");
    if (!profile) {
      $("enrol-text").textContent = t("settings.enrol_about");
      return;
    }
    const since = new Date(profile.created).toLocaleDateString(document.documentElement.lang, { dateStyle: "long" });
    $("enrol-text").textContent = t("settings.enrolled", { since, seconds: Math.round(profile.seconds), corrections: profile.corrections.length });
  }

  async #enrol() {
    player.hush();
    this.frames = [];
    let rate = 16000;
    let taken = 0;
    try {
      const microphone = await openMicrophone({
        onFrame: (frame) => {
          this.frames.push(frame);
          taken += frame.length / rate;
          $("ring").style.strokeDasharray = `${Math.min(1, taken / SECONDS)} 1`;
          if (taken >= SECONDS) void this.#finish();
        },
        onEnd: () => void this.#finish(),
      });
      if (this.gone) {
        microphone.release();
        return;
      }
      rate = microphone.rate;
      this.microphone = microphone;
    } catch (error) {
      if (this.gone) return;
      const name = error instanceof Trouble ? error.trouble : "busy";
      $("enrol-text").textContent = `${t(`trouble.${name}.title`)}. ${t(`trouble.${name}`)}`;
      return;
    }
    $("enrol-box").dataset.state = "listening";
    $("enrol-label").textContent = t("listen.stop");
    $("enrol-text").textContent = t("settings.enrolling");
    announce(t("settings.enrolling"));
  }

  async #finish() {
    const { microphone, frames } = this;
    if (!microphone) return;
    this.microphone = null;
    microphone.release();
    $("enrol-label").textContent = t("listen.wait");
    try {
      this.#show(await ask("/v1/me/voice", { body: wav(frames, microphone.rate) }));
      toast(t("settings.enrol_done"));
    } catch (error) {
      if (this.gone) return;
      $("enrol-label").textContent = t("settings.enrol");
      $("enrol-text").textContent = /** @type {Error} */ (error).message;
      announce(/** @type {Error} */ (error).message);
    }
    if (this.gone) return;
    $("enrol-box").dataset.state = "idle";
    $("ring").style.strokeDasharray = "0 1";
    this.frames = [];
  }

  /** @param {string} path @param {string} said */
  async #change(path, said) {
    try {
      this.#show(await ask(path, { method: "DELETE" }));
      toast(t(said));
    } catch (error) {
      toast(/** @type {Error} */ (error).message);
    }
  }
}

/** @param {HTMLElement} main */
export function mount(main) {
  const page = new Page(main);
  return () => page.leave();
}
