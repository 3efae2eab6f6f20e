import { open } from 'node:fs/promises';
import { inspect } from '../verify/inspect.ts';
import type { Expected } from '../verify/verify.ts';
import { giveWay } from './give-way.ts';
import { serve } from './rpc.ts';

// Archives from outside are taken apart here: a fault or a flood of memory ends this thread, not the firewall.
giveWay();
serve({
  async inspect(path: string, expected: Expected) {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      return await inspect(
        {
          size,
          async read(offset, length) {
            const bytes = Buffer.allocUnsafe(length);
            let done = 0;
            while (done < length) {
              const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
              if (bytesRead === 0) throw new Error('the file is shorter than it was');
              done += bytesRead;
            }
            return bytes;
          },
        },
        expected,
      );
    } finally {
      await handle.close();
    }
  },
});
