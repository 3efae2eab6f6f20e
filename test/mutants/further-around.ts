import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Gate } from '../incidents/gate.ts';
import type { Code, Row } from '../incidents/row.ts';
import { attestedWheel } from '../incidents/staged.ts';
import type { World } from '../incidents/world.ts';
import { further as ofBytes } from './further.ts';
import { replay } from './replays.ts';

// Replays for checks of what lies around a package: who asks, what feeds know, what an index may say, where a request may go, what is written down.

type Said = Record<string, unknown>;
type Packument = Said & { name: string; readonly versions: Record<string, Said> };
type Page = Said & { readonly files: Said[] };

async function packumentOf({ registry }: World, name: string): Promise<Packument> {
  const answer = await fetch(registry.npmBase + name);
  return (await answer.json()) as Packument;
}

/** npm: what the registry would say, changed before it is said; the file of 1.0.1 must be refused. */
function said(title: string, code: Code, change: (packument: Packument) => void): Row {
  return replay(title, 'npm', (name) => ({
    code,
    async stage(world) {
      const { registry } = world;
      registry.addNpm(name, { '1.0.0': {}, '1.0.1': {} });
      const packument = await packumentOf(world, name);
      change(packument);
      registry.withFault(`/npm-up/${name}`, { kind: 'body', body: JSON.stringify(packument) });
    },
    async probe(gate) {
      await gate.refused(gate.tarball(name, '1.0.1'), code);
    },
  }));
}

const filenameOf = (name: string, version = '1.0.1') =>
  `${name.replaceAll('-', '_')}-${version}-py3-none-any.whl`;

/** PyPI: the same. */
function page(title: string, code: Code, change: (page: Page) => void): Row {
  return replay(title, 'pypi', (name) => {
    const filename = filenameOf(name);
    return {
      code,
      async stage({ registry }) {
        registry.addPypi(name, [{ filename }]);
        const accept = 'application/vnd.pypi.simple.v1+json';
        const answer = await fetch(`${registry.pypiBase}${name}/`, { headers: { accept } });
        const document = (await answer.json()) as Page;
        change(document);
        const body = JSON.stringify(document);
        registry.withFault(`/simple/${name}/`, { kind: 'body', body, contentType: accept });
      },
      async probe(gate) {
        await gate.refused(gate.file(name, filename), code);
      },
    };
  });
}

/** A version that a feed of so many days tells of. */
function advised(
  title: string,
  code: Code,
  requirement: string,
  tell: (gate: Gate, name: string) => Promise<void>,
): Row {
  return replay(title, 'npm', (name) => ({
    code,
    policy: `requirements:\n  npm: ${requirement}\nallow:\n  - { npm: ${name} }\n`,
    stage({ registry }) {
      registry.addNpm(name, { '1.0.1': {} });
    },
    async probe(gate) {
      await tell(gate, name);
      await gate.refused(gate.tarball(name, '1.0.1'), code);
    },
  }));
}

const DAY = 86_400_000;
const instant = (days: number) => new Date(Date.now() - days * DAY).toISOString();

/** A record as databases of the OSV format publish them. */
const record = (id: string, name: string, affected: Said, days = 0, more: Said = {}) => ({
  schema_version: '1.7.4',
  id,
  modified: instant(days),
  published: instant(days + 1),
  affected: [{ package: { ecosystem: 'npm', name }, ...affected }],
  ...more,
});
const RANGE = { ranges: [{ type: 'SEMVER', events: [{ introduced: '1.0.1' }, { fixed: '1.0.2' }] }] };

/** What an answer must be, whoever asks. */
async function answered(gate: Gate, path: string, status: number, authorization?: string): Promise<void> {
  const headers = authorization === undefined ? {} : { authorization };
  const answer = await fetch(gate.url + path, { headers, signal: AbortSignal.timeout(20_000) });
  await answer.arrayBuffer();
  if (answer.status !== status) throw new Error(`${path} is answered with ${answer.status}`);
}

/** A caller who must be turned away from a package that is allowed. */
function caller(title: string, ask: (gate: Gate, path: string) => Promise<void>): Row {
  return replay(title, 'npm', (name) => ({
    stage({ registry }) {
      registry.addNpm(name, { '1.0.0': {} });
    },
    async probe(gate) {
      await gate.served(`/npm/${name}`);
      await ask(gate, `/npm/${name}`);
    },
  }));
}

/** A wheel with files that are not its own to bring. */
function brings(
  title: string,
  code: Code,
  files: (stem: string, name: string) => Readonly<Record<string, string>>,
  more: (name: string) => string = () => '',
): Row {
  return replay(title, 'pypi', (name) => {
    const stem = `${name.replaceAll('-', '_')}-1.0.1`;
    const filename = filenameOf(name);
    return {
      code,
      policy: `requirements:\n  pypi: { direct-urls: deny, foreign-places: deny }\nallow:\n  - { pypi: ${name} }\n${more(name)}`,
      stage({ registry }) {
        registry.addPypi(name, [{ filename, files: files(stem, name) }]);
      },
      async probe(gate) {
        await gate.refused(gate.file(name, filename), code);
      },
    };
  });
}

