"use strict";
// A form with data-swap: the elements of those ids are replaced by what comes back.
const here = () => location.pathname + location.search;
let shown = here();
addEventListener("submit", async (event) => {
  const form = event.target, by = event.submitter, ids = form.getAttribute("data-swap")?.split(" ");
  if (!ids) return;
  event.preventDefault();
  form.ariaBusy = "true";
  try {
    const to = by?.getAttribute("formaction") || form.getAttribute("action") || here();
    const reply = await fetch(to, { method: "POST", body: new URLSearchParams(new FormData(form, by)) });
    const found = new DOMParser().parseFromString(await reply.text(), "text/html");
    const fresh = ids.map((id) => found.getElementById(id));
    if (fresh.includes(null)) return location.assign(reply.url);
    ids.forEach((id, at) => document.getElementById(id).replaceWith(fresh[at]));
    if (reply.redirected) history.pushState(null, "", reply.url);
    shown = here();
    fresh[0].focus();
    dispatchEvent(new Event("swapped"));
  } catch {
    HTMLFormElement.prototype.submit.call(form);
  }
  form.ariaBusy = "false";
});
addEventListener("popstate", () => here() === shown || location.reload());
navigator.serviceWorker?.register("/offline.js");
