/** Starts a page, and goes from one to the next without a pause in the music. */

import { $, announce, remember, t } from "./kit.js";
import { startPlayer } from "./player.js";

/** @typedef {() => void} Leave what is left to do when a page is left */

/** @type {Leave | null} */
let leave = null;

/** Number of the last way taken: a page that comes later than one asked for after it is not shown. */
let ways = 0;

/** @param {HTMLElement} main */
async function enter(main) {
  const page = main.dataset.page ?? "listen";
  const module = await import(`./${page}.js`);
  if (!main.isConnected) return;
  leave = (await module.mount(main)) ?? null;
  main.dataset.ready = "";
}

/**
 * Shows another page in place of this one.
 * @param {string} path
 * @param {boolean} back whether the browser has moved already
 */
async function go(path, back = false) {
  const url = new URL(path, location.href);
  const way = ++ways;
  let text;
  try {
    const answer = await fetch(url.pathname, { headers: { accept: "text/html" } });
    if (!answer.ok) throw new Error(String(answer.status));
    text = await answer.text();
  } catch {
    if (way === ways) location.assign(url);
    return;
  }
  if (way !== ways) return;
  const next = new DOMParser().parseFromString(text, "text/html");
  const main = next.getElementById("main");
  if (!main || next.querySelector("html")?.lang !== document.documentElement.lang) {
    location.assign(url);
    return;
  }
  leave?.();
  leave = null;
  if (!back) history.pushState(null, "", url);
  const change = () => {
    document.title = next.title;
    $("main").replaceWith(main);
    for (const link of document.querySelectorAll(".tabs a")) {
      if (link.getAttribute("href") === url.pathname) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    scrollTo(0, 0);
  };
  if (document.startViewTransition) await document.startViewTransition(change).updateCallbackDone;
  else change();
  main.focus({ preventScroll: true });
  announce(document.title);
  await enter(main);
  if (url.hash) document.getElementById(url.hash.slice(1))?.scrollIntoView();
}

function followLinks() {
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = /** @type {Element} */ (event.target).closest("a[href]");
    if (!(link instanceof HTMLAnchorElement) || link.origin !== location.origin || link.target || link.hasAttribute("download")) return;
    if (link.pathname.startsWith("/v1/") || (link.hash && link.pathname === location.pathname)) return;
    event.preventDefault();
    /** @type {HTMLDialogElement | null} */ (link.closest("dialog"))?.close();
    void go(link.href);
  });
  addEventListener("popstate", () => void go(location.href, true));
}

const THEMES = ["auto", "light", "dark"];

/** @param {string} theme */
export function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  remember("theme", theme);
}

function switchTheme() {
  $("theme").addEventListener("click", () => {
    const now = document.documentElement.dataset.theme ?? "auto";
    const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
    setTheme(next);
    announce(t(`theme.${next}`));
  });
}

/** The note before the first use: until it is agreed to; putting it away with Escape is no agreement. */
function askConsent() {
  if (localStorage.getItem("consent") === "yes") return;
  const dialog = /** @type {HTMLDialogElement} */ ($("consent"));
  dialog.addEventListener("submit", () => localStorage.setItem("consent", "yes"), { once: true });
  dialog.showModal();
}

function watchNetwork() {
  const show = () => ($("offline").hidden = navigator.onLine);
  addEventListener("online", show);
  addEventListener("offline", show);
  show();
}

followLinks();
switchTheme();
startPlayer();
watchNetwork();
askConsent();
void enter($("main"));
if ("serviceWorker" in navigator) addEventListener("load", () => void navigator.serviceWorker.register("/sw.js").catch(() => {}));
