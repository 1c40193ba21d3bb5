"""Draws Vega-Lite specs: for every NAME.vl.json given, writes NAME.png (twice the size) and NAME.svg beside it.

Run by the report room with all figures at once, because starting up costs a second and a figure a few milliseconds.
It needs no network. Exit code 3: vl-convert is not installed.
"""

import os
import sys

try:
    import vl_convert
except ImportError:
    sys.exit(3)

SUFFIX = ".vl.json"


def put(path: str, content: bytes) -> None:
    with open(path + ".part", "wb") as out:
        out.write(content)
    os.replace(path + ".part", path)


def main(specs: list[str]) -> None:
    for path in specs:
        stem = path.removesuffix(SUFFIX)
        with open(path, encoding="utf-8") as file:
            spec = file.read()
        try:
            svg = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
            png = vl_convert.vegalite_to_png(spec, scale=2, allowed_base_urls=[])
        except ValueError as error:
            sys.exit(f"{os.path.basename(path)}: {str(error).splitlines()[0]}")
        put(stem + ".svg", svg.encode())
        put(stem + ".png", png)


if __name__ == "__main__":
    main(sys.argv[1:])
