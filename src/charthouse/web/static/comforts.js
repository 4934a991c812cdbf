// Copying, the look of the pages, and menus that close when one looks away.
import { setTheme } from "./keys.js";
import { say } from "./said.js";

export function comforts() {
  document.addEventListener("click", async (event) => {
    const asked = event.target.closest("[data-copy]");
    if (asked) {
      try {
        await navigator.clipboard.writeText(asked.dataset.copy);
        say(asked.dataset.said ?? "Copied");
      } catch {
        say("The browser does not allow copying here");
      }
    }
    for (const menu of document.querySelectorAll("details.me[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.me[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("input[name=theme]")) setTheme(event.target.value);
  });
  newestInView(document);
  document.addEventListener("htmx:after:swap", () => newestInView(document));
  // The chart section that is on is in view, also where the list scrolls sideways.
  document.querySelector(".places .on")?.scrollIntoView({ block: "nearest", inline: "center" });
}

// Wide flowsheets start at their newest column.
function newestInView(place) {
  for (const sheet of place.querySelectorAll(".scroll:not([data-placed])")) {
    sheet.dataset.placed = "";
    sheet.scrollLeft = sheet.scrollWidth;
  }
}
