"""Tests of the picture and the page of a run that watched event loops."""

import json
from pathlib import Path

import pytest

from loadtest.report import stalls as report
from loadtest.report import write
from loadtest.report.figures import strips
from loadtest.report.figures.theme import INK
from loadtest.report.page import OPEN
from loadtest.results.schema import Results, load, save
from loadtest.results.stalls import NOT_SCHEDULED, RARE, Stalls, Stretch
from tests.loadtest.support.fabricated import results, step
from tests.loadtest.support.hostile import HOSTILE, printable
from tests.loadtest.support.pages import ATTRIBUTES, MOST, PARTS, SHAPES, Reader, records
from tests.loadtest.support.stalled import CALL, SECONDS, SUMS, clean, computing, finding, loop, stalls, watched

Area = list[tuple[float, float]]


def areas(each: Stalls) -> dict[str, Area]:
    """Return the time in seconds and the height of each colour wherever it changes, by its name."""
    chart = strips.chart(each).to_dict()
    drawn = [layer for layer in chart["layer"] if layer["mark"]["type"] == "area"]
    return {
        json.loads(layer["transform"][0]["calculate"]): [
            (row["t"], round(row["low"] - row["high"], 1)) for row in chart["datasets"][layer["data"]["name"]]
        ]
        for layer in drawn
    }


def colours(each: Stalls) -> dict[str, str]:
    (layer, *_) = [layer for layer in strips.chart(each).to_dict()["layer"] if layer["mark"]["type"] == "area"]
    scale = layer["encoding"]["fill"]["scale"]
    return dict(zip(scale["domain"], scale["range"], strict=True))


def test_a_stretch_is_as_wide_as_it_lasts_and_as_high_as_its_share_of_the_moment() -> None:
    whole, half = Stretch(begin=1.0, end=3.0, what="0"), Stretch(begin=5.0, end=5.0 + SECONDS / 1440, what="0")
    assert areas(stalls(loops=[loop(stretches=[whole, half])])) == {
        "shop/app.py:57": [
            (0.0, 0.0),
            (1.0, strips.STRIP),
            (3.0, 0.0),
            (5.0, strips.STRIP / 2),
            (5.014, 0.0),
        ]
    }


def test_stretches_beyond_the_window_are_cut() -> None:
    around = [Stretch(begin=-1.0, end=1.0, what="0"), Stretch(begin=9.0, end=11.0, what="0")]
    ((*_, last),) = areas(stalls(loops=[loop(stretches=around)])).values()
    assert last == (SECONDS, 0.0)
    assert strips._of(loop(stretches=around), stalls(), {"0"}) == pytest.approx(0.2)


def test_what_holds_the_same_moment_is_stacked() -> None:
    moment = SECONDS / strips.MOST
    both = [Stretch(begin=0.0, end=moment / 4, what="0"), Stretch(begin=moment / 4, end=moment, what="1")]
    chart = strips.chart(stalls(findings=[finding(), computing()], loops=[loop(stretches=both)]))
    ends = [(row["low"], row["high"]) for row in records(chart) if "loop" in row and row["t"] == 0]
    assert ends == [(strips.STRIP, strips.STRIP * 0.75), (strips.STRIP * 0.75, 0.0)]


def test_each_line_has_a_colour_and_the_fifth_and_later_ones_share_theirs() -> None:
    found = [finding(), *(computing() for _ in range(5))]
    whats = [*map(str, range(6)), NOT_SCHEDULED, RARE]
    stretches = [Stretch(begin=place, end=place + 0.5, what=what) for place, what in enumerate(whats)]
    shown = colours(stalls(findings=found, loops=[loop(stretches=stretches)]))
    total = "shop/prices.py:8"
    assert [*shown] == [
        "shop/app.py:57",
        *(f"{total} #{number}" for number in (2, 3, 4)),
        *("further lines", "rare or not scheduled"),
    ]
    assert [*shown.values()][:4] == [*strips.OWN_COLOURS]
    assert shown["further lines"] == INK
    assert len(set(shown.values())) == len(shown)
    assert [*colours(stalls())] == ["shop/app.py:57", "not scheduled"]


