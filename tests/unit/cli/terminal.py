"""Commands run as a person runs them: processes of their own, in a folder of their own."""

from __future__ import annotations

import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PROGRAM: Final = (sys.executable, "-c", "from charthouse.cli import main; main()")
PATIENCE: Final = 60.0


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without any setting of ours but `settings`."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("CHARTHOUSE_")}
    return {**plain, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "200", **settings}


def charthouse(folder: Path, *words: object, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run one command in `folder` to its end. One that does not end fails with the stacks of its threads."""
    asked = [*PROGRAM, *map(str, words)]
    with subprocess.Popen(
        asked, cwd=folder, env=environment(PYTHONFAULTHANDLER="1", **settings), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            said, failed = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)
            said, failed = process.communicate()
            raise AssertionError(f"{' '.join(asked[3:])} did not end:\n{failed}") from None
    return subprocess.CompletedProcess(asked, process.returncode, said, failed)


@contextmanager
def running(folder: Path, *words: object, **settings: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A command that serves, once it says that it does (with what it said until then), and its end by SIGTERM."""
    process = subprocess.Popen(
        [*PROGRAM, *map(str, words)], cwd=folder, env=environment(PYTHONUNBUFFERED="1", **settings),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        yield _until_serving(process, "sign-in/link" if words[0] == "demo" else "serves on"), process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        finally:
            if process.stdout:
                process.stdout.close()


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def links(text: str) -> list[str]:
    """The sign-in links in what a command said."""
    return re.findall(r"http\S+/sign-in/link/[\w-]{20,}", text)


def _until_serving(process: subprocess.Popen[str], last: str) -> str:
    """What a process says up to the line that holds `last`."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    stream = process.stdout
    assert stream is not None

    def pump() -> None:
        for line in stream:
            lines.put(line)
        lines.put("")

    threading.Thread(target=pump, daemon=True).start()
    said, end = "", time.monotonic() + PATIENCE
    while last not in said:
        line = lines.get(timeout=max(0.01, end - time.monotonic()))
        assert line, f"it ended before it served: {said}"
        said += line
    return said
