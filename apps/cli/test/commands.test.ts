import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { uniformScheme } from '@nats/search';
import { demoResnet, schemeToJson, searchSpace } from '@nats/space';
import type { Command } from 'commander';
import { afterAll, describe, expect, test } from 'vitest';
import { createCommandLine } from '../src/command-line.js';
import { EXIT } from '../src/exit-codes.js';
import { runNats } from './run-nats.js';

const folder = mkdtempSync(join(tmpdir(), 'nats-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, value: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
}

interface Golden {
  readonly groundTruth: { categories: { id: number; name?: string }[] };
  readonly detections: unknown[];
  readonly expected: { stats: number[]; apPerCategory: number[] };
}

// pycocotools' results, made by tools/golden.
const { groundTruth, detections, expected } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fixtures', 'category-without-ground-truth.json'), 'utf8'),
) as Golden;
const annotations = write('annotations.json', groundTruth);
const found = write('found.json', detections);

const nameOf = (id: number) => groundTruth.categories.find((category) => category.id === id)?.name ?? String(id);

describe('nats evaluate', () => {
  test('gives the numbers of pycocotools', () => {
    const { code, stdout } = runNats('evaluate', '--annotations', annotations, '--detections', found, '--json');
    expect(code).toBe(0);
    const { stats, perCategory } = JSON.parse(stdout) as { stats: number[]; perCategory: Record<string, number> };
    expect(stats).toEqual(expected.stats);
    const ids = groundTruth.categories.map(({ id }) => id).sort((a, b) => a - b);
    expect(perCategory).toEqual(Object.fromEntries(ids.map((id, k) => [nameOf(id), expected.apPerCategory[k]])));
  });

  test('prints its lines', () => {
    const { code, stdout, stderr } = runNats('evaluate', '--annotations', annotations, '--detections', found);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Next: nats evaluate RUN /);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(12);
    expect(lines[1]).toBe(
      ` Average Precision  (AP) @[ IoU=0.50      | area=   all | maxDets=100 ] = ${expected.stats[1]!.toFixed(3)}`,
    );
  });

  test('a missing file is one line, without a stack, unless it is asked for', () => {
    const call = ['evaluate', '--annotations', join(folder, 'none.json'), '--detections', found];
    const { code, stderr } = runNats(...call);
    expect(code).toBe(1);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(/^nats: .*none\.json/);
    expect(runNats(...call, '--debug').stderr).toMatch(/\n {4}at /);
  });

  test('a broken file is named with its field', () => {
    const broken = write('broken.json', [{ image_id: 'a' }]);
    const { code, stderr } = runNats('evaluate', '--annotations', annotations, '--detections', broken);
    expect(code).toBe(1);
    expect(stderr).toContain('broken.json, [0].');
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});

test.each([[['evaluate']], [['evaluate', '--anotations', 'a']], [['nothing']], [[]], [['inspect', 'scheme']]])(
  'a call that makes no sense ends with 2: nats %j',
  (args) => {
    const { code, stdout, stderr } = runNats(...args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).not.toBe('');
  },
);

/** Every command with the words that call it, `nats` itself first. */
function allCommands(command: Command, words: readonly string[] = []): [string, Command][] {
  const visible = command.createHelp().visibleCommands(command);
  return [
    [words.join(' '), command],
    ...visible.flatMap((child) => (child.name() === 'help' ? [] : allCommands(child, [...words, child.name()]))),
  ];
}

const COMMANDS = allCommands(createCommandLine());

describe('help', () => {
  test.each(COMMANDS)(
    'has an example of itself, and no line that is wider than a terminal: nats %s --help',
    (words) => {
      let text = '';
      const [, command] = allCommands(createCommandLine()).find(([name]) => name === words)!;
      command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 80 }).outputHelp();
      expect(text).toMatch(new RegExp(`Example:\\n {2}\\$ nats ${words}`));
      const [above] = text.split('Example:');
      expect(above!.split('\n').filter((line) => line.length > 80)).toEqual([]);
      // An empty list is no default that a reader could want.
      expect(text).not.toContain('(default: [])');
    },
  );

  test('shows each command in one line, in the order of use, and the exit codes', () => {
    const { code, stdout } = runNats('--help');
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    const names = createCommandLine().commands.map((command) => command.name());
    const places = names.map((name) => lines.findIndex((line) => new RegExp(`^ {2}${name} +\\S`).test(line)));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    for (const [i, place] of places.entries()) {
      expect(place, names[i]).toBeGreaterThan(0);
      // What would not fit goes on in a line that is indented deeper.
      expect(lines[place + 1], names[i]).not.toMatch(/^ {3,}\S/);
    }
    for (const exit of Object.values(EXIT)) expect(stdout).toMatch(new RegExp(`^ {2}${exit} +\\w`, 'm'));
  });
});

