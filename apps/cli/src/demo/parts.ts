/** Runs that a demonstration consists of, in the order of its steps. */
export const DEMO_PARTS = ['pretrain', 'search', 'original', 'transformed'] as const;
