import { add, multiply, power, sigmoid, softplus, subtract, type Tensor } from '@nats/graph';

/** Parameters of the focal loss (Lin et al. 2017, section 3.2). */
export interface FocalLossOptions {
  /** Weight of positives; negatives get 1 - alpha. Default 0.25. */
  readonly alpha?: number;
  /** How strongly easy examples are played down. Default 2. */
  readonly gamma?: number;
}

/** Binary cross-entropy of logits with targets from 0 to 1, elementwise, without overflow. */
export function binaryCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  return subtract(softplus(logits), multiply(logits, targets));
}

/**
 * Sigmoid focal loss, elementwise (Lin et al. 2017, equation 5; torchvision's sigmoid_focal_loss with reduction none).
 * @param logits any shape
 * @param targets 0 or 1, the same shape
 */
export function focalLoss(logits: Tensor, targets: Tensor, { alpha = 0.25, gamma = 2 }: FocalLossOptions = {}): Tensor {
  const probability = sigmoid(logits);
  // 1 - p_t: how wrong the prediction is.
  const wrong = add(probability, multiply(targets, subtract(1, multiply(probability, 2))));
  const weight = subtract(1 - alpha, multiply(targets, 1 - 2 * alpha));
  return multiply(multiply(weight, power(wrong, gamma)), binaryCrossEntropy(logits, targets));
}
