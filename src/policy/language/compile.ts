import type { EcosystemId } from '../../model/artifact.ts';
import type { PolicyPlace } from '../../model/decision.ts';
import type { VersionScheme } from '../../model/versions.ts';
import { PatternMap } from '../patterns.ts';
import type { Mode } from '../profile.ts';
import { compilePins } from './compile-pins.ts';
import { checkSignature, compileAllow, compileDeny, compileInternal } from './compile-rules.ts';
import { compileWaivers } from './compile-waivers.ts';
import { parseEnd } from './instants.ts';
import { type Layer, type LayerRules, type PolicyFile, placeOf, type Report, type Said } from './layer.ts';
import type { RequirementsInput } from './schema.ts';
import { type Lockable, REQUIREMENT_KEYS } from './strictness.ts';

/** What one file may say of a profile, and every other one only in the same words. */
type Single = 'mode' | 'until' | 'extends';

/**
 * Makes one layer of all files that speak for a profile. Problems go to `report`; where there was one, the caller
 * throws the result away.
 */
export function compileLayer(
  name: string,
  files: readonly PolicyFile[],
  schemes: readonly VersionScheme[],
  report: Report,
): Layer {
  const ecosystems = new Map<EcosystemId, LayerRules>();
  for (const scheme of schemes) {
    ecosystems.set(scheme.ecosystem, {
      scheme,
      said: {},
      saidAt: new Map(),
      allow: new PatternMap(),
      deny: [],
      internal: new PatternMap(),
      pins: new Map(),
      waivers: new Map(),
    });
  }
  compileRequirements(files, ecosystems, report);
  for (const file of files) {
    compileAllow(file, ecosystems, report);
    compileDeny(file, ecosystems, report);
    compilePins(file, ecosystems, report);
    compileWaivers(file, ecosystems, report);
    compileInternal(file, ecosystems, report);
  }
  return {
    name,
    files,
    extends: compileExtends(name, files, report),
    ...compileMode(files, report),
    locked: compileLocked(files),
    ecosystems,
  };
}

/** Two files may say the same thing of a profile, but not two different things: which one is meant? */
function single<K extends Single>(
  key: K,
  files: readonly PolicyFile[],
  report: Report,
): Said<NonNullable<PolicyFile['input'][K]>> | null {
  let said: Said<NonNullable<PolicyFile['input'][K]>> | null = null;
  for (const file of files) {
    const value = file.input[key];
    if (value === undefined || value === null) continue;
    const spot = { file, path: [key] };
    if (said && JSON.stringify(said.value) !== JSON.stringify(value)) {
      const [word, before] = key === 'extends' ? ['', ''] : [` ${String(value)}`, ` ${String(said.value)}`];
      report(file, file.at([key]), `${key}${word} contradicts ${key}${before} at ${placeOf(said.spot)}`);
    }
    said ??= { value, spot };
  }
  return said;
}

function compileMode(files: readonly PolicyFile[], report: Report): Pick<Layer, 'mode' | 'until'> {
  const mode: Said<Mode> | null = single('mode', files, report);
  const until = single('until', files, report);
  if (mode?.value === 'observe' && until === null) {
    const { file, path } = mode.spot;
    report(file, file.at(path), 'mode observe needs until: a learning mode must end');
  }
  if (until !== null && mode?.value !== 'observe') {
    const { file } = until.spot;
    report(file, file.atKey([], 'until'), 'until is only for mode observe: say mode: observe beside it');
  }
  // The schema has accepted the text; were it ever unreadable here, the mode would have ended already.
  return { mode, until: until && { ...until, value: parseEnd(until.value) ?? Number.NEGATIVE_INFINITY } };
}

function compileExtends(name: string, files: readonly PolicyFile[], report: Report): Said<string>[] {
  const said = single('extends', files, report);
  if (said === null) return [];
  const { file } = said.spot;
  const found: Said<string>[] = [];
  for (const [i, upper] of said.value.entries()) {
    const spot = { file, path: ['extends', i] };
    if (upper === name) report(file, file.at(spot.path), 'a profile cannot extend itself');
    else if (found.some(({ value }) => value === upper))
      report(file, file.at(spot.path), 'is named already in this list');
    else found.push({ value: upper, spot });
  }
  return found;
}

/** What any file locks is locked. */
function compileLocked(files: readonly PolicyFile[]): Layer['locked'] {
  const locked = new Map<Lockable, Said<Lockable>['spot']>();
  for (const file of files) {
    for (const [i, key] of (file.input.locked ?? []).entries()) {
      if (!locked.has(key)) locked.set(key, { file, path: ['locked', i] });
    }
  }
  return locked;
}

function compileRequirements(
  files: readonly PolicyFile[],
  ecosystems: ReadonlyMap<EcosystemId, LayerRules>,
  report: Report,
): void {
  for (const [id, rules] of ecosystems) {
    const said = new Map<string, { value: unknown; place: PolicyPlace }>();
    for (const file of files) {
      const all = file.input.requirements;
      const input: RequirementsInput | undefined = all && Object.hasOwn(all, id) ? all[id] : undefined;
      if (input === undefined) continue;
      for (const key of REQUIREMENT_KEYS) {
        const value = input[key];
        if (value === undefined) continue;
        const spot = { file, path: ['requirements', id, key] };
        const before = said.get(key);
        if (before && JSON.stringify(before.value) !== JSON.stringify(value)) {
          report(file, file.at(spot.path), `${key} contradicts ${key} at ${before.place}`);
        }
        if (before) continue;
        said.set(key, { value, place: placeOf(spot) });
        rules.saidAt.set(key, spot);
      }
      checkSignature(id, input, ['requirements', id], file, report);
      rules.said = { ...input, ...rules.said };
    }
  }
}
