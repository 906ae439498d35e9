import { join } from 'node:path';
import {
  type Dataset,
  type DatasetReport,
  drawnRecord,
  drawPng,
  givesMasks,
  inspectDataset,
  isError,
  loadRecordImage,
} from '@nats/detect';
import {
  coverageText,
  datasetText,
  effectiveFieldSide,
  NEXT,
  type ReceptiveCoverage,
  readDatasets,
  receptiveCoverage,
  searchedBackbone,
  UsageError,
  writeAtomic,
} from '@nats/pipeline';
import { type Command, Option } from 'commander';
import { addDataFlags, type DataFlags, dataArguments, dataOverrides } from './data-flags.js';
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
  const command = inspect
    .command('data')
    .description('Statistics of annotated images, everything that is wrong with them, and anchors that fit')
    .addOption(new Option('--check <what>', 'of the images').choices(['decode', 'header', 'none']).default('header'))
    .option('--out <dir>', 'where pictures with boxes go')
    .option('--pictures <number>', 'number of pictures of each split', countingNumber, 8)
    .option('--effective', "measure the effective receptive field of the config's weights, too")
    .option('--json', 'print as JSON');
  addConfigFlags(addDataFlags(command))
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
    // A fifth of very few images is none.
    if (name === 'val' && dataset.records.length === 0 && !('val' in data && data.val)) {
      process.stderr.write(
        'too few images to set some apart for evaluation: a training needs data.val or data.split\n',
      );
      continue;
    }
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
  tellNext(NEXT.inspectData(dataArguments(flags), flags.config));
}

function printReports(
  reports: Readonly<Record<string, DatasetReport & { readonly receptiveField?: ReceptiveCoverage }>>,
): void {
  process.stdout.write(
    Object.entries(reports)
      .map(
        ([name, report]) =>
          `${datasetText(name, report)}\n${report.receptiveField ? `${coverageText(report.receptiveField)}\n` : ''}`,
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
