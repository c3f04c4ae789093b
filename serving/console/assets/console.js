// Suggestions for the words being typed, and "/" to reach the first field. Every page works without this file.
"use strict";

function suggests(input) {
  const list = document.getElementById(input.getAttribute("list"));
  let waiting;
  let last = "";
  async function ask() {
    const typed = input.value.trim();
    if (typed.length < 2 || typed === last) return;
    last = typed;
    const answer = await fetch(`${input.dataset.suggest}?q=${encodeURIComponent(typed)}`);
    if (!answer.ok) return;
    const told = await answer.json();
    list.replaceChildren(
      ...told.suggestions.map((each) => {
        const option = document.createElement("option");
        option.value = each.text;
        return option;
      }),
    );
  }
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => ask().catch(() => {}), 120);
  });
}

document.querySelectorAll("input[data-suggest]").forEach(suggests);
document.addEventListener("keydown", (event) => {
  const field = event.target.closest("input, select, textarea");
  const first = document.querySelector("form.search input:not([type=hidden])");
  if (event.key !== "/" || event.ctrlKey || event.metaKey || field || !first) return;
  event.preventDefault();
  first.focus();
});
