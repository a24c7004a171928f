"""Headless Chromium for the tests that need a real browser."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains

DRIVER = os.environ.get("CHROMEDRIVER") or shutil.which("chromedriver")
CHROME = os.environ.get("CHROME") or shutil.which("chromium") or shutil.which("google-chrome")
REQUIRED = "MOPE_REQUIRE_BROWSER"  # set where a missing browser is a failure


class Browser:
    """A window that saves downloads in a folder and records the requests of its pages."""

    def __init__(self, downloads: Path):
        self.downloads = downloads
        if not (DRIVER and CHROME):
            message = "no chromium and chromedriver on the PATH or in CHROME and CHROMEDRIVER"
            pytest.fail(message) if os.environ.get(REQUIRED) else pytest.skip(message)
        options = webdriver.ChromeOptions()
        options.binary_location = CHROME
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1300,900"):
            options.add_argument(argument)
        prefs = {"download.default_directory": str(downloads), "download.prompt_for_download": False}
        options.add_experimental_option("prefs", prefs)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        self.driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))

    def open(self, page: Path) -> None:
        self.driver.get(page.as_uri())

    def script(self, code: str, *arguments: str):
        return self.driver.execute_script(f"return {code}", *arguments)

    def text(self, name: str) -> str:
        return self.script(f"document.getElementById('{name}').innerText")

    def shown(self, name: str) -> bool:
        return self.script(f"!document.getElementById('{name}').hidden")

    def saved(self, pattern: str) -> Path:
        """The downloaded file; waits for it at most a minute."""
        end = time.monotonic() + 60
        while not (files := list(self.downloads.glob(pattern))):
            assert time.monotonic() < end, f"still waiting for {pattern}"
            time.sleep(0.05)
        return files[0]

    def click(self, text: str) -> None:
        """Click on the list entry with this text."""
        self.driver.find_element("xpath", f"//li//*[normalize-space()='{text}']").click()

    def press(self, *keys: str) -> None:
        ActionChains(self.driver, duration=0).send_keys(*keys).perform()

    def requests(self) -> list[str]:
        """Addresses other than of local pages that were requested since the last call."""
        entries = (json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance"))
        sent = [e["params"]["request"]["url"] for e in entries if e["method"] == "Network.requestWillBeSent"]
        return [url for url in sent if not url.startswith(("file:", "data:", "blob:", "about:", "chrome:"))]

    def errors(self) -> list[str]:
        """Errors in the browser's console since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]

    def wait(self, code: str, seconds: float = 60.0):
        """The value of a script, run again until the value is true, at most `seconds`."""
        end = time.monotonic() + seconds
        while not (value := self.script(code)):
            assert time.monotonic() < end, f"still waiting for {code}"
            time.sleep(0.05)
        return value
