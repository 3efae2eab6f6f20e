import type { EcosystemId } from '../../model/artifact.ts';
import type { VersionScheme } from '../../model/versions.ts';
import { type Pattern, parsePattern } from '../patterns.ts';
import { type LayerRules, type PolicyFile, placeOf, type Report } from './layer.ts';
import { type RequirementsInput, subjectOf } from './schema.ts';
import { quoted } from './words.ts';
import type { DataPath } from './yaml.ts';

/** Ecosystems whose registry signs nothing: what needs a signature there admits nothing. */
const UNSIGNED: ReadonlySet<string> = new Set(['pypi']);

type Ecosystems = ReadonlyMap<EcosystemId, LayerRules>;

/** Rules by name: `allow`, `deny` and `internal` of one file, put into its profile's layer. */
export function compileAllow(file: PolicyFile, ecosystems: Ecosystems, report: Report): void {
  for (const [i, rule] of (file.input.allow ?? []).entries()) {
    const path = ['allow', i];
    const subject = readSubject(rule, path, file, ecosystems, report);
    if (!subject) continue;
    const { rules, pattern, id, written } = subject;
    const everything = pattern.prefix && pattern.text === '';
    if (everything && rule.wide !== true) {
      report(file, file.at([...path, id]), 'admits every name there is: say wide: true if that is meant');
    }
    if (!everything && rule.wide !== undefined) {
      report(file, file.atKey(path, 'wide'), 'wide is only for the pattern *');
    }
    const before = rules.allow.get(pattern);
    if (before) {
      report(
        file,
        file.at([...path, id]),
        `${quoted(written)} has an allow rule already, at ${before.place}`,
      );
      continue;
    }
    const range = readRange(rule.versions, path, file, rules.scheme, false, report);
    checkSignature(id, rule.requirements, [...path, 'requirements'], file, report);
    const spot = { file, path };
    rules.allow.set(pattern, { pattern, place: placeOf(spot), spot, range, said: rule.requirements });
  }
}

export function compileDeny(file: PolicyFile, ecosystems: Ecosystems, report: Report): void {
  for (const [i, rule] of (file.input.deny ?? []).entries()) {
    const path = ['deny', i];
    const subject = readSubject(rule, path, file, ecosystems, report);
    if (!subject) continue;
    const { rules, pattern } = subject;
    // `*` is every version there is, also where the ecosystem's own rule would leave prereleases out.
    const versions = rule.versions?.trim() === '*' ? undefined : rule.versions;
    const range = readRange(versions, path, file, rules.scheme, true, report);
    rules.deny.push({ pattern, place: placeOf({ file, path }), reason: rule.reason ?? null, range });
  }
}

export function compileInternal(file: PolicyFile, ecosystems: Ecosystems, report: Report): void {
  for (const [i, text] of (file.input.internal ?? []).entries()) {
    const path = ['internal', i];
    if (text === '*') {
      report(file, file.at(path), 'would make every name internal');
      continue;
    }
    const problems: string[] = [];
    for (const rules of ecosystems.values()) {
      const pattern = parsePattern(text, rules.scheme);
      if ('problem' in pattern) {
        problems.push(pattern.problem);
        continue;
      }
      for (const cased of [pattern, { ...pattern, text: pattern.text.toLowerCase() }]) {
        if (!rules.internal.get(cased)) rules.internal.set(cased, placeOf({ file, path }));
      }
    }
    // A name may be of one ecosystem only, as every scoped one is; it must be of some.
    if (problems.length === ecosystems.size) {
      report(file, file.at(path), `${quoted(text)}: ${problems.join('; ')}`);
    }
  }
}

export function readSubject(
  entry: object,
  path: DataPath,
  file: PolicyFile,
  ecosystems: Ecosystems,
  report: Report,
): { id: EcosystemId; written: string; rules: LayerRules; pattern: Pattern } | null {
  const subject = subjectOf(entry, ecosystems.keys());
  const rules = subject && ecosystems.get(subject.id);
  if (!subject || !rules) {
    report(file, file.at(path), 'names no ecosystem');
    return null;
  }
  const pattern = parsePattern(subject.text, rules.scheme);
  if ('problem' in pattern) {
    report(file, file.at([...path, subject.id]), `${quoted(subject.text)}: ${pattern.problem}`);
    return null;
  }
  return { id: subject.id, written: subject.text, rules, pattern };
}

/** The text of a range that was parsed once and found good; null for every version. */
function readRange(
  text: string | undefined,
  path: DataPath,
  file: PolicyFile,
  scheme: VersionScheme,
  prereleases: boolean,
  report: Report,
): string | null {
  if (text === undefined) return null;
  if (scheme.parseRange(text, { prereleases }) === null) {
    report(
      file,
      file.at([...path, 'versions']),
      `${quoted(text)} is not a ${scheme.ecosystem} version range`,
    );
  }
  return text;
}

/** A level that could never be met, or never fail, would look like protection. */
export function checkSignature(
  id: EcosystemId,
  input: RequirementsInput | undefined,
  path: DataPath,
  file: PolicyFile,
  report: Report,
): void {
  const level = input?.['registry-signature'];
  if (!UNSIGNED.has(id) || level === undefined || level === 'off' || level === 'if-present') return;
  report(
    file,
    file.at([...path, 'registry-signature']),
    `registry-signature ${level} means nothing for ${id}: its registry signs no file; write off or if-present, and say provenance`,
  );
}
