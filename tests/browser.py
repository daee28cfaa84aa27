"""Chromium without a window, read and typed into over its debugging port: what a reader of a page gets to see."""

import base64
import contextlib
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import websocket

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH: the page's DOM is not looked at")
QUIET = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--hide-scrollbars", "--window-size=1024,1600"),
]


class Page:
    """One tab. `value` runs JavaScript and gives its value, `wait` until that is true, `press` types a key."""

    def __init__(self, address: str):
        self._socket, self._sent = websocket.create_connection(address, suppress_origin=True, timeout=60), 0

    def command(self, method: str, **params) -> dict:
        self._sent += 1
        self._socket.send(json.dumps({"id": self._sent, "method": method, "params": params}))
        while (answer := json.loads(self._socket.recv())).get("id") != self._sent:
            pass
        assert "error" not in answer, answer
        return answer["result"]

    def value(self, code: str):
        answer = self.command("Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, code: str, seconds: float = 90):
        end = time.monotonic() + seconds
        while not (found := self.value(code)):
            assert time.monotonic() < end, f"still not so after {seconds} seconds: {code}"
            time.sleep(0.05)
        return found

    def press(self, key: str, *, code: int, shift: bool = False) -> None:
        for kind in ("rawKeyDown", "keyUp"):
            self.command("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, modifiers=8 * shift)

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.command("Page.captureScreenshot", format="png")["data"]))


@contextlib.contextmanager
def running(command: list, **options) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


@contextlib.contextmanager
def opened(url: str, profile: Path) -> Iterator[Page]:
    """A page in a Chromium of its own, whose profile is a new folder."""
    port = free_port()
    with running([CHROMIUM, *QUIET, f"--user-data-dir={profile}", f"--remote-debugging-port={port}", url]):
        tabs = json.loads(answered(f"http://127.0.0.1:{port}/json"))
        yield Page(next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page"))


@contextlib.contextmanager
def jupyterlab(folder: Path, settings: Path) -> Iterator[str]:
    """JupyterLab over `folder`, with a settings folder of its own: its address."""
    port, news = free_port(), settings / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text('{"fetchNews": "false"}')  # or its question lies over the page
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    options = ["--IdentityProvider.token=", f"--ServerApp.root_dir={folder}", f"--LabApp.user_settings_dir={settings}"]
    with running([*command, *options], cwd=folder):
        answered(f"http://127.0.0.1:{port}/api")
        yield f"http://127.0.0.1:{port}"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def answered(url: str, seconds: float = 90) -> bytes:
    """What `url` answers once something listens there."""
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.read()
        except OSError:
            assert time.monotonic() < end, f"nothing answers at {url}"
            time.sleep(0.2)
