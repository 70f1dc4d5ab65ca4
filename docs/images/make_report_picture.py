"""Makes docs/images/report.png and report-dark.png: the top of the page about the published claims.

    .venv/bin/python docs/images/make_report_picture.py

Needs Chromium and playwright (the `tests` group). The fonts are those of the machine; with Inter (`fonts-inter`) the pictures
look as they do in the repository.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import sync_playwright

from apr_core.report.html import html_text
from apr_core.report.json import read_report

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
COMMAND = "pytest contracts/published --apr-report out"
WIDTH, HEIGHT, SCALE = 1240, 840, 1.5


def main() -> None:
    """Judge the published claims and take both pictures."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", *COMMAND.split()[:-1], folder, "-q", "-p", "no:cacheprovider"]
        subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.DEVNULL)  # claims fall: its exit code is 1
        run = read_report(Path(folder))
        # What says only where and when the picture was made would change it every time.
        info = replace(run.info, root="apr-core", command=COMMAND, commit=None, dirty=None)
        page = Path(folder) / "page.html"
        page.write_text(html_text(replace(run, info=info)), encoding="utf-8")
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            for scheme, name in (("light", "report.png"), ("dark", "report-dark.png")):
                view = browser.new_page(
                    viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme, device_scale_factor=SCALE
                )
                view.goto(page.as_uri())
                view.screenshot(path=HERE / name)
                print(f"{name}: {(HERE / name).stat().st_size:,} bytes")
            browser.close()


if __name__ == "__main__":
    main()
