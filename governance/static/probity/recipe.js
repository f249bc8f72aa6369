// Show only what the chosen operator asks for; without this script all of it is shown, and what is not asked for is ignored.
"use strict";

for (const choice of document.querySelectorAll("[data-choice]")) {
  const operator = choice.querySelector("select[data-operator]");
  const show = () => {
    for (const asked of choice.querySelectorAll("[data-for]")) {
      asked.hidden = !asked.dataset.for.split(" ").includes(operator.value);
    }
  };
  operator.addEventListener("change", show);
  show();
}
