"use strict";
// The SHA-256 of a file that she chooses, written into the field beside it. The file is read here and never sent.
{
  const BYTES_MAX = 2 ** 29; // a browser holds the whole file while it computes
  const show = () => {
    for (const part of document.querySelectorAll("[data-digest]")) part.hidden = !globalThis.crypto?.subtle; // a page without TLS has none
  };
  const tell = (part, code) => {
    for (const said of part.querySelectorAll("[data-said]")) said.hidden = said.dataset.said !== code;
  };
  addEventListener("change", async ({ target }) => {
    const part = target.closest("[data-digest]"), file = target.files?.[0];
    if (!part || !file) return;
    const field = document.getElementById(part.dataset.digest), wanted = part.dataset.wanted;
    if (file.size > BYTES_MAX) return tell(part, "large");
    try {
      const found = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
      field.value = Array.from(found, (byte) => byte.toString(16).padStart(2, "0")).join("");
    } catch {
      return tell(part, "unread");
    }
    tell(part, wanted ? (field.value === wanted ? "same" : "other") : "done");
  });
  addEventListener("swapped", show);
  show();
}
