"""Looks at the built site: python docs/making/check.py docs/_build/html

Every link within leads to a page and an anchor that are there; nothing is fetched from elsewhere; and in a browser,
opened from disk as a reader would, no page is wider than a telephone, formulas are drawn, the search finds, and the page
with sliders computes.
"""

from __future__ import annotations

import os
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

WIDTH = 390  # pixels of a telephone
#: Pages that are files of their own, or frames of the theme, and are not pages of the site.
OWN = {"explore.html"}
#: What a page loads by itself, as tag and attribute; other links are followed by who clicks on them.
LOADED = {("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src"), ("source", "src")}


class Page(HTMLParser):
    """Anchors and links of a page."""

    def __init__(self, path):
        super().__init__()
        self.anchors, self.links = set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.anchors |= {values[key] for key in ("id", "name") if values.get(key)}
        self.links += [(tag, key, values[key]) for key in ("href", "src") if values.get(key)]


def dead(site):
    """What is wrong with links of all pages, a line each."""
    pages = {
        path: Page(path)
        for path in sorted(site.rglob("*.html"))
        if path.name not in OWN and "_static" not in path.parts
    }
    wrong = []
    for path, page in pages.items():
        for tag, key, link in page.links:
            parts = urlsplit(link)
            where = f"{path.relative_to(site)}: {link}"
            if parts.scheme or parts.netloc:
                outside = parts.scheme not in ("data", "mailto") and (tag, key) in LOADED
                wrong += [f"{where} is fetched from elsewhere"] if outside else []
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists():
                wrong.append(f"{where} leads nowhere")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                wrong.append(f"{where}: no such anchor")
    return wrong, pages


def seen(site, pages, browser):
    """What a reader sees that is wrong, a line each."""
    from playwright.sync_api import sync_playwright

    wrong, fetched = [], []
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": WIDTH, "height": 844})
        page.on("request", lambda r: fetched.append(r.url) if r.url.startswith(("http:", "https:")) else None)
        page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
        for path in pages:
            name = path.relative_to(site)
            page.goto(path.as_uri())
            width = page.evaluate("document.documentElement.scrollWidth")
            wrong += [f"{name}: {width} pixels wide on a screen of {WIDTH}"] if width > WIDTH else []
            if page.locator(".math").count():
                page.wait_for_function("MathJax.startup.promise.then(() => true)", timeout=60_000)
                drawn = page.locator("mjx-container > svg").count()
                wrong += [] if drawn else [f"{name}: formulas are not drawn"]
                wrong += (
                    [f"{name}: a formula has an error"]
                    if page.locator("mjx-container [data-mjx-error]").count()
                    else []
                )
                width = page.evaluate("document.documentElement.scrollWidth")
                wrong += [f"{name}: {width} pixels wide with formulas"] if width > WIDTH else []
        page.goto((site / "search.html").as_uri() + "?q=shunt")
        page.wait_for_function("document.querySelectorAll('#search-results li').length > 2", timeout=60_000)
        page.goto((site / "teaching.html").as_uri())
        page.locator("iframe.explore").scroll_into_view_if_needed()
        frame = page.frame_locator("iframe.explore")
        frame.locator("input[type=range]").first.wait_for(timeout=60_000)
        frame.locator("svg path, canvas").first.wait_for(state="attached", timeout=60_000)
        chromium.close()
    return wrong + [f"{url} is fetched from elsewhere" for url in sorted(set(fetched))]


def main(folder):
    """Print what is wrong; the exit status."""
    site = Path(folder).resolve()
    wrong, pages = dead(site)
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser:
        wrong += seen(site, pages, browser)
    elif os.environ.get("CI", "").lower() == "true":
        wrong.append("no Chromium to look at the pages with: install it (apt-get install chromium)")
    print(*wrong, sep="\n")
    looked = "looked at" if browser else "not looked at: there is no Chromium"
    print(
        f"{len(pages)} pages, {sum(len(page.links) for page in pages.values())} links, {looked}: {len(wrong)} wrong"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
