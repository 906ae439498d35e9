import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { collectMarkdown, collectSweep, loadSweep, planSweep, readFailure, taskStates } from '@nats/pipeline';
import { type FuzzedReader, text } from './fuzzed-reader.js';

const sweep = {
  config: { data: { format: 'mnist', train: 20, val: 8 }, backbone: { name: 'demo-resnet' } },
  seeds: [1, 2],
  steps: ['search', 'train', 'evaluate', 'latency'],
  baseline: 'original',
  variants: {
    original: { steps: ['train', 'evaluate', 'latency'] },
    wider: { set: { 'space.genotypes': ['1', '5'], 'train.steps': 9 } },
  },
  slurm: { partition: 'short', time: '1:00:00', gpus: 1, environment: { A: 'b' }, setup: ['true'] },
};
const evaluation = { stats: Array(12).fill(0.5), perCategory: { a: 0.5 }, text: 'x', images: 8 };
const latency = { original: { single: { median: 3, ratio: 1 } }, wider: { single: { median: 4, ratio: 1.3 } } };
const failure = { time: '2026-01-01T00:00:00Z', message: 'no memory' };
const FAILED = 'searches/wider-seed-1';

const files = {
  'study.json': sweep,
  'study/trainings/original-seed-1/evaluation.json': evaluation,
  'study/latency/latency.json': latency,
  [`study/failures/${FAILED.replaceAll('/', '-')}.json`]: failure,
};
const names = Object.keys(files);

/** The file of a sweep, and what its tasks leave. */
export const sweeps: FuzzedReader = {
  name: 'sweeps',
  corpus: async (folder) => {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text(content));
    }
    return Object.values(files).map(text);
  },
  read: async (bytes, folder, number) => {
    const name = names[number % names.length]!;
    writeFileSync(join(folder, name), bytes);
    try {
      const loaded = await loadSweep(join(folder, 'study.json'));
      await taskStates({ ...loaded, out: join(folder, 'study') }, planSweep(loaded));
      const inFolder = { ...loaded, out: join(folder, 'study') };
      await readFailure(inFolder, FAILED);
      return collectMarkdown(await collectSweep(inFolder));
    } finally {
      writeFileSync(join(folder, name), text(files[name as keyof typeof files]));
    }
  },
};
