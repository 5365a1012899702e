"""One Chromium for the tests of a module; where it is missing, they say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from browser.chromium import Browser, start
from lacking import lack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from selenium import webdriver


@pytest.fixture(scope="module")
def driver() -> Iterator[webdriver.Chrome]:
    driver = start()
    if driver is None:
        lack("Chromium or its chromedriver is missing (on Debian: chromium, chromium-driver)")
    else:
        yield driver
        driver.quit()


@pytest.fixture
def browser(driver: webdriver.Chrome, tmp_path: Path) -> Iterator[Browser]:
    folder = tmp_path / "shown"
    folder.mkdir()
    browser = Browser(driver, folder)
    browser.look()
    yield browser
    browser.allow_scripts(True)
