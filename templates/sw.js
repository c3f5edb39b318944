/**
 * Opens the page without a network. It keeps the page and this version's files, and nothing that is an answer: searches,
 * facets and products pass by untouched, so results are never stale. Photos need no help: their addresses are hashes of
 * their content, and the browser's own cache keeps them.
 */

const BASE = {{ assets.base | tojson }};
const FILES = {{ assets.shell | tojson }};
const PREFIX = "sketchfind ";
const KEPT = PREFIX + BASE;
const PAGE = "/";
const PATIENCE = 3000; // ms for a page from the network before the kept one opens

self.addEventListener("install", (event) => {
  event.waitUntil(keepAll());
  self.skipWaiting(); // safe: open pages have loaded their files, and none is reloaded
});

self.addEventListener("activate", (event) => event.waitUntil(takeOver()));

self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== location.origin) return;
  if (event.request.mode === "navigate" && pathname === PAGE) event.respondWith(openPage(event));
  else if (pathname.startsWith(`${BASE}/`)) event.respondWith(openFile(event.request));
});

/** Another theme was chosen, and the server makes the page by it: without a network, too, the page should open in it. */
self.addEventListener("message", (event) => event.waitUntil(fetch(PAGE).then(keepPage).catch(() => {})));

/** All or nothing: while several servers are updated, one of them may still answer with what another version has. */
async function keepAll() {
  const files = await Promise.all(FILES.map(fetchFile));
  const page = await fetch(PAGE);
  if (!(await isOurs(page))) throw new Error("the page is of another version");
  const cache = await caches.open(KEPT);
  await Promise.all([...files, page].map((response, i) => cache.put(FILES[i] ?? PAGE, response)));
}

/** Only a server of this version says that the file never changes. */
async function fetchFile(path) {
  const response = await fetch(path);
  const isFinal = response.ok && response.headers.get("Cache-Control")?.includes("immutable");
  if (!isFinal) throw new Error(`${path} is of another version`);
  return response;
}

async function takeOver() {
  const outdated = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== KEPT);
  await Promise.all(outdated.map((name) => caches.delete(name)));
  await self.registration.navigationPreload?.enable(); // the page is asked for while this script still starts
  await self.clients.claim();
}

/** The page as it is now; the kept one when there is no network, or a slow one, or the server is in trouble. */
async function openPage(event) {
  const fresh = fetchPage(event);
  event.waitUntil(fresh.then((response) => keepPage(response.clone())).catch(() => {})); // also when it comes late
  const kept = await caches.match(PAGE, { ignoreVary: true });
  if (!kept) return fresh;
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE));
  const answer = await Promise.race([fresh.catch(() => null), late]);
  return answer?.status < 500 ? answer : kept;
}

async function fetchPage(event) {
  return (await event.preloadResponse) ?? fetch(event.request);
}

/** Keeps a page for the next start without a network, unless its files are of another version than those kept here. */
async function keepPage(response) {
  if (await isOurs(response)) await (await caches.open(KEPT)).put(PAGE, response);
}

async function isOurs(page) {
  return page.ok && (await page.clone().text()).includes(`${BASE}/`);
}

async function openFile(request) {
  return (await caches.match(request, { ignoreVary: true })) ?? fetch(request);
}
