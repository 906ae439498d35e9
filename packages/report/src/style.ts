import { DARK, type Dilation, LIGHT, paletteCss } from './palette.js';

/** The page's style sheet: one column on a phone, light or dark as the reader's system is, plain on paper. */
export function styleSheet(dilations: readonly Dilation[]): string {
  return `:root{color-scheme:light dark;${paletteCss(LIGHT, dilations)}}
@media (prefers-color-scheme:dark){:root{${paletteCss(DARK, dilations)}}}
@media print{:root{${paletteCss(LIGHT, dilations)}}}
${RULES}`;
}

const RULES = `*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:break-word}
.wrap{max-width:70rem;margin:0 auto;padding:0 .75rem}
header{padding:1.75rem 0 .5rem}
h1{font-size:clamp(1.6rem,1.1rem + 2.2vw,2.4rem);line-height:1.15;letter-spacing:-.02em;margin:0 0 .5rem;text-wrap:balance}
section{scroll-margin-top:1rem}
h2{font-size:1.35rem;line-height:1.25;letter-spacing:-.01em;margin:2.75rem 0 .35rem}
h3{font-size:1rem;line-height:1.35;margin:0}
.name{font-size:.8rem;line-height:1.3;margin:0 0 .1rem;font-weight:600;overflow-wrap:anywhere}
p{margin:.35rem 0;max-width:46rem}
.lead{font-size:1.1rem;max-width:44rem;text-wrap:pretty}
.meta,.caption,.legend,.more{color:var(--muted);font-size:.875rem}
.caption{margin:.15rem 0 0}
a{color:var(--link);text-underline-offset:.15em}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:3px}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.15rem 1.1rem;padding:0;margin:.75rem 0 0}
nav a{display:inline-block;padding:.25rem 0;font-size:.925rem}
.stack{display:grid;gap:.85rem;min-width:0}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,22rem),1fr));gap:.85rem;margin-top:.85rem;align-items:start}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.85rem .75rem;margin:0;min-width:0}
.wide{grid-column:1/-1}
.three{grid-template-columns:repeat(auto-fill,minmax(min(100%,18rem),1fr))}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(10.25rem,1fr));gap:.6rem;margin:1.25rem 0 0}
.fact{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.6rem .65rem}
.fact dt{color:var(--muted);font-size:.875rem}
.fact dd{margin:0;display:flex;justify-content:space-between;align-items:baseline;gap:.5rem;font-variant-numeric:tabular-nums}
.fact .who{font-size:.75rem;color:var(--muted);min-width:0;overflow-wrap:anywhere}
.fact .value{font-size:1.05rem;font-weight:600;letter-spacing:-.01em;white-space:nowrap}
.fact .change strong{text-align:right}
.fact .change{font-size:.8rem;border-top:1px solid var(--line);margin-top:.3rem;padding-top:.25rem}
.scroll{overflow-x:auto;max-width:100%}
.long{max-height:22rem;overflow-y:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.925rem}
.caption+.scroll{margin-top:.4rem}
th,td{padding:.32rem .35rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:baseline}
th:first-child,td:first-child{padding-left:0}
th:last-child,td:last-child{padding-right:0}
thead th{font-size:.8rem;font-weight:600;color:var(--muted);border-bottom-color:var(--line-strong)}
tbody th{font-weight:500}
tbody tr:last-child>*{border-bottom:0}
.number{text-align:right;white-space:nowrap}
.note{color:var(--muted);font-size:.8rem;font-weight:400}
tbody th .note,.range{display:block;line-height:1.25}
.up{color:var(--good)}
.down{color:var(--bad)}
.break>*{border-top:2px solid var(--line)}
figure>figcaption{margin-bottom:.5rem}
.chart{max-width:32rem}
.chart svg{display:block;width:100%;height:auto}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.1rem .9rem;padding:0;margin:.2rem 0 .5rem}
.legend li{display:flex;align-items:center;gap:.4rem;min-width:0}
.legend svg{flex:none}
.small{display:grid;grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr));gap:.75rem .6rem;padding:2px}
.small svg{display:block;width:100%;height:auto}
details{margin-top:.6rem;border-top:1px solid var(--line);padding-top:.35rem}
summary{cursor:pointer;font-size:.875rem;color:var(--link);padding:.2rem 0;width:fit-content}
details table{font-size:.85rem;width:auto;min-width:min(100%,20rem)}
.downloads{display:flex;gap:1rem;margin:.3rem 0 .5rem;font-size:.875rem}
.pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,9.75rem),1fr));gap:.6rem}
.three .pictures{grid-template-columns:repeat(auto-fit,minmax(8rem,1fr))}
.picture{margin:0;min-width:0}
.picture svg,.picture img{display:block;width:100%;height:auto;border-radius:6px;background:#000}
.picture p{font-size:.85rem;margin:.25rem 0 0;line-height:1.35}
.pixelated{image-rendering:pixelated}
pre{margin:.35rem 0 0;padding:.6rem .75rem;background:var(--page);border:1px solid var(--line);border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere;font:.85rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
ol.commands{padding-left:1.3rem;margin:.25rem 0}
ol.commands li+li{margin-top:.75rem}
.caveats{background:var(--note);border:1px solid var(--note-line);border-radius:10px;padding:.6rem .9rem;margin-top:.85rem}
.caveats ul{margin:.1rem 0;padding-left:1.15rem}
.caveats li{margin:.35rem 0;max-width:60rem}
.environment{display:grid;grid-template-columns:minmax(6rem,max-content) 1fr;gap:.25rem 1rem;margin:0;font-size:.925rem}
.environment dt{color:var(--muted)}
.environment dd{margin:0;overflow-wrap:anywhere;min-width:0}
footer{color:var(--muted);font-size:.875rem;padding:2.5rem 0 2rem}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media (min-width:48rem){th,td{padding:.32rem .5rem}.wrap{padding:0 1.5rem}.card{padding:1.1rem 1.15rem}header{padding-top:3rem}}
@media print{body{background:#fff}.card,.fact,tr{break-inside:avoid}nav,.downloads,summary{display:none}}`;
