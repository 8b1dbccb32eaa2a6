// Checks one entry of the public log in the browser, from the log's static files alone; no proof that the node made is trusted.
// Sources: c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature, tlog-policy, tlog-tiles; RFC 6962, section 2.1.
const MEMORY = "amana log";
const area = document.getElementById("verify"), index = Number(area.dataset.index), WIDTH = 256;
const verdict = document.getElementById("verdict"), found = document.getElementById("found");
const text = (bytes) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes), encode = (words) => new TextEncoder().encode(words);
const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const same = (left, right) => hex(left) === hex(right);
class Unreachable extends Error {}

function need(holds) {
  if (!holds) throw new Error();
}

function bytesOf(written) {  // base64: one text for one value
  const held = atob(written);
  need(btoa(held) === written);
  return Uint8Array.from(held, (each) => each.charCodeAt(0));
}

async function hash(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) whole.set(part, at), at += part.length;
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}
const node = (left, right) => hash([1], left, right);

async function file(path) {
  let reply;
  try {
    reply = await fetch(`/log/${path}`, { cache: "no-cache" });
    if (reply.ok) return new Uint8Array(await reply.arrayBuffer());
  } catch {}
  if (reply?.status === 404) return null;
  throw new Unreachable();
}

async function keyOf(written) {
  const [, name, id, held] = /^([^\s+]+)\+([0-9a-f]{8})\+([\w+/=]+)$/.exec(written), raw = bytesOf(held);
  need(hex(await hash(encode(`${name}\n`), raw)).startsWith(id));
  const usable = (raw[0] === 1 || raw[0] === 4) && raw.length === 33;
  return { name, id, kind: raw[0], key: usable && await crypto.subtle.importKey("raw", raw.slice(1), "Ed25519", false, ["verify"]) };
}
const signed = (key, signature, message) => crypto.subtle.verify("Ed25519", key, signature, message);

function noteOf(content) {
  const whole = text(content), end = whole.lastIndexOf("\n\n");
  need(end > 0 && whole.endsWith("\n"));
  const [origin, size, root, ...rest] = whole.slice(0, end).split("\n");
  const lines = whole.slice(end + 2, -1).split("\n").map((line) => {
    const [, name, written] = /^— (\S+) (\S+)$/.exec(line), value = bytesOf(written);
    return { name, id: hex(value.slice(0, 4)), value: value.slice(4) };
  });
  need(/^[1-9]\d{0,15}$/.test(size) && rest.every(Boolean));
  return { words: whole.slice(0, end + 1), origin, size: Number(size), root: bytesOf(root), lines };
}
const linesOf = (note, key) => note.lines.filter((each) => each.name === key.name && each.id === key.id);

// Whether the quorum of the log's own policy has seen the checkpoint: true, false, or null where a browser cannot tell.
async function quorum(note) {
  const known = Object.create(null);
  const used = new Set(), keys = new Set();
  let wanted, unknown = false;
  for (const line of text(await file("policy")).split("\n")) {
    const [what, name, third, ...members] = line.trim().split(/\s+/);
    if (what === "witness") {
      const key = await keyOf(third);
      need(!(name in known) && !keys.has(third));
      keys.add(third);
      known[name] = 0;
      unknown ||= !key.key && linesOf(note, key).length > 0;
      for (const { value } of key.key ? linesOf(note, key) : []) {
        const time = new DataView(value.buffer, value.byteOffset).getBigUint64(0);
        need(await signed(key.key, value.slice(8), encode(`cosignature/v1\ntime ${time}\n${note.words}`)));
        known[name] = 1;
      }
    } else if (what === "group") {
      const least = { any: 1, all: members.length }[third] ?? Number(third);
      need(Number.isInteger(least) && least >= 1 && least <= members.length && !(name in known));
      for (const each of members) need(each in known && !used.has(each)), used.add(each);
      known[name] = members.reduce((sum, each) => sum + known[each], 0) >= least ? 1 : 0;
    } else if (what === "quorum") wanted = name;
    else need(what === "log" || what === "" || what.startsWith("#"));
  }
  need(wanted === "none" || wanted in known);
  return wanted === "none" ? "none" : known[wanted] === 1 || (unknown ? null : false);
}

function heightOf(count) {  // of the largest perfect tree with at most so many leaves; logarithms of floats are rounded
  let height = 0;
  while (2 ** (height + 1) <= count) height += 1;
  return height;
}

