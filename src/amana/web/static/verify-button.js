"use strict";
// The check itself (verify.js) comes when it is asked for. Where Ed25519 is missing (plain http, old browsers) no button is offered, and
// the command stays. Nothing moves where the button appears.
const button = document.getElementById("check");
const able = crypto.subtle?.generateKey("Ed25519", false, ["sign", "verify"]) ?? Promise.reject();
able.then(() => {
  button.classList.remove("awaited");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await (await import(button.dataset.script)).check();
    } catch {  // it could not be fetched
      const verdict = document.getElementById("verdict");
      verdict.textContent = verdict.dataset.unreachable;
      verdict.hidden = false;
    } finally {
      button.disabled = false;
    }
  });
}, () => (button.hidden = true));
