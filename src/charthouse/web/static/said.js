// A word at the foot of the page, also for screen readers.
let timer = 0;

export function say(text) {
  const place = document.getElementById("said");
  place.textContent = text;
  place.classList.add("on");
  clearTimeout(timer);
  timer = setTimeout(() => place.classList.remove("on"), 1800);
}