function treeOf(size) {
  const tiles = new Map();

  async function tile(level, place) {
    const name = `${level}/${place}`;
    if (!tiles.has(name)) {
      const width = Math.min(WIDTH, Math.floor(size / WIDTH ** (level === "entries" ? 0 : level)) - place * WIDTH);
      let path = String(place % 1000).padStart(3, "0");
      for (let rest = Math.floor(place / 1000); rest; rest = Math.floor(rest / 1000)) path = `x${String(rest % 1000).padStart(3, "0")}/${path}`;
      path = `tile/${level}/${path}`;
      const whole = await file(width < WIDTH ? `${path}.p/${width}` : path) ?? await file(path);
      need(whole);
      tiles.set(name, { whole, width });
    }
    return tiles.get(name);
  }

  async function hashes(level, place) {
    const { whole, width } = await tile(level, place);
    need(whole.length === width * 32 || (width < WIDTH && whole.length === WIDTH * 32));
    return Array.from({ length: width }, (_, at) => whole.slice(at * 32, at * 32 + 32));
  }

  async function entries(place) {
    const { whole, width } = await tile("entries", place), read = [];
    for (let at = 0; at < whole.length && read.length < width;) {
      const end = at + 2 + whole[at] * 256 + whole[at + 1];
      need(end <= whole.length);
      read.push(whole.slice(at + 2, end));
      at = end;
    }
    need(read.length === width);
    return read;
  }

  async function subtree(height, place) {  // the root over 2 ** height leaves
    const level = Math.floor(height / 8), count = 2 ** (height % 8), first = place * count;
    let row = (await hashes(level, Math.floor(first / WIDTH))).slice(first % WIDTH, first % WIDTH + count);
    need(row.length === count);
    while (row.length > 1) row = await Promise.all(row.flatMap((left, at) => (at % 2 ? [] : [node(left, row[at + 1])])));
    return row[0];
  }

  async function range(low, high) {
    const height = heightOf(high - low), middle = low + 2 ** height, left = await subtree(height, low / 2 ** height);
    return middle === high ? left : node(left, await range(middle, high));
  }
  const split = (low, high) => low + 2 ** heightOf(high - low - 1);

  async function rootOver(leaf, low = 0, high = size) {  // with that leaf at `index`; what tiles say of its own way up must agree
    if (high - low === 1) return leaf;
    const middle = split(low, high), own = index < middle ? await rootOver(leaf, low, middle) : await rootOver(leaf, middle, high);
    const root = await (index < middle ? node(own, await range(middle, high)) : node(await range(low, middle), own));
    if ([1, 2, 3, 4, 5, 6].some((level) => high - low === WIDTH ** level)) need(same(root, await range(low, high)));
    return root;
  }

  async function both(old, low = 0, high = size) {  // the roots of this tree and of its first `old` leaves, of the same hashes
    if (high <= old || low >= old) {
      const root = await range(low, high);
      return [root, low >= old ? null : root];
    }
    const middle = split(low, high), [left, leftOld] = await both(old, low, middle), [right, rightOld] = await both(old, middle, high);
    return [await node(left, right), rightOld ? await node(leftOld, rightOld) : leftOld];
  }
  return { hashes, entries, rootOver, both };
}

function show(step, how, parts = {}) {
  const item = document.getElementById(`step-${step}`);
  item.className = how === "bad" ? "bad" : how === "good" ? "holds" : "warns";
  item.querySelector("span").textContent = item.dataset[how].replace(/\{(\w+)\}/g, (_, name) => parts[name]);
}

export async function check() {
  let step = "key";
  verdict.hidden = found.hidden = true;
  for (const item of document.querySelectorAll("#steps li")) item.className = item.querySelector("span").textContent = "";
  try {
    const keyFile = await file("log.vkey"), key = await keyOf(text(keyFile).trim());
    need(key.kind === 1 && key.key);
    const print = hex(await hash(keyFile)), memory = remembered();
    const other = memory && (memory.print !== print || memory.origin !== key.name);
    show(step, other ? "other" : "good", { print });
    if (other) return conclude("bad", "refused"); // the key is not the one that this browser knows: nothing is remembered over it

    step = "signature";
    const note = noteOf(await file("checkpoint")), own = linesOf(note, key);
    need(note.origin === key.name && note.root.length === 32 && own.length > 0 && index < note.size);
    for (const { value } of own) need(await signed(key.key, value, encode(note.words)));
    show(step, "good", { size: note.size });

    step = "witnesses";
    const seen = await quorum(note);
    need(seen !== false);
    show(step, seen === true ? "good" : seen ?? "other");

    step = "entry";
    const tree = treeOf(note.size), place = Math.floor(index / WIDTH), bundle = await tree.entries(place), entry = bundle[index % WIDTH];
    const leaves = await Promise.all(bundle.map((each) => hash([0], each)));
    need(hex(leaves[index % WIDTH]) === area.dataset.leaf);
    const members = JSON.parse(text(entry));
    delete members.pad;
    show(step, "good");

    step = "tile";
    const published = await tree.hashes(0, place);
    need(leaves.every((leaf, at) => same(leaf, published[at])));
    show(step, "good");

    step = "tree";
    need(same(await tree.rootOver(leaves[index % WIDTH]), note.root));
    show(step, "good", { root: hex(note.root) });

    step = "memory";
    if (memory) {
      need(memory.size <= note.size);
      const [now, before] = await tree.both(memory.size);
      need(same(now, note.root) && hex(before) === memory.root);
    }
    show(step, memory ? "good" : "other", memory ?? { size: note.size });
    remember({ origin: key.name, size: note.size, root: hex(note.root), print, day: new Date().toISOString().slice(0, 10) });
    found.textContent = JSON.stringify(members, null, 1);
    found.hidden = false;
    conclude("good", "good");
  } catch (error) {
    if (error instanceof Unreachable) return conclude("unreachable", "note");
    show(step, "bad");
    conclude("bad", "refused");
  }
}

function conclude(how, look) {
  verdict.textContent = verdict.dataset[how];
  verdict.className = look;
  verdict.hidden = false;
}

function remembered() { // one memory for a site: a log of another name does not make it forget
  try {
    const held = JSON.parse(localStorage.getItem(MEMORY));
    return held && Number.isSafeInteger(held.size) && held.size > 0 ? held : null;
  } catch {
    return null;
  }
}

function remember(checkpoint) {
  try {
    localStorage.setItem(MEMORY, JSON.stringify(checkpoint));
  } catch {}  // a browser that keeps nothing
}
