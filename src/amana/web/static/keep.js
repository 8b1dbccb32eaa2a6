"use strict";
// What is typed into a form with data-keep stays in this browser until it was sent. Without a connection it waits and is sent when there
// is one: once, for the form's own key tells the node that it is the same form. Signing out forgets all of it.

const PREFIX = "amana-form:";
const AGAIN_MS = 15000;
const about = (form, name) => form.getAttribute(`data-${name}`); // not form.dataset: a field of that name stands before it
const nameOf = (form) => `${PREFIX}${about(form, "person")}:${about(form, "keep")}`;
const formHere = () => document.querySelector("form[data-keep]");

function kept(name) {
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null;
  }
}

function keep(form, more = {}) {
  const fields = [...new FormData(form)].filter(([name]) => name !== "form");
  try {
    localStorage.setItem(nameOf(form), JSON.stringify({ base: about(form, "base"), fields, ...more }));
  } catch {} // no room, or none allowed: the form works all the same
}

function tell(code) {
  const place = document.getElementById("keep");
  place.firstElementChild.textContent = code ? place.dataset[code] : "";
  place.hidden = !code;
}

function restore(form, fields) {
  const came = new URLSearchParams(location.search).has("dataset");
  for (const field of form.elements) {
    if (!field.name || field.name === "form" || field.type === "submit") continue;
    const values = fields.filter(([name]) => name === field.name).map(([, value]) => value);
    if (field.type === "checkbox") field.checked = values.includes(field.value) || (came && field.defaultChecked);
    else if (values.length) field.value = values[0];
  }
}

async function send(form, act) {
  if (form.ariaBusy === "true") return;
  const body = new URLSearchParams(new FormData(form));
  body.set("do", act);
  form.ariaBusy = "true";
  let reply, text;
  try {
    reply = await fetch(form.action, { method: "POST", body });
    text = await reply.text();
    if (reply.status >= 500 || reply.status === 429) throw reply;
  } catch {
    keep(form, { waits: act });
    tell("waits");
    return;
  } finally {
    form.ariaBusy = "false";
  }
  if (reply.redirected) {
    if (reply.url.includes("/sign-in?")) keep(form, { waits: act });
    else localStorage.removeItem(nameOf(form));
    location.assign(reply.url);
    return;
  }
  const found = new DOMParser().parseFromString(text, "text/html"), fresh = found.querySelector("form[data-keep]");
  if (!fresh && reply.status === 403 && !kept(nameOf(form))?.again) { // the page is of an earlier session: a new one has a new token
    keep(form, { waits: act, again: true });
    location.reload();
    return;
  }
  if (!fresh || about(fresh, "keep") !== about(form, "keep")) localStorage.removeItem(nameOf(form));
  document.getElementById("main").replaceWith(found.getElementById("main"));
  if (fresh) keep(formHere());
  const shown = document.querySelector(".refused, #fits") || document.getElementById("main");
  shown.tabIndex = -1;
  shown.focus();
}

function begin() {
  const form = formHere(), list = document.getElementById("kept");
  if (list && kept(`${PREFIX}${list.dataset.person}:new`)) list.hidden = false;
  if (!form) return;
  const before = kept(nameOf(form));
  if (before && before.base === about(form, "base")) {
    restore(form, before.fields);
    tell(before.waits ? "waits" : "restored");
    if (before.waits) send(form, before.waits);
  }
}

function again() {
  const form = formHere(), waits = form && kept(nameOf(form))?.waits;
  if (waits) send(form, waits);
}

addEventListener("input", (event) => {
  const form = event.target.form;
  if (form && about(form, "keep")) keep(form, { waits: kept(nameOf(form))?.waits });
});
addEventListener("submit", (event) => {
  const form = event.target;
  if (about(form, "forget")) {
    sessionStorage.clear();
    Object.keys(localStorage).filter((name) => name.startsWith(PREFIX)).forEach((name) => localStorage.removeItem(name));
  }
  if (!about(form, "keep")) return;
  event.preventDefault();
  send(form, event.submitter?.value || "save");
});
addEventListener("click", (event) => {
  if (event.target.id !== "discard") return;
  localStorage.removeItem(nameOf(formHere()));
  location.assign(location.pathname);
});
addEventListener("online", again);
setInterval(again, AGAIN_MS);
begin();
