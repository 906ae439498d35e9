import { check, NatsError } from '@nats/graph';
import {
  type DivisionModel,
  divisionModel,
  formatGenotype,
  type LatencyShape,
  type LatencyTable,
  type SearchSpace,
  sameGenotype,
  shapesBySite,
} from '@nats/space';

/** What a latency table says of one convolution of a space. */
export interface SiteLatency {
  readonly shape: LatencyShape;
  readonly model: DivisionModel;
}

/** A table, looked up by the convolutions and genotypes of a space. */
export interface SpaceLatency {
  readonly sites: ReadonlyMap<string, SiteLatency>;
  /** For each genotype of the space its index among those of the table. */
  readonly genotypes: readonly number[];
}

/** @throws NatsError `attribute` for a table of another backbone or without a genotype of the space, `name` without a convolution */
export function spaceLatency({ backbone, genotypes, sites }: SearchSpace, table: LatencyTable): SpaceLatency {
  check(table.backbone === backbone, 'attribute', () => ({
    rule: 'a latency table is of the backbone that it is used for',
    received: `a table of ${table.backbone}`,
    limit: `the search is on ${backbone}: measure this one with nats latency`,
  }));
  const places = genotypes.map((genotype) => table.genotypes.findIndex((other) => sameGenotype(other, genotype)));
  check(!places.includes(-1), 'attribute', () => ({
    rule: "a latency table has the genotypes of the search's space",
    received: table.genotypes.map(formatGenotype).join(', '),
    limit: `${genotypes.map(formatGenotype).join(', ')}: measure this space with nats latency`,
  }));
  const shapes = shapesBySite(table);
  const own = sites.map(({ name, channels }): [string, SiteLatency] => {
    const shape = shapes.get(name);
    if (shape?.channels === channels) return [name, { shape, model: divisionModel(shape) }];
    throw new NatsError('name', {
      rule: "a latency table has the convolutions of the search's space",
      received: shape ? `one of ${shape.channels} channels` : 'none of this name',
      limit: `${channels} channels: measure this space with nats latency`,
      where: name,
    });
  });
  return { sites: new Map(own), genotypes: places };
}
