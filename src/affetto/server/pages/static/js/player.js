/** What plays: one queue for all pages, with the keys of the keyboard and of the media session. */

import { $, announce, ask, clock, t, toast, within } from "./kit.js";
import { paintCover } from "./queue.js";

/**
 * @typedef {object} Track
 * @property {string} id
 * @property {string} title
 * @property {string} artist
 * @property {number} valence
 * @property {number} arousal
 * @property {number | null} seconds
 * @property {string | null} stream
 * @property {string | null} cover
 * @property {string} credit
 * @property {string} genre
 * @property {number | null} tempo
 * @property {string[]} reasons
 * @property {number | null} [liked] number of the like that stands, -1 while it is on its way
 *
 * @typedef {object} Playlist
 * @property {number | null} [id]
 * @property {number | null} [entry] number of the reading that it answers, in the journal
 * @property {string} intent
 * @property {string[]} then
 * @property {string} explanation
 * @property {{valence: number, arousal: number}[]} journey
 * @property {Track[]} tracks
 * @property {string[]} notes
 * @property {string} library
 */

const REFUSALS = 3;
const SMALL_STEP = 5;

class Player extends EventTarget {
  constructor() {
    super();
    /** @type {Playlist | null} */
    this.playlist = null;
    this.index = -1;
    this.failures = 0;
    this.ducked = false;
    this.volume = 0.8;
    /** Number of the last queue asked for: one that comes later than one asked for after it is not played. */
    this.turn = 0;
  }

  /** @returns {HTMLAudioElement} */
  get audio() {
    return $("audio");
  }

  get track() {
    return this.playlist?.tracks[this.index] ?? null;
  }

  /** Takes a new queue and starts with its first track. @param {Playlist} playlist */
  load(playlist) {
    this.turn += 1;
    this.playlist = playlist;
    this.failures = 0;
    this.#start(this.#playableFrom(0, 1));
  }

  /**
   * Takes a queue that is on its way, unless another is asked for before it comes.
   * @param {Promise<Playlist | null>} coming
   * @returns {Promise<boolean>} whether it was taken; what comes too late does not fail either
   */
  async expect(coming) {
    const turn = (this.turn += 1);
    try {
      const playlist = await coming;
      if (!playlist || turn !== this.turn) return false;
      this.load(playlist);
      return true;
    } catch (error) {
      if (turn === this.turn) throw error;
      return false;
    }
  }

  /** Takes over a queue and goes on playing what sounds. @param {Playlist} playlist */
  follow(playlist) {
    const now = this.track;
    if (!now || this.audio.paused) {
      this.load(playlist);
      return;
    }
    const rest = playlist.tracks.filter((track) => track.id !== now.id);
    this.playlist = { ...playlist, tracks: [now, ...rest] };
    this.index = 0;
    this.#tell();
  }

  /** @param {number} index */
  play(index) {
    if (index !== this.index) this.#start(index);
    else if (this.audio.paused) void this.audio.play();
    else this.audio.pause();
  }

  toggle() {
    if (this.track) this.play(this.index);
  }

  /** Is still for somebody who speaks: what was asked for before does not begin any more. */
  hush() {
    this.turn += 1;
    this.audio.pause();
  }

  /** The person goes on to the next track before this one has ended. */
  skip() {
    const { track, audio } = this;
    if (track && audio.currentTime < (audio.duration || Infinity) * 0.9) void this.tell(track, "skip");
    this.next();
  }

  next() {
    this.#start(this.#playableFrom(this.index + 1, 1));
  }

  previous() {
    if (this.audio.currentTime > SMALL_STEP) this.audio.currentTime = 0;
    else this.#start(this.#playableFrom(this.index - 1, -1));
  }

  /** Makes room for a voice. @param {boolean} quiet */
  duck(quiet) {
    this.ducked = quiet;
    this.#volume();
  }

