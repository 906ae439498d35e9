/** Names and shapes of a CIFAR ResNet-20 (He et al. 2016) as torchvision would name them, with projections nowhere. */
export function resnet20(prefix = '', head = true): Map<string, { shape: number[] }> {
  const expected = new Map<string, { shape: number[] }>();
  const norm = (name: string, channels: number) => {
    for (const part of ['weight', 'bias', 'running_mean', 'running_var']) {
      expected.set(`${prefix}${name}.${part}`, { shape: [channels] });
    }
  };
  const convolution = (name: string, shape: number[]) => expected.set(`${prefix}${name}.weight`, { shape });
  convolution('conv1', [16, 3, 3, 3]);
  norm('bn1', 16);
  for (const [stage, channels] of [16, 32, 64].entries()) {
    for (let block = 0; block < 3; block++) {
      const at = `layer${stage + 1}.${block}`;
      convolution(`${at}.conv1`, [channels, block === 0 && stage > 0 ? channels / 2 : channels, 3, 3]);
      norm(`${at}.bn1`, channels);
      convolution(`${at}.conv2`, [channels, channels, 3, 3]);
      norm(`${at}.bn2`, channels);
    }
  }
  if (head) {
    expected.set(`${prefix}fc.weight`, { shape: [10, 64] });
    expected.set(`${prefix}fc.bias`, { shape: [10] });
  }
  return expected;
}
