"""A small SMART app as its makers would write it: a page and a script on another origin, and no secret."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sample app</title>
<h1>Sample app</h1><p id="said">Working</p><script type="module" src="/app.js"></script></html>"""
SCRIPT = """
const said = document.getElementById("said"), here = new URL(location.href), ask = here.searchParams;
const text = bytes => btoa(String.fromCharCode(...new Uint8Array(bytes)))
  .replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=+$/, "");
const random = () => text(crypto.getRandomValues(new Uint8Array(32)));
const { client_id, scope } = await (await fetch("/config.json")).json();
const redirect_uri = here.origin + "/callback";

async function start(iss, launch) {
  const server = await (await fetch(iss + "/.well-known/smart-configuration")).json();
  const verifier = random(), state = random();
  const code_challenge = text(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
  const held = { iss, verifier, token: server.token_endpoint, issuer: server.issuer };
  sessionStorage.setItem(state, JSON.stringify(held));
  location = server.authorization_endpoint + "?" + new URLSearchParams({
    response_type: "code", client_id, redirect_uri, state, aud: iss, code_challenge, code_challenge_method: "S256",
    scope: (launch ? "launch " : "launch/patient ") + scope, ...(launch ? { launch } : {}) });
}

async function finish() {
  const held = JSON.parse(sessionStorage.getItem(ask.get("state")));
  if (ask.get("iss") !== held.issuer) throw new Error("another issuer");
  const answer = await fetch(held.token, { method: "POST", body: new URLSearchParams({
    grant_type: "authorization_code", code: ask.get("code"), redirect_uri, client_id,
    code_verifier: held.verifier }) });
  const got = await answer.json();
  const headers = { Authorization: "Bearer " + got.access_token };
  const read = await fetch(held.iss + "/Patient/" + got.patient, { headers });
  const patient = await read.json();
  document.body.dataset.scope = got.scope;
  document.body.dataset.encounter = got.encounter || "";
  said.textContent = "Read " + patient.name[0].family + ", " + (patient.name[0].given || []).join(" ");
}

try {
  if (ask.get("error")) said.textContent = "Refused: " + ask.get("error");
  else if (ask.get("code")) await finish();
  else if (ask.get("iss")) await start(ask.get("iss"), ask.get("launch"));
} catch (error) { said.textContent = "Failed: " + error.message; }
"""


@dataclass
class Sample:
    """The running app: where it is, and what its maker wrote into its configuration."""

    url: str
    config: dict[str, str] = field(default_factory=dict)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        kind, body = "text/html", PAGE
        if scope["path"] == "/app.js":
            kind, body = "text/javascript", SCRIPT
        elif scope["path"] == "/config.json":
            kind, body = "application/json", json.dumps(self.config)
        elif scope["path"] == "/favicon.ico":
            kind, body = "image/x-icon", ""
        headers = [(b"content-type", kind.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body.encode()})


@contextmanager
def running(port: int) -> Iterator[Sample]:
    """The app on this machine until the block ends."""
    app = Sample(f"http://127.0.0.1:{port}")
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            thread.join(0.02)
            assert thread.is_alive()
        yield app
    finally:
        server.should_exit = True
        thread.join(10)
