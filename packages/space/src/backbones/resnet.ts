import { convolution, maxPool2d, relu, type Scope, type Tensor } from '@nats/graph';
import { type BackboneKind, pooledLinear, type StagePlan } from './kind.js';
import { normalize } from './norm.js';
import { IMAGENET_STATISTICS } from './pixel-statistics.js';
import { residualBlock } from './resnet-blocks.js';
import { checkResnetConfig, type ResnetConfig } from './resnet-config.js';

/** Residual networks, their parameters named as torchvision's: `conv1`, `bn1`, `layer1.0.conv1`, …, `fc`. */
export const resnetKind: BackboneKind<ResnetConfig> = {
  check: checkResnetConfig,
  stem,
  stages,
  classifier: pooledLinear,
  inputStatistics: IMAGENET_STATISTICS,
};

function stem(scope: Scope, x: Tensor, { stem, norm }: ResnetConfig): Tensor {
  const h = convolution(scope.child('conv1'), x, { ...stem, padding: (stem.kernel - 1) / 2 });
  const activated = relu(normalize(scope.child('bn1'), h, norm));
  return stem.pool ? scope.build(() => maxPool2d(activated, { kernel: 3, stride: 2, padding: 1 })) : activated;
}

function stages(config: ResnetConfig): StagePlan[] {
  let total = config.stem.stride * (config.stem.pool ? 2 : 1);
  return config.stages.map(({ blocks, channels, stride, dilation = 1, firstDilation = dilation }, i): StagePlan => {
    total *= stride;
    return {
      stride: total,
      build: (scope, x, context) => {
        let h = x;
        for (let blockIndex = 0; blockIndex < blocks; blockIndex++) {
          const first = blockIndex === 0;
          const plan = { channels, stride: first ? stride : 1, dilation: first ? firstDilation : dilation };
          const place = scope.child(`layer${i + 1}`).child(blockIndex);
          const block = { ...context, block: config.block, blockIndex };
          h = place.build(() => residualBlock(place, h, plan, config, block));
        }
        return h;
      },
    };
  });
}
