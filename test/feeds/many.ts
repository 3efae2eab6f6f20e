import type { ZipEntry } from '../verify/zip-writer.ts';
import { ghsaRecord, malRecord, pysecRecord } from './records.ts';

/** Records as the two ecosystems have them together: seven of ten malware, many of them of few popular packages. */
export function* manyRecords(count: number, popular = 3_000): Generator<Readonly<Record<string, unknown>>> {
  for (let i = 0; i < count; i++) {
    if (i % 10 < 7) yield malRecord(`MAL-2026-${i}`, `name-${i}`, i % 2 === 0 ? 'npm' : 'PyPI');
    else if (i % 10 < 9)
      yield ghsaRecord(`GHSA-${i}-bbbb-cccc`, `popular-${i % popular}`, { aliases: [`CVE-2024-${i}`] });
    else yield pysecRecord(`PYSEC-2024-${i}`, `popular-${i % popular}`, { aliases: [`CVE-2024-${i - 1}`] });
  }
}

export function entriesOf(records: Iterable<Readonly<Record<string, unknown>>>): ZipEntry[] {
  return [...records].map((one) => ({ path: `${one['id']}.json`, bytes: JSON.stringify(one) }));
}
