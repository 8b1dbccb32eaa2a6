"use strict";
// A form with data-swap is sent without leaving the page: the elements of those ids are replaced by the ones that come back.
addEventListener("submit", async (event) => {
  const form = event.target, ids = form.dataset.swap;
  if (!ids) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  form.ariaBusy = "true";
  try {
    const reply = await fetch(event.submitter?.formAction || form.action, { method: "POST", body });
    const found = new DOMParser().parseFromString(await reply.text(), "text/html");
    for (const id of ids.split(" ")) {
      const fresh = found.getElementById(id);
      if (!fresh) return location.assign(reply.url);
      document.getElementById(id).replaceWith(fresh);
    }
    if (reply.redirected) {
      history.pushState(null, "", reply.url);
      shown = location.pathname + location.search;
    }
    document.getElementById(ids.split(" ")[0]).focus();
    dispatchEvent(new Event("swapped"));
  } catch {
    form.submit();
  } finally {
    form.ariaBusy = "false";
  }
});
let shown = location.pathname + location.search;
addEventListener("popstate", () => {
  if (shown !== location.pathname + location.search) location.reload(); // not for what follows a #
});
navigator.serviceWorker?.register("/offline.js");
