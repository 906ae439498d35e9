import { describe, expect, test } from 'vitest';
import { formulaTable } from '../../test/latency-table.js';
import { demoResnet, smallResnet } from '../backbones/index.js';
import type { Genotype } from '../genotypes.js';
import { createScheme, type Scheme } from '../scheme/index.js';
import { divisionModel } from './division-model.js';
import { checkLatencyTable, type LatencyTable, latencyTableFromJson, latencyTableToJson } from './latency-table.js';
import { predictLatency } from './predict-latency.js';

const GENOTYPES: Genotype[] = [
  [1, 1],
  [2, 2],
  [3, 3],
];
const part = (channels: number) => 0.02 / channels;
const table = formulaTable(GENOTYPES, part, [0, -0.002, 0.004]);
const [first] = table.shapes as [LatencyTable['shapes'][number]];

const schemeOf = (convolutions: [string, number[]][], genotypes = GENOTYPES, backbone = table.backbone): Scheme =>
  createScheme({ backbone, genotypes, convolutions, provenance: { tool: { name: 'test', version: '1' } } });
const spread = (...counts: number[]) => {
  const choice = counts.flatMap((count, g) => new Array<number>(count).fill(g));
  return choice.map((_, c) => choice[(c * 7) % choice.length]!);
};

describe('a prediction', () => {
  test('is the sum of what was measured, with what order saves', () => {
    const apart = schemeOf([
      ['layer1.0.conv1', spread(16, 16, 0)],
      ['layer2.0.conv2', spread(32, 16, 16)],
    ]);
    const extra1 = 0.001 + 2 * part(16) - 0.001;
    const extra2 = 0.001 + part(32) + 2 * part(16) - 0.0005 + 0.001;
    const { ratio, milliseconds, extras } = predictLatency(table, apart);
    expect(extras.get('layer1.0.conv1')).toBeCloseTo(extra1, 12);
    expect(extras.get('layer2.0.conv2')).toBeCloseTo(extra2, 12);
    expect(ratio).toBeCloseTo(1 + extra1 + extra2, 12);
    expect(milliseconds).toBeCloseTo(10 * ratio, 12);
    const runs = schemeOf([['layer1.0.conv1', [...new Array(16).fill(0), ...new Array(16).fill(1)]]]);
    expect(predictLatency(table, runs).ratio).toBeCloseTo(1 + extra1 - 0.0005, 12);
  });

  test('of a whole layer is what its dilation costs, and of (1,1) nothing', () => {
    expect(predictLatency(table, schemeOf([['layer1.0.conv1', new Array(32).fill(2)]])).ratio).toBeCloseTo(1.004, 12);
    expect(predictLatency(table, schemeOf([['layer1.0.conv1', new Array(32).fill(0)]])).ratio).toBe(1);
    // Even of a convolution that was not measured.
    expect(predictLatency(table, schemeOf([['other', [0, 0]]])).ratio).toBe(1);
  });

  test('of a stage whose convolutions are all divided is less than their sum', () => {
    const stages = [{ sites: ['layer1.0.conv1', 'layer1.0.conv2', 'layer2.0.conv1'], together: 0.6 }];
    const choice = spread(16, 16, 0);
    const ratioOf = (names: readonly string[]) =>
      predictLatency({ ...table, stages }, schemeOf(names.map((name) => [name, choice]))).ratio;
    const extra = 2 * part(16);
    expect(ratioOf(['layer1.0.conv1'])).toBeCloseTo(1 + extra, 12);
    expect(ratioOf(['layer1.0.conv1', 'layer1.0.conv2'])).toBeCloseTo(1 + 0.8 * 2 * extra, 12);
    // An undivided layer has nothing to share.
    const whole: [string, number[]] = ['layer1.0.conv2', new Array(32).fill(2)];
    const { ratio } = predictLatency({ ...table, stages }, schemeOf([['layer1.0.conv1', choice], whole]));
    expect(ratio).toBeCloseTo(1 + extra + 0.004, 12);
  });

  test('of sizes that were not measured lies between those that were', () => {
    const { extra } = divisionModel(first);
    const between = extra([16, 14, 2]);
    // Linear from 12 to 16; below the smallest measured part as that one.
    const parts = part(16) + (part(12) + part(16)) / 2 + part(4);
    const dilations = -0.002 * (14 / 32) + 0.004 * (2 / 32);
    expect(Math.abs(between - (0.001 + parts + dilations))).toBeLessThan(2e-4);
  });

  test('takes genotypes by what they are, whatever their order in the scheme', () => {
    const other: Genotype[] = [
      [3, 3],
      [1, 1],
    ];
    const own = schemeOf([['layer1.0.conv1', spread(16, 0, 16)]]);
    const turned = schemeOf([['layer1.0.conv1', spread(16, 16).map((g) => 1 - g)]], other);
    expect(predictLatency(table, turned).ratio).toBeCloseTo(predictLatency(table, own).ratio, 12);
  });

  test('is refused for what was not measured', () => {
    const choice = spread(16, 16);
    const refused = (scheme: Scheme) => () => predictLatency(table, scheme);
    expect(refused(schemeOf([['layer9', choice]]))).toThrow(/'layer9', which is not among them.*nats latency/);
    expect(refused(schemeOf([['layer1.0.conv1', [0, 1]]]))).toThrow(/layer1\.0\.conv1: received 2.*32/);
    expect(
      refused(
        schemeOf(
          [['layer1.0.conv1', choice]],
          [
            [1, 1],
            [4, 4],
          ],
        ),
      ),
    ).toThrow(/received 4x4.*1x1, 2x2, 3x3/);
    expect(refused(schemeOf([['layer1.0.conv1', choice]], GENOTYPES, 'resnet18'))).toThrow(
      /a table of demo-resnet, but .*resnet18/,
    );
  });
});

