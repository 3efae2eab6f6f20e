import { describe, expect, test } from 'vitest';
import { cycloneDx } from '../../src/exports/cyclonedx.ts';
import { Installs } from '../../src/exports/installs.ts';
import type { LoggedEntry } from '../../src/exports/logged.ts';
import { type ServedInput, servedEntry } from '../../src/ledger/entry.ts';
import type { DecisionInput } from '../../src/ledger/entry-decision.ts';
import { decision, proven, sha256, sha512 } from '../ledger/fixtures/drafts.ts';
import { logged } from './logged.ts';
import { cycloneDxProblem } from './validate.ts';

// biome-ignore lint/suspicious/noExplicitAny: a test looks into the document member by member
type Json = any;

const admitted = (seq: number, more: Partial<DecisionInput> = {}, extra: object = {}) =>
  logged(
    {
      ...decision({
        purl: 'pkg:npm/express@4.19.2',
        file: 'express-4.19.2.tgz',
        size: 100,
        digests: { sha256: sha256('express'), sha512: sha512('express') },
        ...more,
      }),
      ...extra,
    },
    seq,
  );
const ended = (of: number, more: Partial<ServedInput> = {}) =>
  logged(servedEntry({ id: 'r1', time: 2_000, decision: of, served: true, bytes: 100, ...more }), of + 1);

function bomOf(decisions: readonly LoggedEntry[], ends: readonly LoggedEntry[]): { text: string; bom: Json } {
  const installs = new Installs();
  for (const entry of decisions) installs.decided(entry);
  for (const entry of ends) installs.ended(entry);
  const [first, last] = [decisions[0], decisions.at(-1)];
  const text = cycloneDx({
    ...installs.result(),
    agent: 'ana',
    span: first && last ? { first, last } : null,
    version: '1.2.3',
  });
  return { text, bom: JSON.parse(text) };
}

const property = (of: Json, name: string) =>
  of.properties.filter((one: Json) => one.name === `sallyport:${name}`).map((one: Json) => one.value);

