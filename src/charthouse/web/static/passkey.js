// Buttons that ask a passkey: the answer is put into the form, and the form is sent as any other.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

// In a tab's own memory while a lock was asked for and the server has not yet said that it holds.
export const LOCKING = "charthouse-locking";
// A page without the lock's dialog is one for who must show who they are: the lock holds, or nobody is signed in.
if (!document.getElementById("lock")) sessionStorage.removeItem(LOCKING);

// Whether passkeys can be used here: the browser has them, and the page has the address they are bound to.
export function usable(origin) {
  return "PublicKeyCredential" in window && location.origin === origin;
}

// Asks the server for a question or an offer; a refusal is thrown with the server's words.
export async function ask(path, token) {
  const headers = { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" };
  if (token) headers["X-CSRF-Token"] = token;
  const answer = await fetch(path, { method: "POST", headers, body: "" });
  const said = await answer.json();
  if (answer.ok) return said;
  throw Object.assign(new Error(said.message), { place: said.place });
}

// Has a passkey answer a question; returns JSON as the server takes it.
export async function answer(question) {
  const allowCredentials = (question.allowCredentials ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
  const found = await navigator.credentials.get({ publicKey: { ...question, challenge: bytes(question.challenge), allowCredentials } });
  const { authenticatorData, clientDataJSON, signature, userHandle } = found.response;
  const response = { authenticatorData: text(authenticatorData), clientDataJSON: text(clientDataJSON), signature: text(signature) };
  if (userHandle) response.userHandle = text(userHandle);
  return JSON.stringify({ id: found.id, rawId: text(found.rawId), type: found.type, response });
}

// Has the device make a passkey; returns JSON as the server takes it.
async function make(offer) {
  const publicKey = {
    ...offer,
    challenge: bytes(offer.challenge),
    user: { ...offer.user, id: bytes(offer.user.id) },
    excludeCredentials: (offer.excludeCredentials ?? []).map((one) => ({ ...one, id: bytes(one.id) })),
  };
  const found = await navigator.credentials.create({ publicKey });
  const { attestationObject, clientDataJSON } = found.response;
  const response = { attestationObject: text(attestationObject), clientDataJSON: text(clientDataJSON) };
  return JSON.stringify({ id: found.id, rawId: text(found.rawId), type: found.type, response });
}

// What went wrong, for a person. Browsers do not tell a refusal from a device that was not there.
export function reason(failure) {
  if (failure.name === "InvalidStateError") return "This device has a passkey for you already.";
  if (failure.name === "NotAllowedError") return "The passkey was not used. Try again, or go another way.";
  return failure.message || "The passkey could not be used.";
}

for (const form of document.querySelectorAll("form.passkey")) {
  if (!usable(form.dataset.origin)) continue;
  form.hidden = false;
  for (const hint of document.querySelectorAll(".keyed")) hint.hidden = false;
  const button = form.querySelector("button");
  const note = form.querySelector("[role=alert]");
  button.addEventListener("click", async () => {
    button.disabled = true;
    note.hidden = true;
    try {
      const token = form.elements.form_token?.value;
      const question = form.dataset.ask ? await ask(form.dataset.ask, token) : JSON.parse(form.dataset.question);
      form.elements.credential.value = await ("make" in form.dataset ? make(question) : answer(question));
      form.submit();
    } catch (failure) {
      if (failure.place === "proof") return location.assign("/account/confirm");
      note.textContent = reason(failure);
      note.hidden = false;
    }
    button.disabled = false;
  });
}
