import type { EcosystemId, PackageName } from '../../model/artifact.ts';
import type { Reason } from '../../model/decision.ts';
import type { ArtifactDigests } from '../../model/digest.ts';
import type { Liftable } from '../../model/liftable.ts';
import type { ReasonCode } from '../../model/reason-codes.ts';
import type { VersionScheme } from '../../model/versions.ts';
import type { Policy } from '../policy.ts';
import type { AllowRule, EcosystemRules } from '../profile.ts';
import { exceptionFor, liftableFor } from './propose-exceptions.ts';

/*
 * The allowlist that would have admitted what was let through: exact versions and digests, so that it admits that and
 * nothing else. It is a draft for a person: whatever no rule should be made of by itself is left open and said.
 */

/** A file that was let through, and for what the policy refuses it as it stands, but for its mode. */
export interface ObservedFile extends ArtifactDigests {
  readonly ecosystem: EcosystemId;
  readonly name: PackageName;
  readonly version: string;
  readonly file: string;
  readonly reasons: readonly Reason[];
  readonly installs: number;
  readonly agents: ReadonlySet<string>;
}

/** How much use stands behind a line. Who they are is nobody's business here. */
export interface Use {
  readonly installs: number;
  readonly agents: number;
}

export interface ProposedRule extends Use {
  readonly ecosystem: EcosystemId;
  readonly name: PackageName;
  /** Exactly these, in ascending order; none where pins say it all. */
  readonly versions: readonly string[];
  /** Requirements that the seen versions do not meet, and what would let them pass. */
  readonly exceptions: ReadonlyMap<string, string>;
}

export interface ProposedPin extends Use {
  readonly ecosystem: EcosystemId;
  readonly name: PackageName;
  readonly version: string;
  readonly files: readonly ArtifactDigests[];
  /** It stands for age only: a rule admits the version. */
  readonly young: boolean;
}

/** What a person has to decide: no line of the proposal admits it. */
export interface OpenMatter extends Use {
  readonly ecosystem: EcosystemId;
  readonly name: PackageName;
  readonly version: string;
  readonly file: ArtifactDigests;
  readonly codes: readonly ReasonCode[];
  /** Change the rule there so that it takes the version in, because a second rule for the name would be a tie. */
  readonly change: AllowRule | null;
  /** What waivers would have to lift. Empty where no exception is proposed. */
  readonly waive: readonly Liftable[];
}

export interface Proposal {
  readonly rules: readonly ProposedRule[];
  readonly pins: readonly ProposedPin[];
  readonly open: readonly OpenMatter[];
}

const ADMIT: ReadonlySet<ReasonCode> = new Set(['NOT_ALLOWLISTED', 'VERSION_NOT_ALLOWED', 'NOT_PINNED']);

/** A range in a policy file has at most 512 characters. */
const MAX_RANGE = 480;

/** One version of a name: the files of it that were let through. */
interface Seen {
  readonly version: string;
  readonly files: ObservedFile[];
}

/** Proposes for everything that is given, as exact rules or as pins. The order of `observed` does not matter. */
export function propose(
  policy: Policy,
  profile: string,
  observed: readonly ObservedFile[],
  schemes: readonly VersionScheme[],
  as: 'rules' | 'pins',
): Proposal {
  const drafts = new Draft();
  for (const scheme of [...schemes].sort(byEcosystem)) {
    const rules = policy.profiles.get(profile)?.ecosystems.get(scheme.ecosystem);
    const own = observed.filter(({ ecosystem }) => ecosystem === scheme.ecosystem);
    for (const name of [...new Set(own.map((file) => file.name))].sort()) {
      if (!rules) continue;
      const seen = versionsOf(
        own.filter((file) => file.name === name),
        scheme,
      );
      new NameProposal(drafts, scheme, rules, name, as).add(seen);
    }
  }
  return drafts;
}

class Draft implements Proposal {
  readonly rules: ProposedRule[] = [];
  readonly pins: ProposedPin[] = [];
  readonly open: OpenMatter[] = [];
}

/** What is proposed of one name. */
class NameProposal {
  readonly #draft: Draft;
  readonly #scheme: VersionScheme;
  readonly #rules: EcosystemRules;
  readonly #name: PackageName;
  readonly #as: 'rules' | 'pins';
  readonly #rule: ReturnType<EcosystemRules['allow']['best']>;

  constructor(
    draft: Draft,
    scheme: VersionScheme,
    rules: EcosystemRules,
    name: PackageName,
    as: 'rules' | 'pins',
  ) {
    this.#draft = draft;
    this.#scheme = scheme;
    this.#rules = rules;
    this.#name = name;
    this.#as = as;
    this.#rule = rules.allow.best(name);
  }

  add(seen: readonly Seen[]): void {
    const mendable: Seen[] = [];
    for (const { version, files } of seen) {
      const good = files.filter((file) => this.#isMendable(file));
      for (const file of files) if (!good.includes(file)) this.#leaveOpen(file, null, []);
      if (good.length > 0) mendable.push({ version, files: good });
    }
    if (this.#as === 'rules' && this.#rule === null) this.#byRule(mendable);
    else for (const one of mendable) this.#beside(one);
  }

  /** Evidence that fails, a deny, another digest: nothing that a proposal should take away. */
  #isMendable(file: ObservedFile): boolean {
    const single = this.#scheme.ecosystem !== 'npm' || !this.#isContradicted(file);
    return single && file.reasons.every((reason) => isMended(reason));
  }

  /** Of npm a version is one file: a pin with another digest is there already. */
  #isContradicted({ version, sha512, sha256 }: ObservedFile): boolean {
    const pin = this.#rules.pins.get(this.#name)?.get(version);
    return pin !== undefined && !pin.digests.has(sha512) && !pin.digests.has(sha256);
  }

