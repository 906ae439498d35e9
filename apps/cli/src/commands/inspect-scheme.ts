import { basename } from 'node:path';
import { readScheme, textTable, UsageError, VERSION, writeScheme } from '@nats/pipeline';
import {
  type Agreement,
  BACKBONE_NAMES,
  backboneConfig,
  convolutionSites,
  formatGenotype,
  isBackboneName,
  type Scheme,
  schemeAgreement,
  schemeFromPatterns,
  schemeRows,
  schemeToPatterns,
  summarizeScheme,
} from '@nats/space';
import { readRegularFile } from '@nats/transfer';
import { type Command, Option } from 'commander';
import { printLines } from '../output.js';
import { printJson } from './shared.js';

interface Flags {
  readonly json?: true;
  readonly backbone?: string;
  readonly patterns?: true;
  readonly out?: string;
  readonly replace?: true;
}

/** `nats inspect scheme`: what was chosen, and the way to and from IC-Conv's pattern files. */
export function inspectSchemeCommand(inspect: Command): void {
  inspect
    .command('scheme')
    .description('Dilations by convolution, by stage, and in all')
    .argument('<path>', 'a scheme.json, or a run that has one')
    .argument('[other]', 'another one: how far both choose alike, beyond chance')
    .option('--json', 'print as JSON')
    .addOption(
      new Option('--backbone <name>', 'the path is a pattern file of IC-Conv for this network').choices(BACKBONE_NAMES),
    )
    .option('--patterns', "print as a pattern file of IC-Conv (a genotype's channels must be contiguous)")
    .option('--out <file>', 'write the scheme there')
    .option('--replace', 'even if there is another scheme')
    .addHelpText(
      'after',
      '\nExample:\n  $ nats inspect scheme runs/search/scheme.json\n  $ nats inspect scheme runs/search-0 runs/search-1\n  $ nats inspect scheme r50.json --backbone resnet50 --out scheme.json',
    )
    .action(run);
}

async function run(
  path: string,
  other: string | undefined,
  { json, backbone: network, patterns, out, replace }: Flags,
): Promise<void> {
  const scheme = network === undefined ? await readScheme(path) : await readPatterns(path, network);
  if (other !== undefined) {
    compare(scheme, await readScheme(other), json);
    return;
  }
  if (out !== undefined) await writeScheme(out, scheme, replace);
  if (patterns) return void printLines(patternsOf(scheme).trimEnd());
  if (!json) return void printLines(summarizeScheme(scheme).trimEnd());
  const { backbone, provenance } = scheme;
  printJson({ backbone, genotypes: scheme.genotypes.map(formatGenotype), ...schemeRows(scheme), provenance });
}

async function readPatterns(path: string, name: string): Promise<Scheme> {
  if (!isBackboneName(name)) throw new UsageError(`--backbone ${name}: no network has this name`);
  return schemeFromPatterns((await readRegularFile(path)).toString(), {
    backbone: name,
    sites: convolutionSites(backboneConfig(name)),
    provenance: { tool: { name: '@nats/cli', version: VERSION }, method: 'pattern file', note: basename(path) },
    file: path,
  });
}

function patternsOf(scheme: Scheme): string {
  const { backbone } = scheme;
  if (!isBackboneName(backbone)) {
    throw new UsageError(
      `the scheme is for '${backbone}', whose convolutions are not known by its name; --patterns takes schemes of ${BACKBONE_NAMES.join(', ')}`,
    );
  }
  return schemeToPatterns(scheme, convolutionSites(backboneConfig(backbone))).text;
}

/** Cohen's kappa of two schemes, by convolution: two searches that found signal choose alike. */
function compare(a: Scheme, b: Scheme, json: true | undefined): void {
  const { byConvolution, overall } = schemeAgreement(a, b);
  if (json) {
    printJson({ overall, byConvolution: Object.fromEntries(byConvolution) });
    return;
  }
  const row = (name: string, { observed, chance, kappa, channels }: Agreement) => [
    name,
    String(channels),
    `${(100 * observed).toFixed(0)} %`,
    `${(100 * chance).toFixed(0)} %`,
    kappa === undefined ? '-' : kappa.toFixed(2),
  ];
  const rows = [...byConvolution].map(([name, agreement]) => row(name, agreement));
  const header = ['convolution', 'channels', 'alike', 'by chance', 'kappa'];
  printLines(textTable([header, ...rows, row('all', overall)]));
}
