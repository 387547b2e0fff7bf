"""A real site for a real browser: its own database, server and worker, and Chromium without a screen."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "riverside-2026"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve Riverside on a free port of the loopback; return its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = tmp_path_factory.mktemp("site")
    env = {key: value for key, value in os.environ.items() if key != "QUANYU_DATABASE_URL"}
    env |= {
        "QUANYU_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "quanyu.site.settings",
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
    }
    subprocess.run([sys.executable, str(ROOT / "tests/browser/seed.py"), PASSWORD], env=env, check=True)
    with (home / "server.log").open("w") as log:
        serve = [sys.executable, "-m", "quanyu.cli", "serve", "--port", str(port), "--workers", "1"]
        server = subprocess.Popen(serve, env=env, stdout=log, stderr=log)
        try:
            yield _answering(f"http://127.0.0.1:{port}", server)
        finally:
            server.terminate()
            server.wait(20)


def _answering(address: str, server: subprocess.Popen[bytes]) -> str:
    for _ in range(600):
        try:
            urllib.request.urlopen(address, timeout=10).close()  # noqa: S310 our own server on the loopback
            return address
        except OSError:
            assert server.poll() is None, "the server ended before it answered"
            time.sleep(0.2)
    raise AssertionError(f"{address} does not answer")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "Chromium is missing: tools/system-packages installs it"
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield chromium
        chromium.close()


class Visitor:
    """A person at a screen, who notices every fault the browser meets and every host it speaks to."""

    def __init__(self, browser: Browser, site: str, *, language: str, width: int = 1366, height: int = 768) -> None:
        self.site, self.faults = site, []
        self.context = browser.new_context(
            base_url=site, locale=language, viewport={"width": width, "height": height}, accept_downloads=True
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda said: self._hear(said.type, said.text))
        self.page.on("request", lambda request: self._watch(request.url))

    def _hear(self, kind: str, text: str) -> None:
        # A page that is rightly missing or refused is no fault of the page.
        if kind == "error" and "status of 40" not in text and "status of 410" not in text:
            self.faults.append(text)

    def _watch(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and f"{parts.scheme}://{parts.netloc}" != self.site:
            self.faults.append(f"foreign host: {url}")

    def sign_in(self, name: str) -> None:
        self.page.goto("/sign-in")
        self.page.fill("#id_username", name)
        self.page.fill("#id_password", PASSWORD)
        self.page.press("#id_password", "Enter")
        self.page.wait_for_url("**/")

    def map_is_drawn(self) -> None:
        self.page.wait_for_selector("[data-map][data-ready=true]")


@pytest.fixture
def visit(browser: Browser, site: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[type[Visitor]]:
    """Return a maker of visitors; at the end none of them may have met a fault, and a failure leaves screenshots."""
    visitors: list[Visitor] = []

    def make(language: str = "en", **screen: int) -> Visitor:
        visitors.append(Visitor(browser, site, language=language, **screen))
        return visitors[-1]

    yield make  # type: ignore[misc]
    failed = getattr(request.node, "failed", False)
    for number, visitor in enumerate(visitors):
        if failed:
            visitor.page.screenshot(path=tmp_path / f"{request.node.name}-{number}.png")
            print(f"screenshots are in {tmp_path}")  # noqa: T201 told with the failure
        visitor.context.close()
    assert [fault for visitor in visitors for fault in visitor.faults] == []


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.when == "call":
        item.failed = report.failed  # type: ignore[attr-defined]
