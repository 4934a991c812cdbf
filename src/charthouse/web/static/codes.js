// The search for codes: arrow keys lead from the box into the list and back, the open code is marked.
const box = document.getElementById("code-find");
const found = document.getElementById("code-found");
const detail = document.getElementById("code-detail");
const place = box.closest(".lookup");

place.addEventListener("keydown", (event) => {
  const all = [...found.querySelectorAll(".hit")];
  const at = all.indexOf(document.activeElement);
  const isInList = at >= 0 || document.activeElement === box;
  if (event.key === "ArrowDown" && all.length && isInList) {
    event.preventDefault();
    all[Math.min(at + 1, all.length - 1)].focus();
  } else if (event.key === "ArrowUp" && at >= 0) {
    event.preventDefault();
    (at === 0 ? box : all[at - 1]).focus();
  } else if (event.key === "Enter" && document.activeElement === box && all.length) {
    event.preventDefault();
    all[0].click();
  }
});

// Where the code is shown below the list and not beside it, it comes into view.
document.addEventListener("htmx:after:swap", () => {
  const code = detail.querySelector("h2 .mono")?.textContent;
  for (const hit of found.querySelectorAll(".hit")) {
    if (hit.querySelector(".code").textContent === code) hit.setAttribute("aria-current", "true");
    else hit.removeAttribute("aria-current");
  }
  const card = detail.firstElementChild;
  if (card && !card.dataset.shown) {
    card.dataset.shown = "";
    if (detail.getBoundingClientRect().top > innerHeight * 0.8) detail.scrollIntoView();
  }
});
