import { STAT_NAMES } from '@nats/detect';
import { type EffectiveReceptiveField, type Scheme, schemeRows, schemeToJson } from '@nats/space';
import type { ReportBox, ReportEvaluation, ReportField, ReportScheme } from '../report-data.js';

/** A scheme as the report shows it. */
export function reportScheme(scheme: Scheme): ReportScheme {
  return {
    json: schemeToJson(scheme),
    genotypes: scheme.genotypes,
    layers: schemeRows(scheme).sites.map(({ name, counts }) => ({ name, counts })),
  };
}

/** What `effectiveReceptiveFields` measured, by stage. */
export function reportFields(fields: Iterable<readonly [string, EffectiveReceptiveField]>): ReportField[] {
  return Array.from(fields, ([stage, { map, deviation, side }]) => ({
    stage,
    height: map.shape[0] as number,
    width: map.shape[1] as number,
    map: map.data,
    deviation: [deviation[0], deviation[1]],
    side,
  }));
}

/** COCO's numbers by name (`DetectionSummary.named`, or as a JSON file keeps them); a missing one counts as "no objects". */
export function reportEvaluation(
  named: Readonly<Record<string, number>>,
  more: Omit<ReportEvaluation, 'stats'> = {},
): ReportEvaluation {
  return { ...more, stats: STAT_NAMES.map((name) => named[name] ?? -1) };
}

/** Annotated objects of one image; groups that nobody counted are left out. */
export function reportObjects(
  objects: readonly {
    readonly box: readonly [number, number, number, number];
    readonly label: number;
    readonly crowd?: boolean;
  }[],
  classes: readonly string[],
): ReportBox[] {
  return objects
    .filter(({ crowd }) => !crowd)
    .map(({ box, label }) => ({ box, label: classes[label] ?? String(label) }));
}
