import { compareLatency, encodeProgram } from '@nats/export';
import {
  add,
  concat,
  constant,
  conv2d,
  createProgram,
  gather,
  hashNormal,
  input,
  reduceMean,
  relu,
  type Tensor,
  tensorData,
} from '@nats/graph';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { type BenchResult, option, processorTime } from './lib/bench.js';
import { machineNow, summaryOption, writeSummary } from './lib/summary.js';

/** Channels and side of maps: the demo's and ResNet-18's. */
const MAPS = [
  [16, 32],
  [32, 32],
  [64, 16],
  [64, 8],
  [64, 56],
  [128, 28],
  [256, 14],
] as const;
/** Dilations of the eight groups of channels, less one. */
const CHOICES = ['01010101', '01201201', '00010002', '00111100'];
const LAYERS = 4;

/**
 * Ways to write a divided 3x3 convolution as ONNX that are equal in value, relative to the undivided one, by turns in one
 * process: four layers, once with a 1x1 convolution behind each, which takes channels in any order, once with a sum whose order
 * is fixed, as a basic block's second convolution has it.
 *
 * - separate: one convolution for each dilation and a concatenation, as `nats export` writes it (before a sum a gather).
 * - padded: the same, each part filled up to whole blocks of 16 channels.
 * - apart: the 1x1 convolution behind is applied to each part, and summed: no concatenation.
 * - sum: for each dilation a convolution of all channels, whose other rows are zeros, summed.
 * - dense: one convolution of 5x5, which holds the dilations 1 and 2 (for up to 3 it would be 7x7).
 * - runs: before a sum, one convolution for each run of equal neighbors: no gather.
 * - permuted: before a sum, a 1x1 convolution that puts channels in order instead of the gather.
 * - in order: as if the channels of each dilation lay together: what a gather could save at most.
 *
 * `npm run bench -- forms [--rounds 15] [--threads 1] [--summary docs/results/latency-forms.json]`: with one thread processor
 * time.
 */
export async function run(args: readonly string[] = []): Promise<BenchResult> {
  const [rounds, threads] = [option(args, 'rounds', 15), option(args, 'threads', 1)];
  const rows: Record<string, string | number>[] = [];
  const ratios: Record<string, number> = {};
  for (const [channels, side] of MAPS) {
    for (const choice of CHOICES) {
      for (const [before, forms] of Object.entries({
        'a 1x1 convolution': beforeAbsorbing(channels, choice),
        'a sum': beforeSum(channels, choice),
      })) {
        const found = await compare(forms, channels, side, rounds, threads);
        rows.push({ map: `${channels} x ${side} x ${side}`, dilations: choice, before, ...found });
        for (const [form, ratio] of Object.entries(found))
          ratios[`${side}/${channels}/${choice}/${before}/${form}`] = ratio;
      }
    }
  }
  const file = summaryOption(args);
  if (file !== undefined) {
    const command = 'npm run bench -- forms --summary docs/results/latency-forms.json';
    writeSummary(file, { command, columns: COLUMNS, rows: summaryRows(rows) });
  }
  return { name: 'forms', rows, ratios, samples: {} };
}

const BEFORE_1X1 = ['separate', 'padded', 'apart', 'sum', 'dense'];
const BEFORE_SUM = ['separate', 'in order', 'permuted', 'runs', 'sum'];
const COLUMNS = [
  'map, dilations of groups',
  ...BEFORE_1X1.map((form) => `${form}, 1x1 behind`),
  ...BEFORE_SUM.map((form) => `${form}, sum behind`),
  'machine',
];

/** Both surroundings of a layer in one row. */
function summaryRows(rows: readonly Readonly<Record<string, string | number>>[]): (string | number)[][] {
  const machine = machineNow();
  const number = (value: string | number | undefined) => (typeof value === 'number' ? value.toFixed(2) : '-');
  return rows
    .filter(({ before }) => before === 'a 1x1 convolution')
    .map((row) => {
      const other = rows.find((own) => own.map === row.map && own.dilations === row.dilations && own !== row);
      const cells = [
        ...BEFORE_1X1.map((form) => number(row[form])),
        ...BEFORE_SUM.map((form) => number(other?.[form])),
      ];
      return [`${row.map}, ${row.dilations}`, ...cells, machine];
    });
}

type Form = (x: Tensor, layer: number) => Tensor;

async function compare(
  forms: Readonly<Record<string, Form>>,
  channels: number,
  side: number,
  rounds: number,
  threads: number,
) {
  const sessions = await Promise.all(
    Object.entries(forms).map(async ([name, form]) => [name, await open(form, channels, side, threads)] as const),
  );
  const x = new OrtTensor('float32', values([channels, side, side], 1), [1, channels, side, side]);
  const first = sessions[0]![1];
  await first.run({ x });
  const start = performance.now();
  await first.run({ x });
  const latencies = await compareLatency<string>(
    Object.fromEntries(sessions.map(([name, session]) => [name, () => session.run({ x })])),
    {
      rounds: Math.max(rounds, Math.min(100, Math.ceil(100 / (performance.now() - start)))),
      warmUp: 2,
      ...(threads === 1 && { clock: processorTime }),
    },
  );
  for (const [, session] of sessions) await session.release();
  const others = Object.entries(latencies).filter(([name]) => name !== 'plain');
  return Object.fromEntries(others.map(([name, { ratio }]) => [name, ratio]));
}