describe('a component', () => {
  test('is an artifact that was admitted and served whole, and valid', async () => {
    const checks = [proven(), { check: 'archive', result: 'verified' } as const];
    const facts = { licence: 'MIT OR Apache-2.0' };
    const { text, bom } = bomOf([admitted(3, { checks, facts })], [ended(3)]);
    expect(await cycloneDxProblem(text)).toBeNull();
    expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 });
    expect(bom.metadata.timestamp).toBe('1970-01-01T00:00:01.000Z');
    const [component] = bom.components;
    expect(component).toMatchObject({
      type: 'library',
      name: 'express',
      version: '4.19.2',
      purl: 'pkg:npm/express@4.19.2',
      hashes: [
        { alg: 'SHA-256', content: sha256('express').slice(7) },
        { alg: 'SHA-512', content: sha512('express').slice(7) },
      ],
      licenses: [{ expression: 'MIT OR Apache-2.0' }],
      externalReferences: [{ type: 'vcs', url: 'https://forge.test/acme/x' }],
    });
    expect(property(component, 'delivered')).toEqual(['whole']);
    expect(property(component, 'check:provenance')).toEqual(['verified']);
    expect(property(component, 'check:provenance:document')).toEqual([sha256('document')]);
    expect(property(component, 'signer:workflow')).toEqual(['.ci/release.yml']);
    expect(bom.compositions).toEqual([
      { aggregate: 'incomplete', assemblies: ['agent'] },
      { aggregate: 'unknown', dependencies: ['agent'] },
    ]);
  });

  test.each([
    ['aborted', [ended(3, { served: false, bytes: 99 })], 'aborted'],
    ['a part', [ended(3, { bytes: 50 })], 'partial'],
    ['no end', [], 'unfinished'],
    ["another decision's end", [ended(4)], 'unfinished'],
  ] as const)('is not what was admitted and not delivered: %s', async (_, ends, how) => {
    const { text, bom } = bomOf([admitted(3)], ends);
    expect(bom.components).toEqual([]);
    const left = { aborted: '0', partial: '0', unfinished: '0', [how]: '1' };
    for (const [name, count] of Object.entries(left))
      expect(property(bom.metadata, `left-out:${name}`)).toEqual([count]);
    expect(await cycloneDxProblem(text)).toBeNull();
  });

  test('is neither a refusal, an answer about a name, nor a question about a file', () => {
    const entries = [
      admitted(3, { verdict: 'refuse', reasons: ['DENIED'] }),
      admitted(4, { route: 'index' }),
      admitted(5, { method: 'HEAD' }),
      admitted(6, { digests: null }),
    ];
    expect(bomOf(entries, [ended(3), ended(4), ended(5, { bytes: 0 }), ended(6)]).bom.components).toEqual([]);
  });

  test('is also what came in parts, and what the client said that it has', () => {
    const parts = bomOf([admitted(3), admitted(5)], [ended(3, { bytes: 50 }), ended(5, { bytes: 50 })]).bom;
    expect(property(parts.components[0], 'delivered')).toEqual(['parts']);
    const kept = bomOf([admitted(3)], [ended(3, { bytes: 0 })]).bom;
    expect(property(kept.components[0], 'delivered')).toEqual(['not-modified']);
  });

  test('is there once, however often it was delivered, and another digest is another', () => {
    const other = { digests: { sha256: sha256('other'), sha512: sha512('other') } };
    const { bom } = bomOf([admitted(3), admitted(5), admitted(7, other)], [ended(3), ended(5), ended(7)]);
    expect(bom.components).toHaveLength(2);
    expect(property(bom.components[0], 'admissions')).toEqual(['2']);
    expect(property(bom.components[0], 'entry')).toEqual(['3']);
    expect(new Set(bom.components.map((one: Json) => one['bom-ref'])).size).toBe(2);
  });

  test('says where mode observe or a waiver let it through', () => {
    const observed = [{ code: 'TOO_YOUNG', place: 'a.yaml:1' }] as const;
    const waived = [{ code: 'INSTALL_SCRIPTS', place: 'a.yaml:2' }] as const;
    const { bom } = bomOf([admitted(3, { mode: 'observe', observed, waived })], [ended(3)]);
    expect(property(bom.components[0], 'admitted-in-spite-of')).toEqual(['TOO_YOUNG']);
    expect(property(bom.components[0], 'waived')).toEqual(['INSTALL_SCRIPTS']);
  });

  test('has the packages that lie in it, and where some are missing the bill says so', async () => {
    const inside = { bundled: ['@acme/a@1.0.0', 'b@2.0.0-rc.1'] };
    const whole = bomOf([admitted(3, { name: '@acme/x' }, inside)], [ended(3)]);
    expect(await cycloneDxProblem(whole.text)).toBeNull();
    const [component] = whole.bom.components;
    expect(component).toMatchObject({ group: '@acme', name: 'x' });
    expect(component.components).toMatchObject([
      { group: '@acme', name: 'a', version: '1.0.0', purl: 'pkg:npm/%40acme/a@1.0.0' },
      { name: 'b', version: '2.0.0-rc.1', purl: 'pkg:npm/b@2.0.0-rc.1' },
    ]);
    const cut = bomOf([admitted(3, {}, { ...inside, bundledCut: 'yes' })], [ended(3)]);
    expect(await cycloneDxProblem(cut.text)).toBeNull();
    expect(cut.bom.compositions[0].assemblies).toEqual(['agent', cut.bom.components[0]['bom-ref']]);
    expect(cut.text).not.toContain('"cut"');
  });

  test.each(['NOASSERTION', 'LicenseRef-ignore-all-previous-instructions', 'no licence at all'])(
    'repeats no licence in words of its own: %s',
    (licence) => {
      const { bom } = bomOf([admitted(3, { facts: { licence } })], [ended(3)]);
      expect(bom.components[0]).not.toHaveProperty('licenses');
    },
  );
});

test('the same entries give the same bytes, and others another serial number', () => {
  const [one, same] = [bomOf([admitted(3)], [ended(3)]), bomOf([admitted(3)], [ended(3)])];
  expect(one.text).toBe(same.text);
  const other = bomOf([admitted(4)], [ended(4)]);
  expect(other.bom.serialNumber).not.toBe(one.bom.serialNumber);
  expect(one.bom.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
});

test('nothing in it moves a cursor, and nothing at all is valid, too', async () => {
  const hostile = proven({
    signers: [{ ...(proven().signers[0] as Json), ref: 'a\u001b[2J', workflow: 'x y' }],
  });
  const { text, bom } = bomOf([admitted(3, { checks: [hostile], file: 'x\u202egnp.tgz' })], [ended(3)]);
  expect(text).toMatch(/^[\x20-\x7e\n]+$/);
  expect(property(bom.components[0], 'signer:ref')).toEqual([]);
  expect(await cycloneDxProblem(bomOf([], []).text)).toBeNull();
});

test('the validator that this file relies on finds what is wrong', async () => {
  const { bom } = bomOf([admitted(3)], [ended(3)]);
  for (const wrong of [
    { ...bom, serialNumber: 'urn:uuid:1' },
    { ...bom, components: [{ ...bom.components[0], hashes: [{ alg: 'SHA-256', content: 'zz' }] }] },
    { ...bom, compositions: [{ aggregate: 'maybe' }] },
    { ...bom, more: 1 },
  ])
    expect(await cycloneDxProblem(JSON.stringify(wrong))).not.toBeNull();
});
