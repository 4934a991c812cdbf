// The command list: pages and actions are filtered here, patients are asked of the server.

export function palette() {
  const dialog = document.getElementById("palette");
  if (!dialog) return () => {};
  const box = document.getElementById("palette-box");
  const commands = [...dialog.querySelectorAll(".commands li")];
  const none = dialog.querySelector(".none");

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
    choices(dialog)[0]?.click();
  });
  dialog.addEventListener("close", () => {
    box.value = "";
    box.dispatchEvent(new Event("input", { bubbles: true }));
    document.getElementById("palette-found").replaceChildren();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  walk(dialog, box, () => choices(dialog));
  const found = document.getElementById("found");
  const home = document.getElementById("find");
  if (home) walk(home.closest(".search"), home, () => [...found.querySelectorAll(".hit")]);
  return () => {
    if (!dialog.open) dialog.showModal();
    box.focus();
  };
}

function choices(dialog) {
  return [...dialog.querySelectorAll(".choice")].filter((one) => one.offsetParent);
}

// Arrow keys lead from the box into the list and back; a letter goes to the box.
function walk(place, box, list) {
  place.addEventListener("keydown", (event) => {
    const all = list();
    const at = all.indexOf(document.activeElement);
    if (event.key === "ArrowDown" && all.length) {
      event.preventDefault();
      all[Math.min(at + 1, all.length - 1)].focus();
    } else if (event.key === "ArrowUp" && at >= 0) {
      event.preventDefault();
      (at === 0 ? box : all[at - 1]).focus();
    } else if (event.key === "Enter" && document.activeElement === box && place.contains(box) && all.length && !box.closest("dialog")) {
      event.preventDefault();
      all[0].click();
    } else if (at >= 0 && event.key.length === 1 && !event.ctrlKey && !event.metaKey && event.key !== " ") {
      box.focus();
    }
  });
}
