"use strict";
// A form with data-swap is sent without leaving the page: the elements of those ids are replaced by the ones that come back.
addEventListener("submit", async (event) => {
  const form = event.target, ids = form.dataset.swap;
  if (!ids) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  form.ariaBusy = "true";
  try {
    const reply = await fetch(event.submitter?.getAttribute("formaction") || form.action, { method: "POST", body });
    const found = new DOMParser().parseFromString(await reply.text(), "text/html");
    for (const id of ids.split(" ")) {
      const fresh = found.getElementById(id);
      if (!fresh) return location.assign(reply.url);
      document.getElementById(id).replaceWith(fresh);
    }
    if (reply.redirected) history.pushState(null, "", reply.url);
    document.getElementById(ids.split(" ")[0]).focus();
    dispatchEvent(new Event("swapped"));
  } catch {
    form.submit();
  } finally {
    form.ariaBusy = "false";
  }
});
addEventListener("popstate", () => location.reload());
navigator.serviceWorker?.register("/offline.js");
