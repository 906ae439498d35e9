import { check, type ErrorCode, NatsError, type Pair } from '@nats/graph';
import { parseJson } from '@nats/graph/schema';
import { type BackboneConfig, type ConvolutionSite, convolutionSites } from '../backbones/index.js';
import { checkGenotypes, type Genotype } from '../genotypes.js';
import { readGenotypes } from '../read-genotypes.js';
import { Reader } from '../reader.js';
import { channelUnit } from '../search-space.js';

/** What an exported file is run with: latencies of one target say nothing of another. */
export interface LatencyTarget {
  /** `onnxruntime`, `onnxruntime-web`. */
  readonly engine: string;
  /** In order of preference: `cpu`, `webgpu`, `wasm`. */
  readonly providers: readonly string[];
  /** Inside an operation. */
  readonly threads: number;
  /** Images at a time. */
  readonly batch: number;
  readonly precision: 'float32' | 'float16';
}

/** What one way to divide a convolution's channels costs. Parts of the original network's latency: 0.01 is a hundredth of it. */
export interface MeasuredDivision {
  /** Output channels of each genotype, in the order of the table's. */
  readonly channels: readonly number[];
  /** What one convolution adds if it is divided so: the median; negative if it is faster so. */
  readonly extra: number;
  /** The quartiles of its rounds. */
  readonly low: number;
  readonly high: number;
}

/** Convolutions of equal shape in equal surroundings, which cost the same. */
export interface LatencyShape {
  /** Names of the convolutions, as in a scheme. */
  readonly sites: readonly string[];
  readonly channels: number;
  /** Output channels that cannot be parted: those of one group of a grouped convolution, else 1. */
  readonly unit: number;
  /** What the same file, opened twice, differs by: less than that can't be told from nothing. */
  readonly resolution: number;
  /** What is added, or saved if negative, where each genotype's channels lie together and in order. */
  readonly contiguous: number;
  readonly divisions: readonly MeasuredDivision[];
}

/** The convolutions of one stage, which follow each other. */
export interface LatencyStage {
  /** In forward order. */
  readonly sites: readonly string[];
  /** What all of them add if they are divided at once, as a part of the sum of what they add one by one; 0 to 1. */
  readonly together: number;
}

/** What dividing channels costs on one machine, as `nats latency` measures it. */
export interface LatencyTable {
  /** Name of the backbone's config. */
  readonly backbone: string;
  /** What was measured as a whole: `fcos`, or `backbone`. */
  readonly network: string;
  /** `[height, width]` of the image. */
  readonly size: Pair;
  readonly target: LatencyTarget;
  readonly genotypes: readonly Genotype[];
  /** Of the original network, in milliseconds: median, and the tenth and the ninetieth of a hundred. */
  readonly original: { readonly median: number; readonly low: number; readonly high: number };
  /** Machine and versions. */
  readonly environment: Readonly<Record<string, string | number>>;
  /** ISO 8601. */
  readonly created: string;
  readonly shapes: readonly LatencyShape[];
  readonly stages: readonly LatencyStage[];
}

const FORMAT = 'nats-latency';
const VERSION = 1;
const MAX_TEXT = 16_000_000;
const MAX_SHAPES = 10_000;
const MAX_DIVISIONS = 100_000;

