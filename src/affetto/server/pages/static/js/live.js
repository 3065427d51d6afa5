/** A live session with the server; it survives a connection that breaks. */

import { facts } from "./kit.js";
import { Trouble } from "./microphone.js";

/**
 * @typedef {object} Reading
 * @property {string | null} emotion
 * @property {Record<string, number>} probabilities
 * @property {number} valence
 * @property {number} arousal
 * @property {number[][]} covariance
 * @property {number} confidence
 * @property {boolean} abstained
 * @property {string | null} reason
 * @property {number} seconds
 * @property {{words: string}[]} [cues]
 */

/**
 * @typedef {object} Listener
 * @property {(reading: Reading, final: boolean, label: string | null) => void} onReading
 * @property {(playlist: any) => void} [onPlaylist] the music was planned anew
 * @property {(speaking: boolean) => void} [onSpeech]
 * @property {(connected: boolean) => void} [onConnection]
 */

const PATIENCE = [150, 400, 800, 1500, 2500, 4000];
const KEPT_SECONDS = 25;

/** Sound in, readings out. */
export class Live {
  /** @param {Listener} listener @param {{follow?: {intent: string | null, entry?: number | null} | null}} [options] */
  constructor(listener, { follow = null } = {}) {
    this.listener = listener;
    this.follow = follow;
    this.rate = 16000;
    /** What was sent since the recording began: it is sent again when a connection breaks. @type {Int16Array<ArrayBuffer>[]} */
    this.kept = [];
    this.sent = 0;
    this.attempts = 0;
    this.ready = false;
    this.ending = false;
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {Promise<void>} */
    this.ended = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.ended.catch(() => {});
  }

  /** Opens the connection; it may be opened before the microphone is. @param {number} rate */
  connect(rate) {
    this.rate = rate;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/v1/listen`);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      const start = { type: "session.start", rate: this.rate, format: "s16le", interval: 0.3, cues: true, profile: facts.profile };
      socket.send(JSON.stringify(this.follow ? { ...start, follow: this.follow } : start));
    };
    socket.onmessage = (event) => this.#take(JSON.parse(event.data));
    socket.onclose = () => socket === this.socket && this.#lost();
  }

  /** Begins again where the microphone has another rate than was hoped for. @param {number} rate */
  restart(rate) {
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.ready = false;
    this.sent = 0;
    this.connect(rate);
  }

  /** @param {Int16Array<ArrayBuffer>} frame */
  push(frame) {
    this.kept.push(frame);
    if (this.follow && this.kept.length > KEPT_SECONDS * 20) {
      this.kept.shift();
      this.sent = Math.max(0, this.sent - 1);
    }
    this.#send();
  }

  /** Nothing more is said. What was said is read to its end. */
  end() {
    this.ending = true;
    this.#send();
    return this.ended;
  }

  /** Nobody wants to know any more. */
  abandon() {
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.resolve();
  }

  #send() {
    const socket = this.socket;
    if (!this.ready || socket?.readyState !== WebSocket.OPEN) return;
    while (this.sent < this.kept.length) socket.send(this.kept[this.sent++]);
    if (this.ending) socket.send('{"type":"session.end"}');
  }

  /** @param {any} message */
  #take(message) {
    switch (message.type) {
      case "session.started":
        this.ready = true;
        this.attempts = 0;
        this.listener.onConnection?.(true);
        this.#send();
        break;
      case "utterance.start":
        this.listener.onSpeech?.(true);
        break;
      case "utterance.end":
        this.listener.onSpeech?.(false);
        break;
      case "reading":
        this.listener.onReading(message.reading, message.final, message.label);
        break;
      case "playlist":
        // what is sent again when the connection breaks is read again, and is no second reading
        if (this.follow) this.follow = { ...this.follow, entry: message.playlist.entry };
        this.listener.onPlaylist?.(message);
        break;
      case "session.ended":
        this.socket = null;
        this.resolve();
        break;
      case "error":
        if (message.code === "busy") {
          this.socket = null;
          this.reject(new Trouble("full", message.message));
        }
    }
  }

  #lost() {
    this.ready = false;
    this.sent = 0;
    const wait = PATIENCE[this.attempts++];
    if (wait === undefined) {
      this.socket = null;
      this.reject(new Trouble("lost"));
      return;
    }
    this.listener.onConnection?.(false);
    setTimeout(() => this.socket && this.connect(this.rate), wait);
  }
}

/**
 * One reading of several: each weighs as much as was said in it.
 * @param {Reading[]} readings
 * @returns {Reading | null}
 */
export function together(readings) {
  const heard = readings.filter((reading) => !reading.abstained);
  if (heard.length < 2) return heard[0] ?? readings[readings.length - 1] ?? null;
  const seconds = heard.reduce((sum, reading) => sum + reading.seconds, 0);
  const longest = heard.reduce((best, reading) => (reading.seconds > best.seconds ? reading : best));
  /** @type {Record<string, number>} */
  const probabilities = {};
  for (const name of Object.keys(longest.probabilities)) {
    probabilities[name] = heard.reduce((sum, reading) => sum + (reading.seconds / seconds) * reading.probabilities[name], 0);
  }
  const emotion = Object.keys(probabilities).reduce((best, name) => (probabilities[name] > probabilities[best] ? name : best));
  const mean = (/** @type {"valence" | "arousal"} */ axis) => heard.reduce((sum, reading) => sum + (reading.seconds / seconds) * reading[axis], 0);
  return { ...longest, probabilities, emotion, seconds, confidence: probabilities[emotion], valence: mean("valence"), arousal: mean("arousal") };
}
