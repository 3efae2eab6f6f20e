import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

// `sallyport policy schema | head`: whoever reads may leave at any time.

test('a reader that goes away ends a command without a stack', async () => {
  const main = join(import.meta.dirname, '../../src/main.ts');
  const child = spawn(process.execPath, [main, 'policy', 'schema'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => (words += chunk));
  const code = await new Promise((resolve) => child.once('exit', resolve));
  expect({ code, words }).toEqual({ code: 0, words: '' });
});
