"""The report as one HTML file: readable anywhere, without a network, without a viewer.

`page` fills the templates with what `tables`, `plots`, `describe` and `drawn` make of scores.
Whatever comes from a file goes through the template's escaping, or through an XML tree; the page's
own policy lets it load nothing, and run no script but its own.
"""

from napari_unet.report.html.drawn import BUDGET, Drawn, Panel, draw_case, draw_columns
from napari_unet.report.html.page import write_html
from napari_unet.report.html.tables import difference

__all__ = ["BUDGET", "Drawn", "Panel", "difference", "draw_case", "draw_columns", "write_html"]
