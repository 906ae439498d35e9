import { basename } from 'node:path';
import {
  BACKBONE_NAMES,
  backboneConfig,
  convolutionSites,
  isBackboneName,
  type Scheme,
  schemeFromPatterns,
  schemeToPatterns,
} from '@nats/space';
import { readRegularFile } from '@nats/transfer';
import { UsageError } from '../usage-error.js';
import { VERSION } from '../version.js';

/** The scheme of a pattern file of IC-Conv. @throws UsageError for a name of no network; NatsError for another file; IO errors pass */
export async function readPatterns(path: string, name: string): Promise<Scheme> {
  if (!isBackboneName(name)) throw new UsageError(`--backbone ${name}: no network has this name`);
  return schemeFromPatterns((await readRegularFile(path)).toString(), {
    backbone: name,
    sites: convolutionSites(backboneConfig(name)),
    provenance: { tool: { name: '@nats/cli', version: VERSION }, method: 'pattern file', note: basename(path) },
    file: path,
  });
}

/** A scheme as a pattern file of IC-Conv. @throws UsageError for a network whose convolutions are not known by its name */
export function patternsOf(scheme: Scheme): string {
  const { backbone } = scheme;
  if (!isBackboneName(backbone)) {
    throw new UsageError(
      `the scheme is for '${backbone}', whose convolutions are not known by its name; --patterns takes schemes of ${BACKBONE_NAMES.join(', ')}`,
    );
  }
  return schemeToPatterns(scheme, convolutionSites(backboneConfig(backbone))).text;
}
