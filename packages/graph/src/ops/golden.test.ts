import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as graph from '../index.js';
import {
  compareGolden,
  type GoldenCase,
  goldenFailures,
  hashed,
  hashedIntegers,
  hashedUniform,
  parseGolden,
} from '../testing/index.js';

interface RoiAttributes extends graph.RoiAlignOptions {
  readonly shape: readonly number[];
  readonly boxes: number;
}

// Written by tools/golden/graph_ops.py.
const text = readFileSync(new URL('../fixtures/ops.json', import.meta.url), 'utf8');
const { seed, cases } = parseGolden(text);
/** Numbers in the file have 10 digits, folded constants in programs are float32. */
const BOUND = 1e-7;

/** x1, y1, x2, y2 with a corner in [-2, extent) and sides below `side`; sums in float32, as the script makes them. */
function boxes(name: string, count: number, extent: number, side: number): graph.TensorData {
  const corner = hashedUniform([count, 2], graph.seedOf(seed, `${name} corner`), -2, extent).data;
  const size = hashedUniform([count, 2], graph.seedOf(seed, `${name} size`), 0, side).data;
  const values = Array.from({ length: count }, (_, i) => {
    const [x, y] = [corner[2 * i]!, corner[2 * i + 1]!];
    return [x, y, Math.fround(x + size[2 * i]!), Math.fround(y + size[2 * i + 1]!)];
  });
  return graph.tensorData('float32', [count, 4], values.flat());
}

/** Value and gradient of a function of one feature map, compared. */
function failures(golden: GoldenCase, shape: readonly number[], op: (x: graph.Tensor) => graph.Tensor) {
  const x = graph.input('x', 'float32', shape);
  const y = op(x);
  const cotangent = graph.constant(hashed(y.shape as number[], graph.seedOf(seed, 'cotangent')));
  const [dx] = graph.gradients(graph.reduceSum(graph.multiply(y, cotangent)), [x]);
  const program = graph.createProgram({ outputs: { y, dx: dx! } });
  const { outputs } = graph.evaluate(program, { x: hashed(shape, graph.seedOf(seed, 'x')) });
  const actual = new Map([
    ['forward/y', outputs.y!],
    ['gradient/x', outputs.dx!],
  ]);
  return goldenFailures(compareGolden(golden, actual, { bound: BOUND }));
}

function matching(prefix: string): [string, GoldenCase][] {
  return Object.entries(cases).filter(([name]) => name.startsWith(prefix));
}

describe('ops equal float64 PyTorch and torchvision', () => {
  it.each(matching('roi-align'))('%s', (_, golden) => {
    const { shape, boxes: count, ...options } = golden.attributes as RoiAttributes;
    const index = graph.constant(hashedIntegers([count], graph.seedOf(seed, 'index'), shape[0]!));
    const rois = graph.constant(boxes('roi', count, 16, 9));
    expect(failures(golden, shape, (x) => graph.roiAlign(x, rois, options, index))).toEqual([]);
  });

  it.each(matching('resize'))('%s', (_, golden) => {
    const { shape, size } = golden.attributes as { shape: number[]; size: graph.Pair };
    expect(failures(golden, shape, (x) => graph.resizeBilinear(x, size))).toEqual([]);
  });

  it.each(matching('average-pool'))('%s', (_, golden) => {
    const { shape, ...options } = golden.attributes as graph.AveragePoolingOptions & { shape: number[] };
    expect(failures(golden, shape, (x) => graph.averagePool2d(x, options))).toEqual([]);
  });

  it.each(matching('nms'))('%s', (_, golden) => {
    const { count, iouThreshold, step } = golden.attributes as { count: number; iouThreshold: number; step: number };
    const scores = hashedUniform([count], graph.seedOf(seed, 'score'));
    const rounded = step ? { ...scores, data: scores.data.map((score) => Math.floor(score / step) * step) } : scores;
    const kept = graph.nms(graph.constant(boxes('candidate', count, 20, 12)), graph.constant(rounded), {
      iouThreshold,
      maxOutput: count,
    });
    const { outputs } = graph.evaluate(graph.createProgram({ outputs: { ...kept } }));
    const indices = Array.from(outputs.indices!.data).filter((_, i) => outputs.valid!.data[i] !== 0);
    expect(indices).toEqual(golden.tensors['kept/indices']!.values);
  });
});
