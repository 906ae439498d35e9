import { readFileSync } from 'node:fs';

/** Of a process that lives. */
export const UNKNOWN = '0';

/**
 * A number that tells a process from earlier and later ones with the same id: on Linux when it was started, in ticks since the
 * machine was (proc(5), field 22 of stat), elsewhere unknown.
 * @returns nothing if there is no such process
 */
export function startTimeOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return lives(pid) ? UNKNOWN : undefined;
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // None, or it may not be looked at (hidepid of proc(5)).
    return lives(pid) ? UNKNOWN : undefined;
  }
  // The second field is a name in parentheses, which may hold spaces and parentheses; the third is the state.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ended = fields[0] === 'Z' || fields[0] === 'X';
  return ended ? undefined : fields[19];
}

function lives(pid: number): boolean {
  try {
    // Sends nothing.
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
