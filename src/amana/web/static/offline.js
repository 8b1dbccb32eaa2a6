"use strict";
// Public pages that were read are readable again without a network. What a person alone may see is never kept: a page is kept only where
// the node calls it public, and nothing below these addresses is, whatever it says.
const PAGES = "pages 1", ASSETS = "assets 1", OFFLINE = "offline 1", MOST = 60;
const PERSONAL = /^\/[a-z]+\/(desk|sign-in|search|offline)(\/|$)/, PAGE = /^\/(ar|en|fr|zgh)\//;

const isKept = (url, reply) => reply.ok && reply.type === "basic" && !reply.redirected && PAGE.test(url.pathname) && !PERSONAL.test(url.pathname)
  && /(^|[\s,])public([\s,]|$)/.test(reply.headers.get("Cache-Control"));
const offlinePage = (path) => `/${PAGE.exec(path)?.[1] ?? "ar"}/offline`;

async function put(name, address, reply) {
  const cache = await caches.open(name);
  await cache.delete(address, { ignoreVary: true });  // so that the order is that of the last reading
  await cache.put(address, reply);
  const known = await cache.keys();
  for (const old of known.slice(0, Math.max(0, known.length - MOST))) await cache.delete(old, { ignoreVary: true });
}

async function keep(address, reply) {
  const url = new URL(address);
  if (!isKept(url, reply)) return;
  await put(PAGES, url.pathname + url.search, reply.clone());
  await prepare(offlinePage(url.pathname));
  for (const [asset] of (await reply.text()).matchAll(/\/static\/[\w.-]+\?\w+/g)) await assetOf(asset);
}

async function prepare(path) {
  if (await caches.match(path, { cacheName: OFFLINE, ignoreVary: true })) return;
  const reply = await fetch(path, { credentials: "omit" });
  if (reply.ok) await put(OFFLINE, path, reply);
}

async function assetOf(address) {
  const kept = await caches.match(address, { cacheName: ASSETS, ignoreVary: true });
  if (kept) return kept;
  const reply = await fetch(address);
  if (reply.ok && /immutable/.test(reply.headers.get("Cache-Control"))) await put(ASSETS, address, reply.clone());
  return reply;
}

// A kept page says so, and of when it is, in the words of the page for offline readers.
async function again(path) {
  const offline = await caches.match(offlinePage(path), { cacheName: OFFLINE, ignoreVary: true });
  const kept = PERSONAL.test(path) ? null : await caches.match(path, { cacheName: PAGES, ignoreVary: true });
  if (!kept) return offline ?? Response.error();
  const words = /<p class="note" id="kept" hidden>(.*?)<\/p>/s.exec(await offline?.text() ?? "")?.[1] ?? "";
  const at = new Date(kept.headers.get("Date")).toISOString().slice(0, 16).replace("T", " ") + " UTC";
  const text = (await kept.text()).replace(/<main[^>]*>/, (main) => `${main}<p class="note" id="kept" role="status">${words.replace("@", at)}</p>`);
  const headers = new Headers(kept.headers);
  for (const name of ["Content-Encoding", "Content-Length"]) headers.delete(name);
  return new Response(text, { headers });
}

addEventListener("install", (event) => event.waitUntil((async () => {
  await skipWaiting();
  for (const page of await clients.matchAll({ includeUncontrolled: true, type: "window" })) {  // read before there was a worker
    const url = new URL(page.url);
    if (!PAGE.test(url.pathname)) continue;
    await prepare(offlinePage(url.pathname));
    if (!PERSONAL.test(url.pathname)) await keep(page.url, await fetch(url.pathname + url.search, { credentials: "omit" }));
  }
})().catch(() => {})));

addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (![PAGES, ASSETS, OFFLINE].includes(name)) await caches.delete(name);
})()));

addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname.startsWith("/static/") && url.search) return event.respondWith(assetOf(url.pathname + url.search));
  if (request.mode !== "navigate" || !(PAGE.test(url.pathname) || url.pathname === "/")) return;
  event.respondWith((async () => {
    try {
      const reply = await fetch(request);
      event.waitUntil(keep(request.url, reply.clone()).catch(() => {}));  // a full disk does not hide a page
      return reply;
    } catch {
      return again(url.pathname + url.search);
    }
  })());
});
