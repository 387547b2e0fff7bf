"""Measure how smoothly a map of 1,560 grids and 99,840 buildings pans; run by hand, never as a test.

Run it with ``QUANYU_HOME`` on an empty folder, ``DJANGO_SETTINGS_MODULE=quanyu.site.settings`` and ``PYTHONPATH=.``.

A seeded lattice of made-up buildings with jagged grids is written straight into a database of its own. Chromium draws
by software here, so a screen with any graphics card does better.
"""

from __future__ import annotations

import json
import math
import shutil
import socket
import subprocess
import sys
import time
from datetime import timedelta

import django

django.setup()

import numpy as np  # noqa: E402
import shapely  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from quanyu.apps.grids.models import Grid, Network, Plan  # noqa: E402
from quanyu.apps.grids.norms import Norms  # noqa: E402
from quanyu.apps.registers.models import located_fields  # noqa: E402
from quanyu.apps.territory import tiles  # noqa: E402
from quanyu.apps.territory.models import Division, Fabric, Place, PlaceKind  # noqa: E402

SEED, COLUMNS, ROWS, SIDE, STEP = 7, 384, 260, 8, 0.0006
PORT = 8741
PAN = """async () => {
  const times = [];
  let last = performance.now(), on = true;
  const tick = (now) => { times.push(now - last); last = now; if (on) requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
  const canvas = document.querySelector("canvas"), box = canvas.getBoundingClientRect();
  const send = (type, x, y, on = canvas) => on.dispatchEvent(
    new MouseEvent(type, { clientX: x, clientY: y, bubbles: true, buttons: type === "mouseup" ? 0 : 1 }),
  );
  for (let turn = 0; turn < 6; turn++) {
    let x = box.right - 60, y = box.top + box.height / 2;
    send("mousedown", x, y);
    for (let i = 0; i < 40; i++) {
      x -= 14;
      y += turn % 2 ? 4 : -4;
      send("mousemove", x, y, document);
      await new Promise(requestAnimationFrame);
    }
    send("mouseup", x, y, document);
    await new Promise((done) => setTimeout(done, 150));
  }
  on = false;
  return times.slice(2);
}"""


def seed() -> None:
    """Write the territory, its buildings and a plan in force."""
    call_command("migrate", verbosity=0, interactive=False)
    if Network.objects.exists():
        return
    random = np.random.default_rng(SEED)
    west, south, at = 117.0, 36.0, timezone.now() - timedelta(days=1)
    border = shapely.box(west, south, west + COLUMNS * STEP, south + ROWS * STEP)
    territory = Division.objects.create(
        system="local", code="990202000000", name="Panning", level="county", is_made_up=True, **located_fields(border)
    )
    kinds = random.choice([kind.value for kind in PlaceKind], size=(ROWS, COLUMNS))
    corner = random.uniform(0.1, 0.3, size=(ROWS, COLUMNS, 2)) * STEP
    places = []
    for row in range(ROWS):
        for column in range(COLUMNS):
            x, y = west + column * STEP + corner[row, column, 0], south + row * STEP + corner[row, column, 1]
            shape = shapely.box(x, y, x + 0.6 * STEP, y + 0.45 * STEP)
            places.append(
                Place(
                    territory=territory,
                    division=territory,
                    key=f"{row}-{column}",
                    kind=kinds[row, column],
                    footprint_m2=500.0,
                    households=6,
                    is_made_up=True,
                    **located_fields(shape),
                )
            )
    Place.objects.bulk_create(places, batch_size=2000)
    fabric = Fabric.objects.create(
        territory=territory, inputs_hash="panning", projection="EPSG:4547", places=len(places), arrays=b"",
        seconds=0.0, made_at=at,
    )  # fmt: skip
    network = Network.objects.create(territory=territory, code="panning", name="Panning")
    grids = [(row, column) for row in range(0, ROWS, SIDE) for column in range(0, COLUMNS, SIDE)]
    plan = Plan.objects.create(
        network=network, number=1, norms=Norms().as_dict(), fabric=fabric, made_at=at,
        metrics={"grids": len(grids), "basic": len(grids), "basic_in_range": 0, "households": 6 * len(places)},
    )  # fmt: skip
    rows = []
    for number, (row, column) in enumerate(grids):
        shape = _jagged(west + column * STEP, south + row * STEP, min(SIDE, ROWS - row))
        middle = shape.centroid
        rows.append(
            Grid(
                plan=plan,
                code=f"990202000000{number:04d}",
                kind="basic",
                division=territory,
                households=int(random.integers(200, 600)),
                places=64,
                area_m2=1e5,
                perimeter_m=2e3,
                compactness=0.6,
                in_range=True,
                label_lon=middle.x,
                label_lat=middle.y,
                **located_fields(shape),
            )
        )
    Grid.objects.bulk_create(rows, batch_size=500)
    Plan.objects.filter(pk=plan.pk).update(status="in_force", in_force_from=timezone.localdate(at))


def _jagged(x: float, y: float, deep: int) -> shapely.Polygon:
    """Return a grid's outline with some eighty corners, its neighbours fitting into it."""
    wide, tall = SIDE * STEP, deep * STEP
    shares = np.linspace(0, 1, 21)[:-1]
    wave = 0.06 * STEP * np.sin(shares * 6 * math.pi)
    south = np.column_stack([x + shares * wide, y + wave])
    east = np.column_stack([x + wide + wave, y + shares * tall])
    north = np.column_stack([x + (1 - shares) * wide, y + tall - wave])
    west = np.column_stack([x - wave, y + (1 - shares) * tall])
    return shapely.Polygon(np.concatenate([south, east, north, west]))


def measure() -> dict[str, object]:
    """Pan at three zooms and return the frames' times in milliseconds."""
    report: dict[str, object] = {"grids": Grid.objects.count(), "buildings": Place.objects.count()}
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        page = chromium.new_page(viewport={"width": 1366, "height": 768})
        for zoom in (11, 13, 15):
            page.goto("about:blank")
            began = time.perf_counter()
            page.goto(f"http://127.0.0.1:{PORT}/#view={zoom}/36.08000/117.11500")
            page.wait_for_selector("[data-ready=true]", timeout=120_000)
            ready = time.perf_counter() - began
            times = np.array(page.evaluate(PAN))
            middle, worst, longest = np.percentile(times, [50, 95, 100])
            report[f"zoom {zoom}"] = {
                "ready_s": round(ready, 2), "frames": len(times), "median_ms": round(middle, 1),
                "p95_ms": round(worst, 1), "longest_ms": round(longest, 1),
            }  # fmt: skip
        chromium.close()
    return report


def _answers() -> bool:
    try:
        socket.create_connection(("127.0.0.1", PORT), timeout=1).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    seed()
    tiles.make_missing()
    serve = [sys.executable, "-m", "quanyu.cli", "serve", "--port", str(PORT), "--workers", "1", "--no-worker"]
    server = subprocess.Popen(serve)
    try:
        while not _answers():
            time.sleep(0.2)
        print(json.dumps(measure(), indent=1))  # noqa: T201 its answer
    finally:
        server.terminate()
        server.wait()