/** A table as a JSON file, one division on a line. */
export function latencyTableToJson({ shapes, stages, ...fields }: LatencyTable): string {
  const lines = Object.entries({ format: FORMAT, version: VERSION, ...fields }).map(
    ([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`,
  );
  const blocks = shapes.map(({ divisions, ...shape }) => {
    const own = Object.entries(shape).map(([key, value]) => `      ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
    const list = divisions.map((division) => `        ${JSON.stringify(division)}`);
    return `    {\n${own.join(',\n')},\n      "divisions": [\n${list.join(',\n')}\n      ]\n    }`;
  });
  const places = stages.map((stage) => `    ${JSON.stringify(stage)}`);
  const list = (items: readonly string[]) => (items.length === 0 ? '[]' : `[\n${items.join(',\n')}\n  ]`);
  return `{\n${lines.join(',\n')},\n  "stages": ${list(places)},\n  "shapes": ${list(blocks)}\n}\n`;
}

/**
 * Reads what `latencyTableToJson` wrote. Whether it is of a network is `checkLatencyTable`'s question.
 * @param file name for messages
 * @throws NatsError `malformed` naming the file and the field
 */
export function latencyTableFromJson(text: string, file = 'latency table'): LatencyTable {
  const root = new Reader(parseJson(text, file, MAX_TEXT), file, '');
  const fields = [
    'backbone',
    'network',
    'size',
    'target',
    'genotypes',
    'original',
    'environment',
    'created',
    'shapes',
    'stages',
  ];
  root.only(['format', 'version', ...fields]);
  const format = root.field('format').string();
  if (format !== FORMAT) throw root.field('format').fails(`'${FORMAT}', a table of nats latency`, `'${format}'`);
  const version = root.field('version').integer(1);
  if (version !== VERSION) {
    throw root.field('version').fails(`version ${VERSION}`, `${version}`, 'measure again with this version');
  }
  const genotypes = readGenotypes(root.field('genotypes'));
  checkGenotypes(genotypes, file);
  const [height, width] = root.field('size').tuple(2);
  const original = root.field('original');
  original.only(['median', 'low', 'high']);
  return {
    backbone: root.field('backbone').string(),
    network: root.field('network').string(),
    size: [height!.integer(1), width!.integer(1)],
    target: readTarget(root.field('target')),
    genotypes,
    original: {
      median: original.field('median').number(Number.MIN_VALUE),
      low: original.field('low').number(0),
      high: original.field('high').number(0),
    },
    environment: readEnvironment(root.field('environment')),
    created: root.field('created').string(),
    shapes: readShapes(root.field('shapes'), genotypes.length),
    stages: root
      .field('stages')
      .list(16)
      .map((stage): LatencyStage => {
        stage.only(['sites', 'together']);
        const sites = stage.field('sites').list(MAX_SHAPES);
        return { sites: sites.map((site) => site.string()), together: stage.field('together').number(0, 1) };
      }),
  };
}

function readTarget(entry: Reader): LatencyTarget {
  entry.only(['engine', 'providers', 'threads', 'batch', 'precision']);
  const precision = entry.field('precision').string();
  if (precision !== 'float32' && precision !== 'float16') {
    throw entry.field('precision').fails("'float32' or 'float16'", `'${precision}'`);
  }
  return {
    engine: entry.field('engine').string(),
    providers: entry
      .field('providers')
      .list(16)
      .map((provider) => provider.string()),
    threads: entry.field('threads').integer(1),
    batch: entry.field('batch').integer(1),
    precision,
  };
}

function readEnvironment(entry: Reader): Record<string, string | number> {
  const wrong = Object.entries(entry.record()).find(
    ([, value]) => typeof value !== 'string' && typeof value !== 'number',
  );
  if (wrong) throw entry.field(wrong[0]).fails('text or a number', JSON.stringify(wrong[1]));
  return entry.record() as Record<string, string | number>;
}

function readShapes(entry: Reader, genotypes: number): LatencyShape[] {
  const owners = new Set<string>();
  return entry.list(MAX_SHAPES).map((shape) => {
    shape.only(['sites', 'channels', 'unit', 'resolution', 'contiguous', 'divisions']);
    const channels = shape.field('channels').integer(1, 1_000_000);
    const unit = shape.field('unit').integer(1, channels);
    const sites = shape
      .field('sites')
      .list(MAX_SHAPES)
      .map((site) => {
        const name = site.string();
        if (owners.has(name)) throw site.fails('each convolution once', `'${name}' again`);
        owners.add(name);
        return name;
      });
    const list = shape.field('divisions');
    const divisions = list.list(MAX_DIVISIONS).map((division) => readDivision(division, genotypes, channels));
    for (let g = 0; g < genotypes; g++) {
      if (divisions.some((division) => division.channels[g] === channels)) continue;
      throw list.fails('each genotype for all channels, to compare with', `none of genotype ${g}`);
    }
    return {
      sites,
      channels,
      unit,
      resolution: shape.field('resolution').number(0),
      contiguous: shape.field('contiguous').number(),
      divisions,
    };
  });
}

function readDivision(entry: Reader, genotypes: number, total: number): MeasuredDivision {
  entry.only(['channels', 'extra', 'low', 'high']);
  const channels = entry
    .field('channels')
    .tuple(genotypes)
    .map((count) => count.integer(0, total));
  const sum = channels.reduce((a, b) => a + b, 0);
  if (sum !== total) throw entry.field('channels').fails(`${total} channels`, `${sum}`);
  return {
    channels,
    extra: entry.field('extra').number(),
    low: entry.field('low').number(),
    high: entry.field('high').number(),
  };
}

/** What a table is expected to be of. What is not named is not checked. */
export interface ExpectedLatency {
  readonly backbone: BackboneConfig;
  readonly size?: Pair;
  readonly target?: Partial<LatencyTarget>;
}

/**
 * Is the table of this network on this target?
 * @param file name for messages
 * @throws NatsError `attribute` that says what differs and how to measure anew
 */
export function checkLatencyTable(table: LatencyTable, expected: ExpectedLatency, file = 'latency table'): void {
  const { backbone, size, target = {} } = expected;
  const fail = (code: ErrorCode, rule: string, received: string, limit: string): never => {
    throw new NatsError(code, { rule, received, limit: `${limit}: measure this one with nats latency`, where: file });
  };
  if (table.backbone !== backbone.name) {
    fail('attribute', 'a latency table is of the backbone that it is used for', table.backbone, backbone.name);
  }
  if (size && (size[0] !== table.size[0] || size[1] !== table.size[1])) {
    const rule = 'a latency table is of the input size that it is used for';
    fail('attribute', rule, table.size.join(' x '), `${size.join(' x ')} (height x width)`);
  }
  for (const [key, value] of Object.entries(target) as [keyof LatencyTarget, unknown][]) {
    if (value === undefined || String(table.target[key]) === String(value)) continue;
    const rule = `a latency table is of the ${key} that it is used for`;
    fail('attribute', rule, String(table.target[key]), String(value));
  }
  const sites = new Map(convolutionSites(backbone).map((site) => [site.name, site]));
  for (const shape of table.shapes) {
    for (const name of shape.sites) checkSite(name, shape, sites.get(name), file);
  }
}

function checkSite(name: string, { channels, unit }: LatencyShape, site: ConvolutionSite | undefined, file: string) {
  const own = site && site.channels === channels && channelUnit(site) === unit;
  check(own === true, 'attribute', () => ({
    rule: "a latency table's convolutions are those of the backbone",
    received: `${name} with ${channels} channels in units of ${unit}`,
    limit: site
      ? `${site.channels} channels, ${site.groups} groups: measure again with nats latency`
      : 'no such convolution',
    where: file,
  }));
}
