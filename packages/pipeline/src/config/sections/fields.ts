import { z } from 'zod';

/** A whole number of at least `least`. */
export const whole = (least = 1) => z.int().min(least);

export const positive = () => z.number().positive();

/** A share, 0 to 1. */
export const share = () => z.number().min(0).max(1);

/** A smaller and a larger number. */
export const ascending = () =>
  z.tuple([positive(), positive()]).refine(([low, high]) => low <= high, 'the first is at most the second');

/** Mean and deviation of pixels in 0 to 1, one number for each channel. */
export const pixels = () => z.strictObject({ mean: z.array(z.number()).min(1), deviation: z.array(positive()).min(1) });
