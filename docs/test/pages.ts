import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createScope, initialize, input, type TensorData } from '@nats/graph';
import { type BackboneConfig, buildClassifier, resnetConfig, smallResnet } from '@nats/space';
import { encodeSafetensors } from '@nats/transfer';
import { writeTinyData } from '../../apps/cli/test/tiny-data.js';
import { installedFamilies } from '../../packages/mpi/test/launch.js';
import { makePth } from '../../packages/transfer/test/helpers/pth.js';
import { ROOT } from './run-blocks.js';

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

/** Random weights of a classifier under torchvision's names; only some of them where a block needs no more. */
function classifierWeights(config: BackboneConfig, ...only: readonly string[]): Map<string, TensorData> {
  const scope = createScope();
  buildClassifier(scope, input('images', 'float32', [1, 3, 64, 64]), config, { classes: 1000 });
  const values = initialize(scope.spec, 1);
  return only.length === 0 ? values : new Map(only.map((key) => [key, values.get(key)!]));
}

function put(folder: string, path: string, content: string | Uint8Array): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

const INSTALLS = /^$/;
/** `nats report` tells the file that it wrote. */
const REPORT = /report\.html/;

/** By these settings a command of a page takes a second: another backbone, in the file of that name, and few steps. */
const WIDTHS = [8, 8, 8, 8];
const SMALL = [
  'backbone.name="small-resnet"',
  `backbone.widths=${JSON.stringify(WIDTHS)}`,
  'detector.inputSize=[64,64]',
  'detector.channels=32',
  'search.steps=2',
  'search.batchSize=2',
  'train.steps=2',
  'train.batchSize=2',
  'export.unmatched=0.2',
];

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
      put(
        folder,
        'resnet50-11ad3fa6.pth',
        makePth(classifierWeights(resnetConfig('resnet50'), 'conv1.weight', 'bn1.weight')),
      );
      put(folder, 'resnet18-f37072fd.pth', makePth(classifierWeights(resnetConfig('resnet18'))));
      // What is downloaded elsewhere lies in the cache here.
      const file = encodeSafetensors(classifierWeights(resnetConfig('resnet50'), 'conv1.weight'));
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
  'packages/search/README.md': { prints: [INSTALLS, /^1 [\d.]+\n2 [\d.]+\n\{.*"format": ?"nats-scheme"/s] },
  'packages/detect/README.md': {
    env: { STEPS: '1' },
    files: async (folder) => {
      put(folder, 'resnet18-f37072fd.pth', makePth(classifierWeights(resnetConfig('resnet18'))));
      await writeTinyData(join(folder, 'cats'), 'coco');
    },
    prints: [
      INSTALLS,
      /\{.*AP50: .*Average Precision {2}\(AP\) @\[ IoU=0\.50:0\.95 .* \d+\n$/s,
      INSTALLS,
      /^\d+ detections of 10 classes\n$/,
      /train: \{ size: 12 \}, val: \{ size: 4 \}/,
    ],
    leaves: ['runs/cats'],
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
  'apps/cli/README.md': { prints: [] },
  'apps/playground/README.md': { prints: [] },
  'README.md': {
    files: async (folder) => {
      put(folder, 'resnet18-f37072fd.pth', makePth(classifierWeights(smallResnet({ widths: WIDTHS }))));
      await writeTinyData(join(folder, 'VOC2007'), 'voc');
      const lists = join(folder, 'VOC2007/ImageSets/Main');
      for (const [from, to] of [
        ['train.txt', 'trainval.txt'],
        ['val.txt', 'test.txt'],
      ] as const)
        copyFileSync(join(lists, from), join(lists, to));
      cpSync(join(folder, 'VOC2007/JPEGImages'), join(folder, 'photos'), { recursive: true });
    },
    settings: SMALL,
    prints: [INSTALLS, /Average Precision.*passed/s],
    leaves: ['runs/search/scheme.json', 'runs/transformed/model.onnx', 'pictures', 'report.html'],
  },
  'docs/quick-start-library.md': {
    env: { STEPS: '1' },
    files: async (folder) => {
      put(folder, 'resnet18-f37072fd.pth', makePth(classifierWeights(resnetConfig('resnet18'))));
      await writeTinyData(join(folder, 'cats'), 'coco');
      copyFileSync(join(folder, 'cats/images/image00.png'), join(folder, 'photo.png'));
    },
    prints: [
      INSTALLS,
      /100 tensors loaded.*original 1 AP [\d.]+\ntransformed 1 AP [\d.]+\ncats\.onnx: \d+ bytes\n$/s,
      /\d+ objects\n$/,
    ],
    leaves: ['scheme.json', 'runs/search', 'runs/original', 'runs/transformed', 'cats.onnx'],
  },
  'docs/walkthrough.md': {
    files: (folder) => {
      const { data, pretrain, search, train, ...own } = JSON.parse(
        readFileSync(join(ROOT, 'docs/wide-digits.config.json'), 'utf8'),
      );
      const few = (section: { custom: object }, steps: object) => ({
        ...section,
        ...steps,
        batchSize: 4,
        custom: { ...section.custom, warmUp: 1 },
      });
      const config = {
        ...own,
        data: { ...data, train: 24, val: 6 },
        pretrain: { ...pretrain, steps: 2, warmUp: 1, batchSize: 8, data: { ...pretrain.data, images: 32 } },
        search: few(search, { steps: 3, start: 1 }),
        train: few(train, { steps: 3 }),
      };
      put(folder, 'nats.config.json', JSON.stringify(config));
    },
    prints: [
      /onnxruntime/,
      /box width/,
      /./,
      /layer1\.0\.conv1.*3x3/s,
      /Average Precision.*Average Precision/s,
      /passed.*passed.*Average Precision.*runs\/transformed\/model\.onnx/s,
      REPORT,
    ],
    leaves: ['pictures', 'runs/search/scheme.json', 'runs/transformed/model.onnx', 'report.html'],
  },
  'docs/quick-start-cli.md': {
    files: async (folder) => {
      put(folder, 'resnet18-f37072fd.pth', makePth(classifierWeights(smallResnet({ widths: WIDTHS }))));
      await writeTinyData(join(folder, 'vehicles'), 'yolo');
      cpSync(join(folder, 'vehicles/images/val'), join(folder, 'photos'), { recursive: true });
    },
    settings: SMALL,
    prints: [/Average Precision.*passed/s],
    leaves: ['runs/search/scheme.json', 'runs/transformed/model.onnx', 'pictures', 'report.html'],
  },
};
