"use strict";
const here = () => location.pathname + location.search;
let shown = here();
// Forms with data-swap: the elements of those ids are replaced by what comes back.
addEventListener("submit", async (event) => {
  const form = event.target, by = event.submitter, ids = form.getAttribute("data-swap"); // fields hide properties of that name
  if (!ids) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, by));
  form.ariaBusy = "true";
  try {
    const reply = await fetch(by?.getAttribute("formaction") || form.getAttribute("action") || here(), { method: "POST", body });
    const found = new DOMParser().parseFromString(await reply.text(), "text/html");
    for (const id of ids.split(" ")) {
      const fresh = found.getElementById(id);
      if (!fresh) return location.assign(reply.url);
      document.getElementById(id).replaceWith(fresh);
    }
    if (reply.redirected) history.pushState(null, "", reply.url);
    shown = here();
    document.getElementById(ids.split(" ")[0]).focus();
    dispatchEvent(new Event("swapped"));
  } catch {
    HTMLFormElement.prototype.submit.call(form);
  } finally {
    form.ariaBusy = "false";
  }
});
addEventListener("popstate", () => here() === shown || location.reload());
navigator.serviceWorker?.register("/offline.js");
