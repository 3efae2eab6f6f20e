import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ocsfEvent } from '../../../src/exports/ocsf.ts';
import { ENTRY_TYPES } from '../../../src/ledger/canonical.ts';
import { type EvidenceHouse, startEvidenceHouse } from '../../admission/evidence-house.ts';
import { tarballPath, until } from '../../admission/harness.ts';
import { logged } from '../../exports/logged.ts';
import { SAMPLES } from '../../exports/samples.ts';
import { linesOf, sallyport } from '../../harness/sallyport.ts';
import { check, installPythonTools, type Job } from './python-tools.ts';

// What a real house exports, held against the formats' own validators and against verifiers that others wrote.

const POLICY = `profile: default
requirements:
  npm: { age: 0, registry-signature: if-present, provenance: if-present }
allow:
  - npm: widget
  - npm: "@acme/bare"
`;

let python: string;
let house: EvidenceHouse;
let job: Job;
let run: (...args: string[]) => ReturnType<typeof sallyport>;

beforeAll(async () => {
  python = await installPythonTools();
  house = await startEvidenceHouse({ policy: POLICY });
  await house.add('widget', '1.0.0');
  await house.add('@acme/bare', '1.0.0', { provenance: null });
  for (const name of ['widget', '@acme/bare', 'unlisted']) await house.ask(tarballPath(name, '1.0.0'));
  await house.ask('/npm/widget');
  await house.house.reload();
  await until(async () => (await house.entries({ type: 'served' })).length === 2);
  const env = { SALLYPORT_DATA: join(house.root, 'data') };
  run = (...args) => sallyport(env, 'ledger', 'export', '--format', ...args);
  const folder = join(house.root, 'vsa');
  await run('vsa', '--out', folder);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  job = {
    ocsf: linesOf(await run('ocsf')),
    cyclonedx: [(await run('cyclonedx', '--agent', 'local')).stdout],
    dsse: await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8'))),
    pem: await readFile(join(folder, 'key.pem'), 'utf8'),
  };
});
afterAll(() => house?.remove());

test('what a house exports is valid, and verifies', () => {
  expect(job.dsse).toHaveLength(2);
  expect(job.ocsf.length).toBeGreaterThan(6);
  expect(check(python, job)).toEqual({ ocsf: [], cyclonedx: [], dsse: [], statements: [] });
});

test('so does an event of every type of entry', () => {
  expect(new Set(SAMPLES.map(({ type }) => type))).toEqual(ENTRY_TYPES);
  const ocsf = SAMPLES.map((draft) => ocsfEvent(logged(draft), '1.2.3'));
  expect(check(python, { ...job, ocsf }).ocsf).toEqual([]);
});

describe('the checks find', () => {
  // biome-ignore lint/suspicious/noExplicitAny: each case breaks one member
  const broken = (change: (event: any) => void) => {
    const event = structuredClone(ocsfEvent(logged(SAMPLES[0] ?? ({} as never)), '1'));
    change(event);
    return event;
  };
  test('an event that lacks what its class asks for, or has what it does not know', () => {
    const ocsf = [
      broken((event) => delete event.actor),
      broken((event) => (event.action_id = 77)),
      broken((event) => (event.more = 'x')),
      broken((event) => (event.time = 'now')),
      broken((event) => delete event.metadata.product),
    ];
    const found = check(python, { ...job, ocsf }).ocsf.map((problem) => problem.split(':')[0]);
    expect([...new Set(found)]).toEqual(['0', '1', '2', '3', '4']);
  });
  test('an envelope that somebody changed, and a statement with a member that nobody knows', () => {
    const [first = '{}'] = job.dsse;
    const envelope = JSON.parse(first);
    const statement = JSON.parse(Buffer.from(envelope.payload, 'base64').toString('utf8'));
    statement.predicate.trust = 'me';
    const payload = Buffer.from(JSON.stringify(statement)).toString('base64');
    const problems = check(python, { ...job, dsse: [JSON.stringify({ ...envelope, payload })] });
    expect(problems.dsse).toHaveLength(1);
    expect(problems.statements).toHaveLength(1);
  });
  test('a bill of materials that is none', () => {
    const bom = JSON.parse(job.cyclonedx[0] ?? '{}');
    const cyclonedx = [JSON.stringify({ ...bom, serialNumber: 'x' })];
    expect(check(python, { ...job, cyclonedx }).cyclonedx).toHaveLength(1);
  });
});
