// The explorer: a changed box asks at once, the address follows, the answer is read out. Without it the form works as it is.
const form = document.getElementById("asking");
const answer = document.getElementById("answer");
let turn = 0;
let waiting = 0;

function asked() {
  const words = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value && name !== "soc") words.set(name, value);
  return words.toString();
}

async function ask() {
  const mine = ++turn;
  const query = asked();
  const address = form.action + (query ? `?${query}` : "");
  const got = await fetch(address, { headers: { "X-Part": "answer" } });
  if (mine !== turn || (got.status !== 200 && got.status !== 400)) return;
  const made = new DOMParser().parseFromString(await got.text(), "text/html");
  answer.replaceChildren(...made.body.childNodes);
  history.replaceState(null, "", address);
}

form.addEventListener("input", (event) => {
  clearTimeout(waiting);
  waiting = setTimeout(ask, event.target.matches("select") ? 0 : 400);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(waiting);
  ask();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) print();
  const share = event.target.closest("[data-share]");
  if (share) share.dataset.copy = location.origin + share.dataset.copy.replace(location.origin, "");
}, true);
