import { check, createScope, formatType, input, NatsError, type Pair, type Scope, type Tensor } from '@nats/graph';
import { type BackboneConfig, kindOf } from './registry.js';
import { type ConvolutionBuilder, plainConvolution } from './site.js';
import { STAGE_NAMES, type StageName } from './stage-name.js';

/** What a backbone may be built with. */
export interface BackboneOptions {
  /** How the searchable 3x3 convolutions are built; default: plainly. */
  readonly convolution?: ConvolutionBuilder;
}

/** A stage's feature map, and what a neck needs to know of it. */
export interface StageOutput {
  readonly name: StageName;
  /** `[N, channels, H / stride, W / stride]`, sizes rounded up. */
  readonly features: Tensor;
  readonly channels: number;
  /** Pixels of the input for one of the feature map. */
  readonly stride: number;
}

/** Feature maps of a network without its classification head. */
export interface Backbone {
  /** Output of each stage, C2 and up. A network with fewer than four stages has fewer entries. */
  readonly stages: Readonly<Partial<Record<StageName, Tensor>>>;
  /** The same with what a neck needs to know, finest first. */
  readonly outputs: readonly StageOutput[];
}

/**
 * A backbone without its classification head, its parameters named as torchvision's in `scope` (`conv1.weight`,
 * `layer1.0.conv1.weight`, `layer2.0.downsample.0.weight`, … of a ResNet).
 * @param x float32 `[N, inputChannels, H, W]`, N may be 'N'
 * @throws NatsError `attribute` for a config that breaks a rule, `shape` for another input or a stage of another stride
 */
export function buildBackbone(
  scope: Scope,
  x: Tensor,
  config: BackboneConfig,
  options: BackboneOptions = {},
): Backbone {
  const kind = kindOf(config);
  kind.check(config);
  check(x.dtype === 'float32' && x.shape.length === 4 && x.shape[1] === config.inputChannels, 'shape', () => ({
    rule: "a backbone's input is float32 [N, C, H, W] with the channels that its config names",
    received: formatType(x),
    limit: `${config.inputChannels} channels`,
    where: config.name,
  }));
  const { convolution: convolve = plainConvolution } = options;
  let h = kind.stem(scope, x, config);
  const outputs = kind.stages(config).map(({ stride, build }, i): StageOutput => {
    const name = STAGE_NAMES[i]!;
    h = build(scope, h, { stage: name, root: scope.path, convolve });
    checkStride(x, h, stride, `${config.name}, ${name}`);
    return { name, features: h, channels: h.shape[1] as number, stride };
  });
  return { stages: Object.fromEntries(outputs.map(({ name, features }) => [name, features])), outputs };
}

/** A stage says its stride, and detectors place their points by it. */
function checkStride(image: Tensor, features: Tensor, stride: number, where: string): void {
  const expected = [2, 3].map((axis) => Math.ceil((image.shape[axis] as number) / stride));
  check(features.shape.length === 4 && expected.every((size, i) => features.shape[i + 2] === size), 'shape', () => ({
    rule: "a stage's output is as large as its stride says, sizes rounded up",
    received: `${formatType(features)} of ${formatType(image)}`,
    limit: `stride ${stride} makes ${expected.join(' x ')}`,
    where,
  }));
}

/** One stage's output. @throws NatsError `name` if the network has no such stage */
export function stageOutput(backbone: Backbone, name: StageName): StageOutput {
  const output = backbone.outputs.find((stage) => stage.name === name);
  if (!output) {
    throw new NatsError('name', {
      rule: 'a stage that is asked for is one of the backbone',
      received: name,
      limit: backbone.outputs.map((stage) => stage.name).join(', '),
    });
  }
  return output;
}

/** Of a stage by itself. */
export interface StageOptions extends BackboneOptions {
  /** `[height, width]` of the image that the backbone sees. */
  readonly size: Pair;
  /** Default 1. */
  readonly batch?: number;
}

/**
 * One stage by itself, with names as in the whole backbone: what is measured alone costs least to measure.
 * @returns the input `x` `[batch, C, H, W]`, of the shape that the stage before gives, and the stage's feature map
 * @throws NatsError `name` if the network has no such stage
 */
export function buildStage(
  scope: Scope,
  config: BackboneConfig,
  stage: StageName,
  { size, batch = 1, convolution: convolve = plainConvolution }: StageOptions,
): { readonly x: Tensor; readonly features: Tensor } {
  const before = STAGE_NAMES.indexOf(stage);
  const kind = kindOf(config);
  kind.check(config);
  const plans = kind.stages(config);
  check(before >= 0 && before < plans.length, 'name', () => ({
    rule: 'a stage that is asked for is one of the backbone',
    received: String(stage),
    limit: STAGE_NAMES.slice(0, plans.length).join(', '),
    where: config.name,
  }));
  const elsewhere = createScope();
  let h = kind.stem(elsewhere, input('image', 'float32', [batch, config.inputChannels, ...size]), config);
  for (const [i, { build }] of plans.slice(0, before).entries()) {
    h = build(elsewhere, h, { stage: STAGE_NAMES[i]!, root: '', convolve: plainConvolution });
  }
  const x = input('x', 'float32', h.shape);
  return { x, features: plans[before]!.build(scope, x, { stage, root: scope.path, convolve }) };
}

/** Options of `buildClassifier`. */
export interface ClassifierOptions extends BackboneOptions {
  /** Default 1000, ImageNet's. */
  readonly classes?: number;
}

/** The backbone with its classification head: logits `[N, classes]`. A ResNet's is global average pooling and `fc`. */
export function buildClassifier(
  scope: Scope,
  x: Tensor,
  config: BackboneConfig,
  options: ClassifierOptions = {},
): Tensor {
  const last = buildBackbone(scope, x, config, options).outputs.at(-1)!;
  return kindOf(config).classifier(scope, last.features, options.classes ?? 1000, config);
}
