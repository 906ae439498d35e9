// npm run evidence -- NAME [options of nats sweep run]: the sweep NAME.json of this folder by `nats sweep run`, then `collect`.
// npm run evidence -- MEASUREMENT [options]: what a sweep can not say, because it trains no variant or ends in no AP.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { baselineSearches } from './baseline-searches.js';
import { gradientQuality } from './gradients.js';
import { photoFeatures } from './photo-features.js';
import { relaxations } from './relaxations.js';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const NATS = fileURLToPath(new URL('../../apps/cli/src/main.ts', import.meta.url));

const MEASUREMENTS: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  // Searches that are no part of the command; they write schemes for baselines.json.
  'baseline-searches': baselineSearches,
  // Features before any training.
  features: photoFeatures,
  // How far the searches of sweeps agree beyond chance, and in which directions they dilate.
  relaxations,
  // Gradients of one step.
  gradients: gradientQuality,
};

/** Names of the sweeps beside this file. */
function sweepNames(): string[] {
  return readdirSync(FOLDER).flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : []));
}

/** The command from its sources, as `npm run demo`. @returns its exit code */
function nats(...args: readonly string[]): number {
  const { status, error } = spawnSync(process.execPath, [...process.execArgv, NATS, ...args], { stdio: 'inherit' });
  if (error) throw error;
  return status ?? 1;
}

// Ctrl-C reaches the command as well, which ends in good order and says how to go on.
process.on('SIGINT', () => {});
const [name = '', ...rest] = process.argv.slice(2);
if (Object.hasOwn(MEASUREMENTS, name)) {
  await MEASUREMENTS[name]!(rest);
} else if (sweepNames().includes(name)) {
  const file = join(FOLDER, `${name}.json`);
  process.exitCode = nats('sweep', 'run', file, ...rest) || nats('sweep', 'collect', file);
} else {
  console.error(
    `'${name}' is no sweep (${sweepNames().join(', ')}) and no measurement (${Object.keys(MEASUREMENTS).join(', ')})`,
  );
  process.exitCode = 2;
}
