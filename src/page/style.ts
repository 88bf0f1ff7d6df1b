/** The page's only style sheet, served from our own origin: the policy of the page allows no other. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #f6f7f8; --panel: #fff; --line: #dfe3e7; --text: #1a1f24; --soft: #5a6570;
  --accent: #0a66c2; --on-accent: #fff; --bad: #b3261e; --bad-soft: #fdecea; --warn: #8a5a00; --warn-soft: #fff4db;
  --good: #1a7f4b; --good-soft: #e6f5ec; --quiet: #8e9aa6; --dial: #d5dbe0; --grid: #e9edf0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1215; --panel: #171b20; --line: #2b323a; --text: #e3e7eb; --soft: #98a3ae;
    --accent: #5eaaf5; --on-accent: #08131f; --bad: #f28b82; --bad-soft: #341b1a; --warn: #e5b454; --warn-soft: #30270f;
    --good: #6cc996; --good-soft: #14291d; --quiet: #6f7c89; --dial: #343d46; --grid: #242b32;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
  font-variant-numeric: tabular-nums; -webkit-text-size-adjust: 100%;
}
a { color: var(--accent); text-underline-offset: 2px; text-decoration-thickness: 1px; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
h1, h2, h3, p, ul, dl, dd, figure, pre { margin: 0; padding: 0; }
h1 { font-size: 1.45rem; line-height: 1.2; letter-spacing: -.01em; }
h2 { font-size: 1rem; }
h3 { font-size: .95rem; }
code, pre, .code { font-family: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "Noto Sans Mono CJK SC", monospace; font-size: .9em; }
.hidden, .skip:not(:focus) { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: 1rem; top: .4rem; background: var(--panel); padding: .3rem .6rem; z-index: 1; }

.top { background: var(--panel); border-bottom: 1px solid var(--line); }
.top > div, main, .foot { max-width: 76rem; margin: 0 auto; padding: 0 1.25rem; }
.top > div { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1.5rem; min-height: 3.1rem; }
.name { font-weight: 650; color: var(--text); text-decoration: none; }
.top nav ul { display: flex; gap: 1.1rem; list-style: none; }
.top nav a { display: block; padding: .75rem 0 .65rem; color: var(--soft); text-decoration: none; border-bottom: 2px solid transparent; }
.top nav a:hover { color: var(--text); }
.top nav a[aria-current] { color: var(--text); font-weight: 600; border-color: var(--accent); }
.count { background: var(--warn-soft); color: var(--warn); border-radius: 9px; padding: 0 .45em; font-size: .8em; font-weight: 600; }
.find { margin-left: auto; display: flex; gap: .4rem; }
main { padding-top: 1.4rem; padding-bottom: 2rem; display: grid; gap: 1.1rem; grid-template-columns: minmax(0, 1fr); }
.foot { padding-bottom: 1.6rem; color: var(--soft); font-size: .85rem; display: flex; flex-wrap: wrap; gap: .2rem 1.5rem; }

.head { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: .5rem 1.5rem; }
.head p { color: var(--soft); }
.tools { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem 1.2rem; font-size: .9rem; }
.switch { display: inline-flex; border: 1px solid var(--line); border-radius: 7px; overflow: hidden; background: var(--panel); font-size: .9rem; }
.switch a { padding: .3rem .8rem; color: var(--soft); text-decoration: none; }
.switch a[aria-current] { background: var(--accent); color: var(--on-accent); font-weight: 600; }
.switch a:focus-visible { outline-offset: -2px; }

.state { border: 1px solid var(--line); border-left: 4px solid var(--good); background: var(--panel); border-radius: 8px; padding: .85rem 1.1rem; }
.state.warn { border-left-color: var(--warn); }
.state.bad { border-left-color: var(--bad); }
.state.unknown { border-left-color: var(--quiet); }
.state ul { list-style: none; display: grid; gap: .35rem; margin-top: .55rem; }
.state li { display: flex; gap: .6rem; align-items: baseline; }
.state li p { min-width: 0; overflow-wrap: break-word; }
.state a { white-space: nowrap; }
.state .soft { margin-top: .2rem; }

.tag { display: inline-block; padding: .02rem .5rem; border-radius: 9px; font-size: .82rem; white-space: nowrap; background: var(--grid); color: var(--text); }
.tag.good { background: var(--good-soft); color: var(--good); }
.tag.warn { background: var(--warn-soft); color: var(--warn); }
.tag.bad { background: var(--bad-soft); color: var(--bad); }
.tag.unknown { background: var(--dial); }

.panel { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.1rem; min-width: 0; }
.panel > header { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: .2rem 1rem; margin-bottom: .7rem; }
.panel > header p { color: var(--soft); font-size: .87rem; }
.two { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1.1rem; }
h3.within { margin-bottom: .2rem; }
.apart { gap: 1.1rem 2.5rem; }
.soft, .empty { color: var(--soft); }
.empty { padding: .5rem 0; max-width: 42rem; }
.empty.failed { border-left: 3px solid var(--warn); padding: .2rem .8rem; margin: .4rem 0; }
.empty code { color: var(--text); }

.figures { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 1px; background: var(--line); border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
.figures a { color: inherit; }
.figures > div { background: var(--panel); padding: .8rem 1rem .7rem; }
.figures dt { color: var(--soft); font-size: .85rem; }
.figures dd { font-size: 1.55rem; font-weight: 600; letter-spacing: -.02em; line-height: 1.25; white-space: nowrap; }
.figures dd.more, .figures dd.then { font-size: .83rem; font-weight: 400; letter-spacing: 0; white-space: normal; line-height: 1.4; }
.figures dd.more, .figures dd.then span:first-child { color: var(--soft); }
.figures dd.then .soft { white-space: nowrap; }
.figures + .small { padding: 0; margin-top: -.6rem; }

.plot figcaption { display: grid; grid-template-columns: auto 1fr; gap: 0 1rem; margin-bottom: .55rem; }
.plot h3 { white-space: nowrap; }
.plot figcaption p { grid-column: 1 / -1; grid-row: 2; color: var(--soft); font-size: .85rem; }
.key { list-style: none; display: flex; flex-wrap: wrap; justify-content: flex-end; gap: 0 .9rem; font-size: .85rem; color: var(--soft); align-self: center; }
.key li::before { content: ""; display: inline-block; width: .6rem; height: .6rem; border-radius: 2px; margin-right: .35rem; background: var(--accent); }
.key .quiet::before { background: var(--quiet); }
.key .bad::before { background: var(--bad); }
.key .thin::before, .key .dotted::before { height: 0; width: 1rem; border-radius: 0; background: none; border-top: 2px solid var(--text); vertical-align: middle; }
.key .dotted::before { border-top-style: dotted; }
.key .running::before { background: repeating-linear-gradient(135deg, var(--quiet) 0 2px, transparent 2px 5px); }
.chart { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: .15rem .5rem; }
.chart svg.area { display: block; width: 100%; height: 7.5rem; }
.scale, .ticks { color: var(--soft); font-size: .78rem; line-height: 1; display: flex; justify-content: space-between; }
.scale { flex-direction: column; text-align: right; min-width: 2.6rem; }
.scale { margin: -.4em 0; white-space: nowrap; }
.chart svg.time { grid-column: 2; display: block; width: 100%; height: 1.15rem; overflow: visible; }
.time text { fill: var(--soft); font-size: .78rem; }
.time .day { fill: var(--text); font-weight: 600; }
.rail { fill: var(--grid); }
.grid { stroke: var(--grid); fill: none; vector-effect: non-scaling-stroke; }
.midnight { stroke: var(--quiet); fill: none; vector-effect: non-scaling-stroke; }
.bar { fill: var(--accent); }
.bar.quiet { fill: var(--quiet); }
.bar.bad { fill: var(--bad); }
.line { fill: none; stroke: var(--accent); stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; vector-effect: non-scaling-stroke; }
.line.quiet { stroke: var(--quiet); }
.line.bad { stroke: var(--bad); }
.line.thin, .line.dotted { stroke: var(--text); stroke-width: 1.2; stroke-opacity: .75; pointer-events: none; }
.line.dotted { stroke-dasharray: 1 4; stroke-width: 1.8; }
.line.running { stroke-dasharray: 4 4; }
.dot { fill: none; stroke: var(--accent); stroke-width: 5; stroke-linecap: round; vector-effect: non-scaling-stroke; pointer-events: none; }
.dot.quiet { stroke: var(--quiet); }
.dot.bad { stroke: var(--bad); }
.dot.thin, .dot.dotted { stroke: var(--text); stroke-width: 3; }
.bar.running { fill-opacity: .55; }
.hit { fill: var(--text); fill-opacity: 0; }
.hit.running { fill-opacity: .05; }
.hit:hover { fill-opacity: .09; }

details { margin-top: .5rem; font-size: .85rem; }
summary { cursor: pointer; color: var(--soft); width: fit-content; }
details .scroll { max-height: 16rem; margin-top: .4rem; }

.scroll { overflow: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; padding: .38rem .9rem .38rem 0; border-bottom: 1px solid var(--line); vertical-align: baseline; font-weight: 400; }
tr:last-child > * { border-bottom: 0; }
thead th { color: var(--soft); font-size: .83rem; white-space: nowrap; border-bottom: 1px solid var(--line) !important; }
th:last-child, td:last-child { padding-right: 0; }
.n { text-align: right; white-space: nowrap; }
td.n + td:not(.n), th.n + th:not(.n) { padding-left: .7rem; }
.pick { width: 1.8rem; }
.t, .num { white-space: nowrap; }
.wrap { overflow-wrap: break-word; min-width: 9rem; }
.id { overflow-wrap: anywhere; min-width: 11rem; }
tbody tr:hover { background: color-mix(in srgb, var(--grid) 45%, transparent); }
.share { width: 28%; min-width: 5rem; vertical-align: middle; }
.share svg { display: block; width: 100%; height: .6rem; }

.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .3rem 1.2rem; }
.facts dt { color: var(--soft); }
.facts dd { overflow-wrap: break-word; min-width: 0; }
.facts code { overflow-wrap: anywhere; }
.facts.many { grid-template-columns: repeat(2, max-content minmax(0, 1fr)); }

form { margin: 0; }
.fields { display: flex; flex-wrap: wrap; gap: .6rem .9rem; align-items: end; }
.fields label { display: grid; gap: .2rem; font-size: .85rem; color: var(--soft); flex: 0 1 auto; min-width: 0; }
.fields label.wide { flex: 1 1 16rem; }
.checks { flex: 1 1 100%; display: flex; flex-wrap: wrap; gap: .2rem .9rem; border: 0; margin: 0; padding: 0; min-width: 0; }
.checks legend { float: left; padding: 0 .9rem 0 0; font-size: .85rem; color: var(--soft); }
.fields label.check { display: flex; gap: .35rem; align-items: center; color: var(--text); flex: none; }
.fields label.check input { width: auto; }
input, select, button { font: inherit; color: var(--text); background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .36rem .6rem; min-width: 0; max-width: 100%; }
input, select { border-color: var(--quiet); }
input::placeholder { color: var(--soft); opacity: 1; }
button { cursor: pointer; font-weight: 600; border-color: var(--accent); color: var(--accent); }
button:hover { background: color-mix(in srgb, var(--accent) 10%, transparent); }
button.main { background: var(--accent); color: var(--on-accent); }
button.main:hover { filter: brightness(1.08); }
.said { border-radius: 8px; padding: .6rem 1rem; background: var(--good-soft); color: var(--good); }
.said.bad { background: var(--bad-soft); color: var(--bad); }
.chips { list-style: none; display: flex; flex-wrap: wrap; gap: .45rem; }
.chips a { display: block; padding: .2rem .7rem; border: 1px solid var(--line); border-radius: 14px; text-decoration: none; color: var(--text); }
.chips a:hover { border-color: var(--accent); }
.chips a[aria-current] { border-color: var(--accent); color: var(--accent); font-weight: 600; }
.steps { display: grid; gap: 1.2rem; }
.steps form { display: grid; gap: .6rem; justify-items: start; }
.steps .fields { width: 100%; }
.steps form + form { border-top: 1px solid var(--line); padding-top: 1.1rem; }
.more { padding-top: .7rem; }
.row { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1rem; margin-top: .8rem; }
.row p { font-size: .87rem; }
.links { display: flex; flex-wrap: wrap; gap: .3rem 1.5rem; margin-bottom: .4rem; font-size: .9rem; }
.selected { border: 0; border-top: 1px solid var(--line); margin: .8rem 0 0; padding: .7rem 0 0; min-width: 0; }
.selected legend { float: left; width: 100%; padding: 0 0 .4rem; font-size: .9rem; font-weight: 600; }
.selected .fields { clear: both; }
.small { font-size: .85rem; padding-top: .6rem; }
pre { background: var(--page); border: 1px solid var(--line); border-radius: 6px; padding: .7rem .9rem; overflow: auto; max-height: 32rem; }

.legs { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .55rem 1rem; align-items: center; }
.legs svg { display: block; width: 100%; height: 1.5rem; }
.legs .ticks { grid-column: 2; }
.legs + .key { margin: .6rem 0 .9rem; }
.dial { fill: var(--dial); }
.ring { fill: var(--quiet); }
.talk { fill: var(--accent); }
.key .dial::before { background: var(--dial); }
.key .ring::before { background: var(--quiet); }
.left { justify-content: flex-start; }

@media (max-width: 62rem) {
  .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); }
    .facts.many { grid-template-columns: max-content minmax(0, 1fr); }
}
@media (max-width: 44rem) {
  body { font-size: 16px; }
  .top > div, main, .foot { padding-left: .9rem; padding-right: .9rem; }
  .two { grid-template-columns: minmax(0, 1fr); }
  .figures > div { padding: .7rem .8rem; }
  .figures dd { font-size: 1.35rem; }
  .find { margin: 0 0 .7rem; flex: 1 1 100%; }
  .find select { flex: 0 1 7.5rem; min-width: 0; }
  .find input { flex: 1; width: 0; }
  .cards, .cards tbody { display: block; }
  .cards thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .cards tr { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; padding: .6rem 0; border-bottom: 1px solid var(--line); }
  .cards tr:last-child { border-bottom: 0; }
  .cards td, .cards th[scope=row] { display: block; padding: 0; border: 0; text-align: left; min-width: 0; }
  .cards th[scope=row] { flex: 1 1 100%; font-weight: 600; }
  .cards td:empty { display: none; }
  .cards td[data-label]::before { content: attr(data-label); color: var(--soft); font-size: .85em; margin-right: .4rem; white-space: nowrap; }
  .cards td.n + td:not(.n) { padding-left: 0; }
  .cards .wrap, .cards .id, .cards .share { flex: 1 1 100%; width: auto; }
  .top > div { padding-top: .6rem; }
  .legs { grid-template-columns: minmax(0, 1fr); gap: .35rem; }
  .legs .ticks { grid-column: 1; }
  .plot figcaption { grid-template-columns: minmax(0, 1fr); }
  .plot figcaption p { grid-row: auto; }
  .key { justify-content: flex-start; }
  .fields label { flex: 1 1 45%; }
  .fields label.check { flex: none; }
  .fields label.wide { flex-basis: 100%; }
  .fields input:not([type=checkbox]), .fields select { width: 100%; }
  .facts { gap: .3rem .8rem; }
}
@media print { .top, .foot, form { display: none; } body { background: #fff; } }
`
