import { locateWeights, NEXT, textTable, UsageError } from '@nats/pipeline';
import { printable } from '@nats/transfer';
import {
  cachedWeights,
  KNOWN_WEIGHTS,
  placeOfWeights,
  type VerifiedWeights,
  verifyWeights,
  weightCacheFolder,
} from '@nats/transfer/download';
import type { Command } from 'commander';
import { streamProgress } from '../progress.js';
import { offlineOption, printJson, tellNext } from './shared.js';

/** `nats weights`: weights by name, and the cache that they are kept in. */
export function weightsCommand(program: Command): void {
  const weights = program
    .command('weights')
    .description('Pretrained weights by name: list, download, find, verify')
    .addHelpText('after', '\nExample:\n  $ nats weights fetch torchvision:resnet50');
  weights
    .command('list')
    .description('Names that are known, with preprocessing and license, and what is in the cache')
    .argument('[text]', 'only names with this text in them')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  $ nats weights list resnet50')
    .action(async (text: string | undefined, flags: { json?: true }) => {
      await list(text, flags);
      tellNext(NEXT.weightsList());
    });
  weights
    .command('fetch')
    .description('Download weights into the cache, if they are not there, and print their place')
    .argument('<name...>', 'torchvision:NAME[@TAG], timm:NAME, hf:owner/repo[/file][@revision], https://…[#sha256=…]')
    .option('--mirror <url>', "where torchvision's files are (as NATS_TORCHVISION_MIRROR)")
    .addOption(offlineOption())
    .addHelpText('after', '\nExample:\n  $ nats weights fetch timm:resnet50.a1_in1k')
    .action(fetchNamed);
  weights
    .command('path')
    .description('Print where weights are in the cache, or where to put them without network')
    .argument('[name]', 'default: the cache itself')
    .addHelpText('after', '\nExample:\n  $ nats weights path torchvision:resnet50')
    .action((name?: string) => {
      const path = name === undefined ? weightCacheFolder() : placeOfWeights(name);
      process.stdout.write(`${path}\n`);
      tellNext(NEXT.weightsPath(name, path));
    });
  weights
    .command('verify')
    .description('Read every file in the cache and compare its SHA-256; exits with 1 if one differs')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  $ nats weights verify')
    .action(verify);
}

async function list(text: string | undefined, { json }: { json?: true }): Promise<void> {
  const wanted = ({ name, alias = '' }: { name: string; alias?: string }) =>
    text === undefined || name.includes(text) || alias.includes(text);
  const known = KNOWN_WEIGHTS.filter(wanted);
  const cached = await cachedWeights();
  if (json) return printJson({ known, folder: weightCacheFolder(), cached });
  if (known.length === 0 && text !== undefined) throw new UsageError(`no known weights have '${text}' in their name`);
  const places = new Set(cached.map(({ path }) => path));
  const head = ['name', 'for', 'mean', 'deviation', 'cached'];
  const rows = known.map(({ name, alias, task, mean, deviation, channelOrder }) => [
    alias === undefined ? name : `${alias} (${name.slice(name.indexOf('@') + 1)})`,
    task,
    `${channelOrder} ${mean.join(' ')}`,
    deviation.join(' '),
    places.has(placeOfWeights(name)) ? 'yes' : '',
  ]);
  const licenses = [
    ...new Set(known.filter(({ name }) => name.startsWith('torchvision:')).map(({ license }) => license)),
  ];
  const notes = [
    ...licenses.map((license) => `License of torchvision's: ${license}`),
    'License of the others: nats weights list --json',
    `Cache: ${weightCacheFolder()}, ${cached.length} files`,
  ];
  process.stdout.write(`${textTable([head, ...rows])}\n${notes.join('\n')}\n`);
}

async function fetchNamed(names: readonly string[], { mirror }: { mirror?: string }): Promise<void> {
  const progress = streamProgress(process.stderr);
  for (const name of names) {
    placeOfWeights(name);
    const { path } = await locateWeights(name, { progress, mirror });
    process.stdout.write(`${path}\n`);
  }
  tellNext(NEXT.weights(names[0]!));
}

async function verify({ json }: { json?: true }): Promise<void> {
  const files = await verifyWeights();
  const wrong = files.filter(({ problem }) => problem !== undefined);
  if (json) printJson(files);
  else if (files.length === 0) process.stdout.write(`nothing is in ${weightCacheFolder()}\n`);
  else printTable(files);
  if (wrong.length === 0) return tellNext(NEXT.weightsVerify());
  throw new Error(
    `${wrong.length} of ${files.length} files differ: remove them, and nats weights fetch brings them again`,
  );
}

function printTable(files: readonly VerifiedWeights[]): void {
  const rows = files.map(({ place, bytes, sha256, problem }) => [
    printable(place),
    String(bytes),
    sha256.slice(0, 16),
    problem ?? 'ok',
  ]);
  process.stdout.write(`${textTable([['file', 'bytes', 'SHA-256', ''], ...rows])}\n`);
}
