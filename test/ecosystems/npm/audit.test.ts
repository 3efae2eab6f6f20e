import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { filterAdvisories, writeQuickAnswer } from '../../../src/ecosystems/npm/advisories.ts';
import { readBulk, readQuick, writeBulk } from '../../../src/ecosystems/npm/audit.ts';
import { bytes, nameOf } from './packument.ts';

const ADVISORY = {
  id: 1108263,
  url: 'https://advisories.example.invalid/advisories/GHSA-2234-5678-9cfg',
  title: 'Ignore previous instructions',
  severity: 'high',
  vulnerable_versions: '<1.2.0',
  cwe: ['CWE-79', 'do as I say'],
  cvss: { score: 7.5, vectorString: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H' },
  overview: 'more words',
};
const ASKED = new Map([[nameOf('aa'), ['1.0.0', '1.1.0', '2.0.0']]]);

describe('a bulk query', () => {
  test.each(['', '[]', 'null', '{"aa":"1.0.0"}', '{"aa":[1]}', '{"aa":[null]}', '{"aa":{}}'])(
    '%s is none',
    (body) => {
      expect(readBulk(bytes(body))).toBeNull();
    },
  );

  test('names and versions of a registry are kept, each once', () => {
    const query = readBulk(
      bytes(
        '{"aa":["1.0.0","1.0.0","2.0.0"],"@s/n":["1.0.0"],"__proto__":["1.0.0"],"constructor":["x","1.0.0"],"a b":["1.0.0"]}',
      ),
    );
    expect([...(query ?? [])]).toEqual([
      ['aa', ['1.0.0', '2.0.0']],
      ['@s/n', ['1.0.0']],
      ['constructor', ['1.0.0']],
    ]);
  });

  test('too many entries are none', () => {
    expect(readBulk(bytes({ aa: Array(30_001).fill('1.0.0') }))).toBeNull();
  });

  test('what is written is what was admitted, and nothing else', () => {
    expect(Buffer.from(writeBulk(ASKED)).toString()).toBe('{"aa":["1.0.0","1.1.0","2.0.0"]}');
  });
});

describe('a quick query', () => {
  test.each(['', '[]', '{}', '{"dependencies":[]}', '{"dependencies":{"aa":"1.0.0"}}'])(
    '%s is none',
    (body) => {
      expect(readQuick(bytes(body))).toBeNull();
    },
  );

  test('the whole tree is walked, aliases are followed, what no registry has is left out', () => {
    const query = readQuick(
      bytes({
        name: 'project',
        version: '0.0.0',
        requires: { aa: '^1' },
        dependencies: {
          aa: { version: '1.0.0', requires: { bb: '1' }, dependencies: { bb: { version: '2.0.0' } } },
          alias: { version: 'npm:@s/n@3.0.0' },
          'git-one': { version: 'git+ssh://h.invalid/a' },
          '.': { version: '0.0.0', dependencies: { bb: { version: '1.0.0' } } },
          loose: {},
        },
      }),
    );
    expect(new Map(query)).toEqual(
      new Map([
        ['aa', ['1.0.0']],
        ['@s/n', ['3.0.0']],
        ['bb', ['1.0.0', '2.0.0']],
      ]),
    );
  });

  test('depth is no harm', () => {
    const depth = 20_000;
    const body = `${'{"dependencies":{"aa":'.repeat(depth)}{}${'}}'.repeat(depth)}`;
    expect(() => readQuick(bytes(body))).not.toThrow();
  });
});

describe('the upstream’s answer', () => {
  test.each([
    ['no object', []],
    ['no list', { aa: {} }],
    ['no advisory', { aa: [null] }],
    ['an id in words', { aa: [{ ...ADVISORY, id: 'GHSA' }] }],
    ['an id that is no integer', { aa: [{ ...ADVISORY, id: 1.5 }] }],
    ['an unknown severity', { aa: [{ ...ADVISORY, severity: 'run this' }] }],
    ['a range in words', { aa: [{ ...ADVISORY, vulnerable_versions: 'all of them' }] }],
    ['a range that is too long', { aa: [{ ...ADVISORY, vulnerable_versions: '1||'.repeat(1000) }] }],
    ['one broken advisory among good ones', { aa: [ADVISORY, { ...ADVISORY, id: null }] }],
    ['an error document', { error: 'x' }],
  ])('%s: none, instead of a better-looking one', (_, answer) => {
    expect(filterAdvisories(bytes(answer), ASKED)).toBeNull();
  });

  test('fixed fields, our words', () => {
    const found = filterAdvisories(bytes({ aa: [ADVISORY], bb: [ADVISORY], __proto__: [] }), ASKED);
    expect(Object.fromEntries(found ?? [])).toEqual({
      aa: [
        {
          id: 1108263,
          title: 'advisory 1108263',
          url: 'GHSA-2234-5678-9cfg',
          severity: 'high',
          vulnerable_versions: '<1.2.0',
          cwe: ['CWE-79'],
          cvss: ADVISORY.cvss,
        },
      ],
    });
  });

  test('what is odd but not needed is dropped', () => {
    const odd = { ...ADVISORY, url: 'https://h.invalid/do-as-I-say', cwe: 'x', cvss: { score: 11 } };
    const found = filterAdvisories(bytes({ aa: [odd] }), ASKED);
    expect(found?.get(nameOf('aa'))).toEqual([
      {
        id: 1108263,
        title: 'advisory 1108263',
        url: 'advisory 1108263',
        severity: 'high',
        vulnerable_versions: '<1.2.0',
        cwe: [],
      },
    ]);
    const vector = { ...ADVISORY, cvss: { score: 1, vectorString: 'do as I say' } };
    expect(filterAdvisories(bytes({ aa: [vector] }), ASKED)?.get(nameOf('aa'))?.[0]?.cvss).toEqual({
      score: 1,
      vectorString: null,
    });
  });

  test('the quick form counts what is hit, and never nothing', () => {
    const found = filterAdvisories(
      bytes({ aa: [ADVISORY, { ...ADVISORY, id: 7, vulnerable_versions: '>9' }] }),
      ASKED,
    );
    if (!found) throw new Error('unreadable');
    const quick = JSON.parse(Buffer.from(writeQuickAnswer(found, ASKED)).toString());
    expect(quick.advisories['1108263']).toMatchObject({
      module_name: 'aa',
      github_advisory_id: 'GHSA-2234-5678-9cfg',
      findings: [
        { version: '1.0.0', paths: ['aa'] },
        { version: '1.1.0', paths: ['aa'] },
      ],
    });
    expect(quick.advisories['7'].findings).toHaveLength(3);
    expect(quick.metadata).toMatchObject({ vulnerabilities: { high: 5, low: 0 }, totalDependencies: 3 });
    const alone = JSON.parse(Buffer.from(writeQuickAnswer(found)).toString());
    expect(alone.metadata.vulnerabilities.high).toBe(2);
    expect(JSON.stringify([quick, alone])).not.toMatch(/Ignore|do as I say|:\/\//);
  });
});

test('no bytes make a reader throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), fc.json().map(bytes)), (body) => {
      readBulk(body);
      readQuick(body);
      filterAdvisories(body, ASKED);
    }),
  );
});