export const further: readonly Row[] = [
  ...ofBytes,
  caller('a request without a token', (gate, path) => answered(gate, path, 401)),
  caller('a token that ran out yesterday', (gate, path) =>
    answered(gate, path, 401, `Bearer ${gate.expired}`),
  ),
  caller('an agent that reads the ledger', (gate) =>
    answered(gate, '/api/v1/ledger/entries', 403, `Bearer ${gate.token}`),
  ),
  // In this order: a feed that once was there is missed.
  advised(
    'vulnerabilities of which no feed knows',
    'VULNERABILITY_UNCHECKED',
    '{ vulnerability: high }',
    async () => undefined,
  ),
  advised(
    'a feed that is required and not there',
    'FEED_MISSING',
    '{ malware: required }',
    async () => undefined,
  ),
  advised('a feed of ten days ago', 'FEED_MISSING', '{ malware: required }', (gate, name) =>
    gate.feed(10, record('MAL-2026-1', `${name}-other`, RANGE, 10)),
  ),
  advised('a version that a record of malware names', 'MALWARE', '{ malware: deny }', (gate, name) =>
    gate.feed(0, record('MAL-2026-2', name, { versions: ['1.0.1'] })),
  ),
  advised('a version in the range of a record of malware', 'MALWARE', '{ malware: deny }', (gate, name) =>
    gate.feed(0, record('MAL-2026-3', name, RANGE)),
  ),
  advised('a grave vulnerability', 'VULNERABLE', '{ vulnerability: high }', (gate, name) =>
    gate.feed(
      0,
      record('GHSA-aaaa-bbbb-cccc', name, { versions: ['1.0.1'] }, 0, {
        database_specific: { severity: 'HIGH' },
      }),
    ),
  ),
  advised('a vulnerability without a severity', 'VULNERABLE', '{ vulnerability: critical }', (gate, name) =>
    gate.feed(0, record('GHSA-aaaa-bbbb-dddd', name, { versions: ['1.0.1'] })),
  ),
  said('a packument of another package', 'INDEX_UNREADABLE', (packument) => {
    packument.name += '-other';
  }),
  replay('a version that is spelled otherwise', 'npm', (name) => ({
    async stage(world) {
      const { registry } = world;
      registry.addNpm(name, { '1.0.0': {}, '1.0.1': {} });
      const packument = await packumentOf(world, name);
      packument.versions['v1.0.1'] = { ...packument.versions['1.0.1'], version: 'v1.0.1' };
      registry.withFault(`/npm-up/${name}`, { kind: 'body', body: JSON.stringify(packument) });
    },
    async probe(gate) {
      await gate.versions(name, '1.0.0', '1.0.1');
    },
  })),
  replay('a tag that is spelled as a version', 'npm', (name) => ({
    stage({ registry }) {
      registry.addNpm(name, { '1.0.0': { tags: ['1.0.1', 'sound'] }, '1.0.1': {} });
    },
    async probe(gate) {
      const { 'dist-tags': tags } = (await gate.served(`/npm/${name}`)).json();
      const told = Object.keys(tags).sort().join(' ');
      if (told !== 'latest sound') throw new Error(`${name} has the tags ${told}`);
    },
  })),
  said('a manifest of another version', 'UNKNOWN_VERSION', ({ versions }) => {
    (versions['1.0.1'] ?? {})['version'] = '1.0.0';
  }),
  page('a page of another project', 'INDEX_UNREADABLE', (document) => {
    document['name'] = 'other';
  }),
  page('a page of a format to come', 'INDEX_UNREADABLE', (document) => {
    document['meta'] = { 'api-version': '2.0' };
  }),
  page('a page with a status that nobody knows', 'INDEX_UNREADABLE', (document) => {
    document['project-status'] = { status: 'impounded' };
  }),
  page('a page that lists a file twice', 'INDEX_UNREADABLE', ({ files }) => {
    files.push({ ...files[0] });
  }),
  page('a page with two digests of one METADATA', 'UNKNOWN_VERSION', ({ files }) => {
    const [file = {}] = files;
    file['core-metadata'] = { sha256: 'a'.repeat(64) };
    file['dist-info-metadata'] = { sha256: 'b'.repeat(64) };
  }),
  replay('a file that is named as refusals are', 'pypi', (name) => {
    const filename = filenameOf(name);
    return {
      stage({ registry }) {
        const forged = filenameOf(name, '0+refused.install.it.by.hand');
        registry.addPypi(name, [{ filename }, { filename: forged }]);
      },
      async probe(gate) {
        await gate.files(name, filename);
      },
    };
  }),
  replay('a file on a private address', 'npm', (name) => ({
    code: 'UPSTREAM_ORIGIN',
    async stage({ registry }) {
      registry.addNpm(name, { '1.0.1': {} });
      const tarball = registry.tarball(name, '1.0.1');
      // Ends with the run.
      const server = createServer((_, response) => response.end(tarball)).unref();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.2', resolve));
      const { port } = server.address() as AddressInfo;
      registry.addNpm(name, { '1.0.1': { tarball, tarballUrl: `http://127.0.0.2:${port}/x.tgz` } });
    },
    async probe(gate) {
      await gate.refused(gate.tarball(name, '1.0.1'), 'UPSTREAM_ORIGIN');
    },
  })),
  replay('a file where no file lay before', 'pypi', (name) => {
    const [first, second] = [filenameOf(name, '1.0.0'), filenameOf(name)];
    return {
      code: 'UPSTREAM_ORIGIN',
      stage({ registry, foreign }) {
        registry.addPypi(name, [{ filename: first }, { filename: second }]);
        foreign.put(`/${second}`, registry.file(second));
        registry.addPypi(name, [
          { filename: second, bytes: registry.file(second), url: `${foreign.url}/${second}` },
        ]);
      },
      async probe(gate) {
        await gate.served(gate.file(name, first));
        await gate.refused(gate.file(name, second), 'UPSTREAM_ORIGIN');
      },
    };
  }),
  replay('a file that is redirected to another host', 'npm', (name) => ({
    code: 'UPSTREAM_ORIGIN',
    stage({ registry, foreign }) {
      registry.addNpm(name, { '1.0.1': {} });
      foreign.put('/x.tgz', registry.tarball(name, '1.0.1'));
      const { pathname } = new URL(registry.tarballUrl(name, '1.0.1'));
      registry.withFault(pathname, { kind: 'redirect', to: `${foreign.url}/x.tgz` });
    },
    async probe(gate) {
      await gate.refused(gate.tarball(name, '1.0.1'), 'UPSTREAM_ORIGIN');
    },
  })),
  replay('an index that is redirected to another host', 'npm', (name) => ({
    code: 'UPSTREAM_FAULT',
    async stage({ registry, foreign }) {
      registry.addNpm(name, { '1.0.1': {} });
      const packument = await fetch(registry.npmBase + name);
      foreign.put('/packument', new Uint8Array(await packument.arrayBuffer()));
      registry.withFault(`/npm-up/${name}`, { kind: 'redirect', to: `${foreign.url}/packument` });
    },
    async probe(gate) {
      await gate.refused(gate.tarball(name, '1.0.1'), 'UPSTREAM_FAULT');
    },
  })),
  replay('evidence on another host', 'pypi', (name) => {
    const filename = filenameOf(name);
    return {
      code: 'PROVENANCE_UNCHECKED',
      policy: `requirements:\n  pypi: { provenance: required }\nallow:\n  - { pypi: ${name} }\n`,
      async stage(world) {
        const { registry, foreign } = world;
        await attestedWheel(world, name, { filename });
        const document = await fetch(registry.origin + registry.provenancePath(name, filename));
        foreign.put('/provenance', new Uint8Array(await document.arrayBuffer()));
        const bytes = registry.file(filename);
        registry.addPypi(name, [{ filename, bytes, provenance: `${foreign.url}/provenance` }]);
      },
      async probe(gate) {
        await gate.refused(gate.file(name, filename), 'PROVENANCE_UNCHECKED');
      },
    };
  }),
  replay('the entry of what is served', 'npm', (name) => ({
    stage({ registry }) {
      registry.addNpm(name, { '1.0.1': {} });
    },
    async probe(gate) {
      const { entry } = await gate.served(gate.tarball(name, '1.0.1'));
      const allowed = (await gate.ledger()).filter(({ verdict }) => verdict === 'allow');
      const why = await gate.get(`/-/why/${entry}`);
      if (allowed.length === 0 || why.status !== 200) throw new Error('what was served has no entry');
    },
  })),
  brings('a `pip.conf` for the environment', 'FOREIGN_PLACE', (stem) => ({
    [`${stem}.data/data/pip.conf`]: '[global]\nindex-url = http://127.0.0.1:9/\n',
  })),
  brings('modules of pip', 'FOREIGN_PLACE', () => ({ 'pip/_internal/__init__.py': '' })),
  brings('a `direct_url.json`', 'DIRECT_URL', (stem) => ({
    [`${stem}.dist-info/direct_url.json`]: '{"url":"http://127.0.0.1:9/x.whl"}',
  })),
  brings(
    'a module of another, compiled',
    'FOREIGN_PLACE',
    (_, name) => ({ [`__pycache__/${name.replaceAll('-', '_')}_other.cpython-313.pyc`]: '' }),
    (name) => `  - { pypi: ${name}-other }\n`,
  ),
];
