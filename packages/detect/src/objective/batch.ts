/** Label of a place that no object takes. */
export const NO_OBJECT = -1;
