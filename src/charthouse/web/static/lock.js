// The idle lock: after a time without activity the page is covered until its person shows who they are. What was
// typed below stays. Nothing is polled: activity feeds a timer, and all open pages of a sign-in tell each other.
import { LOCKING, answer, ask, reason, usable } from "./passkey.js";

const dialog = document.getElementById("lock");
const idle = Number(dialog.dataset.idle) * 60_000;
const token = dialog.dataset.token;
const form = dialog.querySelector("form.unlock");
const note = dialog.querySelector("[role=alert]");
const keyed = dialog.querySelector(".with-key");
const talk = new BroadcastChannel("charthouse-lock");
const SEEN = 1_000; // between two looks at the clock while somebody types or moves
const SIGN = Math.min(60_000, idle / 3); // between two signs of life to the server, only while somebody is active
let active = Date.now();
let served = Date.now(); // when the server last saw this page's person
let timer = 0;
let question = null;
let locking = Promise.resolve(); // until the server has answered the last lock, which no unlock may overtake

const call = (path, body = "", keepalive = false) =>
  fetch(path, { method: "POST", body, keepalive, headers: { Accept: "application/json", "X-CSRF-Token": token, "Content-Type": "application/x-www-form-urlencoded" } });

function wait() {
  clearTimeout(timer);
  timer = setTimeout(() => (Date.now() - active >= idle ? lock() : wait()), Math.max(50, active + idle - Date.now()));
}

function alive() {
  const moment = Date.now();
  if (dialog.open || moment - active < SEEN) return;
  if (moment - active >= idle) return lock(); // the machine slept, and nobody was there
  active = moment;
  talk.postMessage("active");
  if (moment - served < SIGN) return;
  served = moment;
  call("/active").then((told) => told.status === 401 && cover(), () => {});
}

// A lock outlives its page: the request goes on when the page is left at once, and a page that was served before
// the request arrived covers itself again.
function lock() {
  sessionStorage.setItem(LOCKING, "yes");
  locking = call("/lock", "", true).then(() => sessionStorage.removeItem(LOCKING), () => {});
  talk.postMessage("locked");
  cover();
}

async function cover() {
  if (dialog.open) return;
  clearTimeout(timer);
  for (const other of document.querySelectorAll("dialog[open]")) other.close();
  document.body.classList.add("is-locked");
  dialog.showModal();
  note.hidden = true;
  keyed.hidden = true;
  form.elements.password.focus();
  try {
    const told = await ask("/unlock/ask", token);
    question = told.passkey;
    keyed.hidden = !question || !usable(dialog.dataset.origin);
    dialog.querySelector(".with-password").hidden = !told.password;
    dialog.querySelector(".with-nothing").hidden = told.password || !keyed.hidden;
  } catch (failure) {
    tell(failure.message);
  }
}

function uncover() {
  active = served = Date.now();
  form.reset();
  dialog.close();
  document.body.classList.remove("is-locked");
  wait();
}

function tell(words) {
  note.textContent = words;
  note.hidden = false;
}

async function unlock(fields) {
  note.hidden = true;
  await locking;
  const told = await call("/unlock", new URLSearchParams(fields).toString());
  if (told.ok) {
    sessionStorage.removeItem(LOCKING);
    talk.postMessage("unlocked");
    return uncover();
  }
  tell(told.status === 401 ? "This sign-in has reached its time limit or was ended. Sign out, and sign in again." : (await told.json()).message);
  form.elements.password.select();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  unlock({ password: form.elements.password.value }).catch(() => tell("The server does not answer. Try again."));
});
keyed.addEventListener("click", async () => {
  try {
    await unlock({ credential: await answer(question) });
  } catch (failure) {
    tell(reason(failure));
  }
  question = (await ask("/unlock/ask", token).catch(() => ({}))).passkey;
});
dialog.addEventListener("cancel", (event) => event.preventDefault());
// A dialog closes at the second Escape whatever one says; it comes back at once.
dialog.addEventListener("close", () => document.body.classList.contains("is-locked") && dialog.showModal());
dialog.addEventListener("keydown", (event) => event.stopPropagation());

talk.addEventListener("message", ({ data }) => {
  if (data === "active") active = served = Math.max(active, Date.now());
  if (data === "locked") cover();
  if (data === "unlocked" && dialog.open) uncover();
});
for (const sign of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "scroll"]) addEventListener(sign, alive, { passive: true, capture: true });
// Coming back to the page counts as a look at the clock, not as activity.
for (const sign of ["visibilitychange", "pageshow", "focus"]) addEventListener(sign, () => Date.now() - active >= idle && lock());
// Nothing is sent by a page whose time is up: it would be refused, and what was typed would be lost.
addEventListener("submit", (event) => {
  if (event.target.closest("#lock")) return;
  if (dialog.open || Date.now() - active >= idle) {
    event.preventDefault();
    event.stopImmediatePropagation();
    lock();
  }
}, true);
document.addEventListener("htmx:before:response", (event) => {
  if (event.detail.ctx.response.status !== 401) return void (served = Date.now());
  event.preventDefault(); // what stands there stays
  cover();
});
document.addEventListener("click", (event) => event.target.closest("[data-lock]") && lock());
if (sessionStorage.getItem(LOCKING)) lock();
else wait();
