import re

from tests.loadtest.support.web_uis import ROOT
from tests.support.colours import contrast


def test_colours_differ_enough_from_their_ground() -> None:
    """Text has a contrast of 4.5; every hue names a line somewhere."""
    css = (ROOT / "loadtest/web_ui/static/palette.css").read_text()
    light, dark = (
        dict(re.findall(r"--(\w+): (#\w{6});", block)) for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    )
    for colours in (light, dark):
        for name in ("ink", "faint", "blue", "orange", "green"):
            assert contrast(colours[name], colours["ground"]) >= 4.5, name
