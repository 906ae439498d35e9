// As imports they would be the replacements.
const realFs = process.getBuiltinModule('node:fs');
const { posix, win32 } = process.getBuiltinModule('node:path');

/**
 * node:path and node:fs of a machine with Windows' paths, on one without: drives are folders, and both kinds of slashes part a
 * path. What Windows' file system forbids (open files that are renamed, names that differ in case alone) it does not forbid.
 */
let drives: string | undefined;

/** @param folder in which the drives are, `c` and so on */
export function putDrives(folder: string): void {
  drives = folder;
}

/** The file that stands for a path of the machine; paths that are no Windows' ones are taken as they are. */
function fileOf(path: string): string {
  const match = /^([A-Za-z]):[\\/]?(.*)$/.exec(path);
  if (match) return posix.join(drives!, match[1]!.toLowerCase(), ...match[2]!.split(/[\\/]/));
  return path.includes('\\') ? path.replaceAll('\\', '/') : path;
}

/** The path on the machine of a file. */
function pathOf(file: string): string {
  if (!drives || !file.startsWith(`${drives}/`)) return file;
  const [drive, ...parts] = file.slice(drives.length + 1).split('/');
  return win32.join(`${drive!.toUpperCase()}:\\`, ...parts);
}

/** What takes two paths, or gives one. */
const TWO = new Set(['rename', 'renameSync', 'copyFile', 'copyFileSync', 'link', 'symlink']);
const GIVE = new Set(['realpath', 'realpathSync', 'mkdtemp', 'mkdtempSync']);

function wrapped<T extends object>(module: T): T {
  return Object.fromEntries(
    Object.entries(module).map(([name, member]) => {
      if (typeof member !== 'function' || /^[A-Z_]/.test(name)) return [name, member];
      const call = (...args: unknown[]) => {
        const paths = TWO.has(name) ? 2 : 1;
        const mapped = args.map((arg, i) => (i < paths && typeof arg === 'string' ? fileOf(arg) : arg));
        const result = (member as (...all: unknown[]) => unknown)(...mapped);
        if (!GIVE.has(name)) return result;
        return result instanceof Promise ? result.then(pathOf) : pathOf(result as string);
      };
      return [name, Object.assign(call, member)];
    }),
  ) as T;
}

/** A module's replacement, its default export included. */
const withDefault = <T extends object>(module: T) => ({ ...module, default: module });

export const windowsPath: object = withDefault({ ...win32, win32, posix });
export const windowsPromises: object = withDefault(wrapped(realFs.promises));
export const windowsFs: object = withDefault({ ...wrapped(realFs), promises: windowsPromises });
