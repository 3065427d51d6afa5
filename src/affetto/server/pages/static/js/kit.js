/** Small tools that every module uses: words, facts, elements, requests, notes. */

/**
 * @typedef {{emotions: string[], circumplex: Record<string, [number, number]>, intents: string[], profile: string | null}} Facts
 * @typedef {{valence: number, arousal: number, covariance?: number[][]}} Affect
 */

/** @param {string} id @returns {any} */
const block = (id) => JSON.parse(document.getElementById(id)?.textContent ?? "{}");

/** @type {Record<string, string>} */
const words = block("data-words");

/** How the language of the page puts what the server says in English; nothing in English. @type {Record<string, string>} */
export const sayings = block("data-sayings");

/** What the scripts know of the code: emotions, their places, intents. @type {Facts} */
export const facts = block("data-facts");

/** The language of the page. */
export const language = document.documentElement.lang;

/**
 * A sentence or label of the catalogue; `{name}` in it is replaced.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  const text = words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/**
 * The element of an id, which must be there.
 * @template {Element} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
export function $(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return /** @type {T} */ (/** @type {unknown} */ (found));
}

/**
 * Makes an element. Text is always text, never markup.
 * @param {string} name
 * @param {Record<string, any>} [properties] attributes; `class`, `text`, `on` (listeners) and `data` are known
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElement}
 */
export function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "text") element.textContent = value;
    else if (key === "on") for (const [event, run] of Object.entries(value)) element.addEventListener(event, run);
    else if (key === "data") Object.assign(element.dataset, value);
    else if (key === "style") for (const [rule, set] of Object.entries(value)) element.style.setProperty(rule, set);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(.../** @type {(Node | string)[]} */ (children.filter((child) => child)));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * Makes an SVG element.
 * @param {string} name
 * @param {Record<string, string | number>} [attributes]
 * @param {...Node} children
 */
export function draw(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** An icon of the page. @param {string} name */
export const icon = (name) => draw("svg", { class: "icon", "aria-hidden": "true" }, draw("use", { href: `#${name}` }));

/** Whether the person wants stillness. */
export const still = matchMedia("(prefers-reduced-motion: reduce)");

/** @param {number} value @param {number} low @param {number} high */
export const within = (value, low, high) => Math.min(high, Math.max(low, value));

/** Seconds as m:ss. @param {number} seconds */
export function clock(seconds) {
  if (!Number.isFinite(seconds)) return "–:––";
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const end = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${end}` : `${minutes}:${end}`;
}

/** A share as whole percent in the language of the page. @param {number} share */
export const percent = (share) => new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 }).format(share);

/** Says something to a screen reader: states only. @param {string} text */
export function announce(text) {
  $("status").textContent = text;
}

/**
 * A passing note, with a way back if there is one.
 * @param {string} text
 * @param {{label: string, run: () => void}} [action]
 */
export function toast(text, action) {
  const undo = action && make("button", { type: "button", text: action.label, on: { click: () => (note.remove(), action.run()) } });
  const note = make("div", { class: "toast" }, make("span", { text }), undo);
  $("toasts").replaceChildren(note);
  announce(text);
  setTimeout(() => note.remove(), action ? 8000 : 4500);
}

/** What a server answers when it does not do what it was asked for. */
export class Refused extends Error {
  /** @param {number} status @param {string} kind @param {string} detail */
  constructor(status, kind, detail) {
    super(detail);
    this.status = status;
    this.kind = kind;
  }
}

/**
 * Asks the server; an answer that is no success becomes a `Refused`.
 * @param {string} path
 * @param {{method?: string, json?: unknown, body?: BodyInit, signal?: AbortSignal}} [options]
 * @returns {Promise<any>}
 */
export async function ask(path, { method, json, body, signal } = {}) {
  /** @type {RequestInit} */
  const options = { method: method ?? (json === undefined && body === undefined ? "GET" : "POST"), signal };
  if (json !== undefined) {
    options.body = JSON.stringify(json);
    options.headers = { "content-type": "application/json" };
  } else if (body !== undefined) options.body = body;
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refused(0, "unreachable", t("trouble.unreachable"));
  }
  const text = await answer.text();
  const value = text ? JSON.parse(text) : null;
  if (!answer.ok) throw new Refused(answer.status, String(value?.type ?? "").split(":").pop() ?? "", value?.detail ?? answer.statusText);
  return value;
}

/** Keeps a choice for a year, where the server sees it with the next page. @param {string} name @param {string} value */
export function remember(name, value) {
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`;
}

/** The emotion whose place is nearest. @param {Affect} affect */
export function nearest({ valence, arousal }) {
  if (Math.hypot(valence, arousal) < 0.25) return "neutral";
  const apart = (/** @type {string} */ name) =>
    Math.hypot(facts.circumplex[name][0] - valence, facts.circumplex[name][1] - arousal);
  return facts.emotions.reduce((best, name) => (apart(name) < apart(best) ? name : best));
}
