import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Cache } from './cache.ts';
import { errands } from './collect.ts';
import { look } from './look.ts';
import { Recorder } from './recorder.ts';

const { values } = parseArgs({
  options: {
    cache: { type: 'string', default: join(tmpdir(), 'sallyport-sweep') },
    offline: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '3600' },
    errand: { type: 'string', default: '' },
    only: { type: 'string', default: '' },
  },
});
const cache = new Cache(values.cache);
if (!values.offline) {
  const recorder = await Recorder.open(cache);
  const end = performance.now() + Number(values.seconds) * 1000;
  for (const errand of await errands(recorder, cache)) {
    if (performance.now() > end) break;
    if (!errand.title.includes(values.errand)) continue;
    const from = performance.now();
    const problem = await errand.run().then(
      () => '',
      (error: unknown) => `: ${String(error)}`,
    );
    console.log(`${errand.title} (${Math.round((performance.now() - from) / 1000)} s)${problem}`);
  }
  await recorder.close();
}
const swept = await look(cache, ({ name }) => name.includes(values.only));
for (const { ecosystem, name, version, filename, code, place } of swept.found)
  console.log(`${ecosystem} ${name} ${version} ${filename} ${code} ${place}`);
console.log(swept.files, swept.packages, swept.bytes, swept.found.length);
