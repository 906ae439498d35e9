/** A fenced block of a page, with what the comments above it say. */
export interface Block {
  /** Line of the page, from 1, of its first line of code. */
  readonly line: number;
  /** What stands after the fence: `ts`, `sh`, `json`, `text`. */
  readonly language: string;
  readonly code: string;
  /** From `<!-- continues -->`: it goes on in the module of the block before. */
  readonly continues: boolean;
  /** From `<!-- not run: reason -->`. */
  readonly notRun?: string;
}

/** The fenced blocks of a page, in order. @throws Error for a fence without a language, an open one or an unknown comment */
export function blocksOf(markdown: string): Block[] {
  const lines = markdown.split('\n');
  const blocks: Block[] = [];
  for (let i = 0; i < lines.length; i++) {
    const fence = /^```(\S*)$/.exec(lines[i]!);
    if (!fence) continue;
    if (fence[1] === '') throw new Error(`line ${i + 1}: a fence has no language`);
    const end = lines.indexOf('```', i + 1);
    if (end < 0) throw new Error(`line ${i + 1}: a fence is not closed`);
    const comment = commentAbove(lines, i);
    const notRun = comment && /^not run: (.+)$/.exec(comment)?.[1];
    if (comment !== undefined && comment !== 'continues' && notRun === undefined)
      throw new Error(`line ${i}: unknown comment above a block: ${comment}`);
    const code = `${lines.slice(i + 1, end).join('\n')}\n`;
    const base = { line: i + 2, language: fence[1]!, code, continues: comment === 'continues' };
    blocks.push(notRun === undefined ? base : { ...base, notRun });
    i = end;
  }
  return blocks;
}

function commentAbove(lines: readonly string[], fence: number): string | undefined {
  let above = fence - 1;
  while (above >= 0 && lines[above]!.trim() === '') above--;
  return /^<!-- (.+) -->$/.exec(lines[above] ?? '')?.[1];
}

/** What is run as one: a module of one or more `ts` blocks, or the commands of one `sh` block. */
export interface Unit {
  readonly kind: 'ts' | 'sh';
  /** Of its first block. */
  readonly line: number;
  readonly code: string;
}

/** What a page has to be run, in order; blocks of other languages and those that are not run are left out. */
export function unitsOf(blocks: readonly Block[]): Unit[] {
  const units: Unit[] = [];
  for (const { language, line, code, continues, notRun } of blocks) {
    if (notRun !== undefined || (language !== 'ts' && language !== 'sh')) continue;
    const previous = units.findLastIndex(({ kind }) => kind === language);
    if (!continues) units.push({ kind: language, line, code });
    else if (previous < 0) throw new Error(`line ${line}: there is no block that this one could continue`);
    else units[previous] = { ...units[previous]!, code: `${units[previous]!.code}\n${code}` };
  }
  return units;
}

/** Packages that a block of TypeScript imports, without Node's own modules: `@nats/train` of `@nats/train/core`. */
export function importedPackages(code: string): string[] {
  const found = [...code.matchAll(/(?:from|import)\s*\(?\s*'([^'.][^']*)'/g)]
    .map(([, specifier]) => specifier!)
    .filter((specifier) => !specifier.startsWith('node:'))
    .map((specifier) =>
      specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/'),
    );
  return [...new Set(found)];
}

/** A line that installs packages: which, and whether it keeps onnxruntime-node from downloading what a CPU does not need. */
export interface Install {
  readonly packages: readonly string[];
  readonly skipsDownload: boolean;
}

/** The lines `npm install …` of a shell block, whether it is run or not. */
export function installsOf(code: string): Install[] {
  return [...code.matchAll(/^(ONNXRUNTIME_NODE_INSTALL=skip )?npm install ([^#\n]+)/gm)].map(([, skip, names]) => ({
    packages: names!.split(/\s+/).filter((name) => name !== '' && !name.startsWith('-')),
    skipsDownload: skip !== undefined,
  }));
}
