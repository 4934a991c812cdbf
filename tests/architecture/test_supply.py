"""What Charthouse is made of is known, pinned and free to use, and no secret is kept beside the code."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from collections import Counter
from importlib import metadata
from pathlib import Path

import pytest

from building import sbom
from tests.architecture.tree import PACKAGE, ROOT, shown, tracked

# -- secrets

SECRETS = {
    "private key": re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----\s*[A-Za-z0-9+/]{40}"),
    "token of ours": re.compile(r"\bcht_[A-Za-z0-9_-]{30,}"),
    "cloud key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[0-9A-Za-z_-]{35}\b"),
    "token of a forge": re.compile(
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|glpat-[A-Za-z0-9_-]{20}|npm_[A-Za-z0-9]{36})"
    ),
    "token of a chat or shop": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}|\b[sr]k_live_[A-Za-z0-9]{20,}"),
    "signed token": re.compile(r"\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}"),
    "address with a password": re.compile(
        r"\b[a-z][a-z0-9+]*://[^\s/:@\"'{}$<]+:(?!PASSWORD)[^\s/:@\"'{}$<]{6,}@[\w.-]+"
    ),
}
# A word for a secret, then a text without a pattern in it.
NAMED = re.compile(
    r"""(?i)\b\w*(?:secret|passwd|password|api_?key|private_?key|access_?key|auth_?token)\w*["']?\s*[:=]\s*["']"""
    r"""([A-Za-z0-9+/_=-]{24,})["']"""
)
SURE = 4.0  # bits for each letter; words and names have fewer
PLAIN = frozenset(
    {".cfg", ".css", ".html", ".js", ".json", ".md", ".py", ".sh", ".sql", ".toml", ".txt", ".yml", ""}
)
HERE = "tests/architecture/test_supply.py"


