/* The page without a network: its files and the last library, each as it was when last seen. */
const SHELL = "affetto-{{ version }}";
const DATA = "affetto-data";
const FILES = {{ files | data }};
const KEPT = ["/v1/library", "/v1/library/map", "/v1/library/regions", "/v1/me/journal"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => Promise.all(names.filter((name) => name !== SHELL && name !== DATA).map((name) => caches.delete(name))));
  event.waitUntil(old.then(() => self.clients.claim()));
});

const fresh = async (request, name) => {
  try {
    const answer = await fetch(request);
    if (answer.ok) (await caches.open(name)).put(request, answer.clone());
    return answer;
  } catch (error) {
    const kept = await caches.match(request, { ignoreSearch: false, ignoreVary: true });
    if (kept) return kept;
    throw error;
  }
};

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin || request.headers.has("range")) return;
  if (url.pathname.startsWith("/static/")) {
    event.respondWith(caches.match(request, { ignoreVary: true }).then((kept) => kept ?? fetch(request)));
  } else if (FILES.includes(url.pathname)) {
    event.respondWith(fresh(request, SHELL));
  } else if (KEPT.includes(url.pathname)) {
    event.respondWith(fresh(request, DATA));
  }
});

self.addEventListener("message", (event) => {
  if (event.data === "forget") event.waitUntil(caches.delete(DATA));
});
