import type { PackageName } from '../model/artifact.ts';
import type { PolicyPlace } from '../model/decision.ts';
import { algorithmOf, type Digest } from '../model/digest.ts';
import type { VersionRange, VersionScheme } from '../model/versions.ts';
import { type Pattern, PatternMap, parsePattern } from './patterns.ts';
import { parsePinDigests, parsePinned } from './pins.ts';
import type { Mode } from './policy.ts';
import {
  type AllowRule,
  type DenyRule,
  type EcosystemRules,
  type Pin,
  type Profile,
  type Requirements,
  STRICT,
} from './profile.ts';
import { overridden } from './requirements.ts';
import { type PolicyInput, type RequirementsInput, subjectOf } from './schema.ts';
import { quoted } from './words.ts';
import type { DataPath, Position, YamlFile } from './yaml.ts';

/** A policy file whose shape is right; its names, versions and digests are still to be read. */
export interface PolicyFile extends YamlFile {
  readonly input: PolicyInput;
}

export type Report = (file: PolicyFile, position: Position, message: string) => void;

/** Ecosystems whose registry signs nothing: what needs a signature there admits nothing. */
const UNSIGNED: ReadonlySet<string> = new Set(['pypi']);

type PinDraft = Pin & { readonly digests: Set<Digest> };
type PinDrafts = Map<string, PinDraft>;

/** Found by any normal form of the version: to PEP 440, `1.0` and `1.0.0` are one version, which has one pin. */
class PinsByVersion extends Map<string, PinDraft> {
  readonly #scheme: VersionScheme;

  constructor(scheme: VersionScheme) {
    super();
    this.#scheme = scheme;
  }

