// The command list: pages and actions are filtered here, patients are asked of the server.

const LONGEST = 100; // letters of a text that are searched for

export function palette() {
  const dialog = document.getElementById("palette");
  if (!dialog) return () => {};
  const box = document.getElementById("palette-box");
  const commands = [...dialog.querySelectorAll(".commands li")];
  const none = dialog.querySelector(".none");
  const found = document.getElementById("palette-found");

  box.addEventListener("input", () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const one of commands) {
      one.hidden = !words.every((word) => one.textContent.toLowerCase().includes(word));
      shown += !one.hidden;
    }
    none.hidden = shown > 0 || words.length === 0;
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault(); // else the form's only button would close the list
    // A page answers what stands in the box, for it was filtered as that was typed; patients above it go first.
    const page = commands.find((one) => !one.hidden && box.value.trim())?.querySelector(".choice");
    const isFound = answers(box, found) && found.querySelector(".hit") && !found.querySelector("[data-nearly]");
    if (page && !isFound) page.click();
    else choose(box, found, () => choices(dialog));
  });
  dialog.addEventListener("close", () => {
    box.value = "";
    box.dispatchEvent(new Event("input", { bubbles: true }));
    found.replaceChildren();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  walk(dialog, box, found, () => choices(dialog));
  const home = document.getElementById("find");
  const below = document.getElementById("found");
  if (home) walk(home.closest(".search"), home, below, () => [...below.querySelectorAll(".hit")]);
  document.addEventListener("click", (event) => {
    const again = event.target.closest("[data-retry]");
    if (!again || !home) return;
    home.value = again.dataset.retry;
    home.dispatchEvent(new Event("input", { bubbles: true }));
    home.focus();
  });
  return () => {
    if (!dialog.open) dialog.showModal();
    box.focus();
  };
}

function choices(dialog) {
  return [...dialog.querySelectorAll(".choice")].filter((one) => one.offsetParent);
}

// Enter opens the first row, but never one that answers something else than what stands in the box: then the row
// is only shown as the next one to open, when it comes.
function choose(box, found, list) {
  const asked = cut(box.value);
  const answered = () => answers(box, found);
  const isNear = found.querySelector("[data-nearly]"); // somebody else than was typed: to be looked at first
  if (answered() || [...asked].length < 2) return void (isNear ? list()[0]?.focus() : list()[0]?.click());
  const look = () => {
    const waits = document.activeElement === box && cut(box.value) === asked;
    if (waits && answered()) list()[0]?.focus();
    if (!waits || answered()) document.removeEventListener("htmx:after:swap", look);
  };
  document.addEventListener("htmx:after:swap", look);
}

function answers(box, found) {
  return cut(box.value) === found.querySelector("[data-asked]")?.dataset.asked;
}

function cut(text) {
  return [...text.trim()].slice(0, LONGEST).join("");
}

// Arrow keys lead from the box into the list and back; a letter goes to the box.
function walk(place, box, found, list) {
  place.addEventListener("keydown", (event) => {
    const all = list();
    const at = all.indexOf(document.activeElement);
    if (event.key === "ArrowDown" && all.length) {
      event.preventDefault();
      all[Math.min(at + 1, all.length - 1)].focus();
    } else if (event.key === "ArrowUp" && at >= 0) {
      event.preventDefault();
      (at === 0 ? box : all[at - 1]).focus();
    } else if (event.key === "Enter" && document.activeElement === box && !event.isComposing && !box.closest("dialog")) {
      event.preventDefault();
      choose(box, found, list);
    } else if (at >= 0 && event.key.length === 1 && !event.ctrlKey && !event.metaKey && event.key !== " ") {
      box.focus();
    }
  });
}
