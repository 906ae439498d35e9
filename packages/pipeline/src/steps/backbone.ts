import {
  type BackboneConfig,
  backboneConfig,
  CIFAR10_STATISTICS,
  demoResnet,
  IMAGENET_STATISTICS,
  isResnetName,
  resnetConfig,
  smallResnet,
} from '@nats/space';
import { createNormalizer } from '@nats/train';
import { asConfigError } from '../config/config-errors.js';
import { type BackboneSettings, DEMO, SMALL } from '../config/sections/backbone.js';

/** Where a backbone's variables are in a detector. */
export const BACKBONE = 'backbone.body';
export const BACKBONE_PREFIX = `${BACKBONE}.`;

const STATISTICS = { imagenet: IMAGENET_STATISTICS, cifar10: CIFAR10_STATISTICS } as const;

/** The backbone's own config. @throws UsageError for settings that contradict each other */
export function backboneConfigOf(settings: BackboneSettings): BackboneConfig {
  const config = asConfigError('backbone', () => namedBackbone(settings));
  if (!settings.pixels) return config;
  const pixels = typeof settings.pixels === 'string' ? STATISTICS[settings.pixels] : settings.pixels;
  asConfigError('backbone.pixels', () =>
    createNormalizer({ channels: config.inputChannels, height: 1, width: 1 }, pixels),
  );
  return { ...config, inputStatistics: pixels };
}

function namedBackbone(settings: BackboneSettings): BackboneConfig {
  const { name, inputChannels, outputStride, stemStride, shortcut, strideIn, widths, blocks, strides } = settings;
  const input = inputChannels !== undefined && { inputChannels };
  if (name !== SMALL && name !== DEMO && !isResnetName(name)) return backboneConfig(name, { ...input });
  const options = {
    ...input,
    ...(outputStride !== undefined && { outputStride }),
    ...(shortcut && { shortcut }),
    ...(strideIn && { strideIn }),
  };
  const resnet = () => {
    if (name === DEMO) return demoResnet(options);
    if (name !== SMALL) return resnetConfig(name, options);
    return smallResnet({ ...options, widths: widths!, ...(blocks && { blocks }), ...(strides && { strides }) });
  };
  const config = resnet();
  return stemStride === undefined ? config : { ...config, stem: { ...config.stem, stride: stemStride } };
}
