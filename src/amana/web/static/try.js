"use strict";
// The question stands behind the # of the address: it can be sent to a colleague or found again, and no server ever sees it.
const box = document.getElementById("sql"), found = new URLSearchParams(location.hash.slice(1)).get("sql");
if (found) box.value = found;
box.addEventListener("input", () => history.replaceState(null, "", "#" + new URLSearchParams({ sql: box.value })));
