"use strict";
// A file is read into the sheet here, and what was typed is there again after confirming who one is. Nothing leaves but by the form.
{
  const rules = document.getElementById("rules"), file = document.getElementById("file"), kept = "amana rules";
  document.getElementById("from-file").hidden = false;
  rules.value ||= sessionStorage.getItem(kept) ?? "";
  rules.addEventListener("input", () => sessionStorage.setItem(kept, rules.value));
  file.addEventListener("change", async () => {
    rules.value = await file.files[0].text();
    sessionStorage.setItem(kept, rules.value);
    file.value = "";
  });
}
