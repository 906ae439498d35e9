import { check, NatsError } from '@nats/graph';
import { formatGenotype, type Genotype, PLAIN, sameGenotype } from '../genotypes.js';
import { countGenotypes, runsOf, type Scheme } from '../scheme/scheme.js';
import { divisionModel } from './division-model.js';
import type { LatencyShape, LatencyTable } from './latency-table.js';

/** The latency of a scheme, as a table has it. */
export interface LatencyPrediction {
  /** Of the original's latency: 1.05 is a twentieth slower. */
  readonly ratio: number;
  /** On the table's machine. */
  readonly milliseconds: number;
  /** By convolution of the scheme, in its order: the part of the original's latency that it adds by itself. */
  readonly extras: ReadonlyMap<string, number>;
}

/**
 * What a scheme costs by a table: what its convolutions add, each by the counts of its genotypes (see `DivisionModel`) and by
 * whether its channels lie in order. In each stage the sum of it is what a single divided convolution adds, and
 * `LatencyStage.together` of it where all are divided; between them it falls evenly (our choice). How near that is to what is measured: docs/latency.md.
 * @throws NatsError `attribute` for a scheme of another backbone, `name` or `shape` for a convolution or a genotype that
 * the table lacks
 */
export function predictLatency(table: LatencyTable, scheme: Scheme): LatencyPrediction {
  check(table.backbone === scheme.backbone, 'attribute', () => ({
    rule: 'a latency table is of the backbone that it is used for',
    received: `a table of ${table.backbone}`,
    limit: `the scheme is of ${scheme.backbone}: measure this one with nats latency`,
  }));
  const shapes = shapesBySite(table);
  const extras = new Map<string, number>();
  const divided = new Set<string>();
  for (const [name, choice] of scheme.convolutions) {
    extras.set(name, extraOf(choice, name, scheme.genotypes, table, shapes.get(name)));
    if (runsOf(choice).length > 1) divided.add(name);
  }
  let ratio = 1;
  for (const extra of extras.values()) ratio += extra;
  for (const { sites, together } of table.stages) {
    const own = sites.filter((name) => divided.has(name));
    const sum = own.reduce((total, name) => total + extras.get(name)!, 0);
    if (own.length > 1 && sum > 0) ratio -= (1 - together) * ((own.length - 1) / (sites.length - 1)) * sum;
  }
  return { ratio, milliseconds: ratio * table.original.median, extras };
}

/** A table's shapes by the names of their convolutions. */
export function shapesBySite({ shapes }: LatencyTable): Map<string, LatencyShape> {
  return new Map(shapes.flatMap((shape) => shape.sites.map((site) => [site, shape] as const)));
}

function extraOf(
  choice: Int32Array,
  name: string,
  genotypes: readonly Genotype[],
  table: LatencyTable,
  shape: LatencyShape | undefined,
): number {
  const counts = countGenotypes(choice, genotypes.length);
  if (genotypes.every((genotype, g) => counts[g] === 0 || sameGenotype(genotype, PLAIN))) return 0;
  if (!shape) {
    throw new NatsError('name', {
      rule: "a latency table has the convolutions of the scheme's search space",
      received: `'${name}', which is not among them`,
      limit: 'measure this space with nats latency',
    });
  }
  check(shape.channels === choice.length, 'shape', () => ({
    rule: 'a scheme has one genotype for each output channel of the measured convolution',
    received: `${choice.length}`,
    limit: `${shape.channels}`,
    where: name,
  }));
  const own = countsOfTable(counts, genotypes, table, name);
  const parts = own.filter((count) => count > 0).length;
  const inOrder = parts > 1 && runsOf(choice).length === parts;
  return divisionModel(shape).extra(own) + (inOrder ? shape.contiguous : 0);
}

/** Counts in the order of the table's genotypes. */
function countsOfTable(
  counts: readonly number[],
  genotypes: readonly Genotype[],
  table: LatencyTable,
  name: string,
): number[] {
  const own = new Array<number>(table.genotypes.length).fill(0);
  for (const [g, count] of counts.entries()) {
    if (count === 0) continue;
    const index = table.genotypes.findIndex((genotype) => sameGenotype(genotype, genotypes[g]!));
    check(index >= 0, 'name', () => ({
      rule: "a latency table has the scheme's genotypes",
      received: formatGenotype(genotypes[g]!),
      limit: `${table.genotypes.map(formatGenotype).join(', ')}: measure this space with nats latency`,
      where: name,
    }));
    own[index]! += count;
  }
  return own;
}