def entropy(text: str) -> float:
    """Bits for each letter, by how often the letters come."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def secrets(text: str) -> list[str]:
    """What in a text looks like a secret, by kind."""
    found = [kind for kind, pattern in SECRETS.items() if pattern.search(text)]
    return found + ["named secret" for one in NAMED.findall(text) if entropy(one) >= SURE]


def test_no_secret_is_kept_with_the_code() -> None:
    found = {
        shown(path): kinds
        for path in tracked()
        if path.suffix in PLAIN
        and shown(path) != HERE
        and (kinds := secrets(path.read_text(errors="replace")))
    }
    assert not found


def test_no_file_has_the_name_of_a_key_or_of_a_record() -> None:
    bad = re.compile(
        r"(?:^|/)(?:\.env|id_(?:rsa|ed25519|ecdsa)|.*\.(?:pem|key|p12|pfx|jks|kdbx|db|sqlite|db-wal))$"
    )
    assert not [shown(path) for path in tracked() if bad.search(shown(path))]


@pytest.mark.parametrize(("text", "kind"), [
    ("-----BEGIN PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj" * 2, "private key"),
    ("-----BEGIN RSA PRIVATE KEY-----\n" + "A" * 64, "private key"),
    ("token = 'cht_" + "aB3dE5fG7h" * 4 + "'", "token of ours"),
    ("AKIA" + "ABCDEFGHIJKLMNOP", "cloud key"),
    ("ghp_" + "a1B2" * 9, "token of a forge"),
    ("eyJ" + "hbGciOiJIUzI1NiJ9abcde" + ".eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0" + "." + "dozjgNryP4J3jVmNHl0w5N",
     "signed token"),
    ("postgresql://me:hunter2hunter2@db.example.org/x", "address with a password"),
    ('client_secret = "q8Zr2LwX0vB7nTtYp4Kd9sHc"', "named secret"),
])  # fmt: skip
def test_the_search_for_secrets_finds_each_kind(text: str, kind: str) -> None:
    assert kind in secrets(text)


def test_the_search_for_secrets_leaves_words_alone() -> None:
    assert not secrets(
        'password = "the-password-of-nobody-at-all"\nurl = "postgresql://me@host/name"\nsecret: str = ""'
    )


# -- dependencies

FREE = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "MPL-2.0", "OFL-1.1", "PSF-2.0",
    "Unlicense", "Zlib",
}  # fmt: skip
OPTIONAL = {
    "psycopg",
    "psycopg-binary",
    "psycopg-pool",
}  # LGPL; only whoever keeps the record in PostgreSQL has them


def required() -> set[str]:
    """The packages that an installation without extras gets here."""
    found: set[str] = set()
    todo = ["charthouse"]
    while todo:
        for one in metadata.requires(todo.pop()) or ():
            name, _, marker = one.partition(";")
            name = re.split(r"[\[ (<>=!~]", name.strip())[0].lower().replace("_", "-")
            if "extra ==" not in marker and name not in found and installed(name):
                found.add(name)
                todo.append(name)
    return found


def installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False  # for another platform
    return True


def test_what_is_required_is_free_to_use_and_binds_nobody_to_publish() -> None:
    names = required()
    assert {"starlette", "cryptography", "anyio"} <= names
    assert not names & OPTIONAL
    for name in sorted(names):
        parts = set(re.split(r" (?:AND|OR|WITH) ", sbom.licence(name)))
        assert parts <= FREE, (name, parts)


def test_all_that_is_required_is_pinned_with_hashes() -> None:
    locked = {name for name, _, hashes in sbom.pinned((ROOT / sbom.PYTHON).read_text()) if hashes}
    assert required() <= locked


# -- the list of what it is made of


def test_the_list_holds_each_locked_package_once_with_what_the_standard_asks_for() -> None:
    made = sbom.made(ROOT, "1.2.3")
    assert (made["bomFormat"], made["specVersion"], made["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", made["serialNumber"])
    assert made["metadata"]["component"]["purl"] == "pkg:pypi/charthouse@1.2.3"
    components = made["components"]
    references = [component["bom-ref"] for component in components]
    assert len(set(references)) == len(references)
    for component in components:
        assert component["type"] == "library"
        assert component["purl"] == component["bom-ref"]
        assert re.fullmatch(r"pkg:(pypi|npm)/[^@]+@[^@]+", component["purl"])
        assert component["licenses"][0]["expression"], component["name"]
        for one in component["hashes"]:
            assert re.fullmatch(
                {"SHA-256": "[0-9a-f]{64}", "SHA-512": "[0-9a-f]{128}"}[one["alg"]], one["content"]
            )
    names = set(re.findall(r"(?m)^([a-z0-9-]+)==", (ROOT / "requirements.txt").read_text()))
    assert {one["name"] for one in components if one["purl"].startswith("pkg:pypi")} == names
    assert "htmx.org" in {one["name"] for one in components}
    assert {one["ref"] for one in made["dependencies"]} == {*references, "pkg:pypi/charthouse@1.2.3"}


def test_the_same_locks_give_the_same_list(tmp_path: Path) -> None:
    for folder in (tmp_path / "a", tmp_path / "b"):
        (folder / "building" / "npm").mkdir(parents=True)
        for name in ("requirements.txt", "building/npm/package-lock.json", "CHANGELOG.md"):
            (folder / name).write_bytes((ROOT / name).read_bytes())
    written = [sbom.write(folder).read_bytes() for folder in (tmp_path / "a", tmp_path / "b")]
    assert written[0] == written[1]
    assert json.loads(written[0])["components"]


# -- the way out


def test_nothing_but_the_guarded_way_out_calls_other_servers() -> None:
    clients = re.compile(
        r"^\s*(?:import|from)\s+(?:httpx|httpcore|requests|aiohttp|urllib3|urllib\.request|http\.client|ftplib|smtplib)\b"
        r"|\bPyJWKClient\b|\bopen_connection\(|\bcreate_connection\(", re.MULTILINE,
    )  # fmt: skip
    found = {shown(path) for path in PACKAGE.rglob("*.py") if clients.search(path.read_text())}
    bench = {
        one for one in found if one.startswith("src/charthouse/ops/bench/")
    }  # asks its own servers on 127.0.0.1
    assert found - bench == {"src/charthouse/base/outgoing.py"}


def test_a_command_does_not_load_the_way_out() -> None:
    code = "import sys, charthouse.app; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
