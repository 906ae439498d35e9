import { check } from '@nats/graph';
import { genotypeBars, genotypeVariable } from '../charts/genotype-charts.js';
import { legend } from '../charts/series.js';
import { downloadLink } from '../data-table.js';
import { figure } from '../figure.js';
import { counted, formatDilation, formatNumber, listed } from '../format.js';
import { type Html, html } from '../html.js';
import { alignDilations, type Dilation } from '../palette.js';
import type { ReportData, ReportScheme, ReportVariant } from '../report-data.js';
import { type Section, section } from './section.js';

/** Which dilation the channels of each layer got, for every variant that has a scheme. */
export async function schemeSection(
  { variants = [] }: ReportData,
  dilations: readonly Dilation[],
): Promise<Section | undefined> {
  const figures: Html[] = [];
  for (const [i, variant] of variants.entries()) {
    if (variant.scheme && variant.scheme.layers.length > 0)
      figures.push(await schemeFigure(variant, variant.scheme, i, dilations));
  }
  if (figures.length === 0) return undefined;
  return section('scheme', 'What was chosen', [
    html`<p>Each 3×3 convolution’s channels are parted into groups, and each group has its own dilation, vertical × horizontal.
1×1 is the plain convolution.</p>`,
    html`<div class="grid">${figures}</div>`,
  ]);
}

async function schemeFigure(
  { name }: ReportVariant,
  { genotypes, layers, json }: ReportScheme,
  index: number,
  dilations: readonly Dilation[],
): Promise<Html> {
  const aligned = layers.map((layer) => {
    check(layer.counts.length === genotypes.length, 'shape', () => ({
      rule: 'a layer of a scheme has a count for each genotype',
      received: `${layer.counts.length} for ${genotypes.length}`,
      where: layer.name,
    }));
    return { name: layer.name, counts: alignDilations(layer.counts, genotypes, dilations) };
  });
  const totals = dilations.map((_, g) => aligned.reduce((sum, { counts }) => sum + counts[g]!, 0));
  const all = totals.reduce((a, b) => a + b, 0);
  const words = dilations.flatMap((dilation, g) =>
    totals[g]! > 0 ? [`${formatNumber((100 * totals[g]!) / all)} % of channels ${formatDilation(dilation)}`] : [],
  );
  const bars = aligned.map((layer) => {
    const channels = layer.counts.reduce((a, b) => a + b, 0);
    return { name: layer.name, shares: layer.counts.map((count) => (channels === 0 ? 0 : count / channels)) };
  });
  const picture = figure({
    name: `scheme-${index}`,
    title: `Dilations of ${name}, by depth`,
    caption: html`In all ${listed(words)}.${
      json !== undefined &&
      html` ${downloadLink('scheme.json', 'application/json', json, 'Download the scheme', `${name}`)}`
    }`,
    alternative: `Stacked bars for ${counted(layers.length, 'convolution')} from input to output. In all ${listed(words)}.`,
    legend: dilationLegend(dilations),
    picture: await genotypeBars(bars),
    data: {
      columns: ['convolution', 'channels', ...dilations.map(formatDilation)],
      rows: aligned.map((layer) => [layer.name, layer.counts.reduce((a, b) => a + b, 0), ...layer.counts]),
    },
  });
  return html`${picture}<div class="card">${stageTable(name, aligned, dilations)}</div>`;
}

/** Sums over the convolutions of each stage: `layer2` of `layer2.0.conv1`. */
function stageTable(
  name: string,
  layers: readonly { readonly name: string; readonly counts: readonly number[] }[],
  dilations: readonly Dilation[],
): Html {
  const stages = new Map<string, number[]>();
  const all = dilations.map(() => 0);
  for (const layer of layers) {
    const stage = layer.name.split('.')[0]!;
    const sum = stages.get(stage) ?? dilations.map(() => 0);
    for (const [g, count] of layer.counts.entries()) {
      sum[g]! += count;
      all[g]! += count;
    }
    stages.set(stage, sum);
  }
  const row = ([stage, counts]: readonly [string, readonly number[]], last: boolean) => {
    const channels = counts.reduce((a, b) => a + b, 0);
    const mean = (axis: 0 | 1) => counts.reduce((sum, count, g) => sum + count * dilations[g]![axis], 0) / channels;
    const [h, w] = [formatNumber(mean(0), 2), formatNumber(mean(1), 2)];
    return html`<tr${last && BREAK}><th scope="row">${stage}</th><td class="number">${formatNumber(channels)}</td>${counts.map(
      (count) => html`<td class="number">${formatNumber((100 * count) / channels)} %</td>`,
    )}<td class="number">${h === w ? h : `${h} × ${w}`}</td></tr>`;
  };
  return html`<h3>By stage</h3><p class="caption">Channels of ${name} by dilation, and their mean dilation.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Dilations of ${name} by stage"><table><caption class="hidden">Dilations of ${name} by stage</caption>
<thead><tr><th scope="col">stage</th><th scope="col" class="number">channels</th>${dilations.map(
    (dilation) => html`<th scope="col" class="number">${formatDilation(dilation)}</th>`,
  )}<th scope="col" class="number">mean</th></tr></thead>
<tbody>${[...stages].map((entry) => row(entry, false))}${row(['all', all], true)}</tbody></table></div>`;
}

const BREAK = html` class="break"`;

export function dilationLegend(dilations: readonly Dilation[]): Html {
  return legend(
    dilations.map((dilation, g) => ({ name: formatDilation(dilation), mark: 'area', color: genotypeVariable(g) })),
  );
}