  /**
   * Tells the server what the person thinks of a track.
   * @param {Track} track
   * @param {"like" | "skip" | "completed" | "not_this_mood" | "never"} kind
   */
  async tell(track, kind) {
    const { audio } = this;
    const at = track === this.track && Number.isFinite(audio.duration) ? audio.currentTime : null;
    try {
      const playlist = this.playlist?.id ?? null;
      const library = playlist ? null : this.playlist?.library === "your library" ? "own" : "starter";
      return await ask("/v1/me/feedback", { json: { track: String(track.id), kind, playlist, library, seconds: at } });
    } catch (error) {
      if (kind !== "skip" && kind !== "completed") toast(/** @type {Error} */ (error).message);
      return null;
    }
  }

  /** @param {Track} track */
  async like(track) {
    const before = track.liked;
    if (before === -1) return;
    track.liked = before ? null : -1;
    this.#tell();
    if (!before) track.liked = (await this.tell(track, "like"))?.id ?? null;
    else await ask(`/v1/me/likes/${before}`, { method: "DELETE" }).catch((error) => toast(error.message));
    this.#tell();
    announce(t(track.liked ? "queue.liked" : "queue.unliked"));
  }

  /** Takes a track out of the queue, and says why to the server. @param {Track} track @param {"not_this_mood" | "never"} kind */
  async drop(track, kind) {
    const { playlist } = this;
    if (!playlist) return;
    const place = playlist.tracks.indexOf(track);
    const answer = this.tell(track, kind);
    playlist.tracks.splice(place, 1);
    if (place === this.index) this.#start(this.#playableFrom(place, 1));
    else {
      if (place < this.index) this.index -= 1;
      this.#tell();
    }
    const said = await answer;
    const undo = said?.id
      ? {
          label: t("app.undo"),
          run: () => {
            void ask(`/v1/me/feedback/${said.id}`, { method: "DELETE" });
            playlist.tracks.splice(place, 0, track);
            if (place <= this.index) this.index += 1;
            this.#tell();
          },
        }
      : undefined;
    toast(t(`queue.${kind}.done`, { title: track.title }), undo);
  }

  /** @param {number} from @param {1 | -1} step */
  #playableFrom(from, step) {
    const tracks = this.playlist?.tracks ?? [];
    let index = from;
    while (tracks[index] && !tracks[index].stream) index += step;
    return tracks[index] ? index : -1;
  }

  /** @param {number} index */
  #start(index) {
    const track = this.playlist?.tracks[index];
    if (!track?.stream) {
      if (index === -1 && this.index !== -1) this.audio.pause();
      this.#tell();
      return;
    }
    this.index = index;
    this.audio.src = track.stream;
    this.#volume();
    this.#tell();
    this.audio.play().catch((error) => {
      if (error.name === "NotAllowedError") this.dispatchEvent(new Event("change"));
    });
  }

  #volume() {
    this.audio.volume = this.volume * (this.ducked ? 0.25 : 1);
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }

  /** A track that does not sound is passed over; several in a row mean that nothing comes through. */
  failed() {
    const { track } = this;
    if (!track || !this.audio.getAttribute("src")) return;
    this.failures += 1;
    this.dispatchEvent(new CustomEvent("failed", { detail: { track, often: this.failures >= REFUSALS } }));
    if (this.failures >= REFUSALS) {
      this.audio.removeAttribute("src");
      this.#tell();
      return;
    }
    toast(t("player.failed", { title: track.title }));
    this.next();
  }
}

/** The one player. */
export const player = new Player();

/** @param {HTMLInputElement} range */
function fill(range) {
  const share = (Number(range.value) - Number(range.min)) / (Number(range.max) - Number(range.min));
  range.style.setProperty("--at", `${100 * share}%`);
}

