import * as g from '@nats/graph';

export interface ResnetOptions {
  /** Dilation of the 3x3 convolutions with stride 1 in layer2 to layer4; default 1. */
  readonly dilation?: number;
  readonly classes?: number;
}

/** ResNet-18 (He et al. 2016) with torchvision's names. */
export function resnet18(scope: g.Scope, x: g.Tensor, { dilation = 1, classes = 1000 }: ResnetOptions = {}): g.Tensor {
  let h = g.convolution(scope.child('conv1'), x, { channels: 64, kernel: 7, stride: 2, padding: 3 });
  h = g.maxPool2d(g.relu(g.batchNorm(scope.child('bn1'), h)), { kernel: 3, stride: 2, padding: 1 });
  for (const [stage, channels] of [64, 128, 256, 512].entries()) {
    for (let index = 0; index < 2; index++) {
      const block = scope.child(`layer${stage + 1}`).child(index);
      h = basicBlock(block, h, channels, stage > 0 && index === 0 ? 2 : 1, stage > 0 ? dilation : 1);
    }
  }
  return g.linear(scope.child('fc'), g.flatten(g.globalAveragePool(h)), classes);
}

function basicBlock(scope: g.Scope, x: g.Tensor, channels: number, stride: number, dilation: number): g.Tensor {
  const wide = stride === 1 ? dilation : 1;
  let h = g.convolution(scope.child('conv1'), x, { channels, stride, padding: wide, dilation: wide });
  h = g.relu(g.batchNorm(scope.child('bn1'), h));
  h = g.convolution(scope.child('conv2'), h, { channels, padding: dilation, dilation });
  h = g.batchNorm(scope.child('bn2'), h);
  if (stride === 1 && x.shape[1] === channels) return g.relu(g.add(h, x));
  const shortcut = scope.child('downsample');
  const moved = g.convolution(shortcut.child('0'), x, { channels, kernel: 1, stride });
  return g.relu(g.add(h, g.batchNorm(shortcut.child('1'), moved)));
}
