import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { HOSTILE } from '../test/helpers/hostile-files.js';

const script = fileURLToPath(new URL('../test/helpers/measure-hostile.ts', import.meta.url));

describe('memory stays bounded, whatever a file claims', () => {
  it.each(Object.keys(HOSTILE))('%s', (name) => {
    const args = ['--conditions=@nats/source', '--import', 'tsx', script, name];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(stderr).toBe('');
    const { error, kilobytes } = JSON.parse(stdout) as { error: string; kilobytes: number };
    expect(error).toBe('NatsError');
    // The caps allow far less than the claims.
    expect(kilobytes).toBeLessThan(400 * 1024);
  });
});
