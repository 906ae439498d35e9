/** Tells how it goes. */
export interface Progress {
  /** A line that stays. */
  line(text: string): void;
  /** How far something is; may be shown or not, and replaces the former one. */
  update(text: string): void;
}

/** `3 of 10, about 2 min left`, from what was done in how many seconds. */
export function timeLeft(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'time left unknown';
  if (seconds < 90) return `about ${Math.round(seconds)} s left`;
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} min left`;
  return `about ${(seconds / 3600).toFixed(1)} h left`;
}
