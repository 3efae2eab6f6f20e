import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CAUSES, type Cause, codeOfCause } from '../../src/model/evidence.ts';
import { REASONS } from '../../src/model/reason-codes.ts';
import { digestsOf, type EvidenceHouse, startEvidenceHouse } from '../admission/evidence-house.ts';
import { DAY, tarballPath } from '../admission/harness.ts';
import { fixture, reasonForNoFixtures } from '../harness/fixtures.ts';
import { startRegistry } from '../harness/registry.ts';
import { linesOf, type Ran, sallyport } from '../harness/sallyport.ts';
import { codesIn, readPage, tableOf } from './markdown.ts';

// docs/evidence.md: its tables are those of the code, its tests exist, and its transcripts are what the commands print.

const ROOT = join(import.meta.dirname, '..', '..');
const PAGE = readPage('docs/evidence.md', readFileSync(join(ROOT, 'docs/evidence.md'), 'utf8'));

describe('tables', () => {
  test('every code of evidence has its words', () => {
    const codes = Object.entries(REASONS).filter(([code]) =>
      /^(SIGNATURE|PROVENANCE|EVIDENCE|SIGNER)_/.test(code),
    );
    expect(tableOf(PAGE, 'code')).toEqual(codes.map(([code, [, words]]) => [`\`${code}\``, words]));
  });

  test('every cause has its words and its code', () => {
    const causes = Object.keys(CAUSES) as Cause[];
    expect(tableOf(PAGE, 'cause')).toEqual(
      causes.map((cause) => [`\`${cause}\``, CAUSES[cause], `\`${codeOfCause('provenance', cause)}\``]),
    );
    const said =
      /is `SIGNATURE_UNCHECKED` for\s+([^.]*?), and `SIGNATURE_INVALID` for every other/.exec(
        PAGE.text,
      )?.[1] ?? '';
    const codes = new Set(causes.map((cause) => codeOfCause('registry-signature', cause)));
    expect([...codes].sort()).toEqual(['SIGNATURE_INVALID', 'SIGNATURE_UNCHECKED']);
    expect(codesIn(said)).toEqual(
      causes.filter((cause) => codeOfCause('registry-signature', cause) === 'SIGNATURE_UNCHECKED'),
    );
  });

  test('each of the 27 points has a test of that name', () => {
    const rows = tableOf(PAGE, 'no');
    expect(rows.map(([no]) => no)).toEqual(Array.from({ length: 27 }, (_, i) => String(i + 1)));
    for (const [no, , cell = ''] of rows) {
      const [file = '', name = ''] = cell.split('`: ');
      const text = readFileSync(join(ROOT, file.replace('`', '')), 'utf8');
      const named = [...text.matchAll(/(?:test|describe)(?:\.\w+\([\s\S]*?\))?\(\s*(['"`])(.*?)\1,/g)].map(
        (m) => m[2],
      );
      const rows = [...text.matchAll(/\]\)\((['"`])(.*?)\1,/g)].map((m) => m[2]);
      expect(
        [...named, ...rows].some((one) => one?.includes(name)),
        `${no}: ${cell}`,
      ).toBe(true);
      expect(name, no).toMatch(/\w{3}/);
    }
  });
});

describe('transcripts', () => {
  let house: EvidenceHouse;
  let env: Record<string, string>;
  let leaf: string;
  beforeAll(async () => {
    const policy = PAGE.blocks.find(({ language }) => language === 'yaml')?.text ?? '';
    house = await startEvidenceHouse({ policy });
    await house.add('widget', '1.0.0');
    await house.add('widget', '1.1.0', { provenance: { signer: { repository: 'evil/widget' } } });
    const { sha512 } = await house.add('widget', '1.2.0', { provenance: null });
    expect((await house.ask(tarballPath('widget', '1.0.0'))).status).toBe(200);
    const entries = await house.entries({ package: 'widget' });
    leaf = entries.find((one) => one['route'] === 'artifact')?.leaf ?? '';
    house.clock.advance(DAY);
    const put = async (name: string, bytes: Uint8Array) => {
      await writeFile(join(house.root, name), bytes);
      return join(house.root, name);
    };
    await put('widget-1.2.0.tgz', house.registry.tarball('widget', '1.2.0'));
    await put(
      'widget-1.2.0.json',
      await house.world.npmAttestations({ name: 'widget', version: '1.2.0', sha512 }),
    );
    env = {
      SALLYPORT_DATA: join(house.root, 'data'),
      SALLYPORT_ALLOWLISTS: join(house.root, 'allowlists'),
      SALLYPORT_NPM_UPSTREAM: house.registry.npmBase,
      SALLYPORT_PRIVATE_ADDRESSES: '127.0.0.0/8',
      SALLYPORT_TRUSTED_ROOT: await put('root.json', house.world.trust.root),
      SALLYPORT_NPM_KEYS: await put('keys.json', Buffer.from(house.world.trust.npmKeys)),
    };
  });
  afterAll(() => house?.remove());

  /** A command as the page writes it: its files are in the house's folder, and ENTRY is the entry. */
  async function run(command: string): Promise<Ran> {
    const args = command.split(' ').slice(1);
    return sallyport(
      env,
      ...args.map((arg) =>
        /\.(json|tgz)$/.test(arg) ? join(house.root, arg) : arg === 'ENTRY' ? leaf : arg,
      ),
    );
  }

  test('are what the commands print, one after the other', async () => {
    const blocks = PAGE.blocks.filter(({ language }) => language === 'console');
    expect(blocks.length).toBeGreaterThan(3);
    for (const block of blocks) {
      let real = '';
      for (const line of block.text.split('\n').filter((one) => one.startsWith('$ '))) {
        const { stdout, stderr } = await run(line.slice(2));
        real += `${line}\n${stdout}${stderr}`;
      }
      expect(`${block.text}\n`, `${PAGE.file}:${block.line}`).toBe(cut(real));
    }
  });

  test('--json has the members that are listed, and no others', async () => {
    const listed = new Map(
      tableOf(PAGE, 'command').map(([name = '', members = '']) => [codesIn(name)[0], codesIn(members)]),
    );
    const commands = [
      'sallyport check widget@1.1.0 --json',
      'sallyport check widget --json',
      'sallyport attest import widget-1.2.0.json --json',
      'sallyport attest import widget-1.2.0.tgz --json',
      'sallyport attest verify widget@1.0.0 --package npm --json',
      'sallyport attest verify --entry ENTRY --json',
    ];
    const found = new Map<string, Set<string>>();
    for (const command of commands) {
      const name = `${command
        .split(' ')
        .slice(0, command.includes('attest') ? 3 : 2)
        .join(' ')} --json`;
      for (const line of linesOf(await run(command))) {
        const nested = [...(line.files ?? []), line.before ?? {}].flatMap((one) => Object.keys(one));
        found.set(name, new Set([...(found.get(name) ?? []), ...Object.keys(line), ...nested]));
      }
    }
    // Members that none of these has: a wheel's digest, a cause of an entry that refused, another trust than then.
    found.get('sallyport attest import --json')?.add('sha256');
    found.get('sallyport attest verify --json')?.add('cause').add('today');
    expect([...found.keys()].sort()).toEqual([...listed.keys()].sort());
    for (const [name, members] of found) expect(new Set(listed.get(name)), name).toEqual(members);
  });
});

describe('the README', () => {
  const README = readPage('README.md', readFileSync(join(ROOT, 'README.md'), 'utf8'));
  const SECTION = readPage('README.md', /^## Evidence$([\s\S]*?)^## /m.exec(README.text)?.[1] ?? '');

  test('names tests that exist, each in the tier that runs it', () => {
    const rows = tableOf(SECTION, 'what holds');
    expect(rows.length).toBeGreaterThan(5);
    for (const [, cell = ''] of rows) {
      const [, full, paths = ''] =
        /^npm (?:test|run (test:full)) -- (.+)$/.exec(codesIn(cell)[0] ?? '') ?? [];
      expect(paths, cell).not.toBe('');
      for (const path of paths.split(' ')) {
        expect(existsSync(join(ROOT, path)), path).toBe(true);
        expect(path.startsWith('test/full/'), path).toBe(full !== undefined);
      }
    }
  });

  test.skipIf(reasonForNoFixtures !== null)(
    `shows what its policy says of real evidence${reasonForNoFixtures ? ` (skipped: ${reasonForNoFixtures})` : ''}`,
    async () => {
      const document = fixture('npm', 'sigstore-1.0.0.valid.json');
      const [first] = JSON.parse(document.toString()).attestations;
      const statement = JSON.parse(Buffer.from(first.bundle.dsseEnvelope.payload, 'base64').toString());
      const sha512 = Buffer.from(statement.subject[0].digest.sha512, 'hex').toString('base64');
      const registry = await startRegistry();
      const folder = await mkdtemp(join(tmpdir(), 'docs-'));
      try {
        registry.addNpm('sigstore', { '1.0.0': { integrity: `sha512-${sha512}`, attestations: true } });
        registry.setEvidence(registry.attestationsPath('sigstore', '1.0.0'), document);
        const policy = README.blocks.find(({ text }) => text.startsWith('profile: default\n'))?.text ?? '';
        await mkdir(join(folder, 'allowlists'));
        await writeFile(join(folder, 'allowlists', 'team.yaml'), policy);
        const settings = {
          SALLYPORT_DATA: join(folder, 'data'),
          SALLYPORT_ALLOWLISTS: join(folder, 'allowlists'),
          SALLYPORT_NPM_UPSTREAM: registry.npmBase,
          SALLYPORT_PRIVATE_ADDRESSES: '127.0.0.0/8',
        };
        const [command = '', ...lines] =
          SECTION.blocks.find(({ language }) => language === 'console')?.text.split('\n') ?? [];
        const ran = await sallyport(settings, ...command.split(' ').slice(2));
        expect(`${lines.join('\n')}\n`).toBe(ran.stdout);
        expect(ran.code).toBe(1);
      } finally {
        await registry.close();
        await rm(folder, { recursive: true });
      }
    },
  );
});

/** Digests as the page prints them. */
function cut(text: string): string {
  return text.replace(/(sha\d+):([0-9a-f]{4})[0-9a-f]+/g, '$1:…');
}

test('digests that are left out are those of these bytes', () => {
  expect(cut(`of ${digestsOf(Buffer.from('x')).sha512}, as it was given`)).toBe(
    'of sha512:…, as it was given',
  );
});