function open(form: Form, channels: number, side: number, threads: number) {
  let x: Tensor = input('x', 'float32', [1, channels, side, side]);
  for (let layer = 0; layer < LAYERS; layer++) x = form(x, layer);
  const program = createProgram({ outputs: { y: reduceMean(x, { axes: [2, 3] }) } });
  return InferenceSession.create(encodeProgram(program, { values: new Map() }), { intraOpNumThreads: threads });
}

/** Dilations of a choice in the order of their first group, each with its groups. */
function partsOf(choice: string) {
  const groups = [...choice].map(Number);
  const kinds = [...new Set(groups)];
  return kinds.map((kind) => ({ dilation: kind + 1, groups: groups.flatMap((own, i) => (own === kind ? [i] : [])) }));
}

function beforeAbsorbing(channels: number, choice: string): Record<string, Form> {
  const size = channels / 8;
  const parts = partsOf(choice);
  const next = (x: Tensor, layer: number) =>
    relu(conv2d(x, weight([channels, x.shape[1] as number, 1, 1], 99 + layer), {}));
  const part = (x: Tensor, layer: number, i: number, multiple: number) => {
    const count = Math.ceil((parts[i]!.groups.length * size) / multiple) * multiple;
    return relu(convolve(x, count, parts[i]!.dilation, 7 * layer + i));
  };
  const each = (x: Tensor, layer: number, multiple: number) => parts.map((_, i) => part(x, layer, i, multiple));
  return {
    plain: (x, layer) => next(relu(convolve(x, channels, 1, layer)), layer),
    separate: (x, layer) => next(concat(each(x, layer, 1), 1), layer),
    padded: (x, layer) => next(concat(each(x, layer, 16), 1), layer),
    apart: (x, layer) =>
      relu(
        each(x, layer, 16)
          .map((own, i) => conv2d(own, weight([channels, own.shape[1] as number, 1, 1], 99 + layer + i), {}))
          .reduce((a, b) => add(a, b)),
      ),
    sum: (x, layer) =>
      next(
        relu(
          parts.map(({ dilation }, i) => convolve(x, channels, dilation, 7 * layer + i)).reduce((a, b) => add(a, b)),
        ),
        layer,
      ),
    dense: (x, layer) => next(relu(conv2d(x, weight([channels, channels, 5, 5], layer), { padding: 2 })), layer),
  };
}

function beforeSum(channels: number, choice: string): Record<string, Form> {
  const size = channels / 8;
  const parts = partsOf(choice);
  const order = parts.flatMap(({ groups }) =>
    groups.flatMap((k) => Array.from({ length: size }, (_, c) => k * size + c)),
  );
  const inverse = new Int32Array(channels);
  for (const [i, c] of order.entries()) inverse[c] = i;
  const matrix = new Float32Array(channels * channels);
  for (const [c, i] of inverse.entries()) matrix[c * channels + i] = 1;
  const runs = [...choice.matchAll(/(.)\1*/g)].map(([run]) => ({
    dilation: Number(run[0]) + 1,
    count: run.length * size,
  }));
  const first = (x: Tensor, layer: number) => relu(convolve(x, channels, 1, 50 + layer));
  const joined = (x: Tensor, layer: number) =>
    concat(
      parts.map(({ dilation, groups }, i) => convolve(x, groups.length * size, dilation, 7 * layer + i)),
      1,
    );
  const block =
    (second: Form): Form =>
    (x, layer) =>
      relu(add(second(first(x, layer), layer), x));
  return {
    plain: block((x, layer) => convolve(x, channels, 1, layer)),
    separate: block((x, layer) => gather(joined(x, layer), constant(tensorData('int32', [channels], inverse)), 1)),
    'in order': block(joined),
    permuted: block((x, layer) =>
      conv2d(joined(x, layer), constant(tensorData('float32', [channels, channels, 1, 1], matrix)), {}),
    ),
    runs: block((x, layer) =>
      concat(
        runs.map(({ dilation, count }, i) => convolve(x, count, dilation, 9 * layer + i)),
        1,
      ),
    ),
    sum: block((x, layer) =>
      parts.map(({ dilation }, i) => convolve(x, channels, dilation, 7 * layer + i)).reduce((a, b) => add(a, b)),
    ),
  };
}

function convolve(x: Tensor, channels: number, dilation: number, seed: number): Tensor {
  return conv2d(x, weight([channels, x.shape[1] as number, 3, 3], seed), { padding: dilation, dilation });
}

function weight(shape: readonly number[], seed: number): Tensor {
  return constant({ dtype: 'float32', shape, data: values(shape, seed) });
}

function values(shape: readonly number[], seed: number): Float32Array {
  const size = shape.reduce((a, b) => a * b);
  return Float32Array.from({ length: size }, (_, i) => 0.03 * hashNormal(seed, i));
}
