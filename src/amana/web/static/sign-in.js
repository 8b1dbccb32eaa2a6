"use strict";
// The sign-in page: one-time links, passkeys, the identity provider. No framework, no inline script, nothing from elsewhere.

const api = "/api/v1";
const query = new URLSearchParams(location.search);
const wanted = query.get("next") || "";
const strong = query.has("strong"); // whoever is sent here to confirm who she is goes back once she has
const next = /^\/(ar|en|fr|zgh)\/desk(\/|$)/.test(wanted) ? wanted : ""; // a page of this node, and nowhere else
const carried = location.hash.startsWith("#sql=") ? location.hash : ""; // a question on its way to the workbench, not a link
const byId = (name) => document.getElementById(name);

function bytes(text) {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

async function call(method, path, body) {
  const sent = { method, headers: { "X-Amana": "1" }, credentials: "same-origin" };
  if (body !== undefined) {
    sent.headers["Content-Type"] = "application/json";
    sent.body = JSON.stringify(body);
  }
  const reply = await fetch(api + path, sent);
  const found = reply.status === 204 ? null : await reply.json();
  if (!reply.ok) {
    throw Object.assign(new Error(found.title), { code: found.name });
  }
  return found;
}

function credential(made) {
  const response = { clientDataJSON: text(made.response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (made.response[name]) {
      response[name] = text(made.response[name]);
    }
  }
  if (made.response.getTransports) {
    response.transports = made.response.getTransports();
  }
  return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response, clientExtensionResults: {} });
}

function asked(options) {
  const given = JSON.parse(options);
  given.challenge = bytes(given.challenge);
  if (given.user) {
    given.user.id = bytes(given.user.id);
  }
  for (const list of ["allowCredentials", "excludeCredentials"]) {
    given[list] = (given[list] || []).map((one) => ({ ...one, id: bytes(one.id) }));
  }
  return given;
}

async function prove(path) {
  const begun = await call("POST", `/sign-in/${path}/begin`);
  const made = await navigator.credentials.get({ publicKey: asked(begun.options) });
  await call("POST", `/sign-in/${path}/finish`, { secret: begun.secret, answer: credential(made) });
}

async function register() {
  const begun = await call("POST", "/passkeys/begin");
  const made = await navigator.credentials.create({ publicKey: asked(begun.options) });
  const label = byId("label").value || navigator.platform || "passkey";
  await call("POST", "/passkeys", { secret: begun.secret, answer: credential(made), label });
}

async function visit(purpose) {
  const sent = await call("POST", "/sign-in/oidc", { purpose });
  location.assign(sent.address);
  return "leaving";
}

async function makeToken() {
  const share = byId("token-share").value.trim();
  const scopes = share ? ["read", "ask"] : ["read", "ask", "apply", "review", "govern", "publish", "operate"];
  const label = byId("token-label").value || (share ? "assistant" : "command line");
  const made = await call("POST", "/tokens", { label, scopes, days: 30, allowance: share || null });
  byId("token").textContent = made.token;
  byId("token-shown").hidden = false;
  return "shown";
}

function forget() { // what keep.js holds of forms
  Object.keys(localStorage).filter((name) => name.startsWith("amana-form:")).forEach((name) => localStorage.removeItem(name));
  sessionStorage.clear();
}

const acts = {
  passkey: () => prove("passkey"),
  "step-up": () => prove("step-up").then(() => "confirmed"),
  register,
  "provider-in": () => visit("sign-in"),
  "provider-step-up": () => visit("step-up"),
  "provider-link": () => visit("link"),
  "make-token": makeToken,
  "sign-out": () => call("POST", "/sign-out").then(forget),
};

async function show(done) {
  const found = await call("GET", "/sign-in");
  for (const part of document.querySelectorAll("[data-for]")) {
    part.hidden = !part.dataset.for.split(" ").includes(found.state);
  }
  for (const part of document.querySelectorAll("[data-provider]")) {
    part.hidden = !found.identity_provider;
  }
  byId("unused").hidden = done !== "unused";
  byId("name").textContent = found.name || "";
  if (found.language) byId("desk").href = next || `/${found.language}/desk`;
  if (found.state === "signed-in" && next && (!strong || done === "confirmed")) {
    location.assign(next + carried);
  }
}

function tell(message) {
  byId("alert").textContent = message;
  byId("alert").hidden = !message;
}

async function run(act) {
  tell("");
  try {
    const done = await act();
    if (done !== "leaving") {
      await show(done);
    }
  } catch (error) {
    tell(error.message);
  }
}

async function begin() {
  const link = location.hash.slice(1);
  if (link && !carried) {
    history.replaceState(null, "", location.pathname + location.search); // the link is not kept in the history of the browser
    if ((await call("GET", "/sign-in")).state === "signed-in") return "unused"; // a link from elsewhere makes nobody somebody else
    await call("POST", "/sign-in/open", { link });
  }
  return "";
}

byId("by-link")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const link = byId("link").value;
  byId("link").value = "";
  run(() => call("POST", "/sign-in/open", { link }));
});
for (const button of document.querySelectorAll("button[id]")) {
  button.addEventListener("click", () => run(acts[button.id]));
}
addEventListener("hashchange", () => run(begin)); // a link that is pasted where this page is open already
run(begin);