def test_each_loop_has_a_strip_with_its_share_and_of_many_those_held_the_longest() -> None:
    loops = [loop(process=100 + place, stretches=[Stretch(begin=0, end=place / 2, what="0")]) for place in range(15)]
    many = stalls(loops=loops)
    shown = [row for row in records(strips.chart(many)) if "end" in row]
    assert len(shown) == strips.LOOPS == 12
    assert strips.chart(many).to_dict()["height"] == 12 * (strips.STRIP + strips.GAP)
    axis = strips.chart(many).to_dict()["layer"][0]["encoding"]["y"]["axis"]["labelExpr"]
    assert '["process 114", "70% held"]' in axis
    assert "process 102" not in axis
    picture = strips.picture(watched(many))
    assert picture
    assert picture.caption.endswith(" Left out: 3 loops that were held the least.")


def test_thousands_of_stretches_stay_a_small_chart() -> None:
    short = [Stretch(begin=at / 1000, end=at / 1000 + 0.0006, what=str(at % 2)) for at in range(10_000)]
    busy = stalls(findings=[finding(), computing()], loops=[loop(process=each, stretches=short) for each in range(4)])
    rows = records(strips.chart(busy))
    assert len(rows) <= 2 * strips.POINTS * 2
    assert strips.moments(busy) == 360


def test_the_caption_has_the_shares_and_explains_what_is_no_finding() -> None:
    picture = strips.picture(watched(stalls()))
    assert picture
    assert picture.title.startswith("requests.get in shop/app.py:57 (stock) holds the loop 41 ms a request: ")
    assert picture.caption == (
        "Each strip is an event loop in a window of 10 s. Coloured: held for 10 ms or longer; as high as the share of "
        "each 14 ms that it was held. Of the loops' time: shop/app.py:57 82%. Not scheduled: no finding, the "
        "machine ran something else."
    )
    two = strips.picture(watched(stalls("old"), clean("new")))
    assert two
    assert [figure.heading for figure in two.figures] == ["old", "new"]
    assert " old: Of the loops' time: shop/app.py:57 82%. new: No line held the loop. " in two.caption
    assert [row[0] for row in two.table.rows] == ["old"]


def test_a_run_that_watched_no_loop_has_no_picture() -> None:
    assert strips.picture(results([step("flask", 1)])) is None
    assert strips.picture(watched(clean(loops=[]))) is None


def test_the_page_has_the_answer_the_strips_the_repairs_and_the_steps() -> None:
    run = watched(stalls(doubts=["so"]), requirements=["stalls<10ms"])
    page = report.page(run)
    assert page.title == "stalls of shop: delay, 100ms"
    assert page.headline == page.pictures[0].title == "What holds the event loop cannot be told: so"
    assert page.picture_first
    assert page.pictures[0].opened
    assert "Watched: shop at 20 arrivals/s for 10 s. 2026-01-01 00:00 UTC, on 2 cores" in page.about
    assert page.doubts == ["shop: so."]
    assert page.load == OPEN
    assert page.requirements == ["stalls<10ms, shop: cannot be told (so)"]
    assert [row[:2] for row in page.table.rows] == [["shop", "20 arrivals/s"]]
    (group,) = page.paired
    (panel,) = group.panels
    assert [(two.name, two.times, [bar.label for bar in two.bars]) for two in panel.twos] == [
        ("as it is", "0.97", ["(24.4)", "(23.6)"]),
        ("in a thread", "", ["(780)"]),
        ("awaited", "0.97", ["(400)", "(390)"]),
    ]
    assert max(bar.length or 0 for two in panel.twos for bar in two.bars) == 1.0
    assert not any(bar.holds for two in panel.twos for bar in two.bars)


def drawn(run: Results, tmp_path: Path) -> tuple[Reader, str]:
    read = load(save(run, tmp_path / "run"))
    assert read.stalls == run.stalls
    text = write.write_comparison(read, tmp_path / "report.html").read_text(encoding="utf-8")
    return Reader(text), text


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE[2:6])
def test_the_file_is_read_again_and_a_name_is_text_wherever_it_stands(text: str, tmp_path: Path) -> None:
    evil = finding(SUMS.__class__(text, 1, text, text), routes={text: 1})
    known = stalls(printable(text), findings=[evil], rare=[finding(CALL)], doubts=[text])
    page, html = drawn(watched(known), tmp_path)
    assert {tag for tag, _ in page.elements} <= PARTS | SHAPES
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")], tag
        assert {name: value for name, value in attributes.items() if name in ATTRIBUTES and value != "#pictures"} == {}
    assert len(html.encode()) < MOST
    assert "What a repair brings" in html
