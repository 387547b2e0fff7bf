"""The main journeys, in a real browser: a resident finds a grid, a planner draws, a reviewer reads, all see it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.factories import lonlat

pytestmark = pytest.mark.browser

# What an accessibility checker asks first, and the contrast of text against what lies behind it (WCAG 2.2 AA).
CHECK = """() => {
  const faults = [];
  const say = (what, element) => faults.push(`${what}: ${element.outerHTML.slice(0, 120)}`);
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i))) faults.push(`id twice: ${id}`);
  if (document.querySelectorAll("h1").length !== 1) faults.push("not one h1");
  if (document.querySelectorAll("main").length !== 1) faults.push("not one main");
  if (!document.documentElement.lang) faults.push("no language");
  const named = (e) => e.getAttribute("aria-label") || e.labels?.length || e.closest("label");
  for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (!named(e)) say("no label", e);
  }
  for (const e of document.querySelectorAll("button, a[href]")) {
    if (!(e.textContent.trim() || e.getAttribute("aria-label") || e.title)) say("no name", e);
  }
  for (const e of document.querySelectorAll("img")) if (!e.hasAttribute("alt")) say("no alt", e);
  const parse = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const light = (colour) => parse(colour).slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if ((parse(colour)[3] ?? 1) > 0.99) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.checkVisibility() || e.closest(".maplibregl-map, .chart, script, style, .visually-hidden")) continue;
    const style = getComputedStyle(e);
    const [high, low] = [light(style.color), light(behind(e))].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < 4.5 && !e.disabled) say(`contrast ${ratio.toFixed(2)}`, e);
    if (parseFloat(style.fontSize) < 12) say(`text of ${style.fontSize}`, e);
  }
  return faults;
}"""


def choose(page: Page, name: str) -> None:
    """Follow a link, press a button or open a summary by its words."""
    page.get_by_text(name, exact=True).first.click()


def click_map(page: Page, x: float, y: float) -> None:
    """Click the map at a share of its width and height."""
    box = page.locator("[data-map]").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])


@pytest.mark.parametrize(("language", "heading", "grid"), [("en", "My grid", "Grid"), ("zh-CN", "我的网格", "网格")])
def test_a_resident_finds_the_grid_of_a_place(visit: Any, language: str, heading: str, grid: str) -> None:
    me = visit(language, width=390, height=844)
    me.page.goto("/my-grid")
    me.map_is_drawn()
    expect(me.page.get_by_role("heading", level=1)).to_have_text(heading)
    lon, lat = lonlat(90.0, 75.0)
    me.page.fill("#id_lon", f"{lon:.6f}")
    me.page.fill("#id_lat", f"{lat:.6f}")
    me.page.press("#id_lat", "Enter")
    answer = me.page.locator("[role=status] h2 a")
    expect(answer).to_contain_text(f"{grid} 99010100")
    answer.click()
    me.map_is_drawn()
    expect(me.page.get_by_role("heading", level=1)).to_contain_text(grid)


def test_a_click_on_the_map_finds_a_grid_and_the_address_holds_what_is_seen(visit: Any) -> None:
    me = visit()
    me.page.goto("/my-grid")
    me.map_is_drawn()
    click_map(me.page, 0.42, 0.6)
    expect(me.page.locator("[role=status] h2 a")).to_contain_text("99010100")
    me.page.goto("/")
    me.map_is_drawn()
    click_map(me.page, 0.42, 0.6)
    card = me.page.locator("[data-card]")
    expect(card).to_be_visible()
    code = card.locator("[data-value=code]").inner_text()
    assert f"grid={code}" in me.page.url
    me.page.select_option("[data-colouring]", "identity")
    me.page.goto("about:blank")
    me.page.goto(f"/#grid={code}&by=identity")
    me.map_is_drawn()
    expect(card.locator("[data-value=code]")).to_have_text(code)
    expect(me.page.locator("[data-colouring]")).to_have_value("identity")


def test_a_position_is_asked_for_and_used_once(visit: Any) -> None:
    me = visit()
    lon, lat = lonlat(90.0, 75.0)
    me.context.grant_permissions(["geolocation"])
    me.context.set_geolocation({"longitude": lon, "latitude": lat})
    me.page.goto("/my-grid")
    me.page.click("[data-position]")
    expect(me.page.locator("[role=status] h2 a")).to_contain_text("99010100")


def test_a_plan_is_drawn_compared_edited_reviewed_and_put_in_force(visit: Any) -> None:
    planner = visit()
    planner.sign_in("zhou")
    planner.page.goto("/desk/riverside")
    planner.page.fill("#id_exclusive_min_m2", "1500")
    planner.page.fill("#id_seed", "5")
    choose(planner.page, "Draw")
    planner.page.wait_for_url("**/plans/*", timeout=90_000)
    planner.map_is_drawn()
    expect(planner.page.locator(".badge-state").first).to_have_text("draft")
    expect(planner.page.locator("[data-histogram] svg")).to_be_visible()
    planner.page.get_by_text("swipe").click()
    line = planner.page.get_by_label("Line between the two plans")
    before = planner.page.locator("[data-canvas-other]").evaluate("e => e.style.clipPath")
    line.press("ArrowRight")
    assert planner.page.locator("[data-canvas-other]").evaluate("e => e.style.clipPath") != before
    planner.page.locator(".compare-modes label").first.click()
    _move_a_place(planner.page)
    address = planner.page.url.split("#")[0].split("?")[0]

    reviewer = visit("zh-CN")
    reviewer.sign_in("liu")
    reviewer.page.goto(address)
    choose(reviewer.page, "我已审阅：标记为已审核")
    expect(reviewer.page.locator(".badge-state").first).to_have_text("已审核")

    planner.page.goto(address)
    planner.page.locator("form[action$=enforce] button").click()
    expect(planner.page.locator(".badge-state").first).to_have_text("in force")
    number = address.rsplit("/", 1)[1]

    resident = visit("zh-CN")
    resident.page.goto("/")
    resident.map_is_drawn()
    expect(resident.page.locator(f"a[href='/plans/{number}']")).to_be_visible()


def _move_a_place(page: Page) -> None:
    """Click buildings until one may move, move it, and take it back."""
    page.locator("[data-editing]").check()
    button = page.locator("#moves form button.btn-primary").first
    for share in (0.35, 0.4, 0.45, 0.5, 0.55, 0.6):
        click_map(page, share, 0.62)
        page.wait_for_selector("#moves table, #moves .state-bad")
        if button.count():
            break
    target = button.inner_text()
    button.click()
    expect(page.locator("#moves [role=status]")).to_be_visible()
    assert target.split()[-1] in page.locator("#moves [role=status]").inner_text()
    expect(page.locator("#numbers ol.timeline li").first).to_contain_text("moved")
    page.get_by_text("Take the last edit back").click()
    expect(page.locator("#moves [role=status]")).to_contain_text("Taken back")


def test_a_planner_compares_before_drawing_and_draws_with_a_row(visit: Any) -> None:
    planner = visit()
    planner.sign_in("zhou")
    page = planner.page
    page.goto("/desk/riverside")
    page.fill("#id_exclusive_min_m2", "1500")
    page.fill("#id_sides", "1")
    choose(page, "Compare numbers of grids")
    # The page of the run turns into that of the comparison without a touch.
    expect(page.locator("[data-comparison] svg")).to_be_visible(timeout=90_000)
    rows = page.locator("table tbody tr")
    expect(rows).to_have_count(4)
    expect(rows.filter(has_text="these norms")).to_contain_text("free:")
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    expect(page.locator("[data-comparison] svg")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 1366, "height": 768})
    assert page.evaluate(CHECK) == []

    more = rows.last.locator("th").inner_text().strip()
    rows.last.get_by_role("link", name="Draw with this").click()
    expect(page.locator("#id_grids")).to_have_value(more)
    choose(page, "Draw")
    page.wait_for_url("**/plans/*", timeout=90_000)
    in_norm = page.locator(".figures div").filter(has_text="basic grids in the norm").locator("b")
    expect(in_norm).to_contain_text(f"/ {more}")

    page.goto("/desk/riverside")
    page.locator("#id_grids").fill("")
    choose(page, "Compare households moved")
    expect(page.locator("[data-comparison] svg")).to_be_visible(timeout=90_000)
    moved = [int(text.replace(",", "")) for text in page.locator("tbody td:nth-last-child(2)").all_inner_texts()]
    assert len(moved) == 5
    assert moved[-1] <= moved[0]


def test_departments_grids_are_seen_on_one_map_and_merged(visit: Any) -> None:
    planner = visit()
    planner.sign_in("zhou")
    planner.page.goto("/fusion")
    choose(planner.page, "Riverside")
    planner.map_is_drawn()
    planner.page.wait_for_selector("[data-networks=ready]")
    street = planner.page.locator("[data-network=street]")
    expect(street).to_be_checked()
    street.uncheck()
    expect(planner.page.get_by_text("crosswalk", exact=True)).to_be_visible()
    planner.page.locator("form[action$='/draw'] button").click()
    planner.page.wait_for_url("**/plans/*", timeout=90_000)
    planner.page.goto(planner.page.url.split("/plans/")[0] + "/fusion/990101000000")
    planner.map_is_drawn()
    planner.page.get_by_role("button", name="Accept", exact=True).first.click()
    expect(planner.page.get_by_text("accepted", exact=True)).to_have_count(1)
    expect(planner.page.get_by_text("Households that change")).to_be_visible()


def test_the_whole_way_to_a_grid_goes_by_keyboard(visit: Any) -> None:
    me = visit()
    me.page.goto("/")
    me.map_is_drawn()
    me.page.keyboard.press("Tab")
    expect(me.page.locator(":focus")).to_have_text("To the content")
    me.page.keyboard.press("/")
    expect(me.page.locator(":focus")).to_have_attribute("id", "search")
    me.page.keyboard.type("99010100")
    expect(me.page.locator("#found a").first).to_be_visible()
    me.page.keyboard.press("Tab")
    me.page.keyboard.press("Enter")
    card = me.page.locator("[data-card]")
    expect(card).to_be_visible()
    for _ in range(60):
        me.page.keyboard.press("Tab")
        if me.page.evaluate("document.activeElement.matches('#grid-table td a')"):
            break
    me.page.keyboard.press("Enter")
    me.page.wait_for_url("**/grids/riverside/*")
    expect(me.page.get_by_role("heading", level=1)).to_contain_text("Grid")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1366), ("dark", 390)])
def test_pages_are_labelled_legible_and_no_wider_than_the_screen(visit: Any, scheme: Any, width: int) -> None:
    me = visit("zh-CN", width=width, height=800)
    me.sign_in("chen")
    me.page.emulate_media(color_scheme=scheme)
    me.page.goto("/")
    grid = me.page.locator("#grid-table td a").first.get_attribute("href")
    plan = me.page.locator("a[href^='/plans/']").first.get_attribute("href")
    for address in (
        "/",
        plan,
        grid,
        f"{grid}/notice",
        "/my-grid",
        "/desk",
        "/desk/riverside",
        "/fusion",
        "/fusion/990101000000",
        "/fusion/990101000000/crosswalk",
        "/territory",
        "/territory/kinds",
        "/territory/load/city",
        "/audit",
        "/search?q=9",
        "/nowhere",
    ):
        me.page.goto(address)
        if me.page.locator("[data-map]").count():
            me.map_is_drawn()
        assert me.page.evaluate(CHECK) == [], address
        assert me.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
        bar = "document.querySelector('.topbar')"
        covered = f"{bar} && {bar}.scrollHeight > {bar}.clientHeight + 1"
        assert not me.page.evaluate(covered), f"{address}: the bar lies over the page"
