import { type DataProblem, type DatasetReport, isError, type Spread } from '@nats/detect';
import { printable } from '@nats/transfer';
import { textTable } from '../text-table.js';

/** Problems that are listed. */
const SHOWN = 20;

/** What `inspectDataset` found in a split, as lines for a reader: statistics, classes, fitting anchors, the first problems. */
export function datasetText(split: string, report: DatasetReport): string {
  const { images, objects, crowds, imagesWithoutObjects, mostObjects, sizes, classes, problems, anchors } = report;
  const spread = (name: string, values: Spread | undefined) =>
    values ? [`${name}: ${[values.min, values.p5, values.median, values.p95, values.max].map(short).join(' / ')}`] : [];
  const lines = [
    `${split}: ${printable(report.name)}`,
    `${images} images (${imagesWithoutObjects} without objects${unlabeled(report)}), ${objects} objects (${crowds} crowds), at most ${mostObjects} in an image`,
    `${sizes.small} small, ${sizes.medium} medium, ${sizes.large} large objects (sides to 32, to 96, above)`,
    'least / 5 % / median / 95 % / most:',
    ...spread('  image width', report.imageWidth),
    ...spread('  image height', report.imageHeight),
    ...spread('  box width', report.boxWidth),
    ...spread('  box height', report.boxHeight),
    ...spread('  height by width', report.aspectRatio),
    textTable([
      ['class', 'objects', 'images'],
      ...classes.map((c) => [printable(c.name), String(c.objects), String(c.images)]),
    ]),
    ...(anchors
      ? [
          `anchors for ${anchors.levels.length} levels: mean IoU ${anchors.meanIou.toFixed(2)}, recall ${(100 * anchors.recall).toFixed(1)} % (detector.anchors):`,
          `  ${JSON.stringify(anchors.levels.map(({ sizes, aspectRatios }) => ({ sizes: sizes.map(short).map(Number), aspectRatios: aspectRatios.map(short).map(Number) })))}`,
        ]
      : []),
    problems.length === 0 ? 'no problems' : `${countsOf(problems)}:`,
    ...problems
      .slice(0, SHOWN)
      .map(
        ({ file, field, rule, received, remedy, severity }) =>
          `  ${severity === 'warning' ? 'warning: ' : ''}${printable(`${file}${field ? `, ${field}` : ''}: received ${received}, but ${rule}`)} (${remedy})`,
      ),
    ...(problems.length > SHOWN ? [`  and ${problems.length - SHOWN} more (--json has all)`] : []),
  ];
  return lines.join('\n');
}

function unlabeled({ imagesWithoutLabelFile: count }: DatasetReport): string {
  return count === undefined || count === 0 ? '' : `, ${count} of them without a file of labels`;
}

function countsOf(problems: readonly DataProblem[]): string {
  const errors = problems.filter(isError).length;
  const warnings = problems.length - errors;
  const count = (number: number, name: string) => (number === 0 ? [] : [`${number} ${name}${number === 1 ? '' : 's'}`]);
  return [...count(errors, 'problem'), ...count(warnings, 'warning')].join(', ');
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
