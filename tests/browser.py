"""The browser in which pages are looked at, or None."""

import os
import shutil

import pytest

BROWSER = next(
    (path for path in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if path), None
)
#: Where all tests are to run, a browser that is missing is a failure.
NO_BROWSER = pytest.mark.skipif(
    BROWSER is None and os.environ.get("CI", "").lower() != "true", reason="no Chromium on this machine"
)
