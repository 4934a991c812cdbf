// Keys are bound from the list that the key overlay prints, so that the two cannot differ.
import { say } from "./said.js";

const WAIT = 1200;

export function bind(openPalette) {
  const overlay = document.getElementById("keys");
  const bound = new Map();
  for (const line of overlay?.querySelectorAll("[data-stroke]") ?? []) bound.set(line.dataset.stroke, line.dataset);
  const actions = {
    find: () => (document.getElementById("find") ?? { focus: openPalette }).focus(),
    palette: openPalette,
    overlay: () => overlay.showModal(),
    theme: turnTheme,
    next: () => step(1),
    previous: () => step(-1),
    open: () => false,
    escape: () => document.activeElement?.blur(),
  };
  let first = "";
  let timer = 0;

  const run = (dataset) => (dataset.href ? void location.assign(dataset.href) : actions[dataset.does]?.());

  document.addEventListener("keydown", (event) => {
    const modifier = event.ctrlKey || event.metaKey;
    if (modifier && event.key.toLowerCase() === "k" && bound.has("mod+k")) {
      event.preventDefault();
      return openPalette();
    }
    if (modifier || event.altKey || event.isComposing) return;
    if (event.target.matches("input, textarea, select, [contenteditable]")) {
      if (event.key === "Escape" && !document.querySelector("dialog[open]")) event.target.blur();
      return;
    }
    if (document.querySelector("dialog[open]")) return;
    const stroke = first ? `${first} ${event.key}` : event.key;
    clearTimeout(timer);
    first = "";
    if (bound.has(stroke) && stroke !== "Enter") {
      event.preventDefault();
      return run(bound.get(stroke));
    }
    if ([...bound.keys()].some((known) => known.startsWith(`${event.key} `))) {
      first = event.key;
      timer = setTimeout(() => (first = ""), WAIT);
    }
  });

  document.addEventListener("click", (event) => {
    const asked = event.target.closest("[data-does]");
    if (!asked || asked.dataset.stroke) return;
    asked.closest("dialog")?.close();
    asked.closest("details")?.removeAttribute("open");
    actions[asked.dataset.does]?.();
  });
}

// Rows in reading order, whatever the page is made of.
function step(by) {
  const rows = [...document.querySelectorAll("main :is(.row, .go, .hit, .flow td a)")].filter((one) => one.offsetParent);
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement);
  const next = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

function turnTheme() {
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark"
    || (!["light", "dark"].includes(document.documentElement.dataset.theme) && matchMedia("(prefers-color-scheme: dark)").matches);
  setTheme(dark ? "light" : "dark");
  say(dark ? "Light pages" : "Dark pages");
}

export function setTheme(value) {
  document.documentElement.dataset.theme = value;
  document.cookie = `charthouse_theme=${value};path=/;max-age=31536000;samesite=lax`;
  for (const one of document.querySelectorAll("input[name=theme]")) one.checked = one.value === value;
}
