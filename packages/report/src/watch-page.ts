import { formatNumber } from './format.js';
import { type Html, html, raw } from './html.js';
import { dilationsOf } from './palette.js';
import type { BoxedSample, ReportSearch, ReportTraining } from './report-data.js';
import { samplesSection } from './sections/samples.js';
import { searchSection } from './sections/search.js';
import { trainingSection } from './sections/training.js';
import { styleSheet } from './style.js';

/** A run as it is now. */
export interface WatchedRun {
  /** No two have the same. */
  readonly name: string;
  /** `pretrain`, `search` or `train`. */
  readonly kind: string;
  readonly state: 'running' | 'done' | 'stopped' | 'failed';
  /** Steps that are done, and of how many. */
  readonly step?: number;
  readonly steps?: number;
  /** In words, while it runs. */
  readonly timeLeft?: string;
  readonly loss?: number;
  /** Of the last evaluation, 0 to 1. */
  readonly ap?: number;
  readonly training?: Pick<ReportTraining, 'points' | 'evaluations'>;
  readonly search?: ReportSearch;
  /** What it found in validation images, if it has judged any. */
  readonly samples?: readonly BoxedSample[];
  /** Why something of it is not shown. */
  readonly problem?: string;
}

/** What a page of runs shows, without what is around it. */
export interface WatchContent {
  readonly style: string;
  readonly body: string;
}

/** Detections with lower scores are not among the samples. */
export interface WatchOptions {
  readonly sampleMinScore?: number;
}

/** Runs side by side: how far they are, their curves over each other, what each search prefers, what was found. */
export async function renderWatch(
  runs: readonly WatchedRun[],
  { sampleMinScore }: WatchOptions = {},
): Promise<WatchContent> {
  const searches = runs.filter(({ search }) => search);
  const dilations = dilationsOf({ search: { genotypes: genotypesOf(searches) } });
  const detectors = runs.filter(({ kind, training }) => kind === 'train' && training);
  const classifiers = runs.filter(({ kind, training }) => kind === 'pretrain' && training);
  const curves = await trainingSection({
    trainings: [...classifiers, ...detectors].map(({ name, kind, training }) => ({
      name,
      ...(kind === 'train' && { variant: name }),
      ...training!,
    })),
    variants: detectors.map(({ name }) => ({ name })),
  });
  const sections = [curves];
  for (const [i, { name, search }] of searches.entries()) {
    sections.push(await searchSection({ search: search! }, dilations, { suffix: `-${i}`, title: `Search: ${name}` }));
  }
  sections.push(samplesSection({ samples: samplesOf(runs), ...(sampleMinScore !== undefined && { sampleMinScore }) }));
  const body = html`${runs.length === 0 ? html`<p>No run yet.</p>` : progressTable(runs)}
${sections.map((part) => part?.content)}`;
  return { style: styleSheet(dilations), body: body.markup };
}

/** Each dilation that some search has. */
function genotypesOf(runs: readonly WatchedRun[]): NonNullable<ReportSearch['genotypes']> {
  const all = runs.flatMap(({ search }) => search!.genotypes ?? []);
  return [...new Map(all.map((genotype) => [genotype.join(), genotype])).values()];
}

/** The same image of several runs is one, with what each found. */
function samplesOf(runs: readonly WatchedRun[]): BoxedSample[] {
  const byName = new Map<string, BoxedSample>();
  for (const sample of runs.flatMap(({ samples = [] }) => samples)) {
    const before = byName.get(sample.name);
    const detections = [...(before?.detections ?? []), ...(sample.detections ?? [])];
    byName.set(sample.name, { ...(before ?? sample), detections });
  }
  return [...byName.values()];
}

function progressTable(runs: readonly WatchedRun[]): Html {
  const columns = ['run', 'step', 'state', 'loss', 'AP'];
  return html`<section id="progress" aria-labelledby="progress-title">
<h2 id="progress-title">Runs</h2>
<div class="card scroll" role="region" tabindex="0" aria-label="Runs and how far they are"><table>
<thead><tr>${columns.map((name, i) => html`<th scope="col"${i >= 3 && raw(' class="number"')}>${name}</th>`)}</tr></thead>
<tbody>${runs.map(progressRow)}</tbody>
</table></div>
</section>`;
}

function progressRow(run: WatchedRun): Html {
  const { name, kind, state, step, steps, timeLeft, loss, ap, problem } = run;
  const far =
    step === undefined
      ? 'before its first step'
      : html`<progress max="${steps ?? step}" value="${step}" aria-label="${name}"></progress>
<span class="note">${formatNumber(step)}${steps !== undefined && ` of ${formatNumber(steps)}`}</span>`;
  return html`<tr><th scope="row">${name} <span class="note">${kind}</span></th>
<td>${far}</td>
<td>${state}${timeLeft !== undefined && `, ${timeLeft}`}${problem !== undefined && html`<br><span class="note">${problem}</span>`}</td>
<td class="number">${loss !== undefined && formatNumber(loss, 3)}</td>
<td class="number">${ap !== undefined && formatNumber(100 * ap, 1)}</td></tr>`;
}

export interface WatchPageOptions extends WatchContent {
  /** Where the script asks for newer contents: a JSON of `version`, `style` and `body`; with `&version=` of what it has, 204 while nothing is new. */
  readonly contentPath: string;
  readonly version: string;
  /** Allows the one script of the page. */
  readonly nonce: string;
}

/** The whole page, which asks for newer contents every two seconds and for nothing else. */
export function watchPage({ style, body, contentPath, version, nonce }: WatchPageOptions): string {
  const policy = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'nonce-${nonce}'; connect-src 'self'; base-uri 'none'; form-action 'none'`;
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>nats watch</title>
<style id="style">${raw(style)}</style>
<style>progress{width:9rem;max-width:100%;accent-color:var(--link)}td .note{display:block}</style>
</head>
<body>
<div class="wrap">
<header><h1>nats watch</h1><p class="meta" id="state" role="status">Follows the runs.</p></header>
<main data-content="${contentPath}" data-version="${version}">${raw(body)}</main>
</div>
<script nonce="${nonce}">${raw(SCRIPT)}</script>
</body>
</html>
`.markup;
}

/** What is open stays open, and the focus where it was. */
const SCRIPT = `
const main = document.querySelector('main');
const state = document.getElementById('state');
const say = (text) => { if (state.textContent !== text) state.textContent = text; };
const pathOf = (element) => {
  const figure = element?.closest('[id]');
  if (!figure || !main.contains(figure)) return undefined;
  return [figure.id, [...figure.querySelectorAll('*')].indexOf(element)];
};
async function update() {
  try {
    const answer = await fetch(main.dataset.content + '&version=' + main.dataset.version);
    if (answer.status === 200) {
      const { version, style, body } = await answer.json();
      const open = [...main.querySelectorAll('details[open]')].map((details) => details.closest('[id]')?.id);
      const focus = pathOf(document.activeElement);
      main.innerHTML = body;
      main.dataset.version = version;
      document.getElementById('style').textContent = style;
      for (const id of open) { const details = id && document.getElementById(id)?.querySelector('details'); if (details) details.open = true; }
      if (focus) { const figure = document.getElementById(focus[0]); (focus[1] < 0 ? figure : figure?.querySelectorAll('*')[focus[1]])?.focus({ preventScroll: true }); }
    }
    say(answer.ok ? 'Follows the runs.' : 'nats watch answers ' + answer.status + '.');
  } catch {
    say('nats watch has ended: this is the last that it showed.');
  }
  setTimeout(update, 2000);
}
setTimeout(update, 2000);
`;
