import {
  check,
  convolution,
  createScope,
  flatten,
  formatType,
  globalAveragePool,
  input,
  linear,
  maxPool2d,
  NatsError,
  relu,
  type Scope,
  type Tensor,
} from '@nats/graph';
import { residualBlock } from './blocks.js';
import { checkResnetConfig, type ResnetConfig, STAGE_NAMES, type StageName } from './config.js';
import { normalize } from './norm.js';
import { type ConvolutionBuilder, type ConvolutionSite, plainConvolution } from './site.js';

export interface BackboneOptions {
  /** How the 3x3 convolutions of the blocks are built; default: plainly. */
  readonly convolution?: ConvolutionBuilder;
}

export interface StageOutput {
  readonly name: StageName;
  /** `[N, channels, H / stride, W / stride]`, sizes rounded up. */
  readonly features: Tensor;
  readonly channels: number;
  /** Pixels of the input for one of the feature map. */
  readonly stride: number;
}

export interface Backbone {
  /** Output of each stage, C2 (of `layer1`) and up. A network with fewer than four stages has fewer entries. */
  readonly stages: Readonly<Partial<Record<StageName, Tensor>>>;
  /** The same with what a neck needs to know, finest first. */
  readonly outputs: readonly StageOutput[];
}

/**
 * A residual network without its head, its parameters named as torchvision's in `scope` (`conv1.weight`, `bn1.weight`,
 * `layer1.0.conv1.weight`, `layer2.0.downsample.0.weight`, …).
 * @param x float32 `[N, inputChannels, H, W]`, N may be 'N'
 */
export function buildBackbone(scope: Scope, x: Tensor, config: ResnetConfig, options: BackboneOptions = {}): Backbone {
  checkResnetConfig(config);
  check(x.dtype === 'float32' && x.shape.length === 4 && x.shape[1] === config.inputChannels, 'shape', () => ({
    rule: "a backbone's input is float32 [N, C, H, W] with the channels that its config names",
    received: formatType(x),
    limit: `${config.inputChannels} channels`,
    where: config.name,
  }));
  const { convolution: convolve = plainConvolution } = options;
  const { stem } = config;
  let h = convolution(scope.child('conv1'), x, { ...stem, padding: (stem.kernel - 1) / 2 });
  h = relu(normalize(scope.child('bn1'), h, config.norm));
  if (stem.pool) h = scope.build(() => maxPool2d(h, { kernel: 3, stride: 2, padding: 1 }));
  let total = stem.stride * (stem.pool ? 2 : 1);
  const outputs: StageOutput[] = [];
  for (const [i, { blocks, channels, stride, dilation = 1, firstDilation = dilation }] of config.stages.entries()) {
    const layer = `layer${i + 1}`;
    const stage = STAGE_NAMES[i]!;
    for (let blockIndex = 0; blockIndex < blocks; blockIndex++) {
      const first = blockIndex === 0;
      const plan = {
        name: `${layer}.${blockIndex}`,
        stage,
        blockIndex,
        channels,
        stride: first ? stride : 1,
        dilation: first ? firstDilation : dilation,
      };
      const block = scope.child(layer).child(blockIndex);
      h = block.build(() => residualBlock(block, h, plan, config, convolve));
    }
    total *= stride;
    outputs.push({ name: stage, features: h, channels: h.shape[1] as number, stride: total });
  }
  return { stages: Object.fromEntries(outputs.map(({ name, features }) => [name, features])), outputs };
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

export interface ClassifierOptions extends BackboneOptions {
  /** Default 1000, ImageNet's. */
  readonly classes?: number;
}

/** The backbone with global average pooling and one linear layer, `fc`: logits `[N, classes]`. */
export function buildClassifier(
  scope: Scope,
  x: Tensor,
  config: ResnetConfig,
  options: ClassifierOptions = {},
): Tensor {
  const last = buildBackbone(scope, x, config, options).outputs.at(-1)!;
  const pooled = scope.build(() => flatten(globalAveragePool(last.features)));
  return linear(scope.child('fc'), pooled, options.classes ?? 1000);
}

/** All 3x3 convolutions of the blocks in forward order: what a search space chooses from. */
export function convolutionSites(config: ResnetConfig): ConvolutionSite[] {
  const sites: ConvolutionSite[] = [];
  const record: ConvolutionBuilder = (scope, x, options, site) => {
    sites.push(site);
    return plainConvolution(scope, x, options, site);
  };
  buildBackbone(createScope(), input('x', 'float32', [1, config.inputChannels, 64, 64]), config, {
    convolution: record,
  });
  return sites;
}
