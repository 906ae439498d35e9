import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createScope, initialize, input, type TensorData } from '@nats/graph';
import { buildClassifier, type ResnetName, resnetConfig } from '@nats/space';
import { encodeSafetensors } from '@nats/transfer';
import { installedFamilies } from '../../packages/mpi/test/launch.js';
import { makePth } from '../../packages/transfer/test/helpers/pth.js';

/** What a page needs to be run, and what its blocks print. */
export interface Page {
  /** Writes the files that the page names. */
  readonly files?: (folder: string) => Promise<void> | void;
  /** In the order of the page, one for each module and each block of commands. */
  readonly prints: readonly RegExp[];
  /** Settings by which the commands of the page are made small, as `train.steps=2`. */
  readonly settings?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whether this machine has what the page needs; without it, it is type-checked alone. */
  readonly needs?: () => boolean;
  /** Files that are there afterwards. */
  readonly leaves?: readonly string[];
}

/** A torchvision classifier's weights with its names and shapes, random; only some of them where a block needs no more. */
function classifierWeights(name: ResnetName, ...only: readonly string[]): Map<string, TensorData> {
  const scope = createScope();
  buildClassifier(scope, input('images', 'float32', [1, 3, 64, 64]), resnetConfig(name), { classes: 1000 });
  const values = initialize(scope.spec, 1);
  return only.length === 0 ? values : new Map(only.map((key) => [key, values.get(key)!]));
}

function put(folder: string, path: string, content: string | Uint8Array): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

const INSTALLS = /^$/;

/** By path from the repository's root. */
export const PAGES: Readonly<Record<string, Page>> = {
  'packages/graph/README.md': {
    prints: [INSTALLS, /\b(?:1\.99|2(?:\.0)?).*-(?:1\.99|2(?:\.0)?)/s, /3, 12/],
  },
  'packages/export/README.md': {
    prints: [INSTALLS, /name: 'x'.*name: 'logits'/s, /passed.*original.*transformed/s, /Sigmoid.*Sigmoid/s],
  },
  'packages/space/README.md': {
    prints: [INSTALLS, /16 convolutions, 10\^\d+ schemes.*"backbone": ?"resnet50"/s],
  },
  'packages/transfer/README.md': {
    files: (folder) => {
      put(folder, 'resnet50-11ad3fa6.pth', makePth(classifierWeights('resnet50', 'conv1.weight', 'bn1.weight')));
      put(folder, 'resnet18-f37072fd.pth', makePth(classifierWeights('resnet18')));
      // What is downloaded elsewhere lies in the cache here.
      const file = encodeSafetensors(classifierWeights('resnet50', 'conv1.weight'));
      put(folder, '.cache/weights/hub/timm/resnet50.a1_in1k/main/model.safetensors', file);
    },
    prints: [
      INSTALLS,
      /^pytorch-zip 2 .*2 tensors loaded \(rules: none\)/s,
      /model\.safetensors \[ 0\.485, 0\.456, 0\.406 \] \[ 0\.229, 0\.224, 0\.225 \]/,
      /^custom, none\ndetectron2, custom\n$/,
      INSTALLS,
      /^backbone 100\n$/,
    ],
    leaves: ['backbone.safetensors'],
  },
  'packages/engine/README.md': {
    prints: [INSTALLS, /^(?:2|1\.99\d*|2\.00\d*)\n$/, INSTALLS, /^onnxruntime-web tfjs\n$/, /onnxruntime.*cpu/s],
  },
  'packages/train/README.md': {
    prints: [INSTALLS, /^2 \{ accuracy: /m, /^this page false\n$/, /^(?:3|2\.9\d*|3\.0\d*) -(?:1|0\.9\d*|1\.0\d*)\n$/],
    leaves: ['runs/mnist'],
  },
  'packages/report/README.md': { prints: [INSTALLS, INSTALLS], leaves: ['report.html'] },
  'packages/mpi/README.md': {
    needs: () => installedFamilies().length > 0,
    prints: [INSTALLS, /^rank 0 of 1 \(.+\): Float32Array\(2\) \[ 0, 1 \]\n$/],
  },
  'packages/pipeline/README.md': {
    prints: [INSTALLS, /\{ ap: .*passed: true \}/],
    leaves: ['runs/example/transformed/model.onnx'],
  },
};
