import { demoResnet, type ResnetConfig, resnetConfig, smallResnet } from '@nats/space';
import { createNormalizer, type PixelStatistics } from '@nats/train';
import { judged } from '../config/judged.js';
import { type BackboneSettings, DEMO, SMALL } from '../config/sections/backbone.js';

/** Where a backbone's variables are in a detector. */
export const BACKBONE = 'backbone.body';
export const BACKBONE_PREFIX = `${BACKBONE}.`;

/** The backbone's own config. @throws UsageError for settings that contradict each other */
export function backboneConfigOf(settings: BackboneSettings): ResnetConfig {
  const { name, inputChannels, outputStride, stemStride, shortcut, strideIn, widths, blocks, strides } = settings;
  const options = {
    ...(inputChannels !== undefined && { inputChannels }),
    ...(outputStride !== undefined && { outputStride }),
    ...(shortcut && { shortcut }),
    ...(strideIn && { strideIn }),
  };
  const config = () => {
    if (name === DEMO) return demoResnet(options);
    if (name !== SMALL) return resnetConfig(name, options);
    return smallResnet({ ...options, widths: widths!, ...(blocks && { blocks }), ...(strides && { strides }) });
  };
  const built = judged('backbone', config);
  return stemStride === undefined ? built : { ...built, stem: { ...built.stem, stride: stemStride } };
}

/** Of ImageNet, which its weights expect, and those of the CIFAR ResNets too (akamaster/pytorch_resnet_cifar10). */
const IMAGENET_PIXELS: PixelStatistics = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] };
/** About those of digits on textures. */
const DEMO_PIXELS: PixelStatistics = { mean: [0.3], deviation: [0.2] };

/** How the backbone's input is normalised. @throws UsageError for statistics of another number of channels */
export function pixelStatisticsOf(
  { pixels, name }: BackboneSettings,
  { inputChannels }: ResnetConfig,
): PixelStatistics {
  if (pixels) {
    judged('backbone.pixels', () => createNormalizer({ channels: inputChannels, height: 1, width: 1 }, pixels));
    return pixels;
  }
  if (name === DEMO && inputChannels === 1) return DEMO_PIXELS;
  if (inputChannels === 3) return IMAGENET_PIXELS;
  const spread = (value: number) => new Array<number>(inputChannels).fill(value);
  return { mean: spread(0.45), deviation: spread(0.225) };
}
