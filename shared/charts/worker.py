"""`python -m shared.charts.worker`: the process that draws one chart and ends.

It is asked by a request and then the specification (`shared.sandbox.child`), and answers
with JSON: {svg, png in base64}. It fetches nothing.
"""

import json
import sys
from base64 import b64encode

from shared.sandbox.child import read_data, read_request

VERSION = "5.21"
_SCALE = 2
_NO_ADDRESS: list[str] = []


def main() -> None:
    """Answer the one request."""
    spec = json.loads(read_data(read_request()))
    import vl_convert

    svg = vl_convert.vegalite_to_svg(spec, vl_version=VERSION, allowed_base_urls=_NO_ADDRESS)
    png = vl_convert.svg_to_png(svg, scale=_SCALE)
    sys.stdout.write(json.dumps({"svg": svg, "png": b64encode(png).decode()}))


if __name__ == "__main__":
    main()
