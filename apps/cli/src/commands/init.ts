import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { DETECTOR_KINDS } from '@nats/detect';
import {
  BACKBONE_NAMES,
  CONFIG_FILE,
  type ConfigInput,
  configJsonSchema,
  loadConfig,
  NEXT,
  parseConfig,
  SCHEMA_FILE,
  suggestedSettings,
  UsageError,
  withOverrides,
  writeJson,
} from '@nats/pipeline';
import { isWeightName } from '@nats/transfer/parse';
import { type Command, Option } from 'commander';
import { addDataFlags, type DataFlags, dataOverrides } from './data-flags.js';
import { printJson, tellNext } from './shared.js';

export interface InitFlags extends DataFlags {
  readonly backbone?: string;
  readonly weights?: string;
  readonly detector?: string;
  readonly size?: string;
  readonly out: string;
  readonly replace?: true;
  readonly schema?: true;
}

/** `nats init`: a config for the user's own data. */
export function initCommand(program: Command): void {
  const command = program
    .command('init')
    .summary('Write a config for your own data')
    .description('Write a config for your own data: asks on a terminal, takes flags otherwise')
    .addOption(new Option('--backbone <name>', 'the network that is transformed').choices(BACKBONE_NAMES))
    .option('--weights <file>', 'pretrained weights: a file, or a name such as torchvision:resnet50')
    .addOption(new Option('--detector <kind>', 'what is put on it').choices(DETECTOR_KINDS))
    .option('--size <height>x<width>', 'that images are letterboxed to, such as 320x320')
    .option('--out <file>', 'where the config goes; its JSON schema is written beside it', CONFIG_FILE)
    .option('--replace', 'even if there is a config already')
    .option('--schema', 'print the JSON schema of configs, and write nothing');
  addDataFlags(command)
    .addHelpText(
      'after',
      '\nExample:\n  $ nats init --format voc --data VOC2007 --train trainval --val test --backbone resnet18 --weights resnet18.pth',
    )
    .action(run);
}

async function run(flags: InitFlags): Promise<void> {
  if (flags.schema) return printJson(configJsonSchema());
  const { out, replace } = flags;
  if (existsSync(out) && !replace) {
    throw new UsageError(`${out} is there already; choose another file with --out, or --replace it`);
  }
  const complete = flags.format !== undefined;
  if (!complete && !(process.stdin.isTTY && process.stdout.isTTY)) {
    throw new UsageError('without a terminal to ask on, nats init needs --format and its paths (nats init --help)');
  }
  const answers = complete ? flags : { ...flags, ...(await (await import('./init-questions.js')).askForConfig(flags)) };
  const config = configFrom(answers);
  parseConfig(config, out);
  const schema = join(dirname(out), SCHEMA_FILE);
  await writeJson(schema, configJsonSchema());
  await writeJson(out, config);
  // Paths are those of the file: the settings that fit the data are known once it is there.
  const suggested = await suggestedSettings(await loadConfig({ file: out }));
  await writeJson(out, withOverrides(config, suggested));
  process.stdout.write(`${out}\n`);
  if (!('train.steps' in suggested)) process.stderr.write(`warning: ${UNREAD}\n`);
  tellNext(NEXT.init(out));
}

const UNREAD = 'the data cannot be read yet: steps and batch are not fitted to them; nats inspect data says why';

/** Only what was said: the rest are defaults, which the schema describes. Paths become relative to the config's folder. */
function configFrom(flags: InitFlags): ConfigInput {
  const folder = dirname(resolve(flags.out));
  const seen = (path: string) => relative(folder, resolve(path)) || '.';
  const { data, images, valImages, weights, size } = flags;
  const located: DataFlags = {
    ...flags,
    ...(data !== undefined && { data: seen(data) }),
    ...(images !== undefined && { images: seen(images) }),
    ...(valImages !== undefined && { valImages: seen(valImages) }),
    ...(flags.format === 'coco' && {
      ...(flags.train !== undefined && { train: seen(flags.train) }),
      ...(flags.val !== undefined && { val: seen(flags.val) }),
    }),
  };
  const overrides = {
    $schema: `./${SCHEMA_FILE}`,
    seed: 0,
    ...dataOverrides(located),
    'backbone.name': flags.backbone ?? (flags.format === 'mnist' ? 'demo-resnet' : 'resnet18'),
    'weights.file': weights === undefined || isWeightName(weights) ? weights : seen(weights),
    'detector.kind': flags.detector ?? 'fcos',
    'detector.inputSize': size === undefined ? (flags.format === 'mnist' ? [128, 128] : [320, 320]) : sizeFrom(size),
    'search.steps': 1000,
    'train.steps': 1000,
  };
  return JSON.parse(JSON.stringify(withOverrides({}, overrides))) as ConfigInput;
}

function sizeFrom(text: string): [number, number] {
  const match = /^(\d+)x(\d+)$/.exec(text);
  if (!match) throw new UsageError(`--size is height x width, such as 320x320; received '${text}'`);
  return [Number(match[1]), Number(match[2])];
}
