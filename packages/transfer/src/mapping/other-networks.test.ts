import { expect, test } from 'vitest';
import { hasFoldedNorms, otherNetwork } from './other-networks.js';

test.each([
  [['layer1.0.conv1.weight', 'layer1.0.se.fc1.weight'], /squeeze/],
  [['backbone.layer1.0.se_module.fc1.weight'], /squeeze/],
  [['conv1.0.weight', 'conv1.1.weight', 'conv1.3.weight', 'layer1.0.conv1.weight'], /deep stem/],
  [['stem.conv.weight', 'stages.0.blocks.0.norm1.weight'], /norms come first/],
  [['stages.0.blocks.0.conv_dw.weight', 'stages.0.blocks.0.norm.weight'], /ConvNeXt/],
  [['visual.conv1.weight', 'visual.attnpool.q_proj.weight'], /CLIP/],
  [['cls_token', 'blocks.0.attn.qkv.weight'], /transformer/],
  [['features.denseblock1.denselayer1.conv1.weight'], /DenseNet/],
  [['model.2.cv1.conv.weight'], /YOLO/],
])('%j', (names, words) => {
  expect(otherNetwork(names)).toMatch(words);
});

test('networks that are built here are none of them', () => {
  const resnet = ['conv1.weight', 'bn1.weight', 'layer1.0.conv1.weight', 'layer2.0.downsample.0.weight', 'fc.bias'];
  const mobilenet = ['features.0.0.weight', 'features.1.conv.0.0.weight', 'classifier.1.weight'];
  const regnet = [
    'stem.0.weight',
    'trunk_output.block1.block1-0.f.a.0.weight',
    'trunk_output.block1.block1-0.f.se.fc1.bias',
  ];
  // The same by timm.
  const timm = ['blocks.1.0.conv_dw.weight', 's1.b1.conv1.conv.weight', 's1.b1.se.fc1.weight'];
  expect(otherNetwork([...resnet, ...mobilenet, ...regnet, ...timm])).toBeUndefined();
});

test('norms that an export folded into convolutions', () => {
  expect(hasFoldedNorms(['bn1.running_mean'], ['fc.weight', 'onnx::Conv_193'])).toBe(true);
  expect(hasFoldedNorms(['bn1.running_mean'], ['conv1.weight', 'val_226'])).toBe(true);
  expect(hasFoldedNorms(['bn1.running_mean'], ['bn1.running_mean', 'onnx::Conv_193'])).toBe(false);
  expect(hasFoldedNorms(['fc.weight'], ['onnx::Conv_193'])).toBe(false);
});
