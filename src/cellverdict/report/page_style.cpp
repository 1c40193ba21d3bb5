// The page's style sheet and the few lines of JavaScript that draw the figures. Both are fixed text: nothing of the data may enter
// them, since the page's policy trusts them by their hash.

#include <cellverdict/report/page.h>

namespace cellverdict {

std::string page_style() {
  return R"css(
:root { color-scheme: light dark; --paper: #fff; --ink: #1d2329; --soft: #4d565f; --line: #dfe3e7; --wash: #f6f8f9; --blue: #0b5a94; --warn: #a63c00; --warn-wash: #fff5ec; --good: #00664b; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1200px; margin: 0 auto; padding: 2.2rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem; letter-spacing: -.01em; }
h2 { font-size: 1.4rem; line-height: 1.25; margin: 3rem 0 .6rem; padding-top: 1.1rem; border-top: 2px solid var(--ink); }
h3 { font-size: 1.08rem; margin: 2rem 0 .5rem; }
p, ul { margin: .5rem 0; max-width: 50rem; }
ul { padding-left: 1.25rem; }
li + li { margin-top: .3rem; }
a { color: var(--blue); }
a:focus-visible, summary:focus-visible { outline: 2px solid var(--blue); outline-offset: 2px; }
.question { font-size: 1.2rem; color: var(--soft); margin: 0 0 1.2rem; }
.first { border: 1px solid var(--warn); border-left: 6px solid var(--warn); background: var(--warn-wash); border-radius: 4px; padding: .8rem 1.1rem; margin: 1.2rem 0 1.6rem; font-size: 1.08rem; }
.first p { max-width: none; font-weight: 600; }
.answers { margin: 1.2rem 0; }
.answer { border-left: 6px solid var(--soft); background: var(--wash); border-radius: 4px; padding: .5rem 1rem; margin: .6rem 0; }
.answer p { margin: .25rem 0; font-size: 1.05rem; }
.answer.yes { border-color: var(--good); }
.answer.no { border-color: var(--warn); }
.mark { display: inline-block; border: 1px solid currentColor; border-radius: 3px; font-size: .8rem; font-weight: 700; line-height: 1.4; padding: .05rem .5rem; text-transform: uppercase; letter-spacing: .03em; color: var(--soft); background: var(--paper); }
.yes .mark { color: var(--good); }
.no .mark { color: var(--warn); }
.warnings { border-left: 4px solid var(--warn); padding: .1rem 0 .1rem 1rem; margin: 1.2rem 0; }
ul.warnings { padding-left: 2rem; }
.meaning { border-left: 4px solid var(--blue); padding: .1rem 0 .1rem 1rem; margin: .8rem 0 1.2rem; }
.who { color: var(--soft); }
.use, .soft { color: var(--soft); font-size: .93rem; }
nav { font-size: .93rem; margin: 1rem 0; color: var(--soft); }
nav a { margin-right: .9rem; white-space: nowrap; }
dl.verdicts { margin: .6rem 0 1.2rem; }
dl.verdicts dt { font-weight: 600; margin-top: .7rem; }
dl.verdicts dd { margin: 0; max-width: 50rem; }
.banner { display: inline-block; background: var(--warn-wash); color: var(--warn); border: 1px solid var(--warn); border-radius: 3px; font-size: .8rem; font-weight: 600; line-height: 1.4; padding: .05rem .5rem; margin-left: .6rem; }
.scroll { overflow-x: auto; margin: .9rem 0 1.3rem; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; min-width: 20rem; }
caption { text-align: left; font-weight: 600; padding: 0 0 .45rem; }
caption > span { display: block; position: sticky; left: 0; width: min(100%, calc(100vw - 1.8rem)); }
th, td { text-align: left; vertical-align: top; padding: .38rem .8rem .38rem 0; border-bottom: 1px solid var(--line); }
th + th, th + td, td + td { padding-left: .4rem; }
thead th { font-size: .84rem; font-weight: 600; color: var(--soft); border-bottom: 1.5px solid var(--soft); vertical-align: bottom; line-height: 1.3; }
tbody th { font-weight: 500; }
.num { text-align: right; white-space: nowrap; }
.bad { color: var(--warn); font-weight: 600; }
td small, th small { display: block; font-size: .78rem; line-height: 1.25; font-weight: 500; color: inherit; }
table.sides td, table.sides th { min-width: 11rem; line-height: 1.45; }
table.sides th:first-child { min-width: 5.5rem; }
table.evidence td:last-child { min-width: 13rem; max-width: 22rem; }
table.evidence td:nth-child(2), table.evidence td:nth-child(3) { min-width: 6.5rem; }
table.evidence tbody th { min-width: 6rem; }
table.compare { font-size: .86rem; }
table.compare tbody th { min-width: 7rem; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; margin: 1rem 0; }
figure { margin: 0; max-width: 100%; border: 1px solid var(--line); border-radius: 6px; padding: .3rem .3rem .5rem; background: var(--paper); }
.plot { background: #fff; color: #1d2329; color-scheme: light; border-radius: 4px; }
.plot > p { padding: 0 .8rem; }
.plot { max-width: 100%; overflow-x: auto; position: relative; }
.plot svg, .plot img { display: block; max-width: 100%; height: auto; }
.plot.vega-embed { display: block; padding-right: 0; max-width: 100%; }
.plot.vega-embed details { margin: 0; }
.plot.vega-embed .chart-wrapper { max-width: 100%; }
figcaption { font-size: .84rem; color: var(--soft); padding: 0 .8rem; max-width: 34rem; }
figcaption a { margin-right: .6rem; }
pre { background: var(--wash); border: 1px solid var(--line); border-radius: 4px; padding: .8rem 1rem; overflow-x: auto; font: .84rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
details { margin: .7rem 0; }
summary { cursor: pointer; color: var(--blue); }
table.facts td { overflow-wrap: anywhere; min-width: 14rem; font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .84rem; }
footer { margin-top: 3rem; padding-top: .8rem; border-top: 1px solid var(--line); }
@media (max-width: 640px) {
  main { padding: 1.2rem .9rem 3rem; }
  h1 { font-size: 1.5rem; }
  .question { font-size: 1.08rem; }
  .first { font-size: 1rem; padding: .6rem .8rem; }
  .banner { margin-left: 0; }
  .plot img { max-width: none; }
}
/* Figures keep their white card: their colours are chosen for it. */
@media screen and (prefers-color-scheme: dark) {
  :root { --paper: #14181c; --ink: #e6eaee; --soft: #a9b4be; --line: #333c45; --wash: #1e242a; --blue: #7cc0f2; --warn: #ffb07c; --warn-wash: #33231a; --good: #6fd3ac; }
}
@media (min-width: 641px) { caption > span { white-space: nowrap; } }
@media print {
  body { font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  nav, figcaption a, .vega-embed details { display: none !important; }
  .scroll { overflow: visible; }
  table { font-size: 8pt; }
  figure, tr, .first, .warnings { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
}
)css";
}

std::string page_script() {
  return R"js(
(async () => {
  // `ast` makes Vega interpret its expressions: the page's policy forbids evaluating text as code.
  const options = { mode: "vega-lite", renderer: "svg", ast: true, actions: { export: true, source: false, compiled: false, editor: false } };
  let drawn = 0;
  for (const spec of document.querySelectorAll("script[data-plot]")) {
    const place = document.getElementById(spec.dataset.plot);
    const fallback = place.innerHTML;
    try {
      const view = JSON.parse(spec.textContent);
      delete view.$schema;  // it names Vega-Lite 5, which newer ones read as well but not without a warning
      await vegaEmbed(place, view, { ...options, downloadFileName: spec.dataset.name });
      // On a phone a figure shrinks while its words can be read; a wider one is pushed aside with a finger.
      const svg = place.querySelector("svg");
      svg.style.minWidth = Math.round(0.72 * svg.viewBox.baseVal.width) + "px";
      drawn += 1;
    } catch (error) {
      place.innerHTML = fallback;
      console.error(spec.dataset.plot, error);
    }
  }
  document.body.dataset.drawn = String(drawn);
})();
)js";
}

}  // namespace cellverdict
