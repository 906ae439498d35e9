/**
 * Names of the feature maps that a backbone gives, as in the pyramid papers: `C2` is the output of the first stage
 * (torchvision's `layer1`), whatever its stride is, `C3` that of the second, and so on.
 */
export const STAGE_NAMES = ['C2', 'C3', 'C4', 'C5'] as const;
/** Stages by their stride, as in the FPN paper: C2 has 4, C3 8, C4 16, C5 32. */
export type StageName = (typeof STAGE_NAMES)[number];

/** Where a backbone's parameters stand: before the first stage, or in a stage. */
export type BackbonePart = 'stem' | StageName;
