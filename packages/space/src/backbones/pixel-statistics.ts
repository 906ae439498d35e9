/** How pixels in 0 to 1 become a network's input: `(pixel - mean) / deviation`, one number for each channel (RGB). */
export interface PixelStatistics {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/**
 * ImageNet's, which torchvision's and timm's weights expect; also those of akamaster's CIFAR ResNets
 * (pytorch_resnet_cifar10 normalizes by ImageNet's).
 */
export const IMAGENET_STATISTICS = {
  mean: [0.485, 0.456, 0.406],
  deviation: [0.229, 0.224, 0.225],
} as const satisfies PixelStatistics;

/** CIFAR-10's own, for networks that are trained on it from random weights. */
export const CIFAR10_STATISTICS = {
  mean: [0.4914, 0.4822, 0.4465],
  deviation: [0.2023, 0.1994, 0.201],
} as const satisfies PixelStatistics;
