import { ECOSYSTEMS } from '../src/ecosystems/all.ts';
import type { PackageName } from '../src/model/artifact.ts';
import { NO_CHANGE } from '../src/model/change.ts';
import { NO_BASELINE, NO_EVIDENCE, NO_LISTED_EVIDENCE } from '../src/model/evidence.ts';
import { NO_FACTS } from '../src/model/facts.ts';
import { NONE_TAKEN } from '../src/model/taken-places.ts';
import { decide } from '../src/policy/decide.ts';
import { NO_HIGHER } from '../src/policy/judge/floor.ts';
import { parsePolicy } from '../src/policy/load.ts';
import type { ListingQuestion, NameQuestion } from '../src/policy/policy.ts';
import { round, table } from './table.ts';

// What a policy costs by the number of its rules: to load, and to decide a name and a listed file. One process, one
// thread; rules are of all kinds, a tenth of them prefixes of many lengths, and half of what is asked is listed.
//   node bench/policy.ts [RULES=10,100,1000,10000,100000] [SECONDS=0.5]

const sizes = (process.argv[2] ?? '10,100,1000,10000,100000').split(',').map(Number);
const seconds = Number(process.argv[3] ?? 0.5);
const SCHEMES = ECOSYSTEMS.map((ecosystem) => ecosystem.versions);
const NOW = Date.parse('2026-06-01T00:00:00Z');

const rows: string[][] = [];
for (const size of sizes) {
  const text = policyText(size);
  const began = performance.now();
  const policy = parsePolicy([{ path: 'rules.yaml', text }], SCHEMES);
  const loaded = performance.now() - began;
  const names: NameQuestion[] = [];
  const files: ListingQuestion[] = [];
  for (let i = 0; i < 4_096; i++) {
    // Spread over all rules; every second name is none of them.
    const name = (i % 2 === 0 ? nameOf(Math.floor((i * size) / 4_096)) : `nobody-${i}`) as PackageName;
    names.push({ stage: 'name', ecosystem: 'npm', name, now: NOW });
    files.push(fileOf(name, `1.${i % 40}.0`));
  }
  const perName = perSecond((i) => decide(policy, 'default', names[i % names.length] as NameQuestion));
  const perFile = perSecond((i) => decide(policy, 'default', files[i % files.length] as ListingQuestion));
  rows.push([
    size.toLocaleString('en-US'),
    round(Buffer.byteLength(text) / 1024),
    round(loaded),
    round(perName),
    round(perFile),
    round(1e6 / perFile, 2),
  ]);
}
table(['rules', 'KiB', 'load ms', 'names/s', 'files/s', 'µs a file'], rows);

function policyText(rules: number): string {
  const lines = [
    'profile: default',
    'requirements:',
    '  npm: { age: 7d, provenance: no-downgrade, malware: deny }',
    'allow:',
  ];
  for (let i = 0; i < rules; i++) {
    if (i % 10 === 9) lines.push(`  - { npm: "@scope-${i}${'x'.repeat(i % 23)}/*" }`);
    else if (i % 10 < 3)
      lines.push(
        `  - { npm: ${nameOf(i)}, versions: ">=1.${i % 7} <3", requirements: { install-scripts: allow } }`,
      );
    else lines.push(`  - npm: ${nameOf(i)}`);
  }
  return `${lines.join('\n')}\n`;
}

function nameOf(i: number): string {
  return `package-${i}-${(i * 7919) % 1000}`;
}

function fileOf(name: PackageName, version: string): ListingQuestion {
  return {
    stage: 'listing',
    ecosystem: 'npm',
    name,
    quarantined: false,
    facts: NO_FACTS,
    held: NO_EVIDENCE,
    baseline: NO_BASELINE,
    above: NO_HIGHER,
    change: NO_CHANGE,
    taken: NONE_TAKEN,
    feed: null,
    advisories: [],
    now: NOW,
    file: {
      filename: `${name}-${version}.tgz`,
      version,
      kind: 'npm-tarball',
      url: 'https://files.example/x',
      digests: [`sha512:${'a'.repeat(128)}`],
      size: null,
      claimedAt: NOW - 1_000 * 86_400_000,
      yanked: false,
      metadataDigest: null,
      installScripts: false,
      directUrls: false,
      evidence: NO_LISTED_EVIDENCE,
      licence: null,
    },
  };
}

/** Calls a second, over `seconds`, after a warm-up of a fifth of it. */
function perSecond(call: (i: number) => unknown): number {
  const until = (end: number) => {
    let done = 0;
    for (; performance.now() < end; ) for (let k = 0; k < 64; k++) call(done++);
    return done;
  };
  until(performance.now() + seconds * 200);
  const began = performance.now();
  const done = until(began + seconds * 1000);
  return (done / (performance.now() - began)) * 1000;
}
