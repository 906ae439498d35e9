import { buildDetector, detectorConfigOf } from '@nats/detect';
import type { Precision } from '@nats/export';
import { formatGenotype, type LatencyTable, PLAIN, sameGenotype } from '@nats/space';
import { asConfigError } from '../config/config-errors.js';
import type { Config } from '../config/schema.js';
import { evenestDivision } from '../latency/evenest-division.js';
import { measureLatency } from '../latency/measure-latency.js';
import type { ModelRuntime } from '../model/model-engines.js';
import type { Progress } from '../progress.js';
import { textTable } from '../text-table.js';
import { backboneConfigOf } from './backbone.js';
import { readDatasets } from './datasets.js';
import { searchedBackbone, spaceOf } from './task.js';

/** How the latency of a config's detector is measured. */
export interface MeasureRunOptions {
  readonly runtime: ModelRuntime;
  /** Images at a time. */
  readonly batch: number;
  readonly precision: Precision;
  /** Least rounds of each file. */
  readonly rounds: number;
  readonly signal: AbortSignal;
  readonly progress: Pick<Progress, 'update'>;
}

/** Classes of a detector whose data are not known yet: COCO's. */
const USUAL_CLASSES = 80;

/**
 * What dividing channels costs in the detector of a config, up to suppression, with the classes of its data (80 without
 * data).
 * @throws UsageError for settings that do not fit each other; else as `measureLatency`
 */
export async function measureConfig(config: Config, options: MeasureRunOptions): Promise<LatencyTable> {
  const backbone = searchedBackbone(config);
  const space = spaceOf(config, backbone);
  const classes = config.data ? (await readDatasets(config.data)).train.classes.length : USUAL_CLASSES;
  const detector = asConfigError('detector', () =>
    buildDetector(detectorConfigOf(config.detector, { backbone: backboneConfigOf(config.backbone), classes })),
  );
  return measureLatency({
    ...options,
    backbone,
    space,
    size: detector.inputSize,
    network: { name: detector.name, build: (scope, x, building) => ({ ...detector.candidates(scope, x, building) }) },
  });
}

/** What one convolution adds to the latency, in hundredths of the original's: a shape on a line. */
export function latencyText({ shapes, genotypes, original, network, size, target }: LatencyTable): string {
  const { providers, threads, batch, precision } = target;
  const most = Math.min(8, genotypes.length);
  const parts = [...new Set([2, 3, most])].filter((count) => count <= most);
  const others = genotypes.flatMap((genotype, g) => (sameGenotype(genotype, PLAIN) ? [] : [g]));
  const head = [
    'one convolution adds, %',
    'channels',
    ...parts.map((count) => `${count} parts`),
    ...others.map((g) => `all ${formatGenotype(genotypes[g]!)}`),
    'told apart from',
  ];
  const rows = shapes.map((shape) => [
    shape.sites.length === 1 ? shape.sites[0]! : `${shape.sites[0]} and ${shape.sites.length - 1} more`,
    String(shape.channels),
    ...parts.map((count) => percent(evenestDivision(shape, count)?.extra)),
    ...others.map((g) => percent(shape.divisions.find(({ channels }) => channels[g] === shape.channels)?.extra)),
    percent(shape.resolution),
  ]);
  const what = `${network} on ${size.join(' x ')} pixels: ${original.median.toFixed(2)} ms (${original.low.toFixed(2)} to ${original.high.toFixed(2)})`;
  const where = `${providers.join(' and ')}, ${threads === 1 ? '1 thread' : `${threads} threads`}, batch ${batch}, ${precision}`;
  return `${what}; ${where}\n${textTable([head, ...rows])}`;
}

function percent(share: number | undefined): string {
  return share === undefined ? '-' : (100 * share).toFixed(2);
}
