import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { BACKBONE_NAMES, type BackboneName, backboneConfig, backboneCosts, convolutionSites } from '../src/index.js';

const CIFAR: readonly string[] = ['resnet20', 'resnet32', 'resnet44', 'resnet56', 'resnet110'];

/** A row of the README's table: with the classifier of the network's own dataset, at the size of its images. */
function row(name: BackboneName): string {
  const config = backboneConfig(name);
  const [size, classes] = CIFAR.includes(name) ? [32, 10] : [224, 1000];
  const { parameters, macs } = backboneCosts(config, { size: [size, size], classes });
  const cells = [
    `\`${name}\``,
    size,
    (parameters / 1e6).toFixed(2),
    (macs / 1e9).toFixed(3),
    convolutionSites(config).length,
  ];
  return `| ${cells.join(' | ')} |`;
}

test("the README's table of backbones is what the networks are", () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const table = BACKBONE_NAMES.map(row);
  const written = readme
    .split('\n')
    .filter((line) => /^\| `(?:resnet|resnext|wide_resnet|regnet|mobilenet)/.test(line));
  expect(written).toEqual(table);
});
