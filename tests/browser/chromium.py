"""A real Chromium without a window, driven from outside."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
WATCH = """
window.violations = [];
addEventListener("securitypolicyviolation", (event) => violations.push(event.effectiveDirective));
"""
"""What runs in each page before all else; no policy of a page keeps the driver from that."""


class Browser:
    """A window that has one page open.

    Args:
        driver: of the browser.
        folder: where pages are written to.
    """

    def __init__(self, driver: webdriver.Chrome, folder: Path) -> None:
        self.driver = driver
        self._folder = folder

    def open(self, html: str, anchor: str = "") -> None:
        """Open a page as a file."""
        path = self._folder / "page.html"
        path.write_text(html)
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.driver.get("about:blank")
        self.driver.get(path.as_uri() + anchor)

    def look(
        self, *, width: int = 1000, theme: str = "light", media: str = "", height: int = 800
    ) -> None:
        """Set the window's size, the theme the reader prefers, and "print" for paper."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._command("Emulation.setDeviceMetricsOverride", **size)
        features = [{"name": "prefers-color-scheme", "value": theme}]
        self._command("Emulation.setEmulatedMedia", media=media, features=features)

    def allow_scripts(self, allowed: bool) -> None:
        """Let pages run scripts, or not; what the tests ask is answered all the same."""
        self._command("Emulation.setScriptExecutionDisabled", value=not allowed)

    def ask(self, expression: str) -> Any:
        """Return the value of an expression."""
        return self.driver.execute_script(f"return {expression}")

    def text(self, selector: str) -> str:
        """Return what is to be seen of an element."""
        return self.driver.find_element("css selector", selector).text

    def click(self, selector: str) -> None:
        """Click on an element."""
        self.driver.find_element("css selector", selector).click()

    def press(self, keys: str) -> None:
        """Press keys, wherever the focus is."""
        self.driver.switch_to.active_element.send_keys(keys)

    @property
    def complaints(self) -> list[str]:
        """What the browser complained of since the page was opened."""
        return [str(entry["message"]) for entry in self.driver.get_log("browser")]

    @property
    def requests(self) -> list[str]:
        """Every address that was asked for since the page was opened, the page's own too.

        What the page's policy stopped before it left is not among them.
        """
        entries = self.driver.get_log("performance")
        events = [json.loads(entry["message"])["message"] for entry in entries]
        stopped = {
            event["params"]["requestId"]
            for event in events
            if event["method"] == "Network.loadingFailed"
            and event["params"].get("blockedReason") == "csp"
        }
        return [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
            and event["params"]["requestId"] not in stopped
        ]

    def picture(self) -> bytes:
        """Return what is to be seen, as PNG."""
        return self.driver.get_screenshot_as_png()

    def roles(self) -> dict[str, list[str]]:
        """Return role -> names of what a screen reader is told."""
        found: dict[str, list[str]] = {}
        for node in self._command("Accessibility.getFullAXTree")["nodes"]:
            if not node["ignored"]:
                name = node.get("name", {}).get("value", "")
                found.setdefault(node["role"]["value"], []).append(name)
        return found

    def _command(self, name: str, **arguments: Any) -> Any:
        return self.driver.execute_cdp_cmd(name, arguments)


def start() -> webdriver.Chrome | None:
    """Return the driver of a new Chromium, None where it or its chromedriver is missing."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    helper = shutil.which("chromedriver")
    if program is None or helper is None:
        return None
    options = webdriver.ChromeOptions()
    options.binary_location = program
    options.add_argument("--headless=new")
    options.add_argument("--disable-dev-shm-usage")
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium's refuses to work as root
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(helper))
    driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
    return driver