describe('a table', () => {
  test('is the same after it was written and read', () => {
    const stages = [{ sites: ['layer1.0.conv1', 'layer1.0.conv2'], together: 0.75 }];
    for (const one of [table, { ...table, stages }]) {
      expect(latencyTableFromJson(latencyTableToJson(one))).toEqual(one);
    }
  });

  // biome-ignore lint/suspicious/noExplicitAny: what a user may have made of a file
  type Edited = Record<string, any>;
  const edited = (change: (value: Edited) => void) => {
    const value = JSON.parse(latencyTableToJson(table)) as Edited;
    change(value);
    return () => latencyTableFromJson(JSON.stringify(value), 'table.json');
  };

  test.each<[string, (value: Edited) => void, RegExp]>([
    ['another format', (v) => (v.format = 'nats-scheme'), /table\.json, format: received 'nats-scheme'/],
    ['a newer version', (v) => (v.version = 2), /table\.json, version: received 2.*measure again/],
    ['an unknown field', (v) => (v.extra = 1), /received 'extra'/],
    ['a field that lacks', (v) => delete v.target.threads, /target\.threads: received nothing/],
    ['a text for a number', (v) => (v.shapes[0].divisions[3].extra = '1'), /divisions\[3\]\.extra: received a value/],
    ['channels that do not sum', (v) => (v.shapes[1].divisions[0].channels = [1, 1, 1]), /received 3/],
    ['a genotype without its whole layer', (v) => v.shapes[0].divisions.splice(0, 1), /received none of genotype 2/],
    ['a convolution twice', (v) => (v.shapes[1].sites = ['layer1.0.conv1']), /'layer1\.0\.conv1' again/],
    ['another precision', (v) => (v.target.precision = 'int8'), /precision: received 'int8'/],
  ])('with %s is refused with its place', (_, change, message) => {
    expect(edited(change)).toThrow(message);
  });

  test('of another network or target is refused', () => {
    const backbone = demoResnet();
    const check = (expected: Partial<Parameters<typeof checkLatencyTable>[1]>) => () =>
      checkLatencyTable(table, { backbone, ...expected }, 'table.json');
    expect(check({ size: [128, 128], target: { providers: ['cpu'], threads: 1 } })).not.toThrow();
    expect(check({ backbone: smallResnet({ widths: [8] }) })).toThrow(/table\.json: received demo-resnet/);
    expect(check({ size: [128, 256] })).toThrow(/received 128 x 128, .*128 x 256/);
    expect(check({ target: { providers: ['webgpu', 'cpu'] } })).toThrow(/received cpu, .*webgpu,cpu/);
    expect(check({ target: { threads: 2 } })).toThrow(/the threads that it is used for/);
    const widened = { ...demoResnet(), inputChannels: 3, stages: demoResnet().stages.slice(0, 1) };
    expect(check({ backbone: widened })).toThrow(/layer2\.0\.conv1 with 64 channels.*no such convolution/);
  });
});
