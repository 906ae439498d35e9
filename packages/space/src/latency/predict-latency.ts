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
  /** By convolution of the scheme, in its order: the part of the original's latency that it adds. */
  readonly extras: ReadonlyMap<string, number>;
}

/**
 * What a scheme costs by a table: the sum of what its convolutions add, each by the counts of its genotypes (see
 * `DivisionModel`) and by whether its channels lie in order. How near that is to what is measured: docs/performance.md.
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
  let ratio = 1;
  for (const [name, choice] of scheme.convolutions) {
    const extra = extraOf(choice, name, scheme.genotypes, table, shapes.get(name));
    extras.set(name, extra);
    ratio += extra;
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
