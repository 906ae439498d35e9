/** Debian's own interpreter, which sees the packages `python3-torch` and `python3-torchvision`. */
export const DEBIAN_PYTHON = '/usr/bin/python3';

/** An interpreter to measure against. */
export interface Python {
  readonly command: string;
  /** Named by the user, so that a package that it lacks is an error and no reason to leave it out. */
  readonly asked: boolean;
}

/** Every `--python COMMAND`, which may be repeated: all are measured by turns in one run. Without any Debian's, where it has what is needed. */
export function pythonOption(args: readonly string[]): Python[] {
  const asked = args.flatMap((arg, i) => (arg === '--python' ? [args[i + 1]] : []));
  if (asked.some((command) => command === undefined || command.startsWith('--')))
    throw new Error('--python takes the interpreter to measure, as a path or by its name');
  if (asked.length === 0) return [{ command: DEBIAN_PYTHON, asked: false }];
  return asked.map((command) => ({ command: command!, asked: true }));
}
