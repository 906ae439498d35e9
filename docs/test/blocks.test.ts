import { describe, expect, it } from 'vitest';
import { blocksOf, importedPackages, installsOf, unitsOf } from './blocks.js';

const page = (...blocks: readonly string[]) => `# Page\n\n${blocks.join('\n\ntext\n\n')}\n`;
const fence = (language: string, code: string) => `\`\`\`${language}\n${code}\n\`\`\``;

describe('blocks of a page', () => {
  it('are found with their language and line', () => {
    expect(blocksOf(page(fence('ts', 'a();'), fence('json', '{}')))).toEqual([
      { line: 4, language: 'ts', code: 'a();\n', continues: false },
      { line: 10, language: 'json', code: '{}\n', continues: false },
    ]);
  });

  it('share a module where one continues another, beyond what is not code', () => {
    const blocks = blocksOf(
      page(fence('ts', 'const a = 1;'), fence('sh', 'nats doctor'), `<!-- continues -->\n\n${fence('ts', 'b(a);')}`),
    );
    expect(unitsOf(blocks)).toEqual([
      { kind: 'ts', line: 4, code: 'const a = 1;\n\nb(a);\n' },
      { kind: 'sh', line: 10, code: 'nats doctor\n' },
    ]);
  });

  it('are left out for a stated reason alone', () => {
    const [block] = blocksOf(page(`<!-- not run: takes hours -->\n${fence('sh', 'nats demo')}`));
    expect(block).toMatchObject({ notRun: 'takes hours' });
    expect(unitsOf([block!])).toEqual([]);
    expect(() => blocksOf(page(`<!-- skip -->\n${fence('sh', 'nats demo')}`))).toThrow('unknown comment');
    expect(() => blocksOf(page(`<!-- not run: -->\n${fence('sh', 'nats demo')}`))).toThrow('unknown comment');
  });

  it('are refused without a language, without an end, and without a beginning', () => {
    expect(() => blocksOf(page(fence('', 'x')))).toThrow('line 3: a fence has no language');
    expect(() => blocksOf(page('```ts\nx'))).toThrow('not closed');
    expect(() => unitsOf(blocksOf(page(`<!-- continues -->\n${fence('ts', 'x')}`)))).toThrow('could continue');
  });

  it('name the packages that they import and install', () => {
    const code =
      "import { a } from '@nats/train/core';\nimport type { b } from 'sharp';\nawait import('node:fs');\nfrom('./x');";
    expect(importedPackages(code)).toEqual(['@nats/train', 'sharp']);
    expect(
      installsOf('npm install a @b/c -D   # why\nONNXRUNTIME_NODE_INSTALL=skip npm install -g d\nnats init'),
    ).toEqual([
      { packages: ['a', '@b/c'], skipsDownload: false },
      { packages: ['d'], skipsDownload: true },
    ]);
  });
});
