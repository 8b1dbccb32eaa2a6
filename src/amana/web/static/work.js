"use strict";
// The workbench: the question behind the # of the address, names that can be clicked, an editor on demand, an answer that is waited for.
const byId = (name) => document.getElementById(name);
const form = byId("ask"), area = byId("sql");
let editor = null;

function read() {
  try {
    return location.hash.startsWith("#sql=") ? decodeURIComponent(location.hash.slice(5)).slice(0, area.maxLength) : "";
  } catch {
    return ""; // a link that was cut
  }
}

function keep() {
  const hash = area.value.trim() ? "#sql=" + encodeURIComponent(area.value) : "";
  history.replaceState(history.state, "", location.pathname + hash); // what follows a # is never sent
  for (const link of document.querySelectorAll(".languages a")) link.hash = hash;
}

async function edit() {
  const line = navigator.connection;
  if (line?.saveData || /2g/.test(line?.effectiveType || "")) return;
  const [{ open }, schema] = await Promise.all([import(form.dataset.editor), names()]);
  editor = open(area, { schema, label: area.labels[0].textContent });
}

async function names() {
  const schema = {};
  for (const name of form.dataset.datasets.split(" ").filter(Boolean)) {
    try {
      const found = await (await fetch(`/api/v1/datasets/${name}`)).json();
      for (const table of found.tables) schema[table.name] = table.columns.map((column) => column.name);
    } catch {
      continue; // the editor works without
    }
  }
  return schema;
}

function insert(text) {
  if (editor) return editor.insert(text);
  area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input"));
  area.focus();
}

if (area) {
  if (!area.value) area.value = read();
  keep();
  area.addEventListener("input", keep);
  addEventListener("hashchange", () => {
    if (!location.hash.startsWith("#sql=") || read() === area.value) return;
    area.value = read();
    area.dispatchEvent(new Event("input"));
  });
  area.addEventListener("focus", edit, { once: true });
  for (const code of document.querySelectorAll("code[data-insert]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "insert";
    button.dir = "ltr";
    button.textContent = code.textContent;
    button.addEventListener("click", () => insert(button.textContent + " "));
    code.replaceWith(button);
  }
  form.addEventListener("input", (event) => {
    if (event.target.id === "other") form.querySelector("[value=other]").checked = true;
  });
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(byId(button.dataset.copy).textContent);
    byId("copied").hidden = false;
  });
}

async function wait(pause) {
  const shown = byId("asked");
  if (!shown || !("poll" in shown.dataset)) return;
  await new Promise((done) => setTimeout(done, pause));
  try {
    const found = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html").getElementById("asked");
    if (found && !("poll" in found.dataset)) return location.reload(); // once more, with all that belongs to an answer
    if (found) shown.replaceWith(found);
  } catch {
    pause = 2 * pause; // the line is down: later
  }
  wait(Math.min(2 * pause, 10000));
}
wait(1000);
