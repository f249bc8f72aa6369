// Ask how far the run is, and load the page anew when its state has changed.
"use strict";

const card = document.querySelector("[data-progress]");
const PAUSE = 2000;

async function look() {
  try {
    const answer = await fetch(card.dataset.progress, { headers: { Accept: "application/json" } });
    if (answer.redirected || !answer.ok) {
      window.location.reload();
      return;
    }
    const now = await answer.json();
    if (now.state !== card.dataset.state) {
      window.location.reload();
      return;
    }
    card.querySelector("progress").value = now.percent;
    card.querySelector("[data-percent]").textContent = `${now.percent} %`;
    card.querySelector("[data-message]").textContent = now.message || "queued";
  } catch {
    card.querySelector("[data-message]").textContent = "The server does not answer; trying again.";
  }
  window.setTimeout(look, PAUSE);
}

if (card) {
  window.setTimeout(look, PAUSE);
}
