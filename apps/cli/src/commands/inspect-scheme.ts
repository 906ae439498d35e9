import {
  agreementText,
  NEXT,
  patternsOf,
  predictionText,
  readLatencyTable,
  readPatterns,
  readScheme,
  writeScheme,
} from '@nats/pipeline';
import {
  BACKBONE_NAMES,
  formatGenotype,
  predictLatency,
  type Scheme,
  schemeAgreement,
  schemeRows,
  summarizeScheme,
} from '@nats/space';
import { type Command, Option } from 'commander';
import { printLines } from '../output.js';
import { printJson, tellNext } from './shared.js';

interface Flags {
  readonly json?: true;
  readonly backbone?: string;
  readonly patterns?: true;
  readonly latency?: string;
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
    .option('--latency <file>', 'what a table of nats latency says of it, too')
    .option('--out <file>', 'write the scheme there')
    .option('--replace', 'even if there is another scheme')
    .addHelpText(
      'after',
      '\nExample:\n  $ nats inspect scheme runs/search/scheme.json\n  $ nats inspect scheme runs/search-0 runs/search-1\n  $ nats inspect scheme r50.json --backbone resnet50 --out scheme.json',
    )
    .action(async (path: string, other: string | undefined, flags: Flags) => {
      await run(path, other, flags);
      tellNext(other === undefined ? NEXT.inspectScheme(flags.out ?? path) : NEXT.inspectSchemes(path, other));
    });
}

async function run(
  path: string,
  other: string | undefined,
  { json, backbone: network, patterns, latency, out, replace }: Flags,
): Promise<void> {
  const scheme = network === undefined ? await readScheme(path) : await readPatterns(path, network);
  if (other !== undefined) {
    compare(scheme, await readScheme(other), json);
    return;
  }
  if (out !== undefined) await writeScheme(out, scheme, replace);
  if (patterns) return void printLines(patternsOf(scheme).trimEnd());
  const table = latency === undefined ? undefined : await readLatencyTable(latency);
  if (!json) return printLines([summarizeScheme(scheme), ...(table ? [predictionText(table, scheme)] : [])].join('\n'));
  const { backbone, provenance } = scheme;
  const prediction = table && { latency: predictLatency(table, scheme).ratio };
  printJson({
    backbone,
    genotypes: scheme.genotypes.map(formatGenotype),
    ...schemeRows(scheme),
    provenance,
    ...prediction,
  });
}

/** Cohen's kappa of two schemes, by convolution: two searches that found signal choose alike. */
function compare(a: Scheme, b: Scheme, json: true | undefined): void {
  const { byConvolution, overall } = schemeAgreement(a, b);
  if (json) {
    printJson({ overall, byConvolution: Object.fromEntries(byConvolution) });
    return;
  }
  printLines(agreementText({ byConvolution, overall }));
}