  /**
   * A rule of its own, for exactly the versions that were seen; where some need an exception, for those alone, so that
   * no other is loosened with them. Versions that do not fit into one exact range are pinned.
   */
  #byRule(seen: readonly Seen[]): void {
    const [first] = seen;
    if (!first) return;
    const needy = seen.filter((one) => exceptionsOf(one.files).size > 0);
    const ruled = this.#fitting(needy.length > 0 ? needy : seen);
    const exceptions = new Map(
      ruled.flatMap((one) => [...exceptionsOf(one.files)]).sort(([a], [b]) => (a < b ? -1 : 1)),
    );
    const about = { ecosystem: this.#scheme.ecosystem, name: this.#name };
    const use = useOf(ruled.flatMap(({ files }) => files));
    this.#draft.rules.push({ ...about, versions: ruled.map(({ version }) => version), exceptions, ...use });
    for (const one of seen) {
      if (!ruled.includes(one)) this.#beside(one);
      else this.#pin(one, one.files.filter(isYoung), true);
    }
  }

  /** The newest versions that one range can name exactly. PEP 440 has no word for "or". */
  #fitting(seen: readonly Seen[]): readonly Seen[] {
    if (this.#scheme.ecosystem !== 'npm') return seen.slice(-1);
    let length = 0;
    const kept = [...seen].reverse().filter(({ version }) => {
      length += version.length + 4;
      return length <= MAX_RANGE;
    });
    return kept.reverse();
  }

  /** Without a rule: pins for what is not admitted or too young, and the rest for a person. */
  #beside(one: Seen): void {
    const tied = this.#as === 'rules' && this.#rule?.by === 'exact' ? this.#rule.value : null;
    const pinned: ObservedFile[] = [];
    for (const file of one.files) {
      const lacks = file.reasons.some(({ code }) => ADMIT.has(code));
      const waive = [...new Set(file.reasons.flatMap((reason) => waivable(reason)))];
      const change = lacks && tied !== null ? tied : null;
      if (waive.length > 0 || change !== null) this.#leaveOpen(file, change, waive);
      if (change === null && (lacks || isYoung(file))) pinned.push(file);
    }
    this.#pin(one, pinned, false);
  }

  #pin({ version }: Seen, files: readonly ObservedFile[], young: boolean): void {
    if (files.length === 0) return;
    const about = { ecosystem: this.#scheme.ecosystem, name: this.#name, version };
    const digests = files.map(({ sha256, sha512 }) => ({ sha256, sha512 }));
    this.#draft.pins.push({ ...about, files: digests, young, ...useOf(files) });
  }

  #leaveOpen(file: ObservedFile, change: AllowRule | null, waive: readonly Liftable[]): void {
    const { ecosystem, name, version, sha256, sha512, reasons } = file;
    const codes = [...new Set(reasons.map(({ code }) => code))];
    const about = { ecosystem, name, version, file: { sha256, sha512 }, codes };
    this.#draft.open.push({ ...about, change, waive, ...useOf([file]) });
  }
}

function isMended(reason: Reason): boolean {
  return ADMIT.has(reason.code) || reason.code === 'TOO_YOUNG' || exceptionFor(reason) !== null;
}

function isYoung(file: ObservedFile): boolean {
  return file.reasons.some(({ code }) => code === 'TOO_YOUNG');
}

function waivable(reason: Reason): readonly Liftable[] {
  return exceptionFor(reason) === null ? [] : liftableFor(reason);
}

/** Requirement key → the value under which the files pass. */
function exceptionsOf(files: readonly ObservedFile[]): ReadonlyMap<string, string> {
  const found = files.flatMap(({ reasons }) => reasons.flatMap((reason) => exceptionFor(reason) ?? []));
  return new Map(found.map(({ key, value }) => [key, value]));
}

function useOf(files: readonly ObservedFile[]): Use {
  const agents = new Set(files.flatMap((file) => [...file.agents]));
  return { installs: files.reduce((sum, { installs }) => sum + installs, 0), agents: agents.size };
}

/** By version, ascending; of npm, where a version is one file, its digests. */
function versionsOf(files: readonly ObservedFile[], { compare }: VersionScheme): Seen[] {
  const byVersion = new Map<string, ObservedFile[]>();
  for (const file of [...files].sort((a, b) => (a.file < b.file ? -1 : 1))) {
    const there = byVersion.get(file.version);
    if (there) there.push(file);
    else byVersion.set(file.version, [file]);
  }
  return [...byVersion]
    .map(([version, own]) => ({ version, files: own }))
    .sort((a, b) => compare(a.version, b.version) || (a.version < b.version ? -1 : 1));
}

function byEcosystem(a: VersionScheme, b: VersionScheme): number {
  return a.ecosystem < b.ecosystem ? -1 : 1;
}
