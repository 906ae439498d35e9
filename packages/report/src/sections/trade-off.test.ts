import { expect, test } from 'vitest';
import { exampleReport, exampleVariant } from '../fixtures/example-report.js';
import { renderReport } from '../render-report.js';
import type { ReportVariant } from '../report-data.js';
import { tradeOffSection } from './trade-off.js';

/** AP in percent. */
function variant(name: string, milliseconds: number, ap: number): ReportVariant {
  const stats = [ap / 100, ...new Array<number>(11).fill(0.1)];
  return { ...exampleVariant(name, 1), evaluations: [{ seed: 1, stats }], latency: { milliseconds } };
}
const variants = [
  variant('original', 10, 40),
  variant('budget 1.00', 10, 40.5),
  variant('budget 1.05', 10.4, 41),
  variant('free', 14, 40.9),
];

test('shows which models no other beats in both', async () => {
  const { content } = (await tradeOffSection({ title: 'x', variants }))!;
  expect(content.markup).toContain(
    'None is beaten in both: budget 1.00 (AP 40.5 at 1.00) and budget 1.05 (AP 41.0 at 1.04).',
  );
  expect(content.markup).toContain('latency, times that of original');
  // A mark and a line of the table for each, and the line through the best.
  expect(content.markup.match(/<svg aria-hidden="true" focusable="false"/g)!.length).toBeGreaterThanOrEqual(1);
  for (const { name } of variants) expect(content.markup).toContain(`<span>${name}</span>`);
  const page = await renderReport(exampleReport({ variants }));
  expect(page).toContain('href="#trade-off"');
});

test('is left out for less than three models that have both', async () => {
  expect(await tradeOffSection({ title: 'x', variants: variants.slice(0, 2) })).toBeUndefined();
  const { latency: _, ...untimed } = variants[2]!;
  expect(await tradeOffSection({ title: 'x', variants: [...variants.slice(0, 2), untimed] })).toBeUndefined();
});
