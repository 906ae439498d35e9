import { caveatsOf } from './caveats.js';
import { counted } from './format.js';
import { type Html, html, raw } from './html.js';
import { dilationsOf } from './palette.js';
import type { ReportData } from './report-data.js';
import { accuracySection } from './sections/accuracy.js';
import { caveatsSection, commandsSection, environmentSection } from './sections/closing.js';
import { costsSection } from './sections/costs.js';
import { fieldsSection } from './sections/fields.js';
import { samplesSection } from './sections/samples.js';
import { schemeSection } from './sections/scheme.js';
import { searchSection } from './sections/search.js';
import type { Section } from './sections/section.js';
import { facts, verdict } from './sections/summary.js';
import { tradeOffSection } from './sections/trade-off.js';
import { trainingSection } from './sections/training.js';
import { styleSheet } from './style.js';

/**
 * A report as one HTML file that needs nothing else: charts are SVG drawn here, pictures and the data behind each figure
 * are inside. It has no script, and its policy forbids any request.
 * @throws NatsError `shape` for data that contradicts itself
 */
export async function renderReport(data: ReportData): Promise<string> {
  const dilations = dilationsOf(data);
  const sections = [
    caveatsSection(caveatsOf(data)),
    await accuracySection(data),
    costsSection(data),
    await tradeOffSection(data),
    await schemeSection(data, dilations),
    await fieldsSection(data),
    samplesSection(data),
    await searchSection(data, dilations),
    await trainingSection(data),
    commandsSection(data),
    environmentSection(data),
  ].filter((part) => part !== undefined);
  const page = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${data.title}</title>
<style>${raw(styleSheet(dilations))}</style>
</head>
<body>
<div class="wrap">
${header(data, sections)}
<main>
${facts(data)}
${sections.map(({ content }) => content)}
</main>
${footer(data)}
</div>
</body>
</html>
`;
  return page.markup;
}

function header(data: ReportData, sections: readonly Section[]): Html {
  const { title, lead, dataset } = data;
  const found = verdict(data);
  return html`<header>
<h1>${title}</h1>
${lead !== undefined && html`<p class="lead">${lead}</p>`}
${found !== undefined && html`<p class="lead">${found}</p>`}
${dataset && html`<p class="meta">${datasetLine(dataset)}</p>`}
${variantLines(data)}
<nav aria-label="Parts of this report"><ul>${sections.map(
    ({ id, title: name }) => html`<li><a href="#${id}">${name}</a></li>`,
  )}</ul></nav>
</header>`;
}

/** What the models are, if the caller said so. */
function variantLines({ variants = [] }: ReportData): Html | undefined {
  const described = variants.filter(({ description }) => description !== undefined && description !== '');
  if (described.length === 0) return undefined;
  return html`<p class="meta">${described.map(
    ({ name, description }, i) => html`${i > 0 && ' · '}<strong>${name}</strong>: ${description}`,
  )}</p>`;
}

function datasetLine({
  name,
  trainingImages,
  testImages,
  testObjects,
  classes,
}: NonNullable<ReportData['dataset']>): string {
  return [
    `Data: ${name}`,
    ...(trainingImages === undefined ? [] : [counted(trainingImages, 'training image')]),
    ...(testImages === undefined ? [] : [counted(testImages, 'test image')]),
    ...(testObjects === undefined ? [] : [`${counted(testObjects, 'object')} in them`]),
    ...(classes === undefined ? [] : [counted(classes.length, 'class', 'classes')]),
  ].join(' · ');
}

function footer({ tool, created }: ReportData): Html | undefined {
  if (!tool && created === undefined) return undefined;
  const when = created === undefined ? '' : created.replace('T', ' ').replace(/(:\d\d)?(\.\d+)?Z$/, ' UTC');
  return html`<footer>Made${tool && ` by ${tool.name} ${tool.version}`}${when !== '' && html` on <time datetime="${created}">${when}</time>`}.
One file, no scripts, no requests.</footer>`;
}
