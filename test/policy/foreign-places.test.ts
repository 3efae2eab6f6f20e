import { describe, expect, test } from 'vitest';
import { NO_FACTS } from '../../src/model/facts.ts';
import { NONE_TAKEN, type TakenPlaces } from '../../src/model/taken-places.ts';
import { decide } from '../../src/policy/decide.ts';
import { listingOf, policyOf } from './questions.ts';

const RULES = `
allow:
  - { pypi: demo }
  - { pypi: requests }
  - { pypi: "django-*" }
  - { pypi: "*", wide: true }
pins:
  - { pypi: zope-interface==1.0, hashes: ["sha256:${'ab'.repeat(32)}"] }
`;

function asked(
  places: readonly string[] | null,
  rules = RULES,
  name = 'demo',
  taken: TakenPlaces = NONE_TAKEN,
) {
  const question = listingOf(name, '1.0', { facts: { ...NO_FACTS, findings: [], places }, taken });
  return decide(policyOf(rules), 'default', { ...question, ecosystem: 'pypi' });
}

describe('a wheel that puts', () => {
  test.each<[what: string, places: readonly string[], about: readonly string[]]>([
    ['a module', ['requests'], ['requests']],
    ['a module beside its own', ['demo', 'requests'], ['requests']],
    ['a file in the folder', ['requests/api'], ['requests']],
    ['another spelling', ['Zope.Interface'], ['zope-interface']],
    ['a script', ['bin/requests'], ['requests']],
    ['two', ['zope_interface', 'requests', 'bin/requests'], ['requests', 'zope-interface']],
  ])("%s in another's place is refused", (_, places, about) => {
    expect(asked(places).reasons).toEqual([{ code: 'FOREIGN_PLACE', place: 'p.yaml:3', about }]);
  });

  test.each<[what: string, places: readonly string[] | null]>([
    ['nothing that is known yet', null],
    ['nothing at the top', []],
    ['its own module', ['demo', 'bin/demo']],
    ['what nobody names', ['tests', 'yaml', 'bin/tool']],
    ['the name only deeper', ['google/requests', 'demo/requests']],
    ['what a prefix takes in', ['django_debug']],
  ])('%s is not', (_, places) => expect(asked(places).verdict).toBe('allow'));

  test("a folder's part is its own where the folder and it are its name", () => {
    const places = (name: string) =>
      asked(['requests/core'], undefined, name).reasons.map(({ about }) => about);
    expect(places('requests-core')).toEqual([]);
    expect(places('requests-cor')).toEqual([['requests']]);
  });

  test('it is, where its rule says so', () => {
    const rules = RULES.replace('{ pypi: demo }', '{ pypi: demo, requirements: { foreign-places: allow } }');
    expect(asked(['requests'], rules).verdict).toBe('allow');
  });
});

describe('a place that another one was admitted with', () => {
  const by = (...names: string[]): TakenPlaces => ({
    taken: names.map((name) => ({ place: 'yaml', by: name })),
    more: false,
  });
  const about = (taken: TakenPlaces, name?: string) =>
    asked(['yaml'], undefined, name, taken).reasons.flatMap((reason) => [
      reason.code,
      ...(reason.about ?? []),
    ]);

  test('is refused to what is spelt out where that is spelt out, too, by a rule or a pin', () => {
    expect(about(by('requests'))).toEqual(['FOREIGN_PLACE', 'requests']);
    expect(about(by('zope-interface'))).toEqual(['FOREIGN_PLACE', 'zope-interface']);
    expect(about(by('django-x', 'stranger'))).toEqual([]);
    expect(about(by('django-x', 'requests'))).toEqual(['FOREIGN_PLACE', 'requests']);
  });

  test('is refused to what is not, whoever has it', () => {
    expect(about(by('requests'), 'django-y')).toEqual(['FOREIGN_PLACE', 'requests']);
    expect(about(by('django-x', 'stranger'), 'django-y')).toEqual(['FOREIGN_PLACE', 'django-x', 'stranger']);
  });

  test('is refused where there are more than are known', () => {
    expect(about({ ...by('django-x'), more: true })).toEqual(['FOREIGN_PLACE']);
    expect(about({ ...by('requests'), more: true })).toEqual(['FOREIGN_PLACE', 'requests']);
  });

  test('passes where its rule says so', () => {
    const rules = RULES.replace('{ pypi: demo }', '{ pypi: demo, requirements: { foreign-places: allow } }');
    expect(asked(['yaml'], rules, 'demo', by('requests')).verdict).toBe('allow');
  });

  test('so many that no entry could tell them are refused', () => {
    const many = Array.from({ length: 129 }, (_, i) => `m${i}`);
    expect(asked(many).reasons).toMatchObject([{ code: 'FOREIGN_PLACE' }]);
    expect(asked(many.slice(1)).verdict).toBe('allow');
  });
});