function show() {
  const { track } = player;
  const bar = $("player");
  bar.hidden = !track;
  document.body.classList.toggle("playing", !!track);
  if (!track) return;
  $("player-title").textContent = track.title;
  $("player-artist").textContent = track.artist;
  paintCover($("player-cover"), track);
  $("player-like").setAttribute("aria-pressed", String(!!track.liked));
  if (!("mediaSession" in navigator)) return;
  const artwork = track.cover ? [{ src: track.cover }] : [];
  navigator.mediaSession.metadata = new MediaMetadata({ title: track.title, artist: track.artist, artwork });
}

function showTime() {
  const { audio } = player;
  const length = audio.duration || player.track?.seconds || 0;
  /** @type {HTMLInputElement} */
  const seek = $("player-seek");
  seek.value = String(length ? (1000 * audio.currentTime) / length : 0);
  seek.setAttribute("aria-valuetext", `${clock(audio.currentTime)} / ${clock(length)}`);
  fill(seek);
  $("player-time").textContent = clock(audio.currentTime);
  $("player-length").textContent = clock(length);
}

/** @param {KeyboardEvent} event */
function key(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.metaKey || event.ctrlKey || event.altKey || target.closest("input, select, textarea, dialog") || !player.track) return;
  const { audio } = player;
  /** @type {Record<string, () => void>} */
  const keys = {
    k: () => player.toggle(),
    n: () => player.skip(),
    p: () => player.previous(),
    l: () => player.track && void player.like(player.track),
    ArrowRight: () => (audio.currentTime += SMALL_STEP),
    ArrowLeft: () => (audio.currentTime -= SMALL_STEP),
  };
  const run = keys[event.key];
  if (!run || (target.closest("button, a") && event.key.startsWith("Arrow"))) return;
  event.preventDefault();
  run();
}

/** Joins the bar at the bottom with the player. */
export function startPlayer() {
  const { audio } = player;
  const sounding = () => {
    $("player").classList.toggle("sounding", !audio.paused);
    $("player-play").setAttribute("aria-label", t(audio.paused ? "player.play" : "player.pause"));
    player.dispatchEvent(new Event("sounding"));
  };
  for (const event of ["play", "pause", "ended"]) audio.addEventListener(event, sounding);
  for (const event of ["timeupdate", "durationchange"]) audio.addEventListener(event, showTime);
  audio.addEventListener("playing", () => (player.failures = 0));
  audio.addEventListener("error", () => player.failed());
  audio.addEventListener("ended", () => {
    if (player.track) void player.tell(player.track, "completed");
    player.next();
  });
  player.addEventListener("change", show);

  $("player-play").addEventListener("click", () => player.toggle());
  $("player-next").addEventListener("click", () => player.skip());
  $("player-previous").addEventListener("click", () => player.previous());
  $("player-like").addEventListener("click", () => player.track && void player.like(player.track));
  /** @type {HTMLInputElement} */
  const seek = $("player-seek");
  seek.addEventListener("input", () => {
    fill(seek);
    if (audio.duration) audio.currentTime = (audio.duration * Number(seek.value)) / 1000;
  });
  /** @type {HTMLInputElement} */
  const volume = $("player-volume");
  const setVolume = () => {
    player.volume = within(Number(volume.value) / 100, 0, 1) ** 2;
    player.duck(player.ducked);
    localStorage.setItem("volume", volume.value);
    fill(volume);
  };
  volume.value = localStorage.getItem("volume") ?? "90";
  volume.addEventListener("input", setVolume);
  setVolume();
  fill(seek);

  document.addEventListener("keydown", key);
  if ("mediaSession" in navigator) {
    const session = navigator.mediaSession;
    session.setActionHandler("play", () => void audio.play());
    session.setActionHandler("pause", () => audio.pause());
    session.setActionHandler("nexttrack", () => player.skip());
    session.setActionHandler("previoustrack", () => player.previous());
    session.setActionHandler("seekto", ({ seekTime }) => (audio.currentTime = seekTime ?? 0));
  }
}