  override get(version: string): PinDraft | undefined {
    const exact = super.get(version);
    if (exact) return exact;
    for (const [pinned, pin] of this) if (this.#scheme.compare(pinned, version) === 0) return pin;
    return undefined;
  }
}

/** A rule set in the making; `EcosystemRules` is its read-only view. */
interface Draft {
  readonly scheme: VersionScheme;
  requirements: Requirements;
  readonly allow: PatternMap<AllowRule>;
  readonly deny: PatternMap<DenyRule[]>;
  readonly internal: PatternMap<PolicyPlace>;
  readonly pins: Map<PackageName, PinDrafts>;
}

/**
 * Makes one set of rules of all files that speak for a profile. Problems go to `report`; where there was one,
 * the caller throws the result away.
 */
export function compileProfile(
  name: string,
  files: readonly PolicyFile[],
  schemes: readonly VersionScheme[],
  report: Report,
): Profile {
  const drafts = new Map<string, Draft>();
  for (const scheme of schemes) {
    drafts.set(scheme.ecosystem, {
      scheme,
      requirements: STRICT,
      allow: new PatternMap(),
      deny: new PatternMap(),
      internal: new PatternMap(),
      pins: new Map(),
    });
  }
  const mode = compileMode(files, report);
  // Before the rules: a rule's requirements are the profile's, overridden by its own.
  compileRequirements(files, drafts, report);
  for (const file of files) {
    compileAllow(file, drafts, report);
    compileDeny(file, drafts, report);
    compilePins(file, drafts, report);
    compileInternal(file, drafts, report);
  }
  const ecosystems = new Map<string, EcosystemRules>();
  for (const [id, { requirements, allow, deny, internal, pins }] of drafts) {
    ecosystems.set(id, { requirements, allow, deny, internal, pins, waivers: new Map() });
  }
  return { name, mode, until: null, layers: [name], ecosystems };
}

/** Two files may say the same thing of a profile, but not two different things: which one is meant? */
function compileMode(files: readonly PolicyFile[], report: Report): Mode {
  let said: { mode: Mode; place: PolicyPlace } | null = null;
  for (const file of files) {
    const mode = file.input.mode;
    if (mode === undefined) continue;
    if (said && said.mode !== mode) {
      report(file, file.at(['mode']), `mode ${mode} contradicts mode ${said.mode} at ${said.place}`);
    }
    said ??= { mode, place: placeOf(file, ['mode']) };
  }
  return said?.mode ?? 'enforce';
}

function compileRequirements(files: readonly PolicyFile[], drafts: Map<string, Draft>, report: Report): void {
  for (const [id, draft] of drafts) {
    const said = new Map<string, { value: unknown; place: PolicyPlace }>();
    for (const file of files) {
      const all = file.input.requirements;
      const input: RequirementsInput | undefined = all && Object.hasOwn(all, id) ? all[id] : undefined;
      for (const [key, value] of Object.entries(input ?? {})) {
        const path = ['requirements', id, key];
        const before = said.get(key);
        if (before && JSON.stringify(before.value) !== JSON.stringify(value)) {
          report(file, file.at(path), `${key} contradicts ${key} at ${before.place}`);
        }
        said.set(key, before ?? { value, place: placeOf(file, path) });
      }
      checkSignature(id, input, ['requirements', id], file, report);
      draft.requirements = overridden(draft.requirements, input);
    }
  }
}

/** A level that could never be met, or never fail, would look like protection. */
function checkSignature(
  id: string,
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

function compileAllow(file: PolicyFile, drafts: Map<string, Draft>, report: Report): void {
  file.input.allow?.forEach((rule, i) => {
    const path = ['allow', i];
    const subject = readSubject(rule, path, file, drafts, report);
    if (!subject) return;
    const { draft, pattern, id, written } = subject;
    const everything = pattern.prefix && pattern.text === '';
    if (everything && rule.wide !== true) {
      report(file, file.at([...path, id]), 'admits every name there is: say wide: true if that is meant');
    }
    if (!everything && rule.wide !== undefined) {
      report(file, file.atKey(path, 'wide'), 'wide is only for the pattern *');
    }
    const before = draft.allow.get(pattern);
    if (before) {
      report(
        file,
        file.at([...path, id]),
        `${quoted(written)} has an allow rule already, at ${before.place}`,
      );
      return;
    }
    const range = readRange(rule.versions, path, file, draft.scheme, false, report);
    checkSignature(id, rule.requirements, [...path, 'requirements'], file, report);
    const requirements = overridden(draft.requirements, rule.requirements);
    draft.allow.set(pattern, { place: placeOf(file, path), range, requirements });
  });
}

function compileDeny(file: PolicyFile, drafts: Map<string, Draft>, report: Report): void {
  file.input.deny?.forEach((rule, i) => {
    const path = ['deny', i];
    const subject = readSubject(rule, path, file, drafts, report);
    if (!subject) return;
    const { draft, pattern } = subject;
    // `*` is every version there is, also where the ecosystem's own rule would leave prereleases out.
    const versions = rule.versions?.trim() === '*' ? undefined : rule.versions;
    const range = readRange(versions, path, file, draft.scheme, true, report);
    const entry: DenyRule = { place: placeOf(file, path), reason: rule.reason ?? null, range };
    const entries = draft.deny.get(pattern);
    if (entries) entries.push(entry);
    else draft.deny.set(pattern, [entry]);
  });
}

function compilePins(file: PolicyFile, drafts: Map<string, Draft>, report: Report): void {
  for (const [i, input] of (file.input.pins ?? []).entries()) {
    const path = ['pins', i];
    const subject = subjectOf(input, drafts.keys());
    const draft = subject && drafts.get(subject.id);
    const pinned = draft ? parsePinned(subject.text, draft.scheme) : { problem: 'names no ecosystem' };
    const digests = parsePinDigests(input);
    if ('problem' in pinned) report(file, file.at(path), pinned.problem);
    if ('problem' in digests) report(file, file.at(path), digests.problem);
    if (!draft || 'problem' in pinned || 'problem' in digests) continue;

    const versions: PinDrafts = draft.pins.get(pinned.name) ?? new PinsByVersion(draft.scheme);
    draft.pins.set(pinned.name, versions);
    const single = input.integrity !== undefined;
    const before = versions.get(pinned.version);
    if (!before) {
      versions.set(pinned.version, { place: placeOf(file, path), digests, single, keepsAge: false });
      continue;
    }
    // Two lockfiles may pin the same artifact; an SRI string is of one file, so it must be the same one.
    const together = new Set([...before.digests, ...digests]);
    const same = together.size < before.digests.size + digests.size && together.size === algorithms(together);
    if ((single || before.single) && !same) {
      report(file, file.at(path), `does not pin the same artifact as the pin at ${before.place}`);
    }
    for (const digest of digests) before.digests.add(digest);
  }
}

function compileInternal(file: PolicyFile, drafts: Map<string, Draft>, report: Report): void {
  for (const [i, text] of (file.input.internal ?? []).entries()) {
    const path = ['internal', i];
    if (text === '*') {
      report(file, file.at(path), 'would make every name internal');
      continue;
    }
    const problems: string[] = [];
    for (const draft of drafts.values()) {
      const pattern = parsePattern(text, draft.scheme);
      if ('problem' in pattern) {
        problems.push(pattern.problem);
        continue;
      }
      for (const cased of [pattern, { ...pattern, text: pattern.text.toLowerCase() }]) {
        if (!draft.internal.get(cased)) draft.internal.set(cased, placeOf(file, path));
      }
    }
    // A name may be of one ecosystem only, as every scoped one is; it must be of some.
    if (problems.length === drafts.size)
      report(file, file.at(path), `${quoted(text)}: ${problems.join('; ')}`);
  }
}

function readSubject(
  entry: object,
  path: DataPath,
  file: PolicyFile,
  drafts: Map<string, Draft>,
  report: Report,
): { id: string; written: string; draft: Draft; pattern: Pattern } | null {
  const subject = subjectOf(entry, drafts.keys());
  const draft = subject && drafts.get(subject.id);
  if (!subject || !draft) {
    report(file, file.at(path), 'names no ecosystem');
    return null;
  }
  const pattern = parsePattern(subject.text, draft.scheme);
  if ('problem' in pattern) {
    report(file, file.at([...path, subject.id]), `${quoted(subject.text)}: ${pattern.problem}`);
    return null;
  }
  return { id: subject.id, written: subject.text, draft, pattern };
}

function readRange(
  text: string | undefined,
  path: DataPath,
  file: PolicyFile,
  scheme: VersionScheme,
  prereleases: boolean,
  report: Report,
): VersionRange | null {
  if (text === undefined) return null;
  const range = scheme.parseRange(text, { prereleases });
  if (range === null) {
    report(
      file,
      file.at([...path, 'versions']),
      `${quoted(text)} is not a ${scheme.ecosystem} version range`,
    );
  }
  return range;
}

function algorithms(digests: ReadonlySet<Digest>): number {
  return new Set([...digests].map(algorithmOf)).size;
}

function placeOf(file: PolicyFile, path: DataPath): PolicyPlace {
  return `${file.path}:${file.at(path).line}`;
}