test.each([
  [['serach'], "unknown command 'serach'", 'Did you mean search?', 'nats --help'],
  [['inspect', 'dat'], "unknown command 'dat'", 'Did you mean data?', 'nats inspect --help'],
  [['train', '--step', '3'], "unknown option '--step'", 'Did you mean --steps?', 'nats train --help'],
])('what is not known is told with what is near: nats %j', (args, ...told) => {
  const { code, stderr } = runNats(...(args as string[]));
  expect(code).toBe(2);
  for (const text of told) expect(stderr).toContain(text);
});

test('nats inspect scheme shows what was chosen', () => {
  const scheme = uniformScheme(searchSpace(demoResnet()), [2, 2], { tool: { name: 'test', version: '1' } });
  const { code, stdout } = runNats('inspect', 'scheme', write('scheme.json', schemeToJson(scheme)));
  expect(code).toBe(0);
  expect(stdout).toContain('layer1.0.conv1');
  expect(stdout).toContain('2.00');
  expect(stdout).toMatch(/^C3 /m);
});

test('nats inspect scheme takes a pattern file of IC-Conv, and writes it again', () => {
  const counts = [64, 64, 64, 64, 128, 128, 128, 128, 256, 256, 256, 256, 512, 512, 512, 512];
  const entries = counts.map((channels) => `{"(0, 0)": ${channels / 2}, "(1, 0)": ${channels / 2}}`);
  const text = `[${entries.join(',\n ')}]\n`;
  const out = join(folder, 'from-patterns.json');
  const read = runNats('inspect', 'scheme', write('patterns.json', text), '--backbone', 'resnet18', '--out', out);
  expect(read.stdout).toMatch(/^layer1\.0\.conv1 +64 +32 \(50 %\) +32 \(50 %\)/m);
  expect(runNats('inspect', 'scheme', out, '--patterns').stdout).toBe(text);
  const refused = runNats('inspect', 'scheme', write('patterns.json', text), '--backbone', 'resnet50');
  expect(refused.code).toBe(1);
  // ResNet-50's fourth searchable convolution has 128 channels.
  expect(refused.stderr).toContain('layer2.0.conv2');
});

test('nats latency writes a table of the config, and prints it', () => {
  const config = write('latency.config.json', {
    backbone: { name: 'small-resnet', widths: [8, 8] },
    detector: { kind: 'fcos', inputSize: [32, 32], stages: ['C3'], channels: 32, extra: 'none', ranges: [[0, null]] },
    space: { genotypes: ['1', '2'], groups: 2, stages: ['C3'] },
  });
  const out = join(folder, 'table.json');
  const call = ['latency', '--config', config, '--rounds', '1', '--threads', '1', '--out', out];
  const { code, stdout, stderr } = runNats(...call);
  expect([code, stderr]).toEqual([0, expect.stringContaining(out)]);
  expect(stdout).toMatch(/^fcos on 32 x 32 pixels: .* ms .*; cpu, 1 thread, batch 1, float32\n/);
  expect(stdout).toMatch(/^layer2\.0\.conv1 +8 +-?\d/m);
  const table = JSON.parse(readFileSync(out, 'utf8'));
  expect(table).toMatchObject({ format: 'nats-latency', backbone: 'small-resnet', size: [32, 32] });
  expect(table.shapes.flatMap(({ sites }: { sites: string[] }) => sites)).toEqual(['layer2.0.conv1', 'layer2.0.conv2']);
});

test('nats doctor runs the engine', () => {
  const { code, stdout, stderr } = runNats('doctor', '--json');
  expect(code).toBe(0);
  expect(stderr).toContain('Next: nats demo --quick');
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ node: process.versions.node, works: true });
  expect(report.engines[0]).toMatchObject({ engine: 'onnxruntime' });
  expect(runNats('doctor').stdout).toContain('cpu');
});
