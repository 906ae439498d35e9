import { join } from 'node:path';
import {
  type DataProblem,
  type Dataset,
  type DatasetReport,
  drawnRecord,
  drawPng,
  givesMasks,
  inspectDataset,
  isError,
  loadRecordImage,
  type Spread,
} from '@nats/detect';
import {
  coverageText,
  effectiveFieldSide,
  type ReceptiveCoverage,
  readDatasets,
  receptiveCoverage,
  searchedBackbone,
  textTable,
  UsageError,
  writeAtomic,
} from '@nats/pipeline';
import { printable } from '@nats/transfer';
import { type Command, Option } from 'commander';
import { addDataFlags, type DataFlags, dataOverrides } from './data-flags.js';
import {
  addConfigFlags,
  type ConfigFlags,
  configOf,
  countingNumber,
  printJson,
  tellNext,
  withContext,
} from './shared.js';

interface InspectDataFlags extends ConfigFlags, DataFlags {
  readonly check: 'decode' | 'header' | 'none';
  readonly out?: string;
  readonly pictures: number;
  readonly effective?: true;
  readonly json?: true;
}

/** `nats inspect data`: statistics and everything that is wrong. */
export function inspectDataCommand(inspect: Command): void {
  addConfigFlags(addDataFlags(inspect.command('data')))
    .description('Statistics of annotated images, everything that is wrong with them, and anchors that fit')
    .addOption(new Option('--check <what>', 'of the images').choices(['decode', 'header', 'none']).default('header'))
    .option('--out <dir>', 'where pictures with boxes go')
    .option('--pictures <number>', 'number of pictures of each split', countingNumber, 8)
    .option('--effective', "measure the effective receptive field of the config's weights, too")
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  $ nats inspect data --format voc --data VOC2007 --out pictures')
    .action(run);
}

async function run(flags: InspectDataFlags): Promise<void> {
  const { check, out, pictures, effective: measures = false, json } = flags;
  const config = await configOf(flags, dataOverrides(flags));
  const { data, detector } = config;
  if (!data) throw new UsageError('no data: --format and its paths, or a config (nats init writes one)');
  // What is broken is to be listed, not to stop at.
  const lenient = 'onProblem' in data ? { ...data, onProblem: 'drop' as const } : data;
  const splits = await readDatasets(lenient, { lenient: true, masks: givesMasks(detector) });
  const backbone = searchedBackbone(config);
  const effective = measures ? await withContext(config, undefined, effectiveFieldSide) : undefined;
  const reports: Record<string, DatasetReport & { readonly receptiveField?: ReceptiveCoverage }> = {};
  for (const [name, dataset] of Object.entries(splits) as [string, Dataset][]) {
    const orientation = 'orientation' in data ? data.orientation : 'apply';
    const images = data.format === 'mnist' ? ('none' as const) : check;
    const options = { images, canvas: detector.inputSize, decode: { orientation } };
    const receptiveField = receptiveCoverage(backbone, detector.inputSize, dataset, effective);
    reports[name] = { ...(await inspectDataset(dataset, options)), ...(receptiveField && { receptiveField }) };
    if (out !== undefined) await draw(dataset, join(out, name), pictures);
  }
  if (json) printJson(reports);
  else printReports(reports);
  const broken = Object.values(reports).reduce((sum, { problems }) => sum + problems.filter(isError).length, 0);
  if (broken > 0)
    throw new Error(
      `the data have ${broken} problem${broken === 1 ? '' : 's'}; data.onProblem 'drop' leaves out what is broken`,
    );
  tellNext(flags.format === undefined ? 'nats search, or nats train for the original' : 'nats init with the same data');
}

function printReports(
  reports: Readonly<Record<string, DatasetReport & { readonly receptiveField?: ReceptiveCoverage }>>,
): void {
  process.stdout.write(
    Object.entries(reports)
      .map(
        ([name, report]) =>
          `${textOf(name, report)}\n${report.receptiveField ? `${coverageText(report.receptiveField)}\n` : ''}`,
      )
      .join('\n'),
  );
}

async function draw(dataset: Dataset, folder: string, count: number): Promise<void> {
  for (const [i, record] of dataset.records.slice(0, count).entries()) {
    const image = await loadRecordImage(record);
    const picture = await drawPng(image, drawnRecord(record), { classes: dataset.classes });
    await writeAtomic(join(folder, `${i + 1}.png`), picture);
  }
}

const SHOWN = 20;

function textOf(split: string, report: DatasetReport): string {
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
