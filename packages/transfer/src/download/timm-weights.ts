import type { KnownWeights } from './catalog.js';

const SOURCE = 'timm, timm/models/resnet.py, default_cfgs (hf_hub_id timm/)';

function weights(name: string, license: string): KnownWeights {
  return {
    name: `timm:${name}`,
    file: 'model.safetensors',
    task: 'classification',
    // IMAGENET_DEFAULT_MEAN and IMAGENET_DEFAULT_STD of timm/data/constants.py.
    mean: [0.485, 0.456, 0.406],
    deviation: [0.229, 0.224, 0.225],
    channelOrder: 'RGB',
    inputRange: [0, 1],
    license,
    source: SOURCE,
  };
}

const onItsPage = (name: string) => weights(name, `as on https://huggingface.co/timm/${name}`);
const ofTorchvision = (name: string) => weights(name, 'bsd-3-clause');

/** timm's ResNets that are built as torchvision's are (no deep stem, no average pooling in shortcuts). */
export const TIMM_WEIGHTS: readonly KnownWeights[] = [
  ...[
    ...['resnet18.a1_in1k', 'resnet18.a2_in1k', 'resnet18.a3_in1k'],
    ...['resnet34.a1_in1k', 'resnet34.a2_in1k', 'resnet34.a3_in1k', 'resnet34.bt_in1k'],
    ...['resnet50.a1_in1k', 'resnet50.a1h_in1k', 'resnet50.a2_in1k', 'resnet50.a3_in1k', 'resnet50.b1k_in1k'],
    ...['resnet50.b2k_in1k', 'resnet50.c1_in1k', 'resnet50.c2_in1k', 'resnet50.d_in1k', 'resnet50.ram_in1k'],
    ...['resnet50.am_in1k', 'resnet50.ra_in1k', 'resnet50.bt_in1k'],
    ...['resnet101.a1h_in1k', 'resnet101.a1_in1k', 'resnet101.a2_in1k', 'resnet101.a3_in1k'],
    ...['resnet152.a1h_in1k', 'resnet152.a1_in1k', 'resnet152.a2_in1k', 'resnet152.a3_in1k'],
    ...['wide_resnet50_2.racm_in1k', 'resnext50_32x4d.a1h_in1k', 'resnext50_32x4d.a1_in1k'],
    ...['resnext50_32x4d.a2_in1k', 'resnext50_32x4d.a3_in1k', 'resnext50_32x4d.ra_in1k', 'resnext101_64x4d.c1_in1k'],
  ].map(onItsPage),
  ...[
    ...['resnet18.tv_in1k', 'resnet34.tv_in1k', 'resnet50.tv_in1k', 'resnet50.tv2_in1k', 'resnet101.tv_in1k'],
    ...['resnet101.tv2_in1k', 'resnet152.tv_in1k', 'resnet152.tv2_in1k', 'wide_resnet50_2.tv_in1k'],
    ...['wide_resnet50_2.tv2_in1k', 'wide_resnet101_2.tv_in1k', 'wide_resnet101_2.tv2_in1k'],
    ...['resnext50_32x4d.tv_in1k', 'resnext50_32x4d.tv2_in1k', 'resnext101_32x8d.tv_in1k'],
    ...['resnext101_32x8d.tv2_in1k', 'resnext101_64x4d.tv_in1k'],
  ].map(ofTorchvision),
];
