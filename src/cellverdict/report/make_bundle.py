"""Writes the JavaScript that draws the report's figures (Vega, Vega-Lite, Vega-Embed) as one file: make_bundle.py TARGET."""

import os
import sys

import vl_convert

target = sys.argv[1]
# Only what the page calls is exposed. The page's policy forbids `eval`, so the figures use Vega's expression interpreter.
bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
if "</script" in bundle.lower():
    sys.exit("the bundle would end its own script element")
with open(target + ".part", "w", encoding="utf-8") as out:
    out.write(bundle)
os.replace(target + ".part", target)
