import { z } from 'zod';

/** A whole number of at least `least`. */
export const whole = (least = 1) => z.int().min(least);

export const positive = () => z.number().positive();

/** A share, 0 to 1. */
export const share = () => z.number().min(0).max(1);

/** `[height, width]` in pixels. */
export const size = () => z.tuple([whole(), whole()]);
