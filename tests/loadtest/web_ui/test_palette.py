import re

from tests.loadtest.support.web_uis import ROOT


def test_colours_differ_enough_from_their_ground() -> None:
    """Text has a contrast of 4.5; every hue names a line somewhere."""
    css = (ROOT / "loadtest/web_ui/static/palette.css").read_text()
    light, dark = (
        dict(re.findall(r"--(\w+): (#\w{6});", block)) for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    )
    for colours in (light, dark):
        for name in ("ink", "faint", "blue", "orange", "green"):
            assert contrast(colours[name], colours["ground"]) >= 4.5, name


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, by WCAG 2."""
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
