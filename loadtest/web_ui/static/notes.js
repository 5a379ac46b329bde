// Opens the part of Locust's form that has the scenario, leaves only the links above a run, and shows why a change of
// the run was refused: Locust closes the dialog of a change before it could say so.
"use strict";

const notes = document.getElementById("notes");
const refusal = document.getElementById("unanswered");

function look() {
  const runs = !document.querySelector("#root form");
  if (runs && !notes.classList.contains("runs")) window.scrollTo(0, 0);
  notes.classList.toggle("runs", runs);
  for (const button of document.querySelectorAll("form button[aria-expanded=false]:not([data-seen])")) {
    button.dataset.seen = "";
    if (button.textContent.trim() === "Custom parameters") button.click();
  }
}

new MutationObserver(look).observe(document.body, {childList: true, subtree: true});
if (document.getElementById("root").childElementCount) look(); // Locust's script came first

const send = window.fetch;
window.fetch = async (...sent) => {
  const response = await send(...sent);
  try {
    if (/\/(swarm|stop)$/.test(new URL(response.url).pathname)) {
      const said = await response.clone().json().catch(() => ({success: true}));
      if (said.success) refusal.textContent = "";
      else if (refusal.textContent || notes.classList.contains("runs")) refusal.textContent = said.message;
    }
  } catch { // a response without a URL is none of these
  }
  return response;
};
