import { maximum, type Tensor } from '@nats/graph';

/**
 * What a loss divides a sum by, of which the divisor is a count that depends on the batch, such as its positives. In a
 * data-parallel training the count is that of all ranks (MMDetection's `reduce_mean` of `avg_factor`), so that N processes
 * with batches of b images have the gradient of one with N b.
 * @param name of the count, unique in the loss
 * @param count float32 scalar, without gradient
 * @returns float32 scalar, positive
 */
export type AverageFactor = (name: string, count: Tensor) => Tensor;

/** The batch's own count, at least 1 (torchvision). */
export const ownCount: AverageFactor = (_name, count) => maximum(count, 1);
