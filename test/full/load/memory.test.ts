import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, figures } from './ask.ts';
import { type Subject, startSubject } from './subject.ts';
import { type LoadUpstream, startUpstream } from './upstream.ts';

// Memory does not grow with the number of packages that were asked for.

const PACKAGES = 3000;
const POLICY = `
profile: default
requirements: { npm: { age: 7d }, pypi: { age: 7d, sdist: deny } }
allow: [{ npm: "pebble-*" }]
`;

describe('memory', () => {
  let upstream: LoadUpstream;
  let subject: Subject;
  beforeAll(async () => {
    upstream = await startUpstream();
    await upstream.call('many', 'pebble', PACKAGES);
    subject = await startSubject({
      policy: { 'load.yaml': POLICY },
      upstream: { npm: upstream.npm, pypi: upstream.pypi },
      env: { SALLYPORT_PREFIX_BUDGET: '100000' },
    });
  });
  afterAll(async () => {
    await subject?.remove();
    await upstream?.close();
  });

  test(`${PACKAGES} distinct cold packages in a row, index and tarball`, async () => {
    const grown: number[] = [(await subject.memory()).now];
    const began = performance.now();
    let next = 0;
    const lane = async (end: number) => {
      while (next < end) {
        const name = `pebble-${next++}`;
        for (const path of [`/npm/${name}`, `/npm/${name}/-/${name}-1.1.0.tgz`]) {
          expect((await ask(subject.url + path)).status).toBe(200);
        }
      }
    };
    for (let end = PACKAGES / 6; end <= PACKAGES; end += PACKAGES / 6) {
      await Promise.all(Array.from({ length: 8 }, () => lane(end)));
      grown.push((await subject.memory()).now);
    }
    const seconds = (performance.now() - began) / 1000;
    console.log(
      `${PACKAGES} cold packages in ${figures({ s: seconds })}: MiB ${grown.map(Math.round).join(', ')}; ${figures({ peak: (await subject.memory()).peak })}`,
    );
    const [, afterSixth = 0, , afterHalf = 0] = grown;
    const last = grown.at(-1) ?? Number.POSITIVE_INFINITY;
    // Caches fill in the first half; after that a package may cost 40 KB at most, and nothing like a document.
    expect(last - afterHalf).toBeLessThan(60);
    expect(last - afterSixth).toBeLessThan(150);
  });
});
