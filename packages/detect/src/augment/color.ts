import type { DetectionSample } from '../data/detection-sample.js';
import type { Random } from './objects.js';

/** Each a largest change: a factor is drawn from 1 - change to 1 + change. Default 0: no change. */
export interface ColorOptions {
  readonly brightness?: number;
  readonly contrast?: number;
  /** Has no effect on gray images. */
  readonly saturation?: number;
}

export interface ColorFactors {
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
}

/** Random brightness, contrast and saturation. Boxes stay. */
export function jitterColors(sample: DetectionSample, random: Random, options: ColorOptions): DetectionSample {
  const { brightness = 0, contrast = 0, saturation = 0 } = options;
  const factor = (change: number, n: number) => Math.max(0, 1 + change * (2 * random(n) - 1));
  return adjustColors(sample, {
    brightness: factor(brightness, 0),
    contrast: factor(contrast, 1),
    saturation: factor(saturation, 2),
  });
}

/**
 * Brightness multiplies; contrast moves away from the mean gray of the image; saturation moves away from the pixel's own
 * gray; in this order (as torchvision's ColorJitter, which draws the order too). Cut to 0 … 255 and rounded once, at the end.
 */
export function adjustColors(sample: DetectionSample, factors: ColorFactors): DetectionSample {
  const { channels, height, width, pixels } = sample;
  const { brightness, contrast, saturation } = factors;
  const area = height * width;
  const mean = brightness * meanGrey(sample);
  const gain = brightness * contrast;
  const shift = (1 - contrast) * mean;
  const changed = new Uint8ClampedArray(pixels.length);
  if (channels === 3 && saturation !== 1) {
    for (let i = 0; i < area; i++) {
      const r = gain * pixels[i]! + shift;
      const g = gain * pixels[area + i]! + shift;
      const b = gain * pixels[2 * area + i]! + shift;
      const gray = (1 - saturation) * (0.299 * r + 0.587 * g + 0.114 * b);
      changed[i] = saturation * r + gray;
      changed[area + i] = saturation * g + gray;
      changed[2 * area + i] = saturation * b + gray;
    }
  } else {
    const table = Uint8ClampedArray.from({ length: 256 }, (_, value) => gain * value + shift);
    for (let i = 0; i < pixels.length; i++) changed[i] = table[pixels[i]!]!;
  }
  return { ...sample, pixels: new Uint8Array(changed.buffer) };
}

function meanGrey({ channels, height, width, pixels }: DetectionSample): number {
  const area = height * width;
  const weights = channels === 3 ? [0.299, 0.587, 0.114] : new Array<number>(channels).fill(1 / channels);
  let mean = 0;
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (let i = c * area; i < (c + 1) * area; i++) sum += pixels[i]!;
    mean += weights[c]! * (sum / area);
  }
  return mean;
}
